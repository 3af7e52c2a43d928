import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ConflictError, ForbiddenError, InUseError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import type { Circuit } from '#resolvers/network/circuits/circuit.ts';
import { createCircuit, createCircuits } from '#resolvers/network/circuits/create.ts';
import { deleteCircuit } from '#resolvers/network/circuits/delete.ts';
import { findCircuit, findCircuits, listCircuits, listCircuitsOf } from '#resolvers/network/circuits/find.ts';
import {
  findCircuitDevices,
  findCircuitInterfaces,
  findInterfaceFor,
  listCircuitAddresses,
} from '#resolvers/network/circuits/relations.ts';
import { replaceCircuit, updateCircuit, updateCircuits } from '#resolvers/network/circuits/update.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface } from '#resolvers/network/interfaces/delete.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { createProtocolType } from '#resolvers/network/protocol-types/create.ts';
import { createProtocol } from '#resolvers/network/protocols/create.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

interface Plant {
  readonly site: Site;
  readonly devices: readonly [Device, Device];
  /** eth0 and eth1 of foo-bar1, then of foo-bar2. */
  readonly ports: readonly [NetworkInterface, NetworkInterface, NetworkInterface, NetworkInterface];
}

/** Two devices with two interfaces each. */
async function plant(): Promise<Plant> {
  const site = await net.site();
  const device = (hostname: string) => createDevice(ctx, { site: { id: site.id }, hostname });
  const port = ({ id }: Device, name: string) => createInterface(ctx, { device: { id }, name });
  const [one, other] = [await device('foo-bar1'), await device('foo-bar2')];
  return {
    site,
    devices: [one, other],
    ports: [await port(one, 'eth0'), await port(one, 'eth1'), await port(other, 'eth0'), await port(other, 'eth1')],
  };
}

const key = ({ id }: { readonly id: string }) => ({ id });

test('a circuit is named after its ends, and no interface ends two circuits on either side', async () => {
  const { site, ports } = await plant();
  const inSite = { site: key(site) };
  const ends = { endpointA: { nameSlug: 'foo-bar1:eth0' }, endpointZ: { nameSlug: 'FOO-BAR2:eth0' } };
  const circuit = await createCircuit(ctx, { ...inSite, ...ends });
  expect(circuit).toMatchObject({
    siteId: site.id,
    name: 'foo-bar1:eth0_foo-bar2:eth0',
    nameSlug: 'foo-bar1:eth0_foo-bar2:eth0',
  });
  const again = createCircuit(ctx, { ...inSite, ...ends });
  await expect(again).rejects.toThrow(ConflictError);
  await expect(again).rejects.toMatchObject({
    message: 'Interface already used as an endpoint_a',
    path: ['endpointA'],
  });
  const swapped = createCircuit(ctx, { ...inSite, endpointA: ends.endpointZ, endpointZ: ends.endpointA });
  await expect(swapped).rejects.toMatchObject({
    message: 'Interface already used as an endpoint_z',
    path: ['endpointA'],
  });
  const other = createCircuit(ctx, { endpointA: key(ports[1]), endpointZ: key(ports[2]) });
  await expect(other).rejects.toMatchObject({
    message: 'Interface already used as an endpoint_z',
    path: ['endpointZ'],
  });
  const single = await createCircuit(ctx, { endpointA: key(ports[1]) });
  expect(single).toMatchObject({ name: 'foo-bar1:eth1_None', endpointZ: null });
  expect(await net.events(site, 'network.circuit.*')).toHaveLength(2);
});

test('a slash in a name is an underscore in its slug, and both are taken', async () => {
  const { site, ports } = await plant();
  const name = 'foo-bar1:xe-0/0/0.0_foo-bar2:xe-0/0/0.0';
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), name });
  expect(circuit.nameSlug).toBe('foo-bar1:xe-0_0_0.0_foo-bar2:xe-0_0_0.0');
  for (const taken of [name, circuit.nameSlug])
    await expect(createCircuit(ctx, { endpointA: key(ports[1]), name: taken })).rejects.toMatchObject({
      code: 'CONFLICT',
      path: ['name'],
      message: `${taken} already exists in this site.`,
    });
  const by = { nameSlug: circuit.nameSlug };
  expect(await findCircuit(ctx, { site: key(site), by })).toEqual(circuit);
  expect(await findCircuit(ctx, { site: key(site), by: { nameSlug: name } })).toBeNull();
});

