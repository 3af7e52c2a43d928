import { describe, expect, test } from 'vitest';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aSite, natural, naturalDown, query, sees } from './support.ts';

/** What every storage of Sites holds. */
export function siteContract(name: string, open: OpenStorage): void {
  describe(`Sites in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(siteStore);

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const [one, other] = [aSite('one'), aSite('other')];
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
      expect(await store().getByName(['other', 'none', 'one', 'bad\u0000', '\ud800'])).toEqual([
        other,
        null,
        one,
        null,
        null,
      ]);
    });

    test('compares names exactly', async () => {
      await store().insertMany([aSite('SJC')]);
      expect(await store().getByName(['sjc', 'SJC '])).toEqual([null, null]);
      expect(await store().insertMany([aSite('sjc')])).not.toEqual([null]);
    });

    test('answers null for a taken name, also by one before it in the call', async () => {
      await store().insertMany([aSite('one')]);
      const [first, second] = [aSite('two'), aSite('two')];
      expect(await store().insertMany([aSite('one'), first, second])).toEqual([null, first, null]);
    });

    test('gives one of fifty racing callers the name', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => store().insertMany([aSite('one')])));
      expect(answers.filter(([site]) => site)).toHaveLength(1);
    });

    test('keeps a changed name and description, and refuses a taken name', async () => {
      const [one, other] = [aSite('one'), aSite('other')];
      await store().insertMany([one, other]);
      const after = { ...one, name: 'new', description: 'a\nb', updatedAt: '2026-03-02T00:00:00.000000Z' };
      expect(await store().update(after)).toBe(true);
      expect(await store().getMany([one.id])).toEqual([after]);
      expect(await store().getByName(['one', 'new'])).toEqual([null, after]);
      expect(await store().update({ ...other, name: 'new' })).toBe(false);
      expect(await store().getMany([other.id])).toEqual([other]);
    });

    test('describes many at once, and leaves their names and the others alone', async () => {
      const [one, two, three] = [aSite('one'), aSite('two'), aSite('three')];
      await store().insertMany([one, two, three]);
      const updatedAt = '2026-03-02T10:00:00.456000Z';
      const described = [one, three].map((site) => ({ ...site, description: `of\n"${site.name}"`, updatedAt }));
      await store().describeMany([...described, { ...aSite('none'), description: 'x' }]);
      expect(await store().getByName(['one', 'two', 'three', 'none'])).toEqual([described[0], two, described[1], null]);
    });

    test('forgets what a rolled back unit did', async () => {
      const failing = storage.atomically(async (use) => {
        await use(siteStore).insertMany([aSite('one')]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await store().getByName(['one'])).toEqual([null]);
    });

    test('deletes, and gives the name free', async () => {
      const site = aSite('one');
      await store().insertMany([site]);
      await store().deleteMany([site.id, newId()]);
      expect(await store().getMany([site.id])).toEqual([null]);
      expect(await store().insertMany([aSite('one')])).not.toEqual([null]);
    });

    test('pages by creation and by name, both ways, with a count of what is visible', async () => {
      const sites = ['b', 'C', 'a', 'É', '😀'].map(aSite);
      await store().insertMany(sites);
      const names = async (parts: Parameters<typeof query>[0]) =>
        (await store().page(query(parts))).items.map(({ node }) => node.name);
      expect(await names({})).toEqual(['b', 'C', 'a', 'É', '😀']);
      expect(await names({ order: natural })).toEqual(['C', 'a', 'b', 'É', '😀']);
      expect(await names({ order: naturalDown })).toEqual(['😀', 'É', 'b', 'a', 'C']);
      const first = await store().page(query({ order: natural, page: { limit: 2 } }));
      expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
      expect(await first.count()).toBe(5);
      const after = first.items.at(-1)?.position ?? null;
      expect(await names({ order: natural, page: { limit: 2, after } })).toEqual(['b', 'É']);
      expect(await names({ order: natural, page: { limit: 1, direction: 'backward', before: after } })).toEqual(['C']);
      expect(await names({ page: { offset: 4 } })).toEqual(['😀']);
      expect(await names({ page: { offset: 9 } })).toEqual([]);
      expect(await names({ filter: { name: 'a' } })).toEqual(['a']);
    });

    test('shows a Site by a grant on it, on Sites in it, or on the kind, and counts no other', async () => {
      const [one, other] = [aSite('one'), aSite('other')];
      await store().insertMany([one, other]);
      const names = async (...grants: [string, string][]) => {
        const page = await store().page(query({ visibility: sees(...grants) }));
        expect(await page.count()).toBe(page.items.length);
        return page.items.map(({ node }) => node.name);
      };
      expect(await names(['site', one.id])).toEqual(['one']);
      expect(await names(['site', `${other.id}/site`])).toEqual(['other']);
      expect(await names(['site', `${other.id}/device`])).toEqual([]);
      expect(await names(['kind', 'site'])).toEqual(['one', 'other']);
      expect(await names(['kind', 'device'], ['network', one.id], ['site', 'no id'])).toEqual([]);
      const both = { allOf: [[{ kind: 'kind', value: 'site' }], [{ kind: 'site', value: one.id }]] };
      expect((await store().page(query({ visibility: both }))).items.map(({ node }) => node.name)).toEqual(['one']);
    });

    test('refuses the cursor of another list', async () => {
      for (const after of [['x'], [newId(), newId(), newId()], []]) {
        await expect(async () => store().page(query({ page: { after } }))).rejects.toThrow(InputError);
      }
    });

    test('keeps a held Site from being locked until the holder ends', async () => {
      const site = aSite('one');
      await store().insertMany([site]);
      const order: string[] = [];
      let holding = () => {};
      const held = new Promise<void>((resolve) => {
        holding = resolve;
      });
      const holder = storage.atomically(async (use) => {
        expect(await use(siteStore).hold([site.id])).toEqual([site]);
        holding();
        await new Promise((resolve) => setTimeout(resolve, 200));
        order.push('holder ends');
      });
      await held;
      const taker = storage.atomically(async (use) => {
        await use(siteStore).lock([site.id]);
        order.push('taker has it');
      });
      await Promise.all([holder, taker]);
      expect(order).toEqual(['holder ends', 'taker has it']);
    });
  });
}
