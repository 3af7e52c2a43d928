import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import {
  type Job,
  type JobFilter,
  type JobList,
  jobOrders,
  jobStates,
  jobStore,
} from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { openMemoryStorage, openPrismaStorage } from '../harness.ts';
import type { TestStorage, Use } from '../suite.ts';
import { instant, newJob } from './jobs.ts';

const uuids = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `0000000${index}-0000-7000-8000-00000000000${letter}`);
const ids = uuids('a', 8);
const fences = uuids('f', 3);
const names = ['tests.a', 'tests.B', 'other.c', 'other.c_d'];

const id = fc.constantFrom(...ids);
const held = fc.record({ id, fence: fc.constantFrom(...fences) });
const second = fc.integer({ min: 0, max: 20 }).map(instant);
const json = fc.constantFrom(1, '1', null, [1, 2], { a: 1 }, true);

const text = fc.record(
  {
    eq: fc.constantFrom(...names, 'Ada'),
    ne: fc.constantFrom(...names, 'Ada'),
    in: fc.array(fc.constantFrom(...names), { maxLength: 2 }),
    like: fc.constantFrom('*', 'TESTS.*', '*c', 'other.c?d', '%', 'a*'),
  },
  { requiredKeys: [] },
);
const { filter } = fc.letrec<{ filter: JobFilter }>((tie) => ({
  filter: fc.record(
    {
      name: text,
      state: fc.array(fc.constantFrom(...jobStates), { maxLength: 3 }),
      flags: fc.array(fc.constantFrom('ZOMBIE' as const, 'KILLED' as const, 'REMOVED' as const), { maxLength: 2 }),
      worker: text,
      by: text,
      enqueued: fc.record({ from: second, to: second }, { requiredKeys: [] }),
      args: fc.array(
        fc.record({ path: fc.constantFrom(['x'], ['x', 'a'], ['x', '0'], ['x', '-1'], ['y']), eq: json }),
        { maxLength: 2 },
      ),
      and: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      or: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
      not: fc.option(tie('filter'), { depthIdentifier: 'filter', maxDepth: 2 }),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<JobFilter>,
}));
const visibility: fc.Arbitrary<Visibility> = fc.oneof(
  fc.constantFrom('all' as const, 'none' as const),
  fc.record({
    allOf: fc.array(
      fc.array(fc.record({ kind: fc.constantFrom('job', 'site'), value: fc.constantFrom(...names) }), { maxLength: 3 }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);
const list: fc.Arbitrary<JobList> = fc.record({
  filter,
  journaled: fc.boolean(),
  visibility,
  maskedName: fc.constantFrom(null, 'Masked', 'tests.a'),
  orderBy: fc.uniqueArray(
    fc.record({ by: fc.constantFrom(...jobOrders), direction: fc.constantFrom('ASC' as const, 'DESC' as const) }),
    { maxLength: 2, selector: ({ by }) => by },
  ),
});
const page: fc.Arbitrary<PageRequest> = fc.record({
  limit: fc.integer({ min: 0, max: 4 }),
  direction: fc.constantFrom('forward' as const, 'backward' as const),
  after: fc.constant(null),
  before: fc.constant(null),
  offset: fc.integer({ min: 0, max: 2 }),
});

type Step = (use: Use) => Promise<unknown>;

/** Without the instants of the storage's own clock. */
const plain = (job: Job | null) => job && { ...job, lease: job.lease && { ...job.lease, at: '', expiresAt: '' } };

const fresh = fc
  .record({
    id,
    name: fc.constantFrom(...names),
    hash: fc.constantFrom(null, 'x', 'y', 'z'),
    x: json,
    by: fc.constantFrom('Ada', 'bob'),
    at: second,
    priority: fc.integer({ min: -1, max: 1 }),
    force: fc.boolean(),
    maxParallel: fc.constantFrom(null, 1, 2),
    attempts: fc.integer({ min: 1, max: 2 }),
    deferMax: fc.integer({ min: 1, max: 9 }),
    zombieTime: fc.integer({ min: 1, max: 5 }),
    wallTime: fc.constantFrom(null, 4),
  })
  .map(({ id, name, hash, x, by, at, ...properties }) =>
    newJob({
      id,
      name,
      args: { x },
      argsHash: hash,
      enqueuedBy: { account: null, name: by, narrowedTo: null },
      enqueuedAt: at,
      properties,
    }),
  );

const change = fc.record(
  {
    state: fc.constantFrom('FAILED' as const, 'DEFERRED' as const, 'ERROR' as const, 'KILLED' as const),
    attemptsLeft: fc.integer({ min: 0, max: 2 }),
    queryAt: fc.option(second),
    finishedAt: fc.option(second),
    killedAt: fc.option(second),
    runtime: fc.constantFrom(0, 1.5, 2.25),
    lastError: fc.option(fc.constant({ code: 'X', message: 'm', stack: ['s'], at: instant(0) })),
    progress: fc.record({ value: fc.constantFrom(null, 0.25, 1), message: fc.constantFrom(null, 'half') }),
  },
  { requiredKeys: ['state'] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  // An id lies in one table only, as a new one does.
  fc.uniqueArray(fresh, { maxLength: 3, selector: ({ id }) => id }).map(
    (jobs): Step =>
      async (use) => {
        const known = await use(jobStore).getMany(jobs.map(({ id }) => id));
        return use(jobStore).insertUnique(jobs.filter((_, index) => known[index] === null));
      },
  ),
  fc
    .record({
      fence: fc.constantFrom(...fences),
      now: second,
      forcedOnly: fc.boolean(),
      running: fc.constantFrom<Record<string, number>>({}, { 'tests.a': 1 }),
    })
    .map(
      (given): Step =>
        async (use) => {
          const claim = { worker: 'w@here', exceptProjects: [], lease: 60_000, ...given };
          const claimed = await use(jobStore).claimNext(claim);
          return claimed && { from: claimed.from, job: plain(claimed.job) };
        },
    ),
  fc.tuple(held, change).map(
    ([lease, what]): Step =>
      async (use) =>
        plain(await use(jobStore).finish(lease, what)),
  ),
  fc.tuple(held, fc.constantFrom(null, 0.5), second).map(
    ([lease, value, now]): Step =>
      async (use) =>
        plain(await use(jobStore).progress(lease, { value, message: null }, now)),
  ),
  fc.tuple(held, fc.constantFrom('a', 'b')).map(
    ([lease, source]): Step =>
      (use) =>
        use(jobStore).addSource(lease, source),
  ),
  fc.tuple(id, second).map(
    ([one, at]): Step =>
      async (use) =>
        plain(await use(jobStore).update(one, { removedAt: at })),
  ),
  fc.tuple(held).map(
    ([lease]): Step =>
      (use) =>
        use(jobLogStore).append(lease, [{ at: instant(0), level: 'INFO', message: 'm', exception: null }]),
  ),
  fc.array(id, { maxLength: 2 }).map(
    (some): Step =>
      async (use) => {
        const archived = await use(jobStore).archive([...new Set(some)]);
        return archived.map(plain).sort((one, other) => ((one?.id ?? '') < (other?.id ?? '') ? -1 : 1));
      },
  ),
  second.map(
    (now): Step =>
      async (use) => {
        const { zombies, overtime } = await use(jobStore).flagOverdue(now, 10);
        return [zombies, overtime].map((jobs) => jobs.map((job) => job.id).sort());
      },
  ),
  second.map(
    (now): Step =>
      (use) =>
        use(jobStore).nextDue(now),
  ),
  fc.constant<Step>(async (use) => {
    const rows = await use(jobStore).summary();
    return rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();
  }),
  fc.constant<Step>((use) => use(jobStore).countByState()),
);

describe('jobs in memory and in a database', () => {
  let stores: TestStorage[];
  beforeAll(async () => {
    stores = [await openMemoryStorage(), await openPrismaStorage((options) => embeddedDatabase(options))];
  }, 60_000);
  afterAll(() => Promise.all(stores.map((store) => store.close())));

  test('go through the same, whatever is done to them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 25 }),
        fc.array(fc.tuple(list, page), { maxLength: 6 }),
        async (steps, lists) => {
          await Promise.all(stores.map((store) => store.clear()));
          for (const step of steps) {
            const [one, other] = await Promise.all(stores.map((store) => step(store.use)));
            expect(other).toEqual(one);
          }
          for (const [wanted, request] of lists) {
            const [one, other] = await Promise.all(
              stores.map(async (store) => {
                const found = await store.use(jobStore).page(wanted, request);
                const items = found.items.map(({ node, position }) => [plain(node), position]);
                return [items, found.hasNextPage, found.hasPreviousPage, await found.count()];
              }),
            );
            expect(other).toEqual(one);
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