test('addresses are those of A and of what hangs below it, then of Z', async () => {
  const { site, devices } = await plant();
  await createNetwork(ctx, { site: key(site), cidr: '10.32.0.0/24' });
  const port = (device: Device, name: string, address: string, parent?: NetworkInterface) =>
    createInterface(ctx, {
      device: key(device),
      name,
      addresses: [`10.32.0.${address}/32`],
      ...(parent && { parent: key(parent) }),
    });
  const a = await port(devices[0], 'ae0', '1');
  const z = await port(devices[1], 'ae0', '2');
  await port(devices[0], 'ae0.0', '3', a);
  await port(devices[1], 'ae0.0', '4', z);
  const circuit = await createCircuit(ctx, { endpointA: key(a), endpointZ: key(z) });
  const addresses = async (page = {}) => {
    const found = await listCircuitAddresses(ctx, circuit, { ...wholePage, ...page });
    expect(await found.count()).toBe(4);
    return found.items.map(({ node, position }) => ({ cidr: node.cidr, position }));
  };
  const all = await addresses();
  expect(all.map(({ cidr }) => cidr)).toEqual(['10.32.0.1/32', '10.32.0.3/32', '10.32.0.2/32', '10.32.0.4/32']);
  expect(await addresses({ limit: 2, after: all[0]?.position })).toEqual(all.slice(1, 3));
  expect(await addresses({ limit: 2, direction: 'backward', before: all[3]?.position })).toEqual(all.slice(1, 3));
  expect((await findCircuitInterfaces(ctx, circuit)).map(({ id }) => id)).toEqual([a.id, z.id]);
  expect(await findCircuitDevices(ctx, circuit)).toEqual(devices);
  expect(await findInterfaceFor(ctx, circuit, { hostname: 'foo-bar2' })).toEqual(z);
  expect(await findInterfaceFor(ctx, circuit, { hostname: 'nobody' })).toBeNull();
});

test('a circuit may begin and end on one device, which has it once', async () => {
  const { devices, ports } = await plant();
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[1]) });
  const page = await listCircuitsOf(ctx, { kind: 'device', id: devices[0].id }, {}, wholePage);
  expect(page.items.map(({ node }) => node)).toEqual([circuit]);
  expect(await findCircuitDevices(ctx, circuit)).toEqual([devices[0]]);
  expect((await findInterfaceFor(ctx, circuit, key(devices[0])))?.id).toBe(ports[0].id);
});

test('bad ends are refused, each at its field, and leave nothing behind', async () => {
  const [{ site, ports }, there] = [await plant(), await plant()];
  const refused = (input: object) =>
    createCircuit(ctx, input as never).catch(({ code, fields }) => [
      code,
      fields?.map((one: { path: string[] }) => one.path),
    ]);
  expect(await refused({ endpointA: key(ports[0]), endpointZ: key(ports[0]) })).toEqual([
    'BAD_USER_INPUT',
    [['endpointZ']],
  ]);
  expect(await refused({ endpointA: key(ports[0]), endpointZ: key(there.ports[0]) })).toEqual([
    'BAD_USER_INPUT',
    [['endpointZ']],
  ]);
  expect(await refused({ endpointA: { nameSlug: 'no:where' }, endpointZ: { nameSlug: 'neither' } })).toEqual([
    'BAD_USER_INPUT',
    [['endpointA'], ['endpointZ']],
  ]);
  expect(await refused({ endpointA: null })).toEqual(['BAD_USER_INPUT', [['endpointA']]]);
  for (const name of [null, '', 'x'.repeat(256), 'a\tb'])
    expect(await refused({ endpointA: key(ports[0]), name })).toEqual(['BAD_USER_INPUT', [['name']]]);
  const long = await createInterface(ctx, { device: key({ id: ports[0].deviceId }), name: 'x'.repeat(250) });
  const tooLong = createCircuit(ctx, { endpointA: key(long) });
  await expect(tooLong).rejects.toThrow('Give a name.');
  await expect(tooLong).rejects.toMatchObject({ fields: [{ path: ['name'] }] });
  expect(await net.events(site, 'network.circuit.*')).toEqual([]);
});

