import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventVisibility } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { openUnit } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { newEvent } from '../../contract/platform/event-log.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [10_000, 250_000] as const;

/** Twenty common names and a rare one, fifty events a subject, five sites and a rare one, an event a second. */
const fill = (rows: number) => `
  INSERT INTO event (sequence, turn, position, id, name, subject, scope, facts, account, actor, occurred_at, data, tx, retain, truncated)
  SELECT n, n, 0, gen_random_uuid(),
    CASE WHEN n % 5000 = 7 THEN 'rare.thing.happened' ELSE 'common.thing' || n % 20 || '.happened' END,
    'subject-' || n / 50, '{}', ARRAY[CASE WHEN n % 5000 = 7 THEN 'site/rare' ELSE 'site/' || n % 5 END, 'device/' || n / 50],
    NULL, '{}', '2026-01-01Z'::timestamptz + n * interval '1 second', '{"filler":"${'x'.repeat(100)}"}', gen_random_uuid(),
    CASE WHEN n % 3 = 0 THEN 'AUDIT' ELSE 'LIVE' END, false
  FROM generate_series(1, ${rows}) AS n;
  UPDATE event_log SET head = ${rows};
  VACUUM ANALYZE event`;

/** Of the ten thousand that the larger log has. */
const few = 200;

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const rule = (names: readonly string[], value: string): EventVisibility => [
  { names, visibility: { allOf: [[{ kind: 'site', value }]] }, owner: null },
];

interface Log {
  readonly rows: number;
  readonly database: Database;
  readonly log: PrismaEventLog;
  /** The pages that the statements of the work looked at, and the tables they read from end to end. */
  cost(work: () => Promise<unknown>): Promise<{ pages: number; scanned: string[] }>;
}

async function openLog(rows: number): Promise<Log> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|UPDATE|INSERT)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of fill(rows).split(';')) await database.pool.query(statement);
  return {
    rows,
    database,
    log: new PrismaEventLog(openSessions(database)(null)),
    async cost(work) {
      sent.length = 0;
      await work();
      const costs = [];
      for (const statement of [...sent]) costs.push(await costOf(database, statement));
      return {
        pages: costs.reduce((sum, { pages }) => sum + pages, 0),
        scanned: costs.flatMap(({ scanned }) => scanned).filter((table) => table === 'event'),
      };
    },
  };
}

describe.skipIf(!findPostgres())('the event log on a server', () => {
  let logs: Log[];
  beforeAll(async () => {
    logs = [];
    for (const rows of sizes) logs.push(await openLog(rows));
  }, 180_000);
  afterAll(async () => {
    for (const { database } of logs) await database.close();
    await stopSharedServer();
  });

  const middle = (rows: number) => new Date(Date.UTC(2026, 0, 1) + (rows / 2) * 1000).toISOString();

  test.each<[string, (log: Log) => Promise<unknown>]>([
    ['what comes after a cursor', ({ log, rows }) => log.read(rows - 600, 500)],
    ['events by id', ({ log }) => log.getMany([newId(), newId()])],
    ['the newest', ({ log }) => log.page({}, 'all', page)],
    ['a page far back', ({ log }) => log.page({}, 'all', { ...page, after: ['5000'] })],
    ['the oldest page', ({ log }) => log.page({}, 'all', { ...page, direction: 'backward' })],
    ['a common name', ({ log }) => log.page({ names: ['common.thing3.happened'] }, 'all', page)],
    [
      'what is about several things',
      ({ log }) => log.pages([{ subject: 'subject-7' }, { subject: 'subject-99' }], {}, 'all', page),
    ],
    [
      'what happened in a common place and in a rare one',
      ({ log }) =>
        log.pages(
          ['3', 'rare'].map((value) => ({ place: { kind: 'site', value } })),
          {},
          'all',
          { ...page, limit: 1 },
        ),
    ],
    ['a rare name', ({ log }) => log.page({ names: ['rare.thing.happened'] }, 'all', { ...page, limit: 1 })],
    [
      'a common and a rare name',
      ({ log }) => log.page({ names: ['rare.thing.happened', 'common.thing1.happened'] }, 'all', { ...page, limit: 2 }),
    ],
    ['a prefix of rare names', ({ log }) => log.page({ names: ['rare.*'] }, 'all', { ...page, limit: 1 })],
    ['a name that never was', ({ log }) => log.page({ names: ['never.thing.happened'] }, 'all', page)],
    ['subjects', ({ log }) => log.page({ subjects: ['subject-7', 'subject-9', 'none'] }, 'all', page)],
    ['a moment', ({ log, rows }) => log.page({ from: middle(rows), to: middle(rows + 40) }, 'all', page)],
    ['a device', ({ log }) => log.page({ scope: [{ kind: 'device', value: '7' }] }, 'all', page)],
    ['what a viewer of a common site sees', ({ log }) => log.page({}, rule(['common.thing3.happened'], '3'), page)],
    [
      'what a viewer of a rare site sees',
      ({ log }) => log.page({}, rule(['rare.thing.happened'], 'rare'), { ...page, limit: 1 }),
    ],
    [
      'what a viewer of one device sees',
      ({ log }) =>
        log.page(
          {},
          [
            {
              names: ['common.thing3.happened', 'rare.thing.happened'],
              visibility: { allOf: [[{ kind: 'device', value: '7' }]] },
              owner: null,
            },
          ],
          page,
        ),
    ],
    ['the state', ({ log }) => log.state()],
    ['how many wait', ({ log }) => log.countUnnumbered()],
    ['numbering nothing', ({ log }) => log.number(1000)],
    ['trimming nothing', ({ log }) => log.trim({ live: '2025-01-01T00:00:00Z', audit: '2025-01-01T00:00:00Z' })],
  ])('looks at few pages for %s, however large the log is', async (_, work) => {
    const costs = [];
    for (const log of logs) costs.push(await log.cost(() => work(log)));
    for (const { scanned } of costs) expect(scanned).toEqual([]);
    expect(costs[1]?.pages).toBeLessThanOrEqual(Math.max(few, (costs[0]?.pages ?? 0) * 2));
  });

  test('numbers a waiting transaction at the same cost, however many were numbered before', async () => {
    const costs = [];
    for (const { database, log, cost } of logs) {
      const unit = openUnit(newId(), 10_000);
      await new PrismaEventLog(openSessions(database)(unit)).append(Array.from({ length: 100 }, () => newEvent()));
      await unit.commit();
      costs.push(await cost(async () => expect(await log.number(1000)).toBe(100)));
    }
    expect(costs[1]?.pages).toBeLessThanOrEqual((costs[0]?.pages ?? 0) * 2 + 20);
  });

  test('trims in steps that each take a moment, the oldest first', async () => {
    const [, { log, rows }] = logs as [Log, Log];
    const later = { live: '2027-01-01T00:00:00Z', audit: null };
    const count = async () => (await log.page({}, 'all', page)).count();
    const before = await count();
    const floors = [await log.trim(later), await log.trim(later)] as const;
    expect(await count()).toBe(before - 20_000);
    expect(floors[0]).toBeGreaterThan(10_000);
    expect(floors[1]).toBeGreaterThan(floors[0]);
    expect(floors[1]).toBeLessThan(rows / 2);
  });
});
