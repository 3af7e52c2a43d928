import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type Attribute, noConstraints } from '#resolvers/network/attributes/attribute.ts';
import { type IdSet, isIn, type Step } from '#resolvers/network/attributes/selection.ts';
import { type AttributeValue, attributeStore } from '#resolvers/network/attributes/store.ts';
import { circuitStore, deviceIdsOf } from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { type OpenStorage, sharedStorage } from '../suite.ts';
import { aCircuit, aDevice, aNetwork, anEnd, natural, query, sees } from './support.ts';

const now = '2026-03-01T09:30:00.123000Z';

const anAttribute = (siteId: string, name: string, rules: Partial<Attribute> = {}): Attribute => ({
  id: newId(),
  siteId,
  resource: 'DEVICE',
  name,
  description: '',
  required: false,
  display: false,
  multi: false,
  constraints: noConstraints,
  createdAt: now,
  updatedAt: now,
  ...rules,
});

const aValue = (attribute: Attribute, targetId: string, value: string, position = 0): AttributeValue => ({
  id: newId(),
  attributeId: attribute.id,
  siteId: attribute.siteId,
  resource: attribute.resource,
  targetId,
  name: attribute.name,
  value,
  position,
  createdAt: now,
  updatedAt: now,
});

/** What every storage of attributes holds. */
export function attributeContract(name: string, open: OpenStorage): void {
  describe(`attributes in ${name}`, () => {
    const storage = sharedStorage(open);
    const store = () => storage.use(attributeStore);
    const [here, there] = [newId(), newId()];

    test('gives back what was inserted, and null for a name that is taken for its resource in its Site', async () => {
      const constraints = { allowEmpty: true, pattern: '^a', validValues: ['b', 'ä"\\,'] };
      const [one, other] = [anAttribute(here, 'a', { constraints }), anAttribute(here, 'b', { multi: true })];
      expect(await store().insertMany([one, other])).toEqual([one, other]);
      expect(await store().getMany([other.id, 'no id', one.id])).toEqual([other, null, one]);
      const elsewhere = [
        anAttribute(there, 'a'),
        anAttribute(here, 'a', { resource: 'NETWORK' }),
        anAttribute(here, 'A'),
      ];
      expect(await store().insertMany([anAttribute(here, 'a'), ...elsewhere])).toEqual([null, ...elsewhere]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => store().insertMany([anAttribute(here, 'c')])));
      expect(answers.filter(([attribute]) => attribute)).toHaveLength(1);
    });

    test('matches names of visible definitions, holds those named and required, and changes rules', async () => {
      const [one, two] = [anAttribute(here, 'a'), anAttribute(there, 'a')];
      const must = anAttribute(here, 'must', { required: true });
      await store().insertMany([one, two, must, anAttribute(here, 'other')]);
      const names = [here, null].map((siteId) => ({ siteId, resource: 'DEVICE' as const, name: 'a' }));
      expect(await store().match(names, 'all')).toEqual([[one], [one, two]]);
      expect(await store().match(names, sees(['site', `${there}/attribute`]))).toEqual([[], [two]]);
      expect(await store().match([{ siteId: here, resource: 'DEVICE', name: '\u0000' }], 'all')).toEqual([[]]);
      const wanted = [
        { siteId: here, resource: 'DEVICE' as const, names: ['a', 'none', '\u0000'] },
        { siteId: there, resource: 'NETWORK' as const, names: ['a'] },
      ];
      expect(await store().hold(wanted)).toEqual([one, must]);
      expect(await store().hold([])).toEqual([]);
      const changed = {
        ...one,
        description: 'x',
        display: true,
        multi: true,
        updatedAt: '2026-03-02T00:00:00.000000Z',
      };
      await store().updateMany([changed]);
      expect(await store().getMany([one.id])).toEqual([changed]);
      await store().deleteMany([one.id]);
      expect(await store().getMany([one.id, two.id])).toEqual([null, two]);
    });

    test('pages and counts definitions by Site, filter and right', async () => {
      const all = [anAttribute(here, 'b'), anAttribute(here, 'a', { multi: true }), anAttribute(there, 'c')];
      await store().insertMany(all);
      const ask = query({ order: natural });
      const pages = await store().pages([there, here, null, newId()], ask);
      expect(pages.map((page) => page.items.map(({ node }) => node.name))).toEqual([
        ['c'],
        ['a', 'b'],
        ['a', 'b', 'c'],
        [],
      ]);
      expect(await Promise.all(pages.map((page) => page.count()))).toEqual([1, 2, 3, 0]);
      expect(await store().count([here, null], { filter: { multi: false }, visibility: 'all' })).toEqual([1, 2]);
      expect(await store().count([null], { filter: {}, visibility: sees(['kind', 'device']) })).toEqual([0]);
    });

    test('replaces what things carry in one statement, and leaves equal values as they are', async () => {
      const [tags, owner] = [anAttribute(here, 'tags', { multi: true }), anAttribute(here, 'owner')];
      await store().insertMany([tags, owner]);
      const [one, other] = [newId(), newId()];
      const kept = aValue(tags, one, 'b', 1);
      await store().replaceValues([one, other], [aValue(tags, one, 'a', 0), kept, aValue(owner, other, 'noc')]);
      const statements = await storage.countStatements(() =>
        store().replaceValues([one], [aValue(tags, one, 'b', 0), aValue(tags, one, 'c', 1), aValue(owner, one, 'lab')]),
      );
      expect(statements ?? 1).toBe(1);
      expect((await store().valuesOf([one, other, newId()])).map(({ targetId: _, ...rest }) => rest)).toEqual([
        { name: 'owner', value: 'lab', multi: false },
        { name: 'tags', value: 'b', multi: true },
        { name: 'tags', value: 'c', multi: true },
        { name: 'owner', value: 'noc', multi: false },
      ]);
      expect(await store().getValues([kept.id, newId()])).toEqual([{ ...kept, position: 0 }, null]);
      expect(await store().usage([owner.id, tags.id, newId()], 'all')).toEqual([2, 1, 0]);
      expect(await store().carriedTwice([owner.id, tags.id])).toEqual([tags.id]);
      await store().replaceValues([one, other], []);
      expect(await store().valuesOf([one, other])).toEqual([]);
      expect(await store().getValues([kept.id])).toEqual([null]);
    });

    test('finds carriers and different values, in one Site or in all', async () => {
      const [mine, theirs] = [anAttribute(here, 'owner'), anAttribute(there, 'owner')];
      await store().insertMany([mine, theirs]);
      const [one, two, three] = [newId(), newId(), newId()];
      await store().replaceValues(
        [one, two, three],
        [aValue(mine, one, 'noc'), aValue(mine, two, 'lab'), aValue(theirs, three, 'noc')],
      );
      const at = (siteId: string | null) => ({ siteId, resource: 'DEVICE' as const, name: 'owner' });
      const found = await store().carriers([
        { ...at(here), values: ['noc'] },
        { ...at(null), values: ['noc', 'lab', '\u0000'] },
        { ...at(here), values: [] },
        { ...at(here), name: 'none', values: ['noc'] },
        { ...at(here), resource: 'NETWORK', values: ['noc'] },
      ]);
      expect(found.map((ids) => [...ids].sort())).toEqual([[one], [one, two, three].sort(), [], [], []]);
      const different = await store().distinctValues([at(here), at(there), { ...at(here), name: 'none' }]);
      expect(different.map((values) => [...values].sort())).toEqual([['lab', 'noc'], ['noc'], []]);
    });

    test('selects things step by step, as ids and in the lists of their store', async () => {
      const owner = anAttribute(here, 'owner');
      await store().insertMany([owner]);
      const devices = ['a', 'b', 'c'].map((hostname) => aDevice(here, hostname));
      await storage.use(deviceStore).insertMany(devices);
      const [a, b] = devices.map(({ id }) => id) as [string, string];
      await store().replaceValues([a, b], [aValue(owner, a, 'noc'), aValue(owner, b, 'lab')]);
      const step = (operator: Step['operator'], ...values: string[]): Step => ({
        operator,
        siteId: here,
        name: 'owner',
        values,
      });
      const cases: [Step[], string][] = [
        [[step('KEEP', 'noc')], 'a'],
        [[step('DROP', 'noc')], 'bc'],
        [[step('ADD', 'noc')], 'abc'],
        [[step('DROP', 'noc', 'lab'), step('ADD', 'lab')], 'bc'],
        [[step('KEEP', 'noc'), step('ADD', 'lab'), step('DROP', 'noc')], 'b'],
        [[step('DROP', 'lab'), step('KEEP', 'lab')], ''],
      ];
      for (const [steps, expected] of cases) {
        const selection = store().select('DEVICE', steps);
        const ids: IdSet = await selection.ids();
        const names = (all: typeof devices) => all.map(({ hostname }) => hostname).join('');
        expect(names(devices.filter(({ id }) => isIn(ids, id)))).toBe(expected);
        const [page] = await storage.use(deviceStore).pages([here], query({ filter: { selection } }));
        expect(names(page?.items.map(({ node }) => node) ?? [])).toBe(expected);
        const counted = { filter: { selection }, visibility: 'all' as const };
        expect(await storage.use(deviceStore).count([here, null], counted)).toEqual([expected.length, expected.length]);
      }
    });

    test('shows a value to who sees its thing', async () => {
      const [owner, role] = [anAttribute(here, 'owner'), anAttribute(here, 'role', { resource: 'NETWORK' })];
      await store().insertMany([owner, role]);
      const [one, other] = [aDevice(here, 'one'), aDevice(here, 'other')];
      await storage.use(deviceStore).insertMany([one, other]);
      const eight = aNetwork(here, '10.0.0.0/8');
      const sixteen = aNetwork(here, '10.1.0.0/16', eight);
      await storage.use(networkStore).insertMany([eight, sixteen]);
      const rows = [
        aValue(owner, one.id, 'v1'),
        aValue(owner, other.id, 'v2'),
        aValue(role, eight.id, 'v3'),
        aValue(role, sixteen.id, 'v4'),
      ];
      await store().replaceValues(
        rows.map(({ targetId }) => targetId),
        rows,
      );
      const shown = async (...grants: [string, string][]) => {
        const visibility = sees(...grants);
        const [page] = await store().valuePages([null], query({ visibility }));
        const counts = await store().usage([owner.id, role.id], visibility);
        expect((counts[0] as number) + (counts[1] as number)).toBe(page?.items.length);
        expect(await page?.count()).toBe(page?.items.length);
        return page?.items.map(({ node }) => node.value).join('');
      };
      expect(await shown(['site', here])).toBe('v1v2v3v4');
      expect(await shown(['site', `${here}/network`])).toBe('v3v4');
      expect(await shown(['kind', 'device'])).toBe('v1v2');
      expect(await shown(['device', other.id])).toBe('v2');
      expect(await shown(['network', eight.id])).toBe('v3v4');
      expect(await shown(['network', sixteen.id], ['device', one.id])).toBe('v1v4');
      expect(await shown(['site', `${here}/attribute`])).toBe('');
      const filter = { resource: 'NETWORK', name: 'role', value: 'v4' } as const;
      const [found] = await store().valuePages([here], query({ filter }));
      expect(found?.items.map(({ node }) => node)).toEqual([rows[3]]);
    });

    test('keeps a held definition from being locked until the holder ends', async () => {
      const attribute = anAttribute(here, 'a');
      await store().insertMany([attribute]);
      const order: string[] = [];
      let holding = () => {};
      const held = new Promise<void>((resolve) => {
        holding = resolve;
      });
      const holder = storage.atomically(async (use) => {
        await use(attributeStore).hold([{ siteId: here, resource: 'DEVICE', names: ['a'] }]);
        holding();
        await new Promise((resolve) => setTimeout(resolve, 100));
        order.push('holder ends');
      });
      await held;
      const taker = storage.atomically(async (use) => {
        await use(attributeStore).lock([attribute.id]);
        order.push('taker has it');
      });
      await Promise.all([holder, taker]);
      expect(order).toEqual(['holder ends', 'taker has it']);
    });

    test('forgets what a rolled back unit did', async () => {
      const attribute = anAttribute(here, 'a');
      await store().insertMany([attribute]);
      const [one, two] = [newId(), newId()];
      await store().replaceValues([one], [aValue(attribute, one, 'v')]);
      const failing = storage.atomically(async (use) => {
        await use(attributeStore).replaceValues([one, two], [aValue(attribute, two, 'w')]);
        await use(attributeStore).deleteMany([attribute.id]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      expect(await store().getMany([attribute.id])).toEqual([attribute]);
      expect((await store().valuesOf([one, two])).map(({ targetId, value }) => [targetId, value])).toEqual([
        [one, 'v'],
      ]);
    });

    test('shows what a circuit carries by grants on all of its devices', async () => {
      const circuit = aCircuit(here, 'wire', anEnd());
      await storage.use(circuitStore).insertMany([circuit]);
      const attribute = anAttribute(here, 'wired', { resource: 'CIRCUIT' });
      await store().insertMany([attribute]);
      const value = aValue(attribute, circuit.id, 'x');
      await store().replaceValues([circuit.id], [value]);
      const [a = '', z = ''] = deviceIdsOf(circuit);
      const shown = async (...devices: string[]) => {
        const visibility = sees(...devices.map((id): [string, string] => ['device', id]));
        const [page] = await store().valuePages([here], query({ visibility, filter: { attributeId: attribute.id } }));
        return page?.items.map(({ node }) => node.id);
      };
      expect(await shown(a, z)).toEqual([value.id]);
      expect(await shown(a)).toEqual([]);
      expect(await shown(z, newId())).toEqual([]);
      expect(await store().usage([attribute.id], sees(['device', a], ['device', z]))).toEqual([1]);
    });
  });
}
