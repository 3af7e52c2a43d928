import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { openUnit } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaJobs } from '#plugins/storage-prisma/platform/jobs.ts';
import { PrismaQueueSamples } from '#plugins/storage-prisma/platform/queue-samples.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import type { Claim, JobList } from '#resolvers/platform/jobs/job.ts';
import { instant, newJob } from '../../contract/platform/jobs.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [10_000, 100_000] as const;

/** Ten names in equal parts, a tenth of each state; of those that wait for their time all are in front of the others. */
const fill = (table: string, rows: number) => `
  INSERT INTO ${table} (id, name, args, args_hash, state, attempts, priority, force, defer_time, defer_max, error_time,
    on_wall_time, zombie_time, progress_interval, on_lost, attempts_left, trial, enqueued_at, enqueued_name,
    enqueued_name_folded, runtime, sources, log_count, query_at, finished_at, max_parallel)
  SELECT gen_random_uuid(), 'tests.kind' || n % 10, '{"n":1}', '${table}' || n,
    (ARRAY['PENDING','FAILED','DEFERRED','ERROR','PENDING'])[1 + n / 10 % 5], 3, CASE WHEN n / 10 % 5 IN (1, 2) THEN 9 ELSE 0 END,
    false, 1, 1, 1, 'END', 1, 1, 'RETRY', 3, 0, now(), 'system', 'system', 0, '{}', 0,
    CASE WHEN n / 10 % 5 IN (1, 2) THEN '2027-01-01Z'::timestamptz END, now(), 15
  FROM generate_series(1, ${rows}) AS n;
  VACUUM ANALYZE ${table}`;

const all: JobList = { filter: {}, journaled: false, visibility: 'all', maskedName: null, orderBy: [] };
const page: PageRequest = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 };
const claim = (over: Partial<Claim> = {}): Claim => ({
  worker: 'w@here',
  running: {},
  exceptProjects: ['paused'],
  forcedOnly: false,
  lease: 30_000,
  fence: newId(),
  now: instant(0),
  ...over,
});

interface Queue {
  readonly rows: number;
  readonly database: Database;
  readonly jobs: PrismaJobs;
  readonly samples: PrismaQueueSamples;
  cost(work: () => Promise<unknown>): Promise<{ pages: number; scanned: string[] }>;
}

async function openQueue(rows: number): Promise<Queue> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|UPDATE|INSERT)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const table of ['job', 'job_journal'])
    for (const statement of fill(table, rows).split(';')) await database.pool.query(statement);
  const session = openSessions(database)(null);
  const jobs = new PrismaJobs(session);
  await jobs.summary();
  return {
    rows,
    database,
    jobs,
    samples: new PrismaQueueSamples(session),
    async cost(work) {
      sent.length = 0;
      await work();
      const costs = [];
      for (const statement of [...sent]) costs.push(await costOf(database, statement));
      return {
        pages: costs.reduce((sum, { pages }) => sum + pages, 0),
        scanned: costs
          .flatMap(({ scanned }) => scanned)
          .filter((table) => /^(job|job_journal|queue_sample)$/.test(table)),
      };
    },
  };
}

