import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { openUnits } from '#kernel/unit.ts';
import { openDatabase } from '#plugins/storage-prisma/database.ts';
import { checkServer } from '#plugins/storage-prisma/server.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import {
  newServerDatabase,
  openServer,
  serverDatabase,
  sharedServer,
  stopSharedServer,
} from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';

const open = (url: string) => openDatabase({ url, directory: '', poolSize: 2, timeout: 2000 });

describe('the address of a server', () => {
  test('that is none is refused without repeating it', async () => {
    for (const url of ['mysql://root:hunter2@localhost/db', 'hunter2']) {
      const refused = open(url);
      await expect(refused).rejects.toThrow('storage.url (DATABASE_URL) is no address such as postgresql://');
      await expect(refused).rejects.not.toThrow('hunter2');
    }
  });

  test('where nobody answers is named with what to check, without the password', async () => {
    const refused = open('postgresql://gate:hunter2@127.0.0.1:1/house');
    await expect(refused).rejects.toThrow(
      /^The database server at 127\.0\.0\.1:1\/house cannot be used: .*ECONNREFUSED.* Check DATABASE_URL, and that the server runs\.$/,
    );
    await expect(refused).rejects.not.toThrow('hunter2');
  });

  test('of a server that is too old is refused with its version', async () => {
    const old = { query: async () => ({ rows: [{ number: 140_012, name: '14.12' }] }) } as unknown as pg.Pool;
    await expect(checkServer(old, 'postgresql://db.example/house')).rejects.toThrow(
      'The database server at db.example:5432/house is PostgreSQL 14.12; Gatehouse needs 15 or newer.',
    );
  });
});

describe.skipIf(!findPostgres())('a server', () => {
  afterAll(stopSharedServer);

  test('is used in UTC with read committed, whatever its own settings are, beside the options of the address', async () => {
    const url = `${await newServerDatabase()}&options=${encodeURIComponent('-c work_mem=7MB')}`;
    const database = await openServer(url, { timeout: 1234 });
    const { rows } = await database.pool.query(
      `SELECT current_setting('TimeZone') AS zone, current_setting('transaction_isolation') AS isolation,
         current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
         current_setting('work_mem') AS memory, current_setting('application_name') AS name`,
    );
    expect(rows).toEqual([
      {
        zone: 'UTC',
        isolation: 'read committed',
        statement: '1234ms',
        lock: '1234ms',
        memory: '7MB',
        name: 'gatehouse',
      },
    ]);
    await database.close();
  });

  test('gives instants back as they were written', async () => {
    const database = await serverDatabase();
    await database.pool.query("CREATE TABLE instants AS SELECT '2026-07-01T12:00:00.123Z'::timestamptz AS at");
    const rows = await openSessions(database)(null).run((db) => db.$queryRaw`SELECT at FROM instants`);
    expect(rows).toEqual([{ at: new Date('2026-07-01T12:00:00.123Z') }]);
    await database.close();
  });

  test('wakes listeners in other processes, and again after their connection broke', async () => {
    const url = await newServerDatabase();
    const [writer, listener] = [await openServer(url), await openServer(url)];
    let woken = 0;
    const stop = await listener.notifier.listen('gatehouse_numbered', () => {
      woken += 1;
    });
    const wakes = async (notify: () => Promise<unknown>) => {
      const before = woken;
      await notify();
      for (let wait = 0; woken === before && wait < 200; wait += 1) await sleep(20);
      return woken > before;
    };
    const notify = () => writer.pool.query("SELECT pg_notify('gatehouse_numbered', '')");
    expect(await wakes(notify)).toBe(true);

    // Woken once without a notification: some may have been missed.
    expect(
      await wakes(() =>
        writer.pool.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
        ),
      ),
    ).toBe(true);
    expect(await wakes(notify)).toBe(true);
    await stop();
    const before = woken;
    await notify();
    await sleep(100);
    expect(woken).toBe(before);
    await writer.close();
    await listener.close();
  });

  test('wakes nobody inside a unit of work', async () => {
    const database = await serverDatabase();
    const seen: unknown[] = [];
    const stop = await database.notifier.listen('gatehouse_appended', () => seen.push(openUnits.getStore()));
    await database.pool.query("SELECT pg_notify('gatehouse_appended', '')");
    for (let wait = 0; seen.length === 0 && wait < 100; wait += 1) await sleep(20);
    expect(seen).toEqual([null]);
    await stop();
    await database.close();
  });

  test('may be restarted under a running gateway', async () => {
    const url = await newServerDatabase();
    const database = await openServer(url);
    let woken = 0;
    await database.notifier.listen('gatehouse_numbered', () => {
      woken += 1;
    });
    const session = openSessions(database)(null);
    await session.run((db) => db.$queryRaw`SELECT 1`);
    await (await sharedServer())?.restart();
    for (let attempt = 0; ; attempt += 1) {
      const answer = await session.run((db) => db.$queryRaw`SELECT 1 AS one`).catch((error) => error);
      if (Array.isArray(answer)) break;
      expect(answer).toMatchObject({ code: 'UNAVAILABLE' });
      expect(attempt).toBeLessThan(50);
      await sleep(50);
    }
    for (let wait = 0; woken === 0 && wait < 200; wait += 1) await sleep(50);
    expect(woken).toBeGreaterThan(0);
    await database.close();
  });
});
