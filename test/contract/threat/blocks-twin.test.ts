/** Every list, portion and count of blocks is the same in SQL and in memory, for any blocks, window, bindings and page. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { WantedContent } from '#resolvers/threat/content-blocks/binding.ts';
import {
  type BlockScope,
  type BlockWindow,
  type ContentBlock,
  contentBlockStore,
} from '#resolvers/threat/content-blocks/content-block.ts';
import { paging, shown, Twins, toRequest } from '../network/twins.ts';
import { aBlock, label } from './blocks-support.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());

const feeds = [newId(), newId()];
const message = newId();

const subtype = fc.constantFrom('s', 't');
const binding = fc.constantFrom('urn:a', 'urn:b');
const someBlock = fc.record({
  place: fc.nat(6),
  binding: fc.option(fc.record({ binding, subtypes: fc.uniqueArray(subtype, { maxLength: 1 }) })),
  content: fc.constantFrom('', 'é', 'abc', 'x'.repeat(9)),
  feeds: fc.subarray(feeds, { minLength: 1 }),
  ofMessage: fc.boolean(),
});
const someBlocks = fc.array(someBlock, { maxLength: 12 });
const wanted: fc.Arbitrary<WantedContent> = fc.oneof(
  fc.constant('ALL' as const),
  fc.array(fc.record({ binding, subtypes: fc.uniqueArray(subtype, { maxLength: 2 }) }), { maxLength: 3 }),
);
const bound = fc.option(fc.nat(6).map(label));
const window: fc.Arbitrary<BlockWindow> = fc.record({
  dataCollectionId: fc.constantFrom(...feeds),
  begin: bound,
  end: bound,
  wanted,
});

async function fill(given: readonly Made[]): Promise<ContentBlock[]> {
  const blocks = given.map(({ place, binding, content, ofMessage }) =>
    aBlock(place, { content, contentBinding: binding, inboxMessageId: ofMessage ? message : null }),
  );
  await twins.fill((use) =>
    use(contentBlockStore).add(blocks.map((block, index) => ({ block, dataCollectionIds: given[index]?.feeds ?? [] }))),
  );
  return blocks;
}
type Made = typeof someBlock extends fc.Arbitrary<infer T> ? T : never;

test('lists of blocks, of data collections and of messages', async () => {
  await fc.assert(
    fc.asyncProperty(
      someBlocks,
      fc.array(window, { maxLength: 3 }),
      paging,
      fc.integer({ min: 1, max: 30 }),
      async (made, windows, asked, bytes) => {
        const blocks = await fill(made);
        const scopes: BlockScope[] = windows.map((one) => ({ kind: 'dataCollection', window: one }));
        const labels = toRequest(
          asked,
          blocks.map(({ timestampLabel, id }) => [timestampLabel, id]),
        );
        const [mine, theirs] = await twins.both(async (use) =>
          Promise.all((await use(contentBlockStore).pages(scopes, labels, bytes)).map(shown)),
        );
        expect(theirs).toEqual(mine);
        const ofMessage: BlockScope[] = [null, feeds, feeds.slice(1)].map((heldBy) => ({
          kind: 'inboxMessage',
          id: message,
          heldBy,
        }));
        const ids = toRequest(
          asked,
          blocks.map(({ id }) => [id]),
        );
        const [one, other] = await twins.both(async (use) =>
          Promise.all((await use(contentBlockStore).pages(ofMessage, ids, bytes)).map(shown)),
        );
        expect(other).toEqual(one);
      },
    ),
    { numRuns: 30 },
  );
}, 90_000);

test('portions, their ends, counts and newest labels', async () => {
  const portion = fc.record({ count: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 30 }) });
  await fc.assert(
    fc.asyncProperty(someBlocks, window, portion, fc.nat(12), fc.nat(12), async (made, window, portion, from, to) => {
      const blocks = await fill(made);
      const after = blocks[from] ?? null;
      const last = blocks[to] ?? { timestampLabel: label(3), id: newId() };
      const [mine, theirs] = await twins.both(async (use) => {
        const store = use(contentBlockStore);
        return {
          slice: await store.read(window, after, portion),
          known: await store.readUpTo(window, after, last),
          walk: await store.walk(window, after, portion, 3),
          count: await store.count(window, 4),
          newest: await store.newestLabels(feeds),
          holders: await store.holdersOf(blocks.map(({ id }) => id)),
        };
      });
      expect(theirs).toEqual(mine);
    }),
    { numRuns: 40 },
  );
}, 90_000);

test('what is left when blocks were taken out', async () => {
  await fc.assert(
    fc.asyncProperty(
      someBlocks,
      fc.array(window, { maxLength: 3 }),
      fc.integer({ min: 1, max: 6 }),
      async (made, windows, limit) => {
        const blocks = await fill(made);
        const ids = blocks.map(({ id }) => id);
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(contentBlockStore);
          const detached = [];
          for (const one of windows) detached.push(await store.detach(one, limit));
          return { detached, left: await store.getMany(ids), holders: await store.holdersOf(ids) };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 30 },
  );
}, 90_000);
