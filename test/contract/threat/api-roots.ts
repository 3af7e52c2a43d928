import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aRoot, firstPage, titlesOf } from './rooms-support.ts';

const later = '2026-03-02T00:00:00.000001Z';

/** What every storage of API roots holds. */
export function apiRootContract(name: string, open: OpenStorage): void {
  describe(`API roots in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(apiRootStore);
    const defaults = async () => (await store().all()).filter(({ isDefault }) => isDefault).map(({ title }) => title);

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const [one, other] = [aRoot('one', { slug: 'one', description: 'a\nb', isPublic: true }), aRoot('other')];
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id.toUpperCase(), newId(), 'no id', one.id])).toEqual([
        other,
        null,
        null,
        one,
      ]);
      expect(await store().getBySlug(['none', 'one', 'ONE', 'bad\u0000', '\ud800'])).toEqual([
        null,
        one,
        null,
        null,
        null,
      ]);
    });

    test('answers null for a taken slug or id, also by one before it in the call', async () => {
      const one = aRoot('one', { slug: 'one' });
      await store().insertMany([one]);
      const [first, second] = [aRoot('two', { slug: 'two' }), aRoot('two', { slug: 'two' })];
      const twice = aRoot('three');
      expect(
        await store().insertMany([{ ...one, slug: null }, aRoot('x', { slug: 'one' }), first, second, twice, twice]),
      ).toEqual([null, null, first, null, twice, null]);
      expect(await store().insertMany([aRoot('no slug'), aRoot('no slug')])).not.toContain(null);
    });

    test('gives one of twenty racing callers the slug', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store().insertMany([aRoot('one', { slug: 'one' })])),
      );
      expect(answers.filter(([root]) => root)).toHaveLength(1);
    });

    test('has no default until one is made so, and then one', async () => {
      const [one, other] = [aRoot('one', { isDefault: true }), aRoot('other')];
      expect(await store().insertMany([one, other])).toEqual([{ ...one, isDefault: false }, other]);
      expect(await store().getDefault()).toBeNull();
      await store().makeDefault(one.id, later);
      expect(await store().getDefault()).toEqual({ ...one, isDefault: true, updatedAt: later });
      await store().makeDefault(other.id, later);
      expect(await store().all()).toEqual([
        { ...one, isDefault: false, updatedAt: later },
        { ...other, isDefault: true, updatedAt: later },
      ]);
      await store().makeDefault(newId(), later);
      expect(await defaults()).toEqual(['other']);
    });

    test('leaves one default of ten that are made so at once, and fails none', async () => {
      const roots = Array.from({ length: 10 }, (_, index) => aRoot(`root ${index}`));
      await store().insertMany(roots);
      await Promise.all(
        roots.map(({ id }) =>
          storage.atomically(async (use) => {
            await use(apiRootStore).lockDefault();
            await use(apiRootStore).lock([id]);
            await use(apiRootStore).makeDefault(id, later);
          }),
        ),
      );
      expect(await defaults()).toHaveLength(1);
    });

    test('locks the default, and nobody chooses another meanwhile', async () => {
      const [one, other] = [aRoot('one'), aRoot('other')];
      await store().insertMany([one, other]);
      await store().makeDefault(one.id, later);
      let second: Promise<void> = Promise.resolve();
      await storage.atomically(async (use) => {
        expect(await use(apiRootStore).lockDefault()).toMatchObject({ title: 'one' });
        second = storage.atomically((inner) => inner(apiRootStore).makeDefault(other.id, later));
        await use(apiRootStore).makeDefault(one.id, later);
        expect(await use(apiRootStore).getDefault()).toMatchObject({ title: 'one' });
      });
      await second;
      expect(await defaults()).toEqual(['other']);
    });

    test('writes what changed, swaps slugs, and refuses a taken one', async () => {
      const [one, two, three] = ['one', 'two', 'three'].map((slug) => aRoot(slug, { slug }));
      if (!one || !two || !three) throw new Error('There are three.');
      await store().insertMany([one, two, three]);
      await store().makeDefault(one.id, one.updatedAt);
      const swapped = [
        { ...one, slug: 'two', title: 'new', description: 'said', isPublic: true, updatedAt: later },
        { ...two, slug: 'one', isDefault: true, updatedAt: later },
      ];
      expect(await storage.atomically((use) => use(apiRootStore).updateMany(swapped))).toEqual([]);
      expect(await store().getMany([one.id, two.id])).toEqual([swapped[0], { ...swapped[1], isDefault: false }]);
      const taken = { ...one, slug: 'three' };
      const refused = storage.atomically(async (use) => {
        const conflicts = await use(apiRootStore).updateMany([taken]);
        throw new Error(`given up: ${conflicts.map(({ slug }) => slug)}`);
      });
      await expect(refused).rejects.toThrow('given up: three');
    });

    test('takes the default away with an update that says so', async () => {
      const one = aRoot('one');
      await store().insertMany([one]);
      await store().makeDefault(one.id, later);
      expect(await store().updateMany([{ ...one, isDefault: false }])).toEqual([]);
      expect(await store().getDefault()).toBeNull();
    });

    test('pages by title and id, both ways, with a count', async () => {
      const roots = ['b', 'C', 'a', 'É', '😀'].map((title) => aRoot(title, { isPublic: title > 'a' }));
      const [again] = await store().insertMany([aRoot('a'), ...roots]);
      expect(titlesOf(await store().page({ publicOnly: false, page: firstPage }))).toEqual([
        'C',
        'a',
        'a',
        'b',
        'É',
        '😀',
      ]);
      const publicOnes = await store().page({ publicOnly: true, page: { ...firstPage, limit: 2 } });
      expect(titlesOf(publicOnes)).toEqual(['b', 'É']);
      expect(publicOnes.hasNextPage).toBe(true);
      expect(await publicOnes.count()).toBe(3);
      const before = await store().page({
        publicOnly: false,
        page: { ...firstPage, direction: 'backward', limit: 2, before: ['b', roots[0]?.id ?? ''] },
      });
      expect(before.items.map(({ node }) => node.id)).toEqual([again?.id, roots[2]?.id].sort());
    });

    test('deletes, and gives the slug free', async () => {
      const root = aRoot('one', { slug: 'one' });
      await store().insertMany([root]);
      await store().deleteMany([root.id, newId()]);
      expect(await store().getMany([root.id])).toEqual([null]);
      expect(await store().insertMany([aRoot('one', { slug: 'one' })])).not.toEqual([null]);
    });
  });
}