test('update keeps the name and replace computes it anew; a device renamed changes no name', async () => {
  const { site, devices, ports } = await plant();
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[2]) });
  await updateDevice(ctx, { by: key(devices[0]), hostname: 'renamed' });
  expect((await findCircuits(ctx, [circuit.id]))[0]?.name).toBe('foo-bar1:eth0_foo-bar2:eth0');
  const moved = await updateCircuit(ctx, { by: key(circuit), endpointA: key(ports[1]), endpointZ: null });
  expect(moved).toMatchObject({ name: 'foo-bar1:eth0_foo-bar2:eth0', endpointZ: null });
  expect(await updateCircuit(ctx, { by: key(circuit), endpointA: key(ports[1]) })).toEqual(moved);
  const replaced = await replaceCircuit(ctx, { by: key(circuit), endpointA: key(ports[1]) });
  expect(replaced).toMatchObject({ name: 'renamed:eth1_None' });
  await expect(replaceCircuit(ctx, { by: key(circuit) } as never)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(updateCircuit(ctx, { by: key(circuit), endpointA: null })).rejects.toMatchObject({
    fields: [{ path: ['endpointA'], message: 'Give exactly one of id, nameSlug.' }],
  });
  const updates = await net.events(site, 'network.circuit.updated');
  expect(updates.map(({ before, after }) => [before, after])).toMatchObject([
    [
      { endpointA: 'renamed:eth0', endpointZ: 'foo-bar2:eth0' },
      { endpointA: 'renamed:eth1', endpointZ: null, name: 'foo-bar1:eth0_foo-bar2:eth0' },
    ],
    [{ name: 'foo-bar1:eth0_foo-bar2:eth0' }, { name: 'renamed:eth1_None' }],
  ]);
  await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[2]) });
});

test('circuits exchange ends and names in one call, or all stays', async () => {
  const { site, ports } = await plant();
  const [one, other] = (await createCircuits(ctx, [
    { endpointA: key(ports[0]), endpointZ: key(ports[2]), name: 'one' },
    { endpointA: key(ports[1]), endpointZ: key(ports[3]), name: 'other' },
  ])) as [Circuit, Circuit];
  const swapped = await updateCircuits(ctx, [
    { by: key(one), endpointA: key(ports[1]), name: 'other' },
    { by: key(other), endpointA: key(ports[0]), name: 'one' },
  ]);
  expect(swapped.map(({ name, endpointA }) => [name, endpointA.interfaceId])).toEqual([
    ['other', ports[1].id],
    ['one', ports[0].id],
  ]);
  const clash = updateCircuits(ctx, [
    { by: key(one), name: 'third' },
    { by: key(other), endpointA: key(ports[2]) },
  ]);
  await expect(clash).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'endpointA'] });
  expect(await findCircuits(ctx, [one.id, other.id])).toEqual(swapped);
  expect(await net.events(site, 'network.circuit.updated')).toHaveLength(2);
});

test('of parallel creations with one interface, on either side, one wins', async () => {
  const { site, ports } = await plant();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      createCircuit(
        ctx,
        index % 2
          ? { endpointA: key(ports[0]), endpointZ: key(ports[2]), name: `c${index}` }
          : { endpointA: key(ports[2]), endpointZ: key(ports[0]), name: `c${index}` },
      ),
    ),
  );
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toHaveLength(19);
  expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
  expect(await net.events(site, 'network.circuit.created')).toHaveLength(1);
});

test('a circuit carries attributes, which choose it in lists', async () => {
  const { site, ports } = await plant();
  for (const name of ['cid', 'vendor'])
    await createAttribute(ctx, {
      site: key(site),
      resource: 'CIRCUIT',
      name,
      ...(name === 'cid' && { required: true }),
    });
  await expect(createCircuit(ctx, { endpointA: key(ports[0]) })).rejects.toThrow('Missing required attributes: cid');
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), attributes: { cid: '1', vendor: 'x' } });
  const other = await createCircuit(ctx, { endpointA: key(ports[1]), attributes: { cid: '2' } });
  const list = async (input: object) => {
    const page = await listCircuits(ctx, { site: key(site), ...input }, wholePage);
    expect(await page.count()).toBe(page.items.length);
    return page.items.map(({ node }) => node.id);
  };
  expect(await list({ query: 'vendor=x' })).toEqual([circuit.id]);
  expect(await list({ query: '-vendor=x' })).toEqual([other.id]);
  expect(await list({ filter: { attributes: [{ name: 'cid', value: '2' }] } })).toEqual([other.id]);
  expect(await list({ filter: { endpointA: { nameSlug: 'foo-bar1:eth1' } } })).toEqual([other.id]);
  expect(await list({ filter: { endpointZ: { nameSlug: 'foo-bar1:eth1' } } })).toEqual([]);
  expect(await list({ orderBy: { by: 'NATURAL', direction: 'DESC' } })).toEqual([other.id, circuit.id]);
  await expect(replaceCircuit(ctx, { by: key(circuit), endpointA: key(ports[0]) })).rejects.toThrow('Missing required');
  expect(await attributesOf(net.gateway.context(), [circuit.id])).toEqual([{ cid: '1', vendor: 'x' }]);
  await updateCircuit(ctx, { by: key(circuit), attributes: { cid: '1' } });
  expect(await attributesOf(net.gateway.context(), [circuit.id])).toEqual([{ cid: '1' }]);
});

