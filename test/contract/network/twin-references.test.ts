import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { type Attribute, noConstraints } from '#resolvers/network/attributes/attribute.ts';
import type { Step } from '#resolvers/network/attributes/selection.ts';
import {
  type AttributeFilter,
  type AttributeValue,
  attributeStore,
  type ValueFilter,
} from '#resolvers/network/attributes/store.ts';
import {
  type Circuit,
  type CircuitEnd,
  type CircuitFilter,
  type CircuitScope,
  circuitStore,
} from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { type ProtocolTypeScope, protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import { type ProtocolFilter, type ProtocolScope, protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { aCircuit, aDevice, anInterface, aProtocol, aProtocolType } from './support.ts';
import { grantsOn, order, paging, shown, sites, Twins, toRequest, toVisibility } from './twins.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());

const names = fc.constantFrom('a', 'A', 'b/c', 'b_c', 'é', 'z😀', 'z\uffff', ' a');
const site = fc.constantFrom(...sites);
const devices = [newId(), newId(), newId()];
const ports = Array.from({ length: 8 }, () => newId());
const device = fc.constantFrom(...devices);
const port = fc.constantFrom(...ports);

test('lists of circuits', async () => {
  const end = fc.record({ interfaceId: port, deviceId: device });
  const one = fc.record({ siteId: site, name: names, endpointA: end, endpointZ: fc.option(end) });
  const filter: fc.Arbitrary<CircuitFilter> = fc.record(
    {
      name: names,
      nameSlug: names,
      endpointAIds: fc.array(port, { maxLength: 3 }),
      endpointZIds: fc.array(port, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 10 }),
      filter,
      fc.constantFrom<CircuitScope['kind']>('all', 'site', 'device'),
      order,
      paging,
      fc.oneof(grantsOn('circuit', 10), grantsOn('device', 3)),
      async (given, filter, kind, order, paging, grants) => {
        const taken = new Set<string>();
        const free = ({ interfaceId }: CircuitEnd) => !taken.has(interfaceId) && taken.add(interfaceId);
        const rows = given
          .filter(({ endpointA }) => free(endpointA))
          .map(({ endpointZ, ...parts }): Circuit => {
            const leads = endpointZ !== null && free(endpointZ);
            return { ...aCircuit(parts.siteId, parts.name), ...parts, endpointZ: leads ? endpointZ : null };
          });
        await twins.fill(async (use) => {
          const kept = await use(circuitStore).insertMany(rows);
          const refused = await use(circuitStore).claimEnds(kept.filter((row) => row !== null));
          return [kept, refused];
        });
        const present = (await twins.memory.use(circuitStore).getMany(rows.map(({ id }) => id))).filter(
          (row) => row !== null,
        );
        const positions = present.map(({ id, nameSlug }) => (order.by === 'CREATED' ? [id] : [nameSlug, id]));
        const onDevices = grants?.some((list) => list.some((grant) => grant.kind === 'device'));
        const visibility = toVisibility(grants, onDevices ? devices.map((id) => ({ id })) : present);
        const query = { filter, order, visibility, page: toRequest(paging, positions) };
        const scopes: CircuitScope[] =
          kind === 'all' ? [{ kind }] : (kind === 'site' ? sites : devices).map((id) => ({ kind, id }));
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(circuitStore);
          return {
            pages: await Promise.all((await store.pages(scopes, query)).map(shown)),
            counts: await store.count(scopes, query),
            matches: await store.match(
              [null, ...sites].flatMap((siteId) => ['a', 'b_c'].map((key) => ({ siteId, key }))),
              visibility,
            ),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('lists of protocol types', async () => {
  const attributes = [newId(), newId()];
  const one = fc.record({
    siteId: site,
    name: names,
    description: fc.constantFrom('', 'x'),
    requiredAttributeIds: fc.subarray([...attributes].sort()),
  });
  const filter = fc.record({ name: names, description: fc.constantFrom('', 'x') }, { requiredKeys: [] });
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 10 }),
      filter,
      fc.constantFrom<ProtocolTypeScope['kind']>('all', 'site', 'attribute'),
      order,
      paging,
      grantsOn('protocolType', 10),
      async (given, filter, kind, order, paging, grants) => {
        const rows = given.map((parts) => ({ ...aProtocolType(parts.siteId, parts.name), ...parts }));
        await twins.fill((use) => use(protocolTypeStore).insertMany(rows));
        const positions = rows.map(({ id, name }) => (order.by === 'CREATED' ? [id] : [name, id]));
        const visibility = toVisibility(grants, rows);
        const query = { filter, order, visibility, page: toRequest(paging, positions) };
        const scopes: ProtocolTypeScope[] =
          kind === 'all' ? [{ kind }] : (kind === 'site' ? sites : attributes).map((id) => ({ kind, id }));
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(protocolTypeStore);
          return {
            pages: await Promise.all((await store.pages(scopes, query)).map(shown)),
            counts: await store.count(scopes, query),
            matches: await store.match(
              [null, ...sites].map((siteId) => ({ siteId, key: 'a' })),
              visibility,
            ),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('lists of protocols', async () => {
  const [types, circuits] = [
    [newId(), newId()],
    [newId(), newId()],
  ];
  const one = fc.record({
    siteId: site,
    typeId: fc.constantFrom(...types),
    deviceId: device,
    interfaceId: fc.option(port),
    circuitId: fc.option(fc.constantFrom(...circuits)),
    description: fc.constantFrom('', 'x'),
    sealed: fc.option(fc.constant('sealed')),
  });
  const some = (ids: readonly string[]) => fc.subarray([...ids]);
  const filter: fc.Arbitrary<ProtocolFilter> = fc.record(
    {
      typeIds: some(types),
      deviceIds: some(devices),
      interfaceIds: some(ports),
      circuitIds: some(circuits),
      description: fc.constantFrom('', 'x'),
    },
    { requiredKeys: [] },
  );
  const below = { site: sites, type: types, device: devices, interface: ports, circuit: circuits };
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 12 }),
      filter,
      fc.constantFrom<ProtocolScope['kind']>('all', 'site', 'type', 'device', 'interface', 'circuit'),
      order,
      paging,
      grantsOn('device', 3),
      async (given, filter, kind, order, paging, grants) => {
        const rows = given.map(({ siteId, ...parts }) => aProtocol(siteId, parts));
        await twins.fill((use) => use(protocolStore).insertMany(rows));
        const visibility = toVisibility(
          grants,
          devices.map((id) => ({ id })),
        );
        const page = toRequest(
          paging,
          rows.map(({ id }) => [id]),
        );
        const query = { filter, order, visibility, page };
        const scopes: ProtocolScope[] = kind === 'all' ? [{ kind }] : below[kind].map((id) => ({ kind, id }));
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(protocolStore);
          return {
            pages: await Promise.all((await store.pages(scopes, query)).map(shown)),
            counts: await store.count(scopes, query),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test('lists of attributes, of their values, and of what a selection chooses', async () => {
  const now = '2026-03-01T09:30:00.123000Z';
  const homes = [sites[0] ?? '', sites[1] ?? ''];
  const hosts = homes.flatMap((siteId) => ['r1', 'r2'].map((hostname) => aDevice(siteId, hostname)));
  const eths = hosts.map((host) => anInterface(host, 'eth0'));
  const attribute = fc.record({
    siteId: fc.constantFrom(...homes),
    resource: fc.constantFrom<Attribute['resource']>('DEVICE', 'INTERFACE'),
    name: fc.constantFrom('a', 'b', 'c'),
    required: fc.boolean(),
    display: fc.boolean(),
    multi: fc.boolean(),
  });
  const value = fc.record({ of: fc.nat(9), target: fc.nat(3), value: fc.constantFrom('', 'x', 'é', 'z😀') });
  const filter: fc.Arbitrary<AttributeFilter> = fc.record(
    {
      name: fc.constantFrom('a', 'b'),
      resource: fc.constantFrom<Attribute['resource']>('DEVICE', 'INTERFACE'),
      required: fc.boolean(),
      display: fc.boolean(),
      multi: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const valueFilter: fc.Arbitrary<ValueFilter> = fc.record(
    {
      name: fc.constantFrom('a', 'b'),
      value: fc.constantFrom('', 'x'),
      resource: fc.constantFrom<Attribute['resource']>('DEVICE', 'INTERFACE'),
      targetId: fc.constantFrom(...[...hosts, ...eths].map(({ id }) => id)),
    },
    { requiredKeys: [] },
  );
  const step: fc.Arbitrary<Step> = fc.record({
    operator: fc.constantFrom('KEEP', 'DROP', 'ADD'),
    siteId: fc.option(fc.constantFrom(...homes)),
    name: fc.constantFrom('a', 'b'),
    values: fc.subarray(['', 'x', 'é']),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(attribute, { maxLength: 8 }),
      fc.array(value, { maxLength: 12 }),
      filter,
      valueFilter,
      fc.array(step, { maxLength: 3 }),
      order,
      paging,
      fc.oneof(grantsOn('device', 4), grantsOn('interface', 4)),
      async (given, carried, filter, valueFilter, steps, order, paging, grants) => {
        const rows = given.map(
          (parts): Attribute => ({
            ...{ id: newId(), description: '', constraints: noConstraints, createdAt: now, updatedAt: now },
            ...parts,
          }),
        );
        await twins.fill(async (use) => {
          await use(deviceStore).insertMany(hosts);
          await use(interfaceStore).insertMany(eths);
          return use(attributeStore).insertMany(rows);
        });
        const present = (await twins.memory.use(attributeStore).getMany(rows.map(({ id }) => id))).filter(
          (row) => row !== null,
        );
        const values = valuesOf(present, carried, { DEVICE: hosts, INTERFACE: eths }, now);
        await twins.both((use) =>
          use(attributeStore).replaceValues(
            values.map(({ targetId }) => targetId),
            values,
          ),
        );
        const onPorts = grants?.some((list) => list.some((grant) => grant.kind === 'interface'));
        const visibility = toVisibility(grants, onPorts ? eths : hosts);
        const positions = present.map(({ id, name }) => (order.by === 'CREATED' ? [id] : [name, id]));
        const page = toRequest(paging, positions);
        const valuePage = toRequest(
          paging,
          values.map(({ id }) => [id]),
        );
        const [mine, theirs] = await twins.both(async (use) => {
          const store = use(attributeStore);
          const query = { filter, order, visibility, page };
          const byCreation = { by: 'CREATED', direction: order.direction } as const;
          const valueQuery = { filter: valueFilter, order: byCreation, visibility, page: valuePage };
          const whole = { order: byCreation, visibility, page: { ...valuePage, after: null, before: null } };
          const [chosen, bound] = [store.select('DEVICE', steps), store.select('INTERFACE', steps)];
          return {
            pages: await Promise.all((await store.pages([null, ...homes], query)).map(shown)),
            counts: await store.count([null, ...homes], query),
            values: await Promise.all((await store.valuePages([null, ...homes], valueQuery)).map(shown)),
            usage: await store.usage(
              present.map(({ id }) => id),
              visibility,
            ),
            devices: await Promise.all(
              (await use(deviceStore).pages([null], { ...whole, filter: { selection: chosen } })).map(shown),
            ),
            interfaces: await Promise.all(
              (await use(interfaceStore).pages([{ kind: 'all' }], { ...whole, filter: { selection: bound } })).map(
                shown,
              ),
            ),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

/** What things carry, each value of a name once on a thing. */
function valuesOf(
  attributes: readonly Attribute[],
  carried: readonly { readonly of: number; readonly target: number; readonly value: string }[],
  things: {
    readonly DEVICE: readonly { id: string; siteId: string }[];
    readonly INTERFACE: readonly { id: string; siteId: string }[];
  },
  now: string,
): AttributeValue[] {
  const values = new Map<string, AttributeValue>();
  for (const { of, target, value } of carried) {
    const attribute = attributes[of % Math.max(attributes.length, 1)];
    if (!attribute || (attribute.resource !== 'DEVICE' && attribute.resource !== 'INTERFACE')) continue;
    const own = things[attribute.resource].filter(({ siteId }) => siteId === attribute.siteId);
    const targetId = own[target % own.length]?.id;
    if (!targetId) continue;
    const { id: attributeId, siteId, resource, name } = attribute;
    const key = `${attributeId}/${targetId}/${value}`;
    const position = [...values.values()].filter(
      (one) => one.attributeId === attributeId && one.targetId === targetId,
    ).length;
    if (!values.has(key))
      values.set(key, {
        id: newId(),
        attributeId,
        siteId,
        resource,
        targetId,
        name,
        value,
        position,
        createdAt: now,
        updatedAt: now,
      });
  }
  return [...values.values()];
}
