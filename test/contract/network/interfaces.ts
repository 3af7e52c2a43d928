import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { type InterfaceScope, interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aDevice, anAssignment, anInterface, natural, naturalDown, query, request, sees } from './support.ts';

/** What every storage of interfaces holds. */
export function interfaceContract(name: string, open: OpenStorage): void {
  describe(`interfaces in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(interfaceStore);
    const [here, there] = [newId(), newId()];
    const r1 = aDevice(here, 'r1');
    const r2 = aDevice(here, 'R2');
    const far = aDevice(there, 'r0');
    const makeDevices = () => storage.use(deviceStore).insertMany([r1, r2, far]);
    const make = async (...interfaces: NetworkInterface[]) => {
      expect(await store().insertMany(interfaces)).toEqual(interfaces);
      return interfaces;
    };
    const names = (found: readonly (NetworkInterface | null)[]) => found.map((one) => one?.name ?? null);
    const list = async (scope: InterfaceScope, parts: Parameters<typeof query>[0] = {}) => {
      const [page] = await store().pages([scope], query(parts));
      return page?.items.map(({ node }) => node.name);
    };

    test('gives back what was inserted, null for what is missing, in the order asked for', async () => {
      const bare = { ...anInterface(r1, 'lo0'), macAddress: null, speed: null, description: 'a\tb\n"c"' };
      const [eth0] = await make(anInterface(r1, 'eth0'), bare);
      expect(await store().getMany([bare.id, newId(), 'no id', eth0?.id ?? ''])).toEqual([bare, null, null, eth0]);
    });

    test('refuses a name that its device has exactly, and takes it on another device', async () => {
      await make(anInterface(r1, 'eth0'));
      const [again, elsewhere, upper, twice] = [
        anInterface(r1, 'eth0'),
        anInterface(r2, 'eth0'),
        anInterface(r1, 'ETH0'),
        anInterface(r1, 'ETH0'),
      ];
      expect(await store().insertMany([again, elsewhere, upper, twice])).toEqual([null, elsewhere, upper, null]);
    });

    test('gives one of thirty racing callers the name', async () => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => store().insertMany([anInterface(r1, 'eth0')])),
      );
      expect(answers.filter(([made]) => made)).toHaveLength(1);
    });

    test('finds interfaces by device and exact name in one read', async () => {
      const [one, other] = await make(anInterface(r1, 'eth0'), anInterface(r2, 'eth0'));
      const keys = [
        { deviceId: r2.id, name: 'eth0' },
        { deviceId: r1.id, name: 'Eth0' },
        { deviceId: r1.id, name: '\u0000' },
        { deviceId: r1.id, name: 'eth0' },
      ];
      const statements = await storage.countStatements(async () => {
        expect(await store().getByName(keys)).toEqual([other, null, null, one]);
      });
      expect(statements ?? 1).toBe(1);
    });

    test('writes all that can change, and lets interfaces swap their names', async () => {
      const [one, other] = (await make(anInterface(r1, 'one'), anInterface(r1, 'other'))) as [
        NetworkInterface,
        NetworkInterface,
      ];
      const after = [
        { ...one, name: 'other', type: 161, speed: null, macAddress: null, description: 'd', parentId: other.id },
        { ...other, name: 'one', speed: 10_000, updatedAt: '2026-03-02T00:00:00.000000Z' },
      ];
      expect(await store().updateMany(after)).toEqual([]);
      expect(await store().getMany([one.id, other.id])).toEqual(after);
      expect(await store().getByName([{ deviceId: r1.id, name: 'one' }])).toEqual([after[1]]);
    });

    test('names those whose new name is taken, by others or by one another', async () => {
      const [one, other, third] = (await make(
        anInterface(r1, 'one'),
        anInterface(r1, 'other'),
        anInterface(r1, 'third'),
      )) as [NetworkInterface, NetworkInterface, NetworkInterface];
      const attempt = (changed: NetworkInterface[]) =>
        storage.atomically(async (use) => {
          const taken = await use(interfaceStore).updateMany(changed);
          expect(taken).not.toEqual([]);
          throw new Error(taken.map(({ id }) => id).join());
        });
      await expect(attempt([{ ...other, name: 'one' }])).rejects.toThrow(other.id);
      await expect(
        attempt([
          { ...one, name: 'same' },
          { ...third, name: 'same' },
        ]),
      ).rejects.toThrow(third.id);
      expect(await store().getMany([one.id, other.id, third.id])).toEqual([one, other, third]);
    });

    test('tells ancestors, children, descendants and siblings, each in one read', async () => {
      const ae0 = anInterface(r1, 'ae0');
      const unit = { ...anInterface(r1, 'ae0.1'), parentId: ae0.id };
      const deep = { ...anInterface(r1, 'ae0.1.2'), parentId: unit.id };
      const side = { ...anInterface(r1, 'ae0.0'), parentId: ae0.id };
      const [lone, elsewhere] = [anInterface(r1, 'eth0'), anInterface(r2, 'eth0')];
      await make(ae0, unit, deep, side, lone, elsewhere);
      const statements = await storage.countStatements(async () => {
        const chains = await store().ancestors([deep.id, ae0.id, newId(), unit.id]);
        expect(chains.map(names)).toEqual([['ae0.1', 'ae0'], [], [], ['ae0']]);
      });
      expect(statements ?? 1).toBe(1);
      const around = (kind: 'children' | 'descendants' | 'siblings', id: string) =>
        list({ kind, id }, { order: natural });
      expect(await around('children', ae0.id)).toEqual(['ae0.0', 'ae0.1']);
      expect(await around('descendants', ae0.id)).toEqual(['ae0.0', 'ae0.1', 'ae0.1.2']);
      expect(await around('siblings', unit.id)).toEqual(['ae0.0']);
      expect(await around('siblings', ae0.id)).toEqual(['eth0']);
      expect(await around('siblings', elsewhere.id)).toEqual([]);
      const scopes = [ae0, unit, lone].map(({ id }) => ({ kind: 'descendants' as const, id }));
      expect(await store().count(scopes, { filter: {}, visibility: 'all' })).toEqual([3, 1, 0]);
      expect(names(await store().ofDevices([r1.id]))).toHaveLength(5);
    });

    test('tells children beside those that go too', async () => {
      const ae0 = anInterface(r1, 'ae0');
      const units = ['a', 'b', 'c'].map((name) => ({ ...anInterface(r1, name), parentId: ae0.id }));
      await make(ae0, ...units);
      const [a, b, c] = units.map(({ id }) => id);
      expect(await store().childrenWithout([ae0.id, a ?? ''], 1)).toEqual([
        { count: 2, first: [b] },
        { count: 0, first: [] },
      ]);
      expect(await store().childrenWithout([ae0.id, a, b, c] as string[], 9)).toEqual(
        Array.from({ length: 4 }, () => ({ count: 0, first: [] })),
      );
    });

    test('pages the interfaces of many devices in one read, by name and with their counts', async () => {
      await make(...['b', 'C', 'a', 'd'].map((name) => anInterface(r1, name)), anInterface(r2, 'x'));
      const scopes = [r2, far, r1].map(({ id }) => ({ kind: 'device' as const, id }));
      const ask = query({ order: natural, page: { limit: 2 } });
      const statements = await storage.countStatements(async () => {
        const pages = await store().pages(scopes, ask);
        expect(pages.map((page) => page.items.map(({ node }) => node.name))).toEqual([['x'], [], ['C', 'a']]);
        expect(pages.map((page) => page.hasNextPage)).toEqual([false, false, true]);
        expect(pages[2]?.items[1]?.position.slice(0, 1)).toEqual(['a']);
      });
      expect(statements ?? 1).toBe(1);
      const pages = await store().pages(scopes, ask);
      expect(await Promise.all(pages.map((page) => page.count()))).toEqual([1, 0, 4]);
      const next = { limit: 2, after: pages[2]?.items.at(-1)?.position ?? null };
      expect(await list({ kind: 'device', id: r1.id }, { order: natural, page: next })).toEqual(['b', 'd']);
    });

    test('orders all interfaces and those of a Site by folded hostname, then by name', async () => {
      await makeDevices();
      await make(anInterface(r2, 'a'), anInterface(r1, 'z'), anInterface(far, 'm'), anInterface(r1, 'b'));
      expect(await list({ kind: 'all' })).toEqual(['a', 'z', 'm', 'b']);
      expect(await list({ kind: 'all' }, { order: natural })).toEqual(['m', 'b', 'z', 'a']);
      expect(await list({ kind: 'site', id: here }, { order: naturalDown })).toEqual(['a', 'z', 'b']);
      const [page] = await store().pages([{ kind: 'all' }], query({ order: natural, page: { limit: 2 } }));
      expect(page?.items.map(({ position }) => position.slice(0, 2))).toEqual([
        ['r0', 'm'],
        ['r1', 'b'],
      ]);
      const after = page?.items.at(-1)?.position ?? null;
      expect(await list({ kind: 'all' }, { order: natural, page: { after } })).toEqual(['z', 'a']);
      expect(await page?.count()).toBe(4);
    });

    test('filters by everything that a filter may say', async () => {
      const ae0 = { ...anInterface(r1, 'ae0'), type: 161, speed: null, macAddress: null };
      const unit = { ...anInterface(r1, 'ae0.1'), parentId: ae0.id, description: 'up' };
      const eth0 = { ...anInterface(r2, 'eth0'), macAddress: '00:00:00:00:00:01', speed: 10 };
      await make(ae0, unit, eth0);
      const found = (filter: object) => list({ kind: 'all' }, { filter });
      expect(await found({ type: 161 })).toEqual(['ae0']);
      expect(await found({ parentIds: [ae0.id] })).toEqual(['ae0.1']);
      expect(await found({ parentIds: [] })).toEqual([]);
      expect(await found({ deviceIds: [r2.id, far.id] })).toEqual(['eth0']);
      expect(await found({ macAddress: '00:00:00:00:00:01', speed: 10 })).toEqual(['eth0']);
      expect(await found({ description: 'up', name: 'ae0.1' })).toEqual(['ae0.1']);
      expect(await found({ name: '\u0000' })).toEqual([]);
      expect(await found({ name: 'AE0' })).toEqual([]);
    });

    test('shows an interface by a grant on it, on what it hangs below, its device, its Site or its kind', async () => {
      const ae0 = anInterface(r1, 'ae0');
      const unit = { ...anInterface(r1, 'ae0.1'), parentId: ae0.id };
      const [eth0, other] = [anInterface(r2, 'eth0'), anInterface(far, 'm')];
      await make(ae0, unit, eth0, other);
      const seen = (...grants: [string, string][]) => list({ kind: 'all' }, { visibility: sees(...grants) });
      expect(await seen(['interface', unit.id])).toEqual(['ae0.1']);
      expect(await seen(['interface', ae0.id])).toEqual(['ae0', 'ae0.1']);
      expect(await seen(['device', r1.id])).toEqual(['ae0', 'ae0.1']);
      expect(await seen(['site', there], ['interface', eth0.id])).toEqual(['eth0', 'm']);
      expect(await seen(['site', `${here}/interface`])).toEqual(['ae0', 'ae0.1', 'eth0']);
      expect(await seen(['site', `${here}/device`], ['network', ae0.id])).toEqual([]);
      expect(await seen(['kind', 'interface'])).toHaveLength(4);
    });

    test('binds an address once to each device, and moves it between two interfaces of one', async () => {
      const [eth0, eth1, far0] = (await make(
        anInterface(r1, 'eth0'),
        anInterface(r1, 'eth1'),
        anInterface(r2, 'eth0'),
      )) as [NetworkInterface, NetworkInterface, NetworkInterface];
      const address = newId();
      const first = anAssignment(eth0, address);
      const [again, anycast] = [anAssignment(eth1, address), anAssignment(far0, address)];
      expect(await store().setAddresses({ remove: [], add: [first, again, anycast] })).toEqual([first, null, anycast]);
      expect(await store().setAddresses({ remove: [], add: [anAssignment(eth0, address)] })).toEqual([null]);
      const moved = anAssignment(eth1, address);
      expect(await store().setAddresses({ remove: [first.id], add: [moved] })).toEqual([moved]);
      expect(await store().assignmentsOf([eth0.id, far0.id, eth1.id])).toEqual([[], [anycast], [moved]]);
      expect(await store().assignmentsOfAddresses([newId(), address])).toEqual([[], [anycast, moved]]);
      expect(await store().getAssignments([moved.id, first.id, 'no id'])).toEqual([moved, null, null]);
      expect(await store().setAddresses({ remove: [], add: [] })).toEqual([]);
    });

    test('binds an address for one of thirty racing callers', async () => {
      const ports = await make(...Array.from({ length: 30 }, (_, n) => anInterface(r1, `eth${n}`)));
      const address = newId();
      const answers = await Promise.all(
        ports.map((port) => store().setAddresses({ remove: [], add: [anAssignment(port, address)] })),
      );
      expect(answers.flat().filter((made) => made)).toHaveLength(1);
    });

    test('pages the assignments of many addresses in one read, to visible interfaces alone', async () => {
      const [eth0, far0] = (await make(anInterface(r1, 'eth0'), anInterface(far, 'eth0'))) as [
        NetworkInterface,
        NetworkInterface,
      ];
      const [one, other] = [newId(), newId()];
      const made = [anAssignment(eth0, one), anAssignment(far0, one), anAssignment(eth0, other)];
      await store().setAddresses({ remove: [], add: made });
      const statements = await storage.countStatements(async () => {
        const pages = await store().assignmentPages([other, newId(), one], 'all', request({ limit: 1 }));
        expect(pages.map(({ items }) => items.map(({ node }) => node))).toEqual([[made[2]], [], [made[0]]]);
        expect(pages.map(({ hasNextPage }) => hasNextPage)).toEqual([false, false, true]);
      });
      expect(statements ?? 1).toBe(1);
      const [page] = await store().assignmentPages([one], sees(['device', far.id]), request());
      expect(page?.items.map(({ node }) => node)).toEqual([made[1]]);
      expect(await page?.count()).toBe(1);
    });

    test('deletes interfaces with their assignments', async () => {
      const [eth0, eth1] = (await make(anInterface(r1, 'eth0'), anInterface(r1, 'eth1'))) as [
        NetworkInterface,
        NetworkInterface,
      ];
      const [gone, kept] = [anAssignment(eth0, newId()), anAssignment(eth1, newId())];
      await store().setAddresses({ remove: [], add: [gone, kept] });
      await store().deleteMany([eth0.id]);
      expect(await store().getMany([eth0.id, eth1.id])).toEqual([null, eth1]);
      expect(await store().getAssignments([gone.id, kept.id])).toEqual([null, kept]);
      await make(anInterface(r1, 'eth0'));
      expect(await store().setAddresses({ remove: [], add: [anAssignment(eth0, gone.addressId)] })).toHaveLength(1);
    });

    test('keeps a locked device for one unit at a time', async () => {
      const steps: string[] = [];
      const work = (name: string) =>
        storage.atomically(async (use) => {
          await use(interfaceStore).lockDevices([r2.id, r1.id]);
          steps.push(`${name} in`);
          await use(interfaceStore).ofDevices([r1.id]);
          steps.push(`${name} out`);
        });
      await Promise.all([work('a'), work('b'), work('c')]);
      for (let at = 0; at < steps.length; at += 2) expect(steps[at]?.[0]).toBe(steps[at + 1]?.[0]);
      expect(steps).toHaveLength(6);
    });

    test('forgets what a rolled back unit did', async () => {
      const [eth0] = (await make(anInterface(r1, 'eth0'))) as [NetworkInterface];
      const bound = anAssignment(eth0, newId());
      await store().setAddresses({ remove: [], add: [bound] });
      const failing = storage.atomically(async (use) => {
        const inside = use(interfaceStore);
        await inside.updateMany([{ ...eth0, name: 'other' }]);
        await inside.insertMany([anInterface(r1, 'eth0')]);
        await inside.setAddresses({ remove: [bound.id], add: [anAssignment(eth0, newId())] });
        await inside.deleteMany([eth0.id]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await store().ofDevices([r1.id])).toEqual([eth0]);
      expect(await store().assignmentsOf([eth0.id])).toEqual([[bound]]);
    });
  });
}
