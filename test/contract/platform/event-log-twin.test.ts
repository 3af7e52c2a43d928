import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EventFilter, type EventVisibility, eventLog } from '#kernel/event.ts';
import type { PageRequest } from '#kernel/page.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { openMemoryStorage, openPrismaStorage } from '../harness.ts';
import type { TestStorage, Use } from '../suite.ts';
import { newEvent } from './event-log.ts';

const names = ['network.device.created', 'network.device.deleted', 'network.site.created', 'threat.object.added'];
const kinds = ['device', 'account'];
const values = ['a', 'b', 'c'];
const instants = fc
  .integer({ min: 0, max: 9 })
  .map((day) => `2026-01-0${day + 1}T00:00:00.00000${day}Z`.replace('010T', '10T'));

const value = fc.constantFrom(...values);
const fact = fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.record({ all: fc.array(value, { maxLength: 3 }) }));
const scope = fc.dictionary(fc.constantFrom(...kinds), fact, { maxKeys: 3, noNullPrototype: true });
const grant = fc.record({ kind: fc.constantFrom(...kinds), value });
const grants = fc.array(grant, { maxLength: 4 });

const event = fc
  .record({
    name: fc.constantFrom(...names),
    subject: fc.option(fc.constantFrom('x', 'y')),
    scope,
    occurredAt: instants,
    data: fc.json().map((text) => JSON.parse(text)),
    retain: fc.constantFrom<'LIVE' | 'AUDIT'>('LIVE', 'AUDIT'),
  })
  .map((over) => newEvent(over));

const pattern = fc.constantFrom(...names, '*', 'network.*', 'network.device.*', 'none.*', 'network.dev.*');
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    names: fc.array(pattern, { maxLength: 3 }),
    subjects: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 }),
    scope: fc.array(grant, { maxLength: 3 }),
    from: instants,
    to: instants,
  },
  { requiredKeys: [] },
);
const visibility: fc.Arbitrary<EventVisibility> = fc.oneof(
  fc.constant('all' as const),
  fc.array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }),
      visibility: fc.oneof(
        fc.constantFrom('all' as const, 'none' as const),
        fc.record({ allOf: fc.array(grants, { minLength: 1, maxLength: 2 }) }),
      ),
      owner: fc.option(value),
    }),
    { maxLength: 3 },
  ),
);
const position = fc.option(fc.integer({ min: 0, max: 12 }).map((sequence) => [String(sequence)]));
const request: fc.Arbitrary<PageRequest> = fc.record({
  limit: fc.integer({ min: 0, max: 6 }),
  direction: fc.constantFrom('forward', 'backward'),
  after: position,
  before: position,
  offset: fc.integer({ min: 0, max: 3 }),
});

/** One operation, the same on every storage; it answers with all that can be seen of it. */
type Step = (storage: TestStorage) => Promise<unknown>;

const appending = fc.tuple(fc.array(event, { minLength: 1, maxLength: 4 }), fc.boolean()).map(([events, givenUp]) => {
  const work = async (use: Use) => {
    await use(eventLog).append(events);
    if (givenUp) throw new Error('given up');
  };
  const step: Step = (storage) => storage.atomically(work).catch((error) => String(error));
  return step;
});

const numbering = fc.integer({ min: 1, max: 9 }).map((limit): Step => {
  return (storage) => storage.use(eventLog).number(limit);
});

const trimming = fc.record({ live: fc.option(instants), audit: fc.option(instants) }).map((before): Step => {
  return (storage) => storage.use(eventLog).trim(before);
});

const reading = fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 5 })).map(([after, limit]): Step => {
  return async (storage) => withoutEpoch(await storage.use(eventLog).read(after, limit));
});

const paging = fc.tuple(filter, visibility, request).map(([asked, seen, page]): Step => {
  return async (storage) => {
    const { items, count, ...rest } = await storage.use(eventLog).page(asked, seen, page);
    return { ...rest, items: withoutEpoch(items.map(({ node }) => node)), count: await count() };
  };
});

const topics = fc.oneof(
  fc.array(
    fc.constantFrom('x', 'y', 'z').map((subject) => ({ subject })),
    { maxLength: 3 },
  ),
  fc.array(
    grant.map((place) => ({ place })),
    { maxLength: 3 },
  ),
);

const sorting = fc.tuple(topics, filter, visibility, request).map(([about, asked, seen, page]): Step => {
  return async (storage) => {
    const pages = await storage.use(eventLog).pages(about, asked, seen, page);
    return Promise.all(
      pages.map(async ({ items, count, ...rest }) => ({
        ...rest,
        items: withoutEpoch(items.map(({ node }) => node)),
        count: await count(),
      })),
    );
  };
});

const looking = fc.constantFrom<Step>(
  async (storage) => ({ ...(await storage.use(eventLog).state()), epoch: '' }),
  (storage) => storage.use(eventLog).countUnnumbered(),
);

const anyStep = fc.oneof(appending, numbering, trimming, reading, paging, sorting, looking);

const withoutEpoch = (events: readonly object[]) => events.map((found) => ({ ...found, epoch: '' }));

describe('the event log of PostgreSQL and its twin in memory', () => {
  let embedded: TestStorage;
  beforeAll(async () => {
    embedded = await openPrismaStorage(embeddedDatabase);
  });
  afterAll(() => embedded.close());

  async function expectAlike(steps: readonly Step[]): Promise<void> {
    await embedded.clear();
    const memory = await openMemoryStorage();
    for (const take of steps) expect(await take(embedded)).toEqual(await take(memory));
  }

  test('answer every sequence of operations alike', async () => {
    await fc.assert(fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 25 }), expectAlike), { numRuns: 80 });
  }, 120_000);

  test('show every viewer the same history', async () => {
    const history = fc
      .array(event, { minLength: 10, maxLength: 10 })
      .map((events): Step[] => [
        (storage) => storage.atomically((use) => use(eventLog).append(events)),
        (storage) => storage.use(eventLog).number(100),
      ]);
    const pages = fc.array(fc.oneof(paging, sorting), { minLength: 30, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(history, pages, (steps, pages) => expectAlike([...steps, ...pages])),
      { numRuns: 40 },
    );
  }, 120_000);
});
