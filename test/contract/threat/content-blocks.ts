import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import {
  type BlockScope,
  type BlockWindow,
  type ContentBlock,
  contentBlockStore,
} from '#resolvers/threat/content-blocks/content-block.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { request } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aBlock, aMessage, label } from './blocks-support.ts';

const heavy = { count: 1000, bytes: 1_000_000 };

/** What every storage of content blocks holds. */
export function contentBlockContract(name: string, open: OpenStorage): void {
  describe(`content blocks in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(contentBlockStore);
    const feed = newId();
    const window = (parts: Partial<BlockWindow> = {}): BlockWindow => ({
      dataCollectionId: feed,
      begin: null,
      end: null,
      wanted: 'ALL',
      ...parts,
    });
    const add = async (...blocks: ContentBlock[]) => {
      await store().add(blocks.map((block) => ({ block, dataCollectionIds: [feed] })));
      return blocks;
    };
    const read = async (parts: Partial<BlockWindow> = {}) => {
      const slice = await store().read(window(parts), null, heavy);
      return slice === 'NOT_READY' ? slice : slice.blocks.map(({ content }) => content);
    };

    test('gives back blocks as they were added, with who holds them', async () => {
      const [one, other, holder] = [aBlock(1), aBlock(2, { contentBinding: null, message: null }), newId()];
      const xml = aBlock(3, {
        content: '<a xmlns="urn:a">\r\n "\\" 𝄞</a>',
        contentIsXml: true,
        contentBinding: { binding: 'urn:x', subtypes: ['s'] },
        inboxMessageId: newId(),
      });
      await store().add([
        { block: one, dataCollectionIds: [feed] },
        { block: other, dataCollectionIds: [feed, holder] },
        { block: xml, dataCollectionIds: [holder] },
      ]);
      expect(await store().getMany([xml.id, newId(), one.id, 'x', other.id])).toEqual([xml, null, one, null, other]);
      expect(await store().holdersOf([other.id, one.id, newId()])).toEqual([[feed, holder].sort(), [feed], []]);
      expect(await store().newestLabels([holder, newId(), feed])).toEqual([label(3), null, label(2)]);
    });

    test('reads a window by label: after its begin, up to its end', async () => {
      await add(aBlock(3), aBlock(1), aBlock(2), aBlock(4));
      expect(await read()).toEqual(['1', '2', '3', '4']);
      expect(await read({ begin: label(1) })).toEqual(['2', '3', '4']);
      expect(await read({ begin: label(1), end: label(3) })).toEqual(['2', '3']);
      expect(await read({ begin: label(4) })).toEqual([]);
      expect(await read({ dataCollectionId: newId() })).toEqual([]);
    });

    test('tells labels apart by a microsecond', async () => {
      const before = aBlock(0, { timestampLabel: '2026-03-01T00:00:00.000001Z', content: 'a' });
      await add(aBlock(0, { timestampLabel: '2026-03-01T00:00:00.000002Z', content: 'b' }), before);
      expect(await read({ begin: before.timestampLabel })).toEqual(['b']);
      expect(await read({ end: before.timestampLabel })).toEqual(['a']);
    });

    test('reads what one of the bindings fits, and nothing for none', async () => {
      const bound = (place: number, binding: string, subtypes: string[] = []) =>
        aBlock(place, { contentBinding: { binding, subtypes } });
      await add(
        bound(1, 'urn:a'),
        bound(2, 'urn:a', ['s']),
        bound(3, 'urn:b', ['t']),
        aBlock(4, { contentBinding: null }),
      );
      const wanted = (...list: [string, ...string[]][]) =>
        read({ wanted: list.map(([binding, ...subtypes]) => ({ binding, subtypes })) });
      expect(await wanted(['urn:a'])).toEqual(['1', '2']);
      expect(await wanted(['urn:a', 's'])).toEqual(['2']);
      expect(await wanted(['urn:b', 's'], ['urn:a', 'u', 's'])).toEqual(['2']);
      expect(await wanted(['urn:b'], ['urn:a', 's'])).toEqual(['2', '3']);
      expect(await wanted(['urn:\u0000'])).toEqual([]);
      expect(await wanted()).toEqual([]);
    });

    test('ends a portion by its count and by its bytes, after one block at least', async () => {
      const blocks = await add(...[1, 2, 3, 4].map((place) => aBlock(place, { content: `${place}`.repeat(10) })));
      const portion = (count: number, bytes: number, after = -1) =>
        store().read(window(), blocks[after] ?? null, { count, bytes });
      expect(await portion(2, 1000)).toEqual({ blocks: blocks.slice(0, 2), more: true });
      expect(await portion(4, 1000)).toEqual({ blocks, more: false });
      expect(await portion(4, 30)).toEqual({ blocks: blocks.slice(0, 3), more: true });
      expect(await portion(4, 29)).toEqual({ blocks: blocks.slice(0, 2), more: true });
      expect(await portion(4, 1)).toEqual({ blocks: blocks.slice(0, 1), more: true });
      expect(await portion(4, 1000, 1)).toEqual({ blocks: blocks.slice(2), more: false });
      expect(await portion(4, 1000, 3)).toEqual({ blocks: [], more: false });
    });

    test('finds the ends of portions, of which the last may be smaller', async () => {
      const blocks = await add(...[1, 2, 3, 4, 5].map((place) => aBlock(place)));
      const place = (index: number) => ({ timestampLabel: label(index + 1), id: blocks[index]?.id });
      const pair = { count: 2, bytes: 1000 };
      expect(await store().walk(window(), null, pair, 10)).toEqual({
        ends: [place(1), place(3), place(4)],
        more: false,
      });
      expect(await store().walk(window(), null, pair, 2)).toEqual({ ends: [place(1), place(3)], more: true });
      expect(await store().walk(window({ end: label(4) }), null, pair, 2)).toEqual({
        ends: [place(1), place(3)],
        more: false,
      });
      expect(await store().walk(window(), blocks[4] ?? null, pair, 2)).toEqual({ ends: [], more: false });
      expect(await store().walk(window(), null, { count: 5, bytes: 1 }, 2)).toEqual({
        ends: [place(0), place(1)],
        more: true,
      });
    });

    test('reads all blocks up to a place, whatever came between since', async () => {
      const [first, , last] = await add(aBlock(1), aBlock(2), aBlock(5), aBlock(6));
      if (!first || !last) throw new Error('Nothing was added.');
      await add(aBlock(3), aBlock(4));
      const slice = await store().readUpTo(window(), first, last);
      expect(slice).toMatchObject({ more: true, blocks: ['2', '3', '4', '5'].map((content) => ({ content })) });
      const rest = await store().readUpTo(window({ end: label(5) }), last, last);
      expect(rest).toEqual({ blocks: [], more: false });
    });

    test('counts a window no further than the cap', async () => {
      await add(...[1, 2, 3, 4, 5].map((place) => aBlock(place)));
      expect(await store().count(window(), 3)).toBe(3);
      expect(await store().count(window({ begin: label(3) }), 3)).toBe(2);
    });

    test('finds the same portions on every way through a window', async () => {
      const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 });
      const portions = fc.record({ count: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 12 }) });
      await fc.assert(
        fc.asyncProperty(sizes, portions, async (sizes, portion) => {
          const own = window({ dataCollectionId: newId() });
          const blocks = sizes.map((size, place) => aBlock(place >> 1, { content: 'x'.repeat(size) }));
          await store().add(blocks.map((block) => ({ block, dataCollectionIds: [own.dataCollectionId] })));
          const seen: string[] = [];
          const ends: unknown[] = [];
          for (let after: ContentBlock | null = null, more = blocks.length > 0; more; ) {
            const slice = await store().read(own, after, portion);
            if (slice === 'NOT_READY') throw new Error('Not ready.');
            seen.push(...slice.blocks.map(({ id }) => id));
            after = slice.blocks.at(-1) ?? null;
            ends.push({ timestampLabel: after?.timestampLabel, id: after?.id });
            more = slice.more;
          }
          expect(seen).toEqual(blocks.map(({ id }) => id));
          expect(await store().walk(own, null, portion, 100)).toEqual({ ends, more: false });
        }),
        { numRuns: 15 },
      );
    });

    test('gives pages of many data collections and messages, lighter than so many bytes', async () => {
      const [other, message] = [newId(), newId()];
      await add(...[1, 2, 3].map((place) => aBlock(place, { inboxMessageId: message, content: `${place}`.repeat(4) })));
      await store().add([{ block: aBlock(9, { inboxMessageId: message }), dataCollectionIds: [other] }]);
      const scopes: BlockScope[] = [
        { kind: 'dataCollection', window: window() },
        { kind: 'dataCollection', window: window({ dataCollectionId: other }) },
        { kind: 'dataCollection', window: window({ begin: label(1) }) },
        { kind: 'inboxMessage', id: message, heldBy: null },
        { kind: 'inboxMessage', id: message, heldBy: [other] },
        { kind: 'inboxMessage', id: newId(), heldBy: null },
      ];
      const shown = async (parts: Parameters<typeof request>[0], bytes = 1000) => {
        const pages = await store().pages(scopes, request(parts), bytes);
        return Promise.all(
          pages.map(async (page) => [
            page.items.map(({ node }) => node.content[0]).join(''),
            page.hasPreviousPage ? '<' : '',
            page.hasNextPage ? '>' : '',
            await page.count(),
          ]),
        );
      };
      expect(await shown({ limit: 2 })).toEqual([
        ['12', '', '>', 3],
        ['9', '', '', 1],
        ['23', '', '', 2],
        ['12', '', '>', 4],
        ['9', '', '', 1],
        ['', '', '', 0],
      ]);
      expect((await shown({ limit: 2, direction: 'backward' })).slice(0, 4)).toEqual([
        ['23', '<', '', 3],
        ['9', '', '', 1],
        ['23', '', '', 2],
        ['39', '<', '', 4],
      ]);
      expect((await shown({ limit: 10 }, 9)).map(([contents]) => contents)).toEqual(['12', '9', '23', '12', '9', '']);
      expect((await shown({ limit: 10, direction: 'backward' }, 9)).map(([contents]) => contents)).toEqual([
        '23',
        '9',
        '23',
        '239',
        '9',
        '',
      ]);
      const [first] = await store().pages(scopes.slice(0, 1), request({ limit: 1, offset: 1 }), 1000);
      const after = first?.items[0]?.position ?? null;
      const [next] = await store().pages(scopes.slice(0, 1), request({ after }), 1000);
      expect(next).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
      expect(next?.items.map(({ node }) => node.content)).toEqual(['3333']);
    });

    test('takes blocks out and deletes those that nobody holds any more', async () => {
      const [other, blocks] = [newId(), [1, 2, 3].map((place) => aBlock(place))];
      const holders = [[feed], [feed, other], [feed]];
      await store().add(blocks.map((block, index) => ({ block, dataCollectionIds: holders[index] ?? [] })));
      const range = { dataCollectionId: feed, begin: null, end: label(2) };
      expect(await store().detach(range, 1)).toMatchObject([
        { id: blocks[0]?.id, timestampLabel: label(1), dataCollectionIds: [feed], deleted: true },
      ]);
      expect(await store().detach(range, 10)).toMatchObject([
        { id: blocks[1]?.id, dataCollectionIds: [feed], deleted: false },
      ]);
      expect(await store().detach(range, 10)).toEqual([]);
      expect((await store().getMany(blocks.map(({ id }) => id))).map((block) => block !== null)).toEqual([
        false,
        true,
        true,
      ]);
      expect(await store().holdersOf(blocks.map(({ id }) => id))).toEqual([[], [other], [feed]]);
    });

    test('leaves no block behind that two units take out of its two data collections at once', async () => {
      const other = newId();
      const blocks = Array.from({ length: 20 }, (_, place) => aBlock(place));
      await store().add(blocks.map((block) => ({ block, dataCollectionIds: [feed, other] })));
      await Promise.all(
        [feed, other].map((dataCollectionId) =>
          storage.atomically((use) => use(contentBlockStore).detach({ dataCollectionId, begin: null, end: null }, 100)),
        ),
      );
      expect(await store().getMany(blocks.map(({ id }) => id))).toEqual(blocks.map(() => null));
    });

    test('deletes what was kept before an instant, wherever it is held', async () => {
      const [other, old] = [newId(), '2026-01-01T00:00:00.000000Z'];
      const [first, second] = [aBlock(2, { createdAt: old }), aBlock(1, { createdAt: '2026-01-02T00:00:00.000000Z' })];
      await store().add([
        { block: second, dataCollectionIds: [feed] },
        { block: first, dataCollectionIds: [feed, other] },
        { block: aBlock(3), dataCollectionIds: [feed] },
      ]);
      const before = '2026-01-03T00:00:00.000000Z';
      expect(await store().countKeptBefore(before)).toBe(2);
      expect(await store().countKeptBefore(old)).toBe(0);
      const kept = await store().keptBefore(before, 10);
      expect(kept.map(({ id, dataCollectionIds }) => [id, dataCollectionIds.toSorted()])).toEqual([
        [first.id, [feed, other].sort()],
        [second.id, [feed]],
      ]);
      expect(await store().deleteMany(kept.map(({ id }) => id))).toMatchObject([
        { id: second.id, dataCollectionIds: [feed], deleted: true },
        { id: first.id, dataCollectionIds: [feed, other].sort(), deleted: true },
      ]);
      expect(await store().countKeptBefore(before)).toBe(0);
    });

    test('deletes only messages none of whose blocks remain', async () => {
      const [emptied, filled] = [aMessage(), aMessage()];
      for (const message of [emptied, filled]) await storage.use(inboxMessageStore).insert(message, null);
      await add(aBlock(1, { inboxMessageId: filled.id }));
      const ids = [emptied.id, filled.id, newId()];
      expect(await storage.use(inboxMessageStore).deleteEmptied(ids)).toBe(1);
      expect(await storage.use(inboxMessageStore).getMany(ids)).toEqual([null, filled, null]);
    });

    test('reads many scopes of one form in one statement', async () => {
      await add(aBlock(1));
      const scopes = Array.from({ length: 20 }, (_, index) => ({
        kind: 'dataCollection' as const,
        window: window({ dataCollectionId: index === 0 ? feed : newId() }),
      }));
      const count = await storage.countStatements(() => store().pages(scopes, request(), 1000));
      expect(count ?? 1).toBe(1);
      expect((await storage.countStatements(() => store().read(window(), null, heavy))) ?? 1).toBe(1);
    });
  });
}
