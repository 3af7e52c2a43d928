import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type Circuit, circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aCircuit, anEnd, natural, query, sees } from './support.ts';

/** What every storage of circuits holds. */
export function circuitContract(name: string, open: OpenStorage): void {
  describe(`circuits in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(circuitStore);
    const [here, there] = [newId(), newId()];

    async function put(...circuits: Circuit[]): Promise<void> {
      expect(await store().insertMany(circuits)).toEqual(circuits);
      expect(await store().claimEnds(circuits)).toEqual([]);
    }

    test('gives back what was inserted, by id and by the interfaces at its ends', async () => {
      const [one, other] = [aCircuit(here, 'one', anEnd()), aCircuit(here, 'other')];
      await put(one, other);
      expect(await store().getMany([other.id, newId(), 'no id', one.id])).toEqual([other, null, null, one]);
      expect(
        await store().ofInterfaces([
          other.endpointA.interfaceId,
          newId(),
          one.endpointZ?.interfaceId ?? '',
          one.endpointA.interfaceId,
        ]),
      ).toEqual([other, null, one, one]);
    });

    test('refuses a name or a slug that its Site has, and takes it in another Site', async () => {
      await store().insertMany([aCircuit(here, 'a/b')]);
      const fresh = [
        aCircuit(here, 'a/b'),
        aCircuit(here, 'a_b'),
        aCircuit(here, 'A/B'),
        aCircuit(there, 'a_b'),
        aCircuit(there, 'a/b'),
      ];
      expect((await store().insertMany(fresh)).map((circuit) => circuit !== null)).toEqual([
        false,
        false,
        true,
        true,
        false,
      ]);
    });

    test('gives an interface to one circuit, on either side, and tells on which', async () => {
      const [one, other] = [aCircuit(here, 'one', anEnd()), aCircuit(here, 'other', anEnd())];
      await put(one);
      const swapped = { ...other, endpointA: one.endpointZ ?? anEnd(), endpointZ: one.endpointA };
      const refused = storage.atomically(async (use) => {
        await use(circuitStore).insertMany([swapped]);
        throw Object.assign(new Error(), { refused: await use(circuitStore).claimEnds([swapped]) });
      });
      await expect(refused).rejects.toMatchObject({
        refused: [
          { circuitId: other.id, side: 'A', usedAs: 'Z' },
          { circuitId: other.id, side: 'Z', usedAs: 'A' },
        ],
      });
      expect(await store().ofInterfaces([one.endpointA.interfaceId])).toEqual([one]);
      expect(await store().getMany([other.id])).toEqual([null]);
      const same = anEnd();
      const [a, b] = [aCircuit(here, 'a', same), { ...aCircuit(here, 'b'), endpointA: same }];
      const twice = storage.atomically(async (use) => {
        throw Object.assign(new Error(), { refused: await use(circuitStore).claimEnds([a, b]) });
      });
      await expect(twice).rejects.toMatchObject({ refused: [{ circuitId: b.id, side: 'A', usedAs: 'Z' }] });
    });

    test('lets circuits exchange their ends in one call, and frees what they leave', async () => {
      const [one, other] = [aCircuit(here, 'one', anEnd()), aCircuit(here, 'other', anEnd())];
      await put(one, other);
      const after = [
        { ...one, endpointA: other.endpointA, endpointZ: null },
        { ...other, endpointA: one.endpointA },
      ];
      await storage.atomically(async (use) => {
        expect(await use(circuitStore).updateMany(after)).toEqual([]);
        expect(await use(circuitStore).claimEnds(after)).toEqual([]);
      });
      expect(await store().getMany([one.id, other.id])).toEqual(after);
      expect(
        await store().ofInterfaces([
          one.endpointA.interfaceId,
          other.endpointA.interfaceId,
          one.endpointZ?.interfaceId ?? '',
        ]),
      ).toEqual([after[1], after[0], null]);
      await store().deleteMany([one.id, other.id]);
      expect(await store().ofInterfaces([one.endpointA.interfaceId])).toEqual([null]);
      const next = { ...aCircuit(here, 'one'), endpointA: one.endpointA };
      await put(next);
    });

    test('gives one of twenty racing circuits an interface, whichever side they want it for', async () => {
      const end = anEnd();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          storage
            .atomically(async (use) => {
              const name = `c${index}`;
              const circuit = index % 2 ? { ...aCircuit(here, name), endpointA: end } : aCircuit(here, name, end);
              await use(circuitStore).insertMany([circuit]);
              const [refused] = await use(circuitStore).claimEnds([circuit]);
              if (refused) throw new Error('in use');
            })
            .then(
              () => 'made',
              (error: Error) => error.message,
            ),
        ),
      );
      expect(outcomes.toSorted()).toEqual([...Array(19).fill('in use'), 'made']);
      const [page] = await store().pages([{ kind: 'all' }], query());
      expect(page?.items).toHaveLength(1);
    });

    test('renames many at once, which may swap their names, and names those whose name is taken', async () => {
      const [one, other, third] = [aCircuit(here, 'one'), aCircuit(here, 'other'), aCircuit(here, 'x/y')];
      await put(one, other, third);
      const after = [
        { ...one, name: 'other', nameSlug: 'other', updatedAt: '2026-03-02T00:00:00.000000Z' },
        { ...other, name: 'one', nameSlug: 'one' },
      ];
      expect(await store().updateMany(after)).toEqual([]);
      expect(await store().getMany([one.id, other.id])).toEqual(after);
      const attempt = (...circuits: Circuit[]) =>
        storage.atomically(async (use) => {
          const taken = await use(circuitStore).updateMany(circuits);
          throw new Error(taken.map(({ id }) => id).join());
        });
      await expect(attempt({ ...one, name: 'x_y', nameSlug: 'x_y' })).rejects.toThrow(one.id);
      await expect(
        attempt({ ...one, name: 'a_b', nameSlug: 'a_b' }, { ...other, name: 'a/b', nameSlug: 'a_b' }),
      ).rejects.toThrow(other.id);
      expect(await store().getMany([one.id, other.id])).toEqual(after);
    });

    test('matches visible circuits by slug, two at most', async () => {
      const circuits = [here, there, newId()].map((siteId) => aCircuit(siteId, 'a/b'));
      await store().insertMany(circuits);
      const keys = [
        { siteId: there, key: 'a_b' },
        { siteId: null, key: 'a_b' },
        { siteId: null, key: 'a/b' },
      ];
      expect(await store().match(keys, 'all')).toEqual([[circuits[1]], circuits.slice(0, 2), []]);
      expect(await store().match(keys, sees(['circuit', circuits[2]?.id ?? '']))).toEqual([[], [circuits[2]], []]);
    });

    test('pages and counts Sites and devices, each circuit once, in one read each', async () => {
      const device = newId();
      const both = { ...aCircuit(here, 'b', anEnd(device)), endpointA: anEnd(device) };
      const [first, second] = [
        { ...aCircuit(here, 'c'), endpointA: anEnd(device) },
        aCircuit(there, 'a', anEnd(device)),
      ];
      await put(both, first, second);
      const names = async (scopes: Parameters<ReturnType<typeof store>['pages']>[0], parts = {}) =>
        (await store().pages(scopes, query(parts))).map((page) => page.items.map(({ node }) => node.name));
      const devices = [{ kind: 'device', id: device } as const, { kind: 'device', id: newId() } as const];
      const statements = await storage.countStatements(async () => {
        expect(await names(devices, { order: natural })).toEqual([['a', 'b', 'c'], []]);
      });
      expect(statements ?? 1).toBe(1);
      expect(await store().count([...devices, { kind: 'site', id: here }, { kind: 'all' }], query())).toEqual([
        3, 0, 2, 3,
      ]);
      expect(await names([{ kind: 'all' }], { filter: { endpointAIds: [first.endpointA.interfaceId] } })).toEqual([
        ['c'],
      ]);
      const endpointZIds = [both.endpointZ?.interfaceId ?? '', second.endpointZ?.interfaceId ?? ''];
      expect(await names([{ kind: 'site', id: here }], { filter: { endpointZIds } })).toEqual([['b']]);
      expect(await names([{ kind: 'all' }], { filter: { endpointZIds: [] } })).toEqual([[]]);
      expect(await names([{ kind: 'all' }], { filter: { name: 'a' } })).toEqual([['a']]);
    });

    test('shows a circuit by grants on it, its Site, its kind, or all of its devices', async () => {
      const circuit = aCircuit(here, 'one', anEnd());
      const open = aCircuit(there, 'open');
      await put(circuit, open);
      const names = async (...grants: [string, string][]) =>
        (await store().pages([{ kind: 'all' }], query({ visibility: sees(...grants) })))[0]?.items.map(
          ({ node }) => node.name,
        );
      const [a, z] = [circuit.endpointA.deviceId, circuit.endpointZ?.deviceId ?? ''];
      expect(await names(['circuit', circuit.id])).toEqual(['one']);
      expect(await names(['site', there])).toEqual(['open']);
      expect(await names(['kind', 'circuit'])).toEqual(['one', 'open']);
      expect(await names(['device', a])).toEqual([]);
      expect(await names(['device', z])).toEqual([]);
      expect(await names(['device', a], ['device', z])).toEqual(['one']);
      expect(await names(['device', open.endpointA.deviceId])).toEqual(['open']);
    });
  });
}