test('a device or interface at an end stays, whatever the force', async () => {
  const { site, devices, ports } = await plant();
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[2]) });
  const blocked = deleteDevice(ctx, { by: key(devices[1]), force: true });
  await expect(blocked).rejects.toThrow(InUseError);
  await expect(blocked).rejects.toMatchObject({
    message: 'Cannot delete device foo-bar2: 1 object depends on it.',
    blockers: [{ id: toGlobalId('Circuit', circuit.id), type: 'Circuit', naturalKey: circuit.nameSlug }],
  });
  await expect(deleteInterface(ctx, { by: key(ports[0]) })).rejects.toThrow(
    'Cannot delete interface foo-bar1:eth0: 1 object depends on it.',
  );
  const blind = deleteDevice(net.as(`network:delete@device/${devices[1].id}`), { by: key(devices[1]) });
  await expect(blind).rejects.toMatchObject({ blockers: [], blockerCount: 1 });
  expect(await deleteCircuit(ctx, { site: key(site), by: { nameSlug: circuit.nameSlug } })).toBe(circuit.id);
  await deleteInterface(ctx, { by: key(ports[0]) });
  await deleteDevice(ctx, { by: key(devices[1]) });
});

test('a circuit goes with the protocols over it, and keeps the ends that they need', async () => {
  const { site, devices, ports } = await plant();
  const type = await createProtocolType(ctx, { site: key(site), name: 'bgp' });
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[2]) });
  const protocol = await createProtocol(ctx, { type: key(type), device: key(devices[1]), circuit: key(circuit) });
  const stranded = updateCircuit(ctx, { by: key(circuit), endpointZ: null });
  await expect(stranded).rejects.toThrow(InUseError);
  await expect(stranded).rejects.toMatchObject({
    message: `Cannot change the ends of circuit ${circuit.name}: 1 object depends on it.`,
    blockers: [{ type: 'Protocol', naturalKey: 'bgp on foo-bar2' }],
  });
  await updateCircuit(ctx, { by: key(circuit), endpointZ: key(ports[3]), endpointA: key(ports[1]) });
  await deleteCircuit(ctx, { by: key(circuit) });
  const deleted = (await net.events(site)).filter(({ name }) => name.endsWith('.deleted'));
  expect(deleted.map(({ name, subject, data }) => [name, subject, (data as { cause?: string }).cause])).toEqual([
    ['network.protocol.deleted', toGlobalId('Protocol', protocol.id), toGlobalId('Circuit', circuit.id)],
    ['network.circuit.deleted', toGlobalId('Circuit', circuit.id), undefined],
  ]);
});

test('rights on a circuit come from it, its Site, its kind, or all of its devices', async () => {
  const { site, devices, ports } = await plant();
  const circuit = await createCircuit(ctx, { endpointA: key(ports[0]), endpointZ: key(ports[2]), name: 'c' });
  const by = key(circuit);
  const [one, other] = devices.map(({ id }) => `network:update@device/${id}`) as [string, string];
  for (const scope of ['', `@site/${site.id}`, `@site/${site.id}/circuit`, '@kind/circuit', `@circuit/${circuit.id}`])
    expect(await updateCircuit(net.as(`network:update${scope}`), { by, name: 'c' }), scope).toEqual(circuit);
  expect(await updateCircuit(net.as(one, other), { by, name: 'c' })).toEqual(circuit);
  for (const grants of [[one], [other], [`network:update@interface/${ports[0].id}`]]) {
    const viewer = net.as(...grants);
    await expect(updateCircuit(viewer, { by, name: 'x' }), grants.join()).rejects.toThrow(NotFoundError);
    expect(await findCircuit(viewer, { by })).toBeNull();
    expect((await listCircuits(viewer, {}, wholePage)).items).toEqual([]);
    expect(await (await listCircuits(viewer, {}, wholePage)).count()).toBe(0);
  }
  expect(await findCircuit(net.as(one, other), { by })).toEqual(circuit);
  await expect(updateCircuit(net.as(one, 'network:read'), { by, name: 'x' })).rejects.toThrow(ForbiddenError);
  const maker = (...ids: string[]) => net.as('network:read', ...ids.map((id) => `network:create@device/${id}`));
  const input = { endpointA: key(ports[1]), endpointZ: key(ports[3]) };
  await expect(createCircuit(maker(devices[0].id), input)).rejects.toThrow(ForbiddenError);
  expect(await createCircuit(maker(devices[0].id, devices[1].id), input)).toMatchObject({ siteId: site.id });
});
