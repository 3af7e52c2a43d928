import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageRequest } from '#kernel/page.ts';
import {
  type DeliveryOutcome,
  deadReasons,
  deliveryStates,
  type HookDeliveryFilter,
  hookDeliveryStore,
} from '#resolvers/platform/hooks/delivery.ts';
import {
  type HookChange,
  type HookFilter,
  hookOrderings,
  hookStates,
  hookStore,
} from '#resolvers/platform/hooks/hook.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { openMemoryStorage, openPrismaStorage } from '../harness.ts';
import type { TestStorage, Use } from '../suite.ts';
import { newDelivery } from './hook-deliveries.ts';
import { newHook, newSecret } from './hooks.ts';
import { instant } from './jobs.ts';

const uuids = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `0000000${index}-0000-7000-8000-00000000000${letter}`);
const [hookIds, owners, deliveryIds, eventIds, fences] = [
  uuids('a', 4),
  uuids('b', 2),
  uuids('c', 8),
  uuids('d', 5),
  uuids('f', 3),
];
const targets = ['https://one.example.net/a', 'https://one.example.net/B', 'http://two.example.net:81/'];
const patterns = ['device.update', 'network.*', '*'];
const names = ['network.device.updated', 'network.site.created'];

const hookId = fc.constantFrom(...hookIds);
const owner = fc.constantFrom(...owners);
const deliveryId = fc.constantFrom(...deliveryIds);
const fence = fc.constantFrom(...fences);
const second = fc.integer({ min: 0, max: 12 }).map(instant);
const held = fc.record({ id: deliveryId, fence });
const ids = fc.uniqueArray(hookId, { maxLength: 3 });