describe.skipIf(!findPostgres())('jobs on a server', () => {
  let queues: Queue[];
  beforeAll(async () => {
    queues = [];
    for (const rows of sizes) queues.push(await openQueue(rows));
  }, 180_000);
  afterAll(async () => {
    for (const { database } of queues) await database.close();
    await stopSharedServer();
  });

  /** The same work costs the same in both, and reads no table from end to end. */
  async function costsAlike(work: (queue: Queue) => Promise<unknown>, most: number, ratio = 1.5): Promise<void> {
    const [small, large] = await Promise.all(queues.map((queue) => queue.cost(() => work(queue))));
    expect([small?.scanned, large?.scanned]).toEqual([[], []]);
    expect(Math.max(small?.pages ?? 0, large?.pages ?? 0)).toBeLessThan(most);
    expect(large?.pages ?? 0).toBeLessThan((small?.pages ?? 0) * ratio + 20);
  }

  test('are claimed by the index of what may start, past all that waits for its time', () =>
    costsAlike(({ jobs }) => jobs.claimNext(claim()), 200));

  test('are claimed past all those of which nothing may start now', async () => {
    for (const { database } of queues)
      await database.pool.query(
        `UPDATE job SET force = true, max_parallel = 2 WHERE name IN ('tests.kind0', 'tests.kind1')`,
      );
    for (const { database } of queues) await database.pool.query('VACUUM ANALYZE job');
    const running = { 'tests.kind0': 2, 'tests.kind1': 3 };
    await costsAlike(
      async ({ jobs }) => {
        expect((await jobs.claimNext(claim({ running })))?.job.name).toMatch(/kind[2-9]/);
        // The same rows lie on more pages of a larger table.
      },
      4000,
      2.5,
    );
  });

  test('clash by their key, with arguments and without', () =>
    costsAlike(
      ({ jobs }) =>
        jobs.insertUnique([
          newJob({ name: 'tests.kind7', argsHash: 'job7' }),
          newJob({ name: 'tests.kind8', argsHash: 'job8' }),
        ]),
      200,
    ));

  test('are counted without looking at them', () => costsAlike(({ jobs }) => jobs.summary(), 100));

  test('that are lost, silent or due next are found by index', async () => {
    await costsAlike(({ jobs }) => jobs.takeExpired({ fence: newId(), lease: 1000 }, 10), 100);
    await costsAlike(({ jobs }) => jobs.flagOverdue(instant(0), 10), 100);
    await costsAlike(({ jobs }) => jobs.nextDue(instant(0)), 20);
  });

  test('are listed page by page, of one name, one state, or the journal', async () => {
    await costsAlike(({ jobs }) => jobs.page(all, page), 300);
    await costsAlike(({ jobs }) => jobs.page({ ...all, filter: { name: { eq: 'tests.kind3' } } }, page), 1500);
    await costsAlike(({ jobs }) => jobs.page({ ...all, filter: { state: ['ERROR'] } }, page), 1500);
    await costsAlike(({ jobs }) => jobs.page({ ...all, journaled: true }, page), 300);
    const visibility = { allOf: [['tests.kind1', 'tests.kind2'].map((value) => ({ kind: 'job', value }))] };
    await costsAlike(({ jobs }) => jobs.page({ ...all, visibility }, page), 1500);
  });

  test('that others work on are passed over, not waited for', async () => {
    const [queue] = queues as [Queue];
    const unit = openUnit(newId(), 10_000);
    const held = new PrismaJobs(openSessions(queue.database)(unit));
    const first = await held.claimNext(claim({ fence: newId() }));
    const began = performance.now();
    const others = await Promise.all(Array.from({ length: 10 }, () => queue.jobs.claimNext(claim())));
    expect(performance.now() - began).toBeLessThan(5000);
    expect(new Set([first?.job.id, ...others.map((claimed) => claimed?.job.id)]).size).toBe(11);
    await unit.rollback();
  });

  test('have a history of two hundred thousand samples that is cut into pieces in a moment', async () => {
    const [queue] = queues as [Queue];
    await queue.database.pool.query(`
      INSERT INTO queue_sample SELECT '2026-01-01Z'::timestamptz + n * interval '3 seconds', n % 7, 0, 0, 0, 0, 0, 0, n % 7
      FROM generate_series(1, 200000) AS n`);
    await queue.database.pool.query('VACUUM ANALYZE queue_sample');
    const week = { from: '2026-01-01T00:00:00Z', to: '2026-01-08T00:00:00Z' };
    const day = { from: '2026-01-05T00:00:00Z', to: '2026-01-05T01:00:00Z' };
    const { items } = await queue.samples.buckets(week, 'minute', 'DESC', page);
    // The last minute is not whole.
    expect(new Set(items.slice(1).map(({ node }) => node.total))).toEqual(new Set([6]));
    const { pages, scanned } = await queue.cost(() => queue.samples.buckets(day, 'second', 'DESC', page));
    expect([scanned, pages < 100]).toEqual([[], true]);
  });
});
