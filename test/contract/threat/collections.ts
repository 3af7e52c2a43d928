import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aCollection, firstPage, titlesOf } from './rooms-support.ts';

const later = '2026-03-02T00:00:00.000001Z';

/** What every storage of collections holds. */
export function collectionContract(name: string, open: OpenStorage): void {
  describe(`Collections in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(collectionStore);
    const [a, b] = [newId(), newId()].sort() as [string, string];
    const countOf = async ({ id }: TaxiiCollection) => (await store().getMany([id]))[0]?.objectCount;

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const one = aCollection(a, 'one', { alias: 'the-one', description: 'said', isPublic: true, isPublicWrite: true });
      const other = aCollection(b, 'other', { alias: 'the-one' });
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id.toUpperCase(), newId(), 'no id', one.id])).toEqual([
        other,
        null,
        null,
        one,
      ]);
      expect(
        await store().getByAlias([
          { apiRootId: b, alias: 'the-one' },
          { apiRootId: a.toUpperCase(), alias: 'the-one' },
          { apiRootId: newId(), alias: 'the-one' },
          { apiRootId: 'no id', alias: 'the-one' },
          { apiRootId: a, alias: 'bad\u0000' },
          { apiRootId: a, alias: 'THE-ONE' },
        ]),
      ).toEqual([other, one, null, null, null, null]);
    });

    test('answers null for an id that is taken, or an alias in the same root', async () => {
      const one = aCollection(a, 'one', { alias: 'x' });
      await store().insertMany([one]);
      const elsewhere = aCollection(b, 'x', { alias: 'x' });
      const twice = aCollection(a, 'twice', { alias: 'y' });
      expect(
        await store().insertMany([
          { ...one, alias: null },
          aCollection(a, 'x', { alias: 'x' }),
          elsewhere,
          twice,
          aCollection(a, 'y', { alias: 'y' }),
          twice,
        ]),
      ).toEqual([null, null, elsewhere, twice, null, null]);
      expect(await store().insertMany([aCollection(a, 'no alias'), aCollection(a, 'no alias')])).not.toContain(null);
    });

    test('gives one of twenty racing callers the alias', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store().insertMany([aCollection(a, 'one', { alias: 'one' })])),
      );
      expect(answers.filter(([collection]) => collection)).toHaveLength(1);
    });

    test('pages all, some roots, and each of many roots, by title and id', async () => {
      const [b1, a1, a2, b2] = [aCollection(b, 'b'), aCollection(a, 'C'), aCollection(a, 'a'), aCollection(b, 'É')];
      await store().insertMany([b1, a1, a2, b2]);
      expect(titlesOf(await store().page({ kind: 'all' }, firstPage))).toEqual(['C', 'a', 'b', 'É']);
      expect(titlesOf(await store().page({ kind: 'roots', ids: [b] }, firstPage))).toEqual(['b', 'É']);
      expect(titlesOf(await store().page({ kind: 'roots', ids: [] }, firstPage))).toEqual([]);
      const pages = await store().pagesOfRoots([b, newId(), a], { ...firstPage, limit: 1 });
      expect(pages.map(titlesOf)).toEqual([['b'], [], ['C']]);
      expect(pages.map(({ hasNextPage }) => hasNextPage)).toEqual([true, false, true]);
      expect(await Promise.all(pages.map((page) => page.count()))).toEqual([2, 0, 2]);
      expect(pages[2]?.items).toEqual([{ node: a1, position: ['C', a1.id] }]);
      const rest = await store().pagesOfRoots([b, a], { ...firstPage, after: ['a', a2.id] });
      expect(rest.map(titlesOf)).toEqual([['b', 'É'], []]);
      expect((await store().idsInRoots([a, newId()])).sort()).toEqual([a1.id, a2.id].sort());
    });

    test('costs as many statements for the collections of fifty roots as of one', async () => {
      const cost = (roots: number) =>
        storage.countStatements(() => store().pagesOfRoots(Array.from({ length: roots }, newId), firstPage));
      expect(await cost(50)).toBe(await cost(1));
    });

    test('writes what changed, swaps aliases, and refuses a taken one', async () => {
      const [one, two, three] = ['one', 'two', 'three'].map((alias) => aCollection(a, alias, { alias }));
      if (!one || !two || !three) throw new Error('There are three.');
      const elsewhere = aCollection(b, 'far', { alias: 'far' });
      await store().insertMany([one, two, three, elsewhere]);
      await store().addToCounts([{ id: one.id, by: 5 }]);
      const swapped: TaxiiCollection[] = [
        { ...one, alias: 'two', title: 'new', description: 'said', isPublic: true, objectCount: 99, updatedAt: later },
        { ...two, alias: 'one', isPublicWrite: true, updatedAt: later },
      ];
      expect(await storage.atomically((use) => use(collectionStore).updateMany(swapped))).toEqual([]);
      expect(await store().getMany([one.id, two.id])).toEqual([{ ...swapped[0], objectCount: 5 }, swapped[1]]);
      expect(await store().updateMany([{ ...three, alias: 'far' }])).toEqual([]);
      const refused = storage.atomically(async (use) => {
        const conflicts = await use(collectionStore).updateMany([{ ...three, alias: 'two' }]);
        throw new Error(`given up: ${conflicts.map(({ id }) => id === three.id)}`);
      });
      await expect(refused).rejects.toThrow('given up: true');
    });

    test('counts objects exactly, however many add at once, and never below zero', async () => {
      const [one, other] = [aCollection(a, 'one'), aCollection(a, 'other')];
      await store().insertMany([one, other]);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          store().addToCounts([
            { id: one.id, by: 3 },
            { id: other.id, by: 1 },
            { id: one.id, by: -1 },
          ]),
        ),
      );
      expect([await countOf(one), await countOf(other)]).toEqual([40, 20]);
      await expect(store().addToCounts([{ id: other.id, by: -21 }])).rejects.toThrow();
      expect(await countOf(other)).toBe(20);
    });

    test('locks one, many, and all of a root', async () => {
      const [one, two] = [aCollection(a, 'one'), aCollection(a, 'two')];
      const far = aCollection(b, 'far');
      await store().insertMany([one, two, far]);
      const inOrder = [one, two].sort((x, y) => (x.id < y.id ? -1 : 1));
      await storage.atomically(async (use) => {
        expect(await use(collectionStore).lock([two.id, newId(), one.id])).toEqual([two, null, one]);
        expect(await use(collectionStore).lockInRoots([a, newId()])).toEqual(inOrder);
        expect(await use(collectionStore).hold([far.id, 'no id'])).toEqual([far, null]);
      });
    });

    test('lists what everybody reads or adds to', async () => {
      const read = aCollection(a, 'read', { isPublic: true });
      const write = aCollection(b, 'write', { isPublicWrite: true });
      await store().insertMany([aCollection(a, 'closed'), read, write]);
      expect([...(await store().listOpen())].sort((x, y) => (x.isPublic < y.isPublic ? 1 : -1))).toEqual([
        { id: read.id, isPublic: true, isPublicWrite: false },
        { id: write.id, isPublic: false, isPublicWrite: true },
      ]);
    });

    test('deletes, and gives the alias free', async () => {
      const one = aCollection(a, 'one', { alias: 'one' });
      await store().insertMany([one]);
      await store().deleteMany([one.id, newId()]);
      expect(await store().getMany([one.id])).toEqual([null]);
      expect(await store().insertMany([aCollection(a, 'one', { alias: 'one' })])).not.toEqual([null]);
    });
  });
}
