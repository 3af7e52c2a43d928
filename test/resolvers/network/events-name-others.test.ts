import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { showEvents } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { StoredEvent } from '#kernel/event.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { visibleHistoryOf } from '#resolvers/network/changes/visibility.ts';
import type { Circuit } from '#resolvers/network/circuits/circuit.ts';
import { createCircuit } from '#resolvers/network/circuits/create.ts';
import { deleteCircuit } from '#resolvers/network/circuits/delete.ts';
import { updateCircuit } from '#resolvers/network/circuits/update.ts';
import { createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { createInterfaces } from '#resolvers/network/interfaces/create.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { allocateNetworks } from '#resolvers/network/networks/allocate.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { createProtocolType } from '#resolvers/network/protocol-types/create.ts';
import { createProtocol } from '#resolvers/network/protocols/create.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
let site: Site;
let one: Device;
let other: Device;
let ports: NetworkInterface[];
let circuit: Circuit;
let networks: Network[];
beforeAll(async () => {
  net = await openNetwork('memory');
});
afterAll(() => net.gateway.dispose());

beforeEach(async () => {
  site = await net.site();
  const at = { site: { id: site.id } };
  networks = await createNetworks(
    net.all,
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.1/32', '10.2.0.0/16', '10.2.0.1/32'].map((cidr) => ({ ...at, cidr })),
  );
  [one, other] = (await createDevices(
    net.all,
    ['near', 'far'].map((hostname) => ({ ...at, hostname })),
  )) as [Device, Device];
  ports = await createInterfaces(net.all, [
    { device: { id: one.id }, name: 'ae0', addresses: ['10.1.0.1', '10.2.0.1'] },
    { device: { id: one.id }, name: 'ae0.0', parent: { nameSlug: 'near:ae0' } },
    { device: { id: other.id }, name: 'ae0' },
    { device: { id: other.id }, name: 'ae1' },
  ]);
  const [near, , far] = ports;
  circuit = await createCircuit(net.all, {
    endpointA: { id: near?.id ?? '' },
    endpointZ: { id: far?.id ?? '' },
    name: 'wire',
  });
  await createAttribute(net.all, { ...at, resource: 'PROTOCOL', name: 'peer' });
  const requiredAttributes = [{ name: { resource: 'PROTOCOL' as const, name: 'peer' } }];
  const type = await createProtocolType(net.all, { ...at, name: 'bgp', requiredAttributes });
  await createProtocol(net.all, {
    type: { id: type.id },
    device: { id: one.id },
    interface: { id: near?.id ?? '' },
    circuit: { id: circuit.id },
    attributes: { peer: 'x' },
  });
});

/** The last event of a name, as it is shown to an account that may see it. */
async function shown(ctx: Context, name: string, pick: (event: StoredEvent) => boolean = () => true) {
  const event = (await net.events(site, `network.${name}`)).findLast(pick) ?? expect.unreachable(`No ${name}.`);
  const [seen] = await showEvents(ctx, [event]);
  // biome-ignore lint/suspicious/noExplicitAny: snapshots of any kind
  return seen as unknown as { data: any; before: any; after: any };
}
const reads = (...scopes: string[]) => net.as(...scopes.map((scope) => `network:read@${scope}`));

describe('an event names', () => {
  test('the circuit of a protocol to those alone who may read it, in data and in states', async () => {
    const narrow = await shown(reads(`device/${one.id}`), 'protocol.created');
    expect(narrow.after).toMatchObject({
      device: 'near',
      interface: 'near:ae0',
      circuit: null,
      type: null,
      siteId: null,
    });
    expect(narrow.data.protocol).toEqual(narrow.after);
    expect((await shown(reads(`device/${one.id}`, `device/${other.id}`), 'protocol.created')).after.circuit).toBe(
      'wire',
    );
    expect((await shown(reads(`device/${one.id}`, `circuit/${circuit.id}`), 'protocol.created')).after.circuit).toBe(
      'wire',
    );
    const kind = await shown(reads('kind/protocol'), 'protocol.created');
    expect(kind.after).toMatchObject({ device: null, interface: null, circuit: null, attributes: { peer: 'x' } });
    const whole = await shown(reads(`site/${site.id}`), 'protocol.created');
    expect(whole.after).toMatchObject({ type: 'bgp', device: 'near', interface: 'near:ae0', circuit: 'wire' });
    expect(whole.after.siteId).not.toBeNull();
  });

  test('the ends of a circuit, former ones too', async () => {
    await updateCircuit(net.all, { by: { id: circuit.id }, endpointZ: { id: ports[3]?.id ?? '' } });
    const byItself = await shown(reads(`circuit/${circuit.id}`), 'circuit.updated');
    expect([byItself.before.endpointA, byItself.before.endpointZ, byItself.after.endpointZ]).toEqual([
      null,
      null,
      null,
    ]);
    const far = await shown(reads(`circuit/${circuit.id}`, `device/${other.id}`), 'circuit.updated');
    expect([far.before.endpointA, far.before.endpointZ]).toEqual([null, 'far:ae0']);
    expect([far.after.endpointA, far.after.endpointZ]).toEqual([null, 'far:ae1']);
    const port = await shown(reads(`circuit/${circuit.id}`, `interface/${ports[0]?.id}`), 'circuit.updated');
    expect([port.after.endpointA, port.after.endpointZ]).toEqual(['near:ae0', null]);
  });

  test('the device, the parent and the addresses of an interface', async () => {
    const isAe0 = ({ data }: StoredEvent) => JSON.stringify(data).includes('"near:ae0"');
    const isChild = ({ data }: StoredEvent) => JSON.stringify(data).includes('"nameSlug":"near:ae0.0"');
    const device = await shown(
      reads(`device/${one.id}`),
      'interface.created',
      (event) => isAe0(event) && !isChild(event),
    );
    expect(device.after).toMatchObject({ addresses: [], networks: [], nameSlug: 'near:ae0', parent: null });
    const net16 = await shown(
      reads(`interface/${ports[0]?.id}`, `network/${networks[1]?.id}`),
      'interface.created',
      (event) => isAe0(event) && !isChild(event),
    );
    expect(net16.after).toMatchObject({ addresses: ['10.1.0.1/32'], networks: ['10.1.0.0/16'], deviceId: null });
    const child = await shown(reads(`interface/${ports[1]?.id}`), 'interface.created', isChild);
    expect(child.after).toMatchObject({ parent: null, parentId: null, deviceHostname: 'near' });
    const family = await shown(reads(`interface/${ports[0]?.id}`), 'interface.created', isChild);
    expect(family.after.parent).toBe('near:ae0');
  });

  test('the parent of a network, whatever became of it', async () => {
    const is = (cidr: string) => (event: StoredEvent) => JSON.stringify(event.data).includes(`"cidr":"${cidr}"`);
    const viewer = () => reads(`network/${networks[1]?.id}`);
    expect((await shown(viewer(), 'network.created', is('10.1.0.0/16'))).after).toMatchObject({
      parent: null,
      parentId: null,
    });
    expect((await shown(viewer(), 'network.created', is('10.1.0.1/32'))).after.parent).toBe('10.1.0.0/16');
    await allocateNetworks(net.all, { by: { id: networks[0]?.id ?? '' }, prefixLength: 16, num: 1 });
    const taken = (await net.events(site, 'network.network.created')).at(-1);
    const own = reads(`network/${JSON.stringify(taken?.scope.network).slice(2, 38)}`);
    expect((await shown(own, 'network.created')).data.allocation).toEqual({ parentId: null, strict: false });
    const child = await createNetwork(net.all, { site: { id: site.id }, cidr: '10.1.1.0/24' });
    const grandchild = await createNetwork(net.all, { site: { id: site.id }, cidr: '10.1.1.0/25' });
    await deleteNetwork(net.all, { by: { id: child.id }, force: true });
    expect((await shown(viewer(), 'network.deleted')).data.newParentId).not.toBeNull();
    await deleteNetwork(net.all, { by: { id: grandchild.id } });
    expect((await shown(viewer(), 'network.deleted')).before.parent).toBe('10.1.0.0/16');
    expect((await shown(reads(`network/${grandchild.id}`), 'network.deleted')).data.newParentId).toBeNull();
  });

  test('what a type of protocols requires', async () => {
    expect((await shown(reads('kind/protocolType'), 'protocolType.created')).after.requiredAttributes).toEqual([]);
    const both = reads('kind/protocolType', 'kind/attribute');
    expect((await shown(both, 'protocolType.created')).after.requiredAttributes).toEqual(['peer']);
  });

  test('what something went with', async () => {
    await deleteCircuit(net.all, { by: { id: circuit.id } });
    expect((await shown(reads(`device/${one.id}`), 'protocol.deleted')).data).not.toHaveProperty('cause');
    expect((await shown(reads(`site/${site.id}`), 'protocol.deleted')).data.cause).toEqual(expect.any(String));
    await deleteDevice(net.all, { by: { id: one.id }, force: true });
    expect((await shown(reads(`device/${one.id}`), 'interface.deleted')).data.cause).toEqual(expect.any(String));
    expect((await shown(reads('kind/interface'), 'interface.deleted')).data).not.toHaveProperty('cause');
  });
});

test('the history of a Site is none for who has grants on things of others alone', async () => {
  const elsewhere = await net.site();
  const viewer = reads(`device/${one.id}`, `site/${site.id}/network`);
  expect(await visibleHistoryOf(viewer, elsewhere.id)).toBe('none');
  expect(await visibleHistoryOf(viewer, site.id)).toEqual({
    allOf: [
      [
        { kind: 'device', value: one.id },
        { kind: 'site', value: `${site.id}/network` },
      ],
    ],
  });
  expect(await visibleHistoryOf(reads('kind/device'), elsewhere.id)).toEqual({
    allOf: [[{ kind: 'kind', value: 'device' }]],
  });
});
