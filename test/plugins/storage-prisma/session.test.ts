import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UnavailableError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { type OwnedUnit, openUnit, openUnits, type UnitOfWork } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { openSessions, type Session } from '#plugins/storage-prisma/session.ts';
import {
  embeddedDatabase,
  serverDatabase,
  stopSharedServer,
  type TestDatabaseOptions,
} from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';

const add = (session: Session, id: number) =>
  session.run((db) => db.$executeRaw`INSERT INTO number (id) VALUES (${id})`);
const all = async (session: Session) =>
  (await session.run((db) => db.$queryRaw<{ id: number }[]>`SELECT id FROM number ORDER BY id`)).map(({ id }) => id);

function sessionSuite(name: string, open: (options?: TestDatabaseOptions) => Promise<Database>): void {
  describe(name, () => {
    let database: Database;
    let sessions: (unit: UnitOfWork | null) => Session;
    const units: OwnedUnit[] = [];
    const begin = (timeout = 5000) => {
      const unit = openUnit(newId(), timeout);
      units.push(unit);
      return unit;
    };

    beforeAll(async () => {
      database = await open({ timeout: 1000 });
      sessions = openSessions(database);
      await database.pool.query('CREATE TABLE number (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    });
    beforeEach(() => database.pool.query('TRUNCATE number'));
    afterEach(async () => {
      for (const unit of units.splice(0)) await unit.rollback();
    });
    afterAll(() => database.close());

    test('keeps all of a unit of work at its commit', async () => {
      const unit = begin();
      await add(sessions(unit), 1);
      await add(sessions(unit), 2);
      expect(await all(sessions(unit))).toEqual([1, 2]);
      await unit.commit();
      expect(await all(sessions(null))).toEqual([1, 2]);
    });

    test('keeps nothing of a unit that was rolled back', async () => {
      const unit = begin();
      await add(sessions(unit), 1);
      await unit.rollback();
      expect(await all(sessions(null))).toEqual([]);
    });

    test('does several statements outside a unit as one effect', async () => {
      const failed = sessions(null).together(async (db) => {
        await db.$executeRaw`INSERT INTO number (id) VALUES (1)`;
        throw new Error('given up');
      });
      await expect(failed).rejects.toThrow('given up');
      expect(await all(sessions(null))).toEqual([]);
    });

    test('refuses a statement past the open unit, which could never get the connection', async () => {
      const unit = begin();
      await openUnits.run(unit, async () => {
        await add(sessions(unit), 1);
        await expect(all(sessions(null))).rejects.toThrow('Use the context that it passes in');
        await expect(sessions(null).together(async () => {})).rejects.toThrow('Use the context that it passes in');
      });
      await unit.commit();
      expect(await all(sessions(null))).toEqual([1]);
    });

    test('gives a unit up after its time, says so, and keeps nothing', async () => {
      const unit = begin(200);
      await add(sessions(unit), 1);
      await new Promise((resolve) => setTimeout(resolve, 350));
      await expect(add(sessions(unit), 2)).rejects.toBeInstanceOf(UnavailableError);
      await expect(unit.commit()).rejects.toBeInstanceOf(UnavailableError);
      expect(await all(sessions(null))).toEqual([]);
    });

    test('fails the commit for what only the commit can find out', async () => {
      const unit = begin();
      await add(sessions(unit), 1);
      await add(sessions(unit), 1);
      await expect(unit.commit()).rejects.toThrow(/unique/i);
      expect(await all(sessions(null))).toEqual([]);
    });

    test('finds it out before, where another storage decides', async () => {
      const unit = begin();
      await unit.enlist({ name: 'decides', begin: async () => ({ commit: async () => {}, rollback: async () => {} }) });
      await add(sessions(unit), 1);
      await add(sessions(unit), 1);
      await expect(unit.commit()).rejects.toThrow(/unique/i);
      await unit.rollback();
      expect(await all(sessions(null))).toEqual([]);
    });

    test('selects the same rows, in the same types, inside a unit and outside', async () => {
      const instant = '2026-03-01 09:30:00.25+00';
      const wanted = Prisma.sql`
        SELECT n.id, ${'Ünï'}::text AS name, ${[1, 2]}::int[] AS list, NULL AS nothing, TRUE AS flag,
          '{"a":[1]}'::json AS data, ${instant}::timestamptz AS at, ${instant}::timestamptz::text AS text
        FROM number AS n ORDER BY n.id LIMIT ${1}`;
      const unit = begin();
      await add(sessions(unit), 7);
      const inside = await sessions(unit).select(wanted);
      await unit.commit();
      const outside = await sessions(null).select(wanted);
      const at = new Date(instant);
      expect(outside).toEqual([
        { id: 7, name: 'Ünï', list: [1, 2], nothing: null, flag: true, data: { a: [1] }, at, text: instant },
      ]);
      expect(inside).toEqual(outside);
    });

    test('selects under the same guard as other statements', async () => {
      const unit = begin();
      await openUnits.run(unit, async () => {
        const past = sessions(null).select(Prisma.sql`SELECT 1`);
        await expect(past).rejects.toThrow('Use the context that it passes in');
      });
      await unit.commit();
      await expect(sessions(null).select(Prisma.sql`SELECT nothing`)).rejects.toThrow('nothing');
      expect(await sessions(null).select(Prisma.sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    });

    test('goes on after a statement failed', async () => {
      await expect(sessions(null).run((db) => db.$queryRaw`SELECT nothing`)).rejects.toThrow('nothing');
      expect(await all(sessions(null))).toEqual([]);
      const unit = begin();
      await expect(sessions(unit).run((db) => db.$queryRaw`SELECT nothing`)).rejects.toThrow('nothing');
      await unit.rollback();
      await add(sessions(null), 1);
      expect(await all(sessions(null))).toEqual([1]);
    });

    test('waits for a connection no longer than the timeout', async () => {
      const held = await Promise.all(
        Array.from({ length: database.pool.options.max ?? 1 }, () => database.pool.connect()),
      );
      await expect(all(sessions(null))).rejects.toBeInstanceOf(UnavailableError);
      await expect(sessions(null).select(Prisma.sql`SELECT 1`)).rejects.toBeInstanceOf(UnavailableError);
      for (const client of held) client.release();
      expect(await all(sessions(null))).toEqual([]);
    });
  });
}

sessionSuite('a session of the embedded database', embeddedDatabase);

describe.skipIf(!findPostgres())('with a PostgreSQL server', () => {
  afterAll(stopSharedServer);
  sessionSuite('a session of a server', serverDatabase);

  test('waits for a lock no longer than the timeout, and says so', async () => {
    const database = await serverDatabase({ timeout: 300 });
    const sessions = openSessions(database);
    await database.pool.query('CREATE TABLE number AS SELECT 1 AS id');
    const holder = await database.pool.connect();
    await holder.query('BEGIN; UPDATE number SET id = 2');
    const unit = openUnit(newId(), 5000);
    const blocked = (unit: UnitOfWork | null) => sessions(unit).run((db) => db.$executeRaw`UPDATE number SET id = 3`);
    await expect(blocked(null)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The database took too long to answer. Try again; if it stays, look at its load and its locks.',
    });
    // A unit with more time waits longer.
    const patient = blocked(unit);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await holder.query('COMMIT');
    holder.release();
    expect(await patient).toBe(1);
    await unit.commit();
    await database.close();
  });

  test('answers two changes that wait for each other with one that may try again', async () => {
    const database = await serverDatabase();
    const sessions = openSessions(database);
    await database.pool.query('CREATE TABLE number AS SELECT id FROM generate_series(1, 2) AS id');
    const units = [openUnit(newId(), 9000), openUnit(newId(), 9000)] as const;
    const touch = (unit: UnitOfWork, id: number) =>
      sessions(unit).run((db) => db.$executeRaw`UPDATE number SET id = id WHERE id = ${id}`);
    await touch(units[0], 1);
    await touch(units[1], 2);
    const results = await Promise.allSettled([touch(units[0], 2), touch(units[1], 1)]);
    const failures = results.filter((result) => result.status === 'rejected');
    expect(failures.map(({ reason }) => [reason.code, reason.message])).toEqual([
      ['UNAVAILABLE', 'Another change to the same things got in the way. Try again.'],
    ]);
    for (const unit of units) await unit.rollback();
    await database.close();
  });

  test('says that the database is away, and works again when it is back', async () => {
    const database = await serverDatabase();
    const session = openSessions(database)(null);
    await database.pool.query('CREATE TABLE number (id int)');
    const client = await database.pool.connect();
    const unit = openUnit(newId(), 5000);
    const inUnit = openSessions(database)(unit);
    await add(inUnit, 1);
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    client.release();
    await expect(add(inUnit, 2)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await unit.rollback();
    expect(await all(session)).toEqual([]);
    await database.close();
  });
});