const text = fc.record(
  {
    eq: fc.constantFrom(...names, ...patterns, ...targets),
    ne: fc.constantFrom(...names, ...patterns),
    in: fc.array(fc.constantFrom(...names, ...targets), { maxLength: 2 }),
    like: fc.constantFrom('*', 'NETWORK.*', '*b', '*.site.?reated', '%'),
  },
  { requiredKeys: [] },
);
/** Filters of such terms. */
const filterOf = <Filter>(terms: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Filter> =>
  fc.letrec<{ filter: unknown }>((tie) => ({
    filter: fc.record(
      {
        ...terms,
        and: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
        or: fc.array(tie('filter'), { maxLength: 2, depthIdentifier: 'filter' }),
        not: fc.option(tie('filter'), { depthIdentifier: 'filter', maxDepth: 2 }),
      },
      { requiredKeys: [] },
    ),
  })).filter as fc.Arbitrary<Filter>;
const hookFilter = filterOf<HookFilter>({
  event: text,
  target: text,
  state: fc.array(fc.constantFrom(...hookStates), { maxLength: 2 }),
  owner: fc.option(owner),
});
const deliveryFilter = filterOf<HookDeliveryFilter>({
  hook: fc.option(hookId),
  state: fc.array(fc.constantFrom(...deliveryStates), { maxLength: 2 }),
  event: text,
  from: second,
  to: second,
});
const page: fc.Arbitrary<PageRequest> = fc.record({
  limit: fc.integer({ min: 0, max: 4 }),
  direction: fc.constantFrom('forward' as const, 'backward' as const),
  after: fc.constant(null),
  before: fc.constant(null),
  offset: fc.integer({ min: 0, max: 2 }),
});

const fresh = fc
  .record({
    id: hookId,
    ownerId: owner,
    event: fc.constantFrom(...patterns),
    target: fc.constantFrom(...targets),
    ordering: fc.constantFrom(...hookOrderings),
  })
  .map((hook) => newHook(hook));
const breaker = fc.record({
  state: fc.constantFrom('CLOSED' as const, 'OPEN' as const, 'HALF_OPEN' as const),
  until: fc.option(second),
  failures: fc.integer({ min: 0, max: 9 }),
});
const upkeep: fc.Arbitrary<HookChange> = fc.record(
  {
    state: fc.constantFrom(...hookStates),
    breaker,
    heldUntil: fc.option(second),
    failingSince: fc.option(second),
    listensAfter: fc.option(fc.integer({ min: 0, max: 9 })),
    scope: fc.constantFrom([], [{ kind: 'site', value: 'x' }]),
  },
  { requiredKeys: [] },
);
const change: fc.Arbitrary<HookChange> = fc
  .tuple(
    upkeep,
    fc.record(
      {
        event: fc.constantFrom(...patterns),
        target: fc.constantFrom(...targets),
        subject: fc.option(fc.constant('s')),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([kept, wished]) => ({ ...kept, ...wished }));
const outcome: fc.Arbitrary<DeliveryOutcome> = fc.record({
  state: fc.constantFrom(...deliveryStates),
  nextAttemptAt: second,
  deadReason: fc.constantFrom(null, ...deadReasons),
});
const delivery = fc
  .record({
    id: deliveryId,
    hookId,
    ownerId: owner,
    eventId: fc.constantFrom(...eventIds),
    eventName: fc.constantFrom(...names),
    sequence: fc.integer({ min: 1, max: 6 }),
    subject: fc.constantFrom(null, 's', 't'),
    webhookId: fc.constantFrom('msg_a', 'msg_b'),
    nextAttemptAt: second,
    createdAt: second,
  })
  .map((row) => newDelivery({ id: row.hookId, ownerId: row.ownerId }, row));

type Step = (use: Use) => Promise<unknown>;

const step: fc.Arbitrary<Step> = fc.oneof(
  fresh.map(
    (hook): Step =>
      async (use) => {
        const [known] = await use(hookStore).getMany([hook.id]);
        return known ?? use(hookStore).insert(hook, newSecret(hook.id, { id: hook.id }));
      },
  ),
  fc.tuple(hookId, change).map(
    ([id, what]): Step =>
      (use) =>
        use(hookStore).update(id, what),
  ),
  fc.tuple(ids, upkeep).map(
    ([some, what]): Step =>
      (use) =>
        use(hookStore).updateMany(some, { ...what, etag: 'new' }),
  ),
  hookId.map(
    (id): Step =>
      (use) =>
        use(hookStore).delete([id]),
  ),
  fc.tuple(hookId, fc.integer({ min: 0, max: 9 })).map(
    ([id, sequence]): Step =>
      (use) =>
        use(hookStore).arm(id, sequence),
  ),
  // An id is given once, as a new one is.
  fc.uniqueArray(delivery, { maxLength: 4, selector: ({ id }) => id }).map(
    (rows): Step =>
      async (use) => {
        const known = await use(hookDeliveryStore).getMany(rows.map(({ id }) => id));
        const unknown = rows.filter((_, index) => known[index] === null);
        const distinct = new Map(unknown.map((row) => [`${row.hookId}${row.eventId}`, row]));
        return use(hookDeliveryStore).insert([...distinct.values()]);
      },
  ),
  fc
    .record({
      now: second,
      limit: fc.integer({ min: 1, max: 4 }),
      perTarget: fc.integer({ min: 1, max: 3 }),
      busy: fc.constantFrom<Record<string, number>>({}, { 'https://one.example.net': 1 }),
      fence,
    })
    .map(
      (claim): Step =>
        (use) =>
          use(hookDeliveryStore).claimDue({ ...claim, lease: 60_000 }),
    ),
  fc.tuple(held, outcome, fc.boolean(), second).map(
    ([lease, what, attempted, now]): Step =>
      async (use) => {
        const [row] = await use(hookDeliveryStore).getMany([lease.id]);
        const number = (row?.attemptCount ?? 0) + 1;
        const attempt = {
          deliveryId: lease.id,
          number,
          series: row?.series ?? 1,
          at: now,
          durationMs: 5,
          status: 500,
          error: 'STATUS' as const,
          responseExcerpt: null,
        };
        return use(hookDeliveryStore).finish(lease, what, attempted ? attempt : null, now);
      },
  ),
  fc.tuple(held, second).map(
    ([lease, at]): Step =>
      (use) =>
        use(hookDeliveryStore).release(lease, at),
  ),
  fc
    .tuple(
      hookId,
      fc.constantFrom({ events: eventIds.slice(0, 3) }, { ids: deliveryIds.slice(0, 4) }),
      fc.constantFrom(null, ['DEAD' as const], ['SUCCEEDED' as const, 'PENDING' as const]),
      second,
    )
    .map(
      ([id, which, states, now]): Step =>
        async (use) => {
          // Whoever sends something again has an active hook before him.
          const [hook] = await use(hookStore).getMany([id]);
          return hook?.state === 'ACTIVE' ? use(hookDeliveryStore).reopen(id, which, states, now) : null;
        },
    ),
  fc.tuple(ids, second).map(
    ([some, now]): Step =>
      (use) =>
        use(hookDeliveryStore).close(some, { state: 'DEAD', deadReason: 'DISABLED' }, now),
  ),
  fc.tuple(second, second).map(
    ([dead, others]): Step =>
      (use) =>
        use(hookDeliveryStore).trim({ dead, others }, 100),
  ),
  second.map(
    (now): Step =>
      (use) =>
        use(hookDeliveryStore).nextDue(now),
  ),
  fc.constant<Step>((use) => use(hookDeliveryStore).countByState()),
  fc.constant<Step>((use) => use(hookStore).countOpenBreakers()),
  fc.constant<Step>((use) => use(hookDeliveryStore).attempts(deliveryIds)),
  fc.uniqueArray(fc.constantFrom(...patterns), { maxLength: 2 }).map(
    (some): Step =>
      async (use) =>
        (await use(hookStore).listening(some)).map(({ id }) => id).sort(),
  ),
);

describe('hooks in memory and in a database', () => {
  let stores: TestStorage[];
  beforeAll(async () => {
    stores = [await openMemoryStorage(), await openPrismaStorage((options) => embeddedDatabase(options))];
  }, 60_000);
  afterAll(() => Promise.all(stores.map((store) => store.close())));

  const alike = async (step: Step) => {
    const [one, other] = await Promise.all(stores.map((store) => step(store.use)));
    expect(other).toEqual(one);
  };

  test('go through the same, whatever is done to them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.array(fc.tuple(hookFilter, deliveryFilter, fc.option(owner), page), { maxLength: 4 }),
        async (steps, lists) => {
          await Promise.all(stores.map((store) => store.clear()));
          for (const one of steps) await alike(one);
          for (const [hooks, deliveries, whose, request] of lists) {
            await alike(async (use) => {
              const found = await use(hookStore).page(hooks, whose, request);
              return [found.items, found.hasNextPage, found.hasPreviousPage, await found.count()];
            });
            await alike(async (use) => {
              const found = await use(hookDeliveryStore).page(deliveries, whose, request);
              return [found.items, found.hasNextPage, found.hasPreviousPage, await found.count()];
            });
            await alike(async (use) => {
              const pages = await use(hookDeliveryStore).pages(hookIds, deliveries, request);
              return Promise.all(pages.map(async (found) => [found.items, found.hasNextPage, await found.count()]));
            });
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
