import { describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import {
  type DataCollection,
  type DataCollectionQuery,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import { request, sees } from '../network/support.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aDataCollection } from './taxii1-support.ts';

const query = (parts: { visibility?: DataCollectionQuery['visibility']; page?: object } = {}): DataCollectionQuery => ({
  visibility: parts.visibility ?? 'all',
  page: request(parts.page),
});
const names = (page: Page<DataCollection> | undefined) => page?.items.map(({ node }) => node.name);

/** What every storage of data collections holds. */
export function dataCollectionContract(name: string, open: OpenStorage): void {
  describe(`data collections in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(dataCollectionStore);

    test('gives back what was inserted, to the microsecond, by id, TAXII id and name', async () => {
      const one = aDataCollection('one', {
        type: 'DATA_SET',
        description: 'first\nand second line',
        supportedContent: [
          { binding: 'urn:x', subtypes: ['a', 'b'] },
          { binding: 'urn:y', subtypes: [] },
        ],
        available: false,
        updatedAt: '2026-03-02T00:00:00.000001Z',
      });
      const other = aDataCollection('other', { acceptAllContent: true });
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
      expect(await store().getByTaxiiId([one.taxiiId.toUpperCase(), one.id, 'x'])).toEqual([one, null, null]);
      expect(await store().getByName(['other', 'OTHER', 'bad\u0000', '\ud800'])).toEqual([other, null, null, null]);
    });

    test('refuses a taken name or TAXII id, also by one before it in the call', async () => {
      const one = aDataCollection('one');
      await store().insertMany([one]);
      const fresh = [
        aDataCollection('one'),
        aDataCollection('x', { taxiiId: one.taxiiId }),
        aDataCollection('two'),
        aDataCollection('two'),
        aDataCollection('ONE'),
      ];
      expect((await store().insertMany(fresh)).map((made) => made !== null)).toEqual([false, false, true, false, true]);
    });

    test('gives one of twenty racing callers the name', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => store().insertMany([aDataCollection('one')])));
      expect(answers.filter(([made]) => made)).toHaveLength(1);
    });

    test('writes what can change and nothing else, and says when a name is taken', async () => {
      const [one, two] = [aDataCollection('one', { volume: 3 }), aDataCollection('two')];
      await store().insertMany([one, two]);
      const changed: DataCollection = {
        ...one,
        name: 'new',
        type: 'DATA_SET',
        description: 'd',
        acceptAllContent: true,
        supportedContent: [{ binding: 'urn:z', subtypes: [] }],
        available: false,
        updatedAt: '2026-03-05T00:00:00.000009Z',
      };
      const foreign = { taxiiId: newId(), volume: 99, createdAt: '2020-01-01T00:00:00.000000Z' };
      expect(await store().updateMany([{ ...changed, ...foreign }])).toEqual([]);
      expect(await store().getMany([one.id])).toEqual([changed]);
      const attempt = storage.atomically(async (use) => {
        const taken = await use(dataCollectionStore).updateMany([{ ...two, name: 'new' }]);
        throw new Error(taken.map(({ id }) => id).join());
      });
      await expect(attempt).rejects.toThrow(two.id);
    });

    test('lets collections swap their names', async () => {
      const [one, two] = [aDataCollection('one'), aDataCollection('two')];
      await store().insertMany([one, two]);
      const swapped = [
        { ...one, name: 'two' },
        { ...two, name: 'one' },
      ];
      expect(await store().updateMany(swapped)).toEqual([]);
      expect(await store().getByName(['one', 'two'])).toEqual([swapped[1], swapped[0]]);
    });

    test('adds to volumes without losing any in a race, and never below none', async () => {
      const [one, two] = [aDataCollection('one'), aDataCollection('two')];
      await store().insertMany([one, two]);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store().addToVolumes([
            { id: one.id, by: 1 },
            { id: two.id, by: 2 },
            { id: one.id, by: 1 },
          ]),
        ),
      );
      const volumes = async () => (await store().getMany([one.id, two.id])).map((found) => found?.volume);
      expect(await volumes()).toEqual([40, 40]);
      await store().addToVolumes([{ id: two.id, by: -40 }]);
      await expect(store().addToVolumes([{ id: two.id, by: -1 }])).rejects.toThrow();
      expect(await volumes()).toEqual([40, 0]);
    });

    test('pages what is visible in the order of names, and counts it', async () => {
      const all = ['b', 'a', 'C', 'é'].map((text) => aDataCollection(text));
      await store().insertMany(all);
      expect(names(await store().page(query()))).toEqual(['C', 'a', 'b', 'é']);
      const first = await store().page(query({ page: { limit: 2 } }));
      expect([names(first), first.hasNextPage, await first.count()]).toEqual([['C', 'a'], true, 4]);
      const after = first.items.at(-1)?.position ?? null;
      expect(names(await store().page(query({ page: { limit: 2, after } })))).toEqual(['b', 'é']);
      expect(names(await store().page(query({ page: { limit: 1, direction: 'backward', before: after } })))).toEqual([
        'C',
      ]);
      const some = sees(['collection', all[1]?.taxiiId ?? ''], ['collection', 'no id'], ['apiRoot', newId()]);
      const shown = await store().page(query({ visibility: some }));
      expect([names(shown), await shown.count()]).toEqual([['a'], 1]);
      expect(names(await store().page(query({ visibility: 'none' })))).toEqual([]);
      await expect(async () => store().page(query({ page: { after: ['a', 'b'] } }))).rejects.toThrow(InputError);
    });

    test('attaches services as a set, and finds the collections of many services in one read', async () => {
      const [a, b, c] = ['a', 'b', 'c'].map((text) => aDataCollection(text)) as [
        DataCollection,
        DataCollection,
        DataCollection,
      ];
      const [inbox, poll, idle] = [newId(), newId(), newId()];
      await store().insertMany([c, b, a]);
      await store().replaceServices([
        { id: a.id, serviceIds: [inbox, poll, inbox] },
        { id: b.id, serviceIds: [poll] },
        { id: c.id, serviceIds: [poll] },
      ]);
      const servicesOf = async () => (await store().servicesOf([a.id, b.id, newId()])).map((ids) => [...ids].sort());
      expect(await servicesOf()).toEqual([[inbox, poll].sort(), [poll], []]);
      const found = (await store().ofServices([poll, idle, inbox])).map((list) => list.map((each) => each.name));
      expect(found).toEqual([['a', 'b', 'c'], [], ['a']]);
      const statements = await storage.countStatements(async () => {
        const visibility = sees(['collection', a.taxiiId], ['collection', c.taxiiId]);
        const pages = await store().pagesOfServices([inbox, poll, idle], query({ visibility, page: { limit: 5 } }));
        expect(pages.map(names)).toEqual([['a'], ['a', 'c'], []]);
      });
      expect(statements ?? 1).toBe(1);
      const [page] = await store().pagesOfServices([poll], query({ page: { limit: 1 } }));
      expect([names(page), page?.hasNextPage, await page?.count()]).toEqual([['a'], true, 3]);
      await store().replaceServices([
        { id: a.id, serviceIds: [] },
        { id: b.id, serviceIds: [inbox] },
      ]);
      expect(await servicesOf()).toEqual([[], [inbox], []]);
      await store().removeServices([inbox, idle]);
      expect(await servicesOf()).toEqual([[], [], []]);
      expect((await store().ofServices([poll])).map((list) => list.map((each) => each.name))).toEqual([['c']]);
    });

    test('deletes with the attachments, and gives name and TAXII id free', async () => {
      const one = aDataCollection('one');
      const service = newId();
      await store().insertMany([one]);
      await store().replaceServices([{ id: one.id, serviceIds: [service] }]);
      await store().deleteMany([one.id, newId()]);
      expect(await store().getMany([one.id])).toEqual([null]);
      expect(await store().ofServices([service])).toEqual([[]]);
      expect(await store().insertMany([one])).toEqual([one]);
      expect(await store().servicesOf([one.id])).toEqual([[]]);
    });

    test('keeps who locks it waiting until the one before has ended', async () => {
      const one = aDataCollection('one');
      await store().insertMany([one]);
      const order: string[] = [];
      let locked = () => {};
      const begun = new Promise<void>((resolve) => {
        locked = resolve;
      });
      const first = storage.atomically(async (use) => {
        expect(await use(dataCollectionStore).lock([one.id])).toEqual([one]);
        locked();
        await new Promise((resolve) => setTimeout(resolve, 150));
        await use(dataCollectionStore).addToVolumes([{ id: one.id, by: 1 }]);
        order.push('first ends');
      });
      await begun;
      const second = storage.atomically(async (use) => {
        const [seen] = await use(dataCollectionStore).hold([one.id]);
        order.push(`second sees ${seen?.volume}`);
      });
      await Promise.all([first, second]);
      expect(order).toEqual(['first ends', 'second sees 1']);
    });
  });
}
