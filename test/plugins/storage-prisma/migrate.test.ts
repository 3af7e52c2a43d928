import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { openEmbedded } from '#plugins/storage-prisma/embedded.ts';
import { type Migration, migrate, readMigrations } from '#plugins/storage-prisma/migrate.ts';
import { amissAfterStart, pendingChanges } from '../../../scripts/schema-engine.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';

const first: Migration = { name: '1_first', sql: 'CREATE TABLE one (id int); INSERT INTO one VALUES (1);' };
const second: Migration = { name: '2_second', sql: 'CREATE TABLE two (id int);' };
const broken: Migration = { name: '3_broken', sql: 'CREATE TABLE three (id int); INSERT INTO nowhere VALUES (1);' };

interface Place {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

const tablesOf = async (pool: pg.Pool) =>
  (
    await pool.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    )
  ).rows.map(({ relname }) => relname);

function migrationSuite(name: string, open: () => Promise<Place>): void {
  describe(name, () => {
    test('applies what is pending, in order, once', async () => {
      const { pool, close } = await open();
      expect(await migrate(pool, [first])).toEqual(['1_first']);
      expect(await migrate(pool, [first, second])).toEqual(['2_second']);
      expect(await migrate(pool, [first, second])).toEqual([]);
      expect((await pool.query('SELECT * FROM one')).rows).toEqual([{ id: 1 }]);
      await close();
    });

    test('leaves the database as it was when one fails, and goes on when that is repaired', async () => {
      const { pool, close } = await open();
      await migrate(pool, [first]);
      await expect(migrate(pool, [first, second, broken])).rejects.toThrow(
        'Migration 3_broken failed, the database is as it was: relation "nowhere" does not exist',
      );
      expect(await tablesOf(pool)).toEqual(['_prisma_migrations', 'one']);
      expect((await pool.query('SELECT migration_name AS name FROM _prisma_migrations')).rows).toEqual([
        { name: '1_first' },
      ]);
      expect(await migrate(pool, [first, second])).toEqual(['2_second']);
      await close();
    });

    test('leaves an empty database empty when the first one fails', async () => {
      const { pool, close } = await open();
      await expect(migrate(pool, [broken])).rejects.toThrow('3_broken');
      expect(await tablesOf(pool)).toEqual([]);
      await close();
    });

    test('refuses a database that a newer version made', async () => {
      const { pool, close } = await open();
      await migrate(pool, [first, second]);
      await expect(migrate(pool, [first])).rejects.toThrow('made by a newer Gatehouse: it has 2_second');
      await close();
    });

    test('writes the table that the Prisma CLI reads', async () => {
      const { pool, close } = await open();
      await migrate(pool, [first]);
      const { rows } = await pool.query('SELECT * FROM _prisma_migrations');
      expect(rows).toEqual([
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          migration_name: '1_first',
          checksum: '635e0f892d23543a42369c26625795f6013bd0dbee7ba42538597a32697490e9',
          started_at: expect.any(Date),
          finished_at: expect.any(Date),
          applied_steps_count: 1,
          logs: null,
          rolled_back_at: null,
        },
      ]);
      await close();
    });
  });
}

migrationSuite('migrations of the embedded database', async () => {
  const database = await openEmbedded('memory://');
  const pool = database.pool({}, pg.Client);
  return {
    pool,
    async close() {
      await pool.end();
      await database.close();
    },
  };
});

test('migrations stand in the order of their names, and each says something', () => {
  const migrations = readMigrations();
  expect(migrations.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name).sort());
  for (const { name, sql } of migrations) {
    expect(name).toMatch(/^\d{14}_[a-z0-9_]+$/);
    expect(sql.trim()).not.toBe('');
  }
});

test('models and migrations agree, hand-written parts included', async () => {
  expect(await pendingChanges()).toBeNull();
}, 60_000);

test('the engine of the Prisma CLI finds nothing amiss, and nothing to apply, after a start', async () => {
  expect(await amissAfterStart()).toEqual([]);
}, 60_000);

describe.skipIf(!findPostgres())('on a PostgreSQL server', () => {
  afterAll(stopSharedServer);

  const openPool = async () => {
    const pool = new pg.Pool({ connectionString: await newServerDatabase('empty') });
    pool.on('error', () => {});
    return { pool, close: () => pool.end() };
  };
  migrationSuite('migrations of a server', openPool);

  test('are applied by one of several processes that start together', async () => {
    const { pool, close } = await openPool();
    const slow: Migration = { name: '2_slow', sql: 'CREATE TABLE two (id int); SELECT pg_sleep(0.2);' };
    const applied = await Promise.all(Array.from({ length: 6 }, () => migrate(pool, [first, slow])));
    expect(applied.filter((names) => names.length > 0)).toEqual([['1_first', '2_slow']]);
    expect((await pool.query('SELECT count(*)::int AS count FROM _prisma_migrations')).rows).toEqual([{ count: 2 }]);
    await close();
  });
});
