import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type ProtocolType, protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aProtocolType, natural, naturalDown, query, sees } from './support.ts';

/** What every storage of protocol types holds. */
export function protocolTypeContract(name: string, open: OpenStorage): void {
  describe(`protocol types in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(protocolTypeStore);
    const [here, there] = [newId(), newId()];

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const one = { ...aProtocolType(here, 'bgp'), requiredAttributeIds: [newId(), newId()].sort() };
      const other = aProtocolType(here, 'ospf');
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
    });

    test('refuses a name that its Site has, exactly, and takes it in another Site', async () => {
      await store().insertMany([aProtocolType(here, 'bgp')]);
      const fresh = [
        aProtocolType(here, 'bgp'),
        aProtocolType(here, 'BGP'),
        aProtocolType(there, 'bgp'),
        aProtocolType(there, 'x'),
        aProtocolType(there, 'x'),
      ];
      expect((await store().insertMany(fresh)).map((type) => type !== null)).toEqual([false, true, true, true, false]);
    });

    test('gives one of twenty racing callers the name', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store().insertMany([aProtocolType(here, 'bgp')])),
      );
      expect(answers.filter(([type]) => type)).toHaveLength(1);
    });

    test('matches visible types by name, two at most', async () => {
      const types = [here, there, newId()].map((siteId) => aProtocolType(siteId, 'bgp'));
      await store().insertMany(types);
      const keys = [
        { siteId: there, key: 'bgp' },
        { siteId: null, key: 'bgp' },
        { siteId: here, key: 'BGP' },
        { siteId: null, key: '\u0000' },
      ];
      expect(await store().match(keys, 'all')).toEqual([[types[1]], types.slice(0, 2), [], []]);
      expect(await store().match(keys, sees(['site', `${here}/protocolType`]))).toEqual([[], [types[0]], [], []]);
      expect(await store().match(keys, 'none')).toEqual([[], [], [], []]);
    });

    test('writes all that can change, and says when the name is taken', async () => {
      const [one, other] = [aProtocolType(here, 'bgp'), aProtocolType(here, 'ospf')];
      await store().insertMany([one, other]);
      const after = { ...one, name: 'isis', description: 'x', requiredAttributeIds: [newId()] };
      expect(await store().updateMany([after])).toEqual([]);
      expect(await store().getMany([one.id])).toEqual([after]);
      expect(await store().updateMany([aProtocolType(here, 'gone')])).toEqual([]);
      await store().deleteMany([one.id]);
      expect(await store().getMany([one.id, other.id])).toEqual([null, other]);
    });

    test('renames many at once, which may swap their names, and names those whose name is taken', async () => {
      const [one, two, three] = [aProtocolType(here, 'bgp'), aProtocolType(here, 'ospf'), aProtocolType(here, 'isis')];
      await store().insertMany([one, two, three]);
      const after = [
        { ...one, name: 'ospf' },
        { ...two, name: 'bgp' },
      ];
      const attempt = (types: readonly ProtocolType[]) =>
        storage.atomically(async (use) => {
          const taken = await use(protocolTypeStore).updateMany(types);
          throw new Error(taken.map(({ id }) => id).join());
        });
      await expect(attempt([{ ...one, name: 'isis' }, after[1] as ProtocolType])).rejects.toThrow(one.id);
      await expect(
        attempt([
          { ...one, name: 'x' },
          { ...two, name: 'x' },
        ]),
      ).rejects.toThrow(two.id);
      expect(await store().updateMany(after)).toEqual([]);
      expect(await store().getMany([one.id, two.id])).toEqual(after);
    });

    test('pages and counts Sites, and the types that require an attribute, in one read each', async () => {
      const attribute = newId();
      const [b, a, x] = [aProtocolType(here, 'b'), aProtocolType(here, 'a'), aProtocolType(there, 'x')];
      await store().insertMany([b, { ...a, requiredAttributeIds: [attribute] }, x]);
      const names = (pages: readonly { readonly items: readonly { readonly node: { name: string } }[] }[]) =>
        pages.map((page) => page.items.map(({ node }) => node.name));
      const sites = [there, newId(), here].map((id) => ({ kind: 'site', id }) as const);
      const statements = await storage.countStatements(async () => {
        expect(names(await store().pages(sites, query({ order: natural })))).toEqual([['x'], [], ['a', 'b']]);
      });
      expect(statements ?? 1).toBe(1);
      expect(names(await store().pages([{ kind: 'all' }], query({ order: naturalDown })))).toEqual([['x', 'b', 'a']]);
      const required = [{ kind: 'attribute', id: attribute } as const, { kind: 'attribute', id: newId() } as const];
      expect(names(await store().pages(required, query()))).toEqual([['a'], []]);
      expect(await store().count([...sites, ...required, { kind: 'all' }], query())).toEqual([1, 0, 2, 1, 0, 3]);
      expect(names(await store().pages([{ kind: 'all' }], query({ filter: { name: 'b' } })))).toEqual([['b']]);
      expect(names(await store().pages([{ kind: 'all' }], query({ filter: { description: 'b' } })))).toEqual([[]]);
    });
  });
}
