import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaHookDeliveries } from '#plugins/storage-prisma/platform/hook-deliveries.ts';
import { PrismaHooks } from '#plugins/storage-prisma/platform/hooks.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import type { DeliveryClaim } from '#resolvers/platform/hooks/delivery.ts';
import { newDelivery } from '../../contract/platform/hook-deliveries.ts';
import { instant } from '../../contract/platform/jobs.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [10_000, 100_000] as const;

const idOf = (kind: number, n: number): string => `0000000${kind}-0000-7000-8000-${String(n).padStart(12, '0')}`;
const idInSql = (kind: number, n: string) => `('0000000${kind}-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/** A hundred hooks of ten owners; as many patterns. */
const hooks = `
  INSERT INTO hook (id, number, owner_id, event, target, target_folded, target_origin, global_hook, payload, include_change,
    scope, ordering, signing, state, breaker_state, breaker_failures, etag, created_at, updated_at)
  SELECT ${idInSql(1, 'n')}, n, ${idInSql(2, 'n % 10')}, 'network.device' || n || '.*', 'https://t' || n || '.example.net/',
    'https://t' || n || '.example.net/', 'https://t' || n || '.example.net', false, 'NSOT', false, '[]',
    CASE WHEN n % 2 = 0 THEN 'SUBJECT' ELSE 'NONE' END, 'HMAC', 'ACTIVE', 'CLOSED', 0, 'e', now(), now()
  FROM generate_series(1, 100) AS n`;

/** Most are done with, and of those that are open most wait for their time; two in a hundred are dead. */
const deliveries = (rows: number) => `
  INSERT INTO hook_delivery (id, hook_id, owner_id, event_id, event_name, sequence, subject, webhook_id, state, attempt_count,
    series, next_attempt_at, body, created_at, updated_at)
  SELECT ${idInSql(3, 'n')}, ${idInSql(1, '1 + n % 100')}, ${idInSql(2, '(1 + n % 100) % 10')}, ${idInSql(4, 'n')},
    'network.device.updated', n, 's' || n, 'msg_' || n, state, 0, 1,
    CASE state WHEN 'RETRYING' THEN '2027-01-01Z'::timestamptz WHEN 'PENDING' THEN '2025-01-01Z'::timestamptz END, '{}',
    '2026-01-01Z'::timestamptz + n * interval '1 second', '2026-01-01Z'::timestamptz + n * interval '1 second'
  FROM (
    SELECT n, CASE WHEN n / 100 % 100 = 1 THEN 'PENDING' WHEN n / 100 % 50 = 7 THEN 'DEAD'
      WHEN n / 100 % 10 = 3 THEN 'RETRYING' ELSE 'SUCCEEDED' END AS state
    FROM generate_series(1, ${rows}) AS n
  ) AS given;
  INSERT INTO hook_attempt (delivery_id, series, number, at, duration_ms)
  SELECT id, 1, 1, now(), 5 FROM hook_delivery;
  VACUUM ANALYZE hook; VACUUM ANALYZE hook_delivery; VACUUM ANALYZE hook_attempt`;

const page: PageRequest = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 };
const claim = (over: Partial<DeliveryClaim> = {}): DeliveryClaim => ({
  now: instant(0),
  limit: 10,
  perTarget: 4,
  busy: {},
  lease: 30_000,
  fence: newId(),
  ...over,
});

interface Store {
  readonly database: Database;
  readonly hooks: PrismaHooks;
  readonly deliveries: PrismaHookDeliveries;
  cost(work: () => Promise<unknown>): Promise<{ pages: number; scanned: string[] }>;
}

async function openStore(rows: number): Promise<Store> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|UPDATE|INSERT|DELETE)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of [hooks, ...deliveries(rows).split(';')]) await database.pool.query(statement);
  const session = openSessions(database)(null);
  const store = { hooks: new PrismaHooks(session), deliveries: new PrismaHookDeliveries(session) };
  await store.deliveries.countByState();
  return {
    database,
    ...store,
    async cost(work) {
      sent.length = 0;
      await work();
      const costs = [];
      for (const statement of [...sent]) costs.push(await costOf(database, statement));
      return {
        pages: costs.reduce((sum, { pages }) => sum + pages, 0),
        scanned: costs.flatMap(({ scanned }) => scanned).filter((table) => /^hook_(delivery|attempt)$/.test(table)),
      };
    },
  };
}

describe.skipIf(!findPostgres())('deliveries of hooks on a server', () => {
  let stores: Store[];
  beforeAll(async () => {
    stores = [];
    for (const rows of sizes) stores.push(await openStore(rows));
  }, 180_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  /** The same work costs the same in both, and reads no table from end to end. */
  async function costsAlike(work: (store: Store) => Promise<unknown>, most: number, ratio = 1.5): Promise<void> {
    const [small, large] = await Promise.all(stores.map((store) => store.cost(() => work(store))));
    expect([small?.scanned, large?.scanned]).toEqual([[], []]);
    expect(Math.max(small?.pages ?? 0, large?.pages ?? 0)).toBeLessThan(most);
    expect(large?.pages ?? 0).toBeLessThan((small?.pages ?? 0) * ratio + 30);
  }

  test('are claimed by the index of what is due, past all that waits for its time', () =>
    costsAlike(({ deliveries }) => deliveries.claimDue(claim({ limit: 2 })), 600));

  test('are claimed past all those that a dead target holds up', async () => {
    const dead = `SELECT id FROM hook WHERE number <= 30`;
    for (const { database } of stores) {
      await database.pool.query(`
        UPDATE hook_delivery SET next_attempt_at = '2024-01-01Z' WHERE state = 'RETRYING' AND hook_id IN (${dead})`);
      await database.pool.query(`UPDATE hook SET target_origin = 'https://dead.example.net' WHERE id IN (${dead})`);
      await database.pool.query('VACUUM ANALYZE hook_delivery');
    }
    await costsAlike(
      async ({ deliveries }) => {
        const found = await deliveries.claimDue(claim({ busy: { 'https://dead.example.net': 4 } }));
        expect(found.length).toBeGreaterThan(0);
        expect(found.some(({ hookId }) => hookId <= idOf(1, 30))).toBe(false);
      },
      6000,
      // The same rows lie on more pages of a larger table.
      2.5,
    );
  });

  test('are claimed from a long row of hooks that take what they can', async () => {
    const long = `SELECT id FROM hook WHERE number BETWEEN 51 AND 54`;
    for (const { database } of stores) {
      await database.pool.query(`
        UPDATE hook_delivery SET state = 'PENDING', next_attempt_at = '2023-01-01Z', fence = NULL
        WHERE state = 'SUCCEEDED' AND hook_id IN (${long})`);
      await database.pool.query('VACUUM ANALYZE hook_delivery');
    }
    await costsAlike(
      async ({ deliveries }) => {
        expect((await deliveries.claimDue(claim({ limit: 20, perTarget: 4 }))).length).toBeGreaterThan(15);
      },
      6000,
      2.5,
    );
  });

  test('are kept once for a hook and an event, found by their key', () =>
    costsAlike(
      ({ deliveries }) =>
        deliveries.insert([
          newDelivery({ id: idOf(1, 8), ownerId: idOf(2, 8) }, { eventId: idOf(4, 7) }),
          newDelivery({ id: idOf(1, 9), ownerId: idOf(2, 9) }),
        ]),
      300,
    ));

  test('that are due next, lost or to be sent again are found by index', async () => {
    await costsAlike(({ deliveries }) => deliveries.nextDue(instant(0)), 20);
    await costsAlike(({ deliveries }) => deliveries.delivered(idOf(1, 8), [idOf(4, 7), idOf(4, 8)]), 50);
    await costsAlike(
      ({ deliveries }) => deliveries.reopen(idOf(1, 8), { events: [idOf(4, 7), idOf(4, 107)] }, ['DEAD'], instant(0)),
      300,
    );
    await costsAlike(({ deliveries }) => deliveries.attempts([idOf(3, 7), idOf(3, 8)]), 50);
  });

  test('are listed page by page, of one hook, one owner, some states or a time', async () => {
    const list = (filter: object, owner: string | null = null) =>
      costsAlike(({ deliveries }) => deliveries.page(filter, owner, page), 1500, 3);
    await list({});
    await list({ hook: idOf(1, 8) });
    await list({ hook: idOf(1, 8), state: ['DEAD'] });
    await list({}, idOf(2, 3));
    await list({ state: ['DEAD'] }, idOf(2, 8));
    await list({ state: ['PENDING'] });
    await list({ from: '2026-01-01T01:00:00Z', to: '2026-01-01T01:01:00Z' });
  });

  test('are counted without looking at them', () => costsAlike(({ deliveries }) => deliveries.countByState(), 100));

  test('are forgotten by index, oldest first', () =>
    costsAlike(
      ({ deliveries }) => deliveries.trim({ dead: '2026-01-01T00:10:00Z', others: '2026-01-01T00:10:00Z' }, 50),
      3000,
      2,
    ));

  test('of an event are for hooks that its patterns lead to', async () => {
    const [store] = stores as [Store];
    for (const { hooks } of stores)
      expect(await hooks.listening(['network.device5.created', 'network.device5.*', '*'])).toHaveLength(1);
    await store.database.pool.query(`
      INSERT INTO hook (id, number, owner_id, event, target, target_folded, target_origin, global_hook, payload,
        include_change, scope, ordering, signing, state, breaker_state, breaker_failures, etag, created_at, updated_at)
      SELECT gen_random_uuid(), 1000 + n, gen_random_uuid(), 'network.other' || n, 'https://x.example.net/', '', '', false,
        'NSOT', false, '[]', 'NONE', 'HMAC', 'ACTIVE', 'CLOSED', 0, 'e', now(), now()
      FROM generate_series(1, 10000) AS n`);
    await store.database.pool.query('VACUUM ANALYZE hook');
    const { pages } = await store.cost(() => store.hooks.listening(['network.device5.*', '*']));
    expect(pages).toBeLessThan(20);
  });
});
