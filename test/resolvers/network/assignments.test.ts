import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ConflictError, ForbiddenError, InputError, InUseError, NotFoundError } from '#kernel/errors.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { assignAddress, unassignAddress } from '#resolvers/network/interfaces/assign.ts';
import {
  findAssignments,
  listAddresses,
  listAssignments,
  listInterfaceNetworks,
} from '#resolvers/network/interfaces/bound.ts';
import { createInterface, createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface } from '#resolvers/network/interfaces/delete.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { replaceInterface, updateInterface, updateInterfaces } from '#resolvers/network/interfaces/update.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { replaceNetwork, updateNetwork } from '#resolvers/network/networks/update.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
let configured: TestNetwork | undefined;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());
afterEach(async () => {
  await configured?.gateway.dispose();
  configured = undefined;
});

/** A Site with 10.1.1.0/24, two devices and an interface on each. */
async function begin(of = net): Promise<{
  site: Site;
  r1: Device;
  r2: Device;
  eth0: NetworkInterface;
  far: NetworkInterface;
}> {
  const site = await of.site();
  await createNetwork(of.all, { site: { id: site.id }, cidr: '10.1.1.0/24' });
  const [r1, r2] = [
    await createDevice(of.all, { site: { id: site.id }, hostname: 'r1' }),
    await createDevice(of.all, { site: { id: site.id }, hostname: 'r2' }),
  ];
  const on = (device: Device) => createInterface(of.all, { device: { id: device.id }, name: 'eth0' });
  return { site, r1, r2, eth0: await on(r1), far: await on(r2) };
}

const assign = (one: NetworkInterface, address: string, more: { force?: boolean } = {}, by: Context = ctx) =>
  assignAddress(by, { interface: { id: one.id }, address, ...more });
const unassign = (one: NetworkInterface, address: string, deleteAddress = false) =>
  unassignAddress(ctx, { interface: { id: one.id }, address, deleteAddress });
const at = (site: Site, cidr: string, by: Context = ctx) => findNetwork(by, { site: { id: site.id }, by: { cidr } });
const addresses = async (one: NetworkInterface, by: Context = ctx) =>
  (await listAddresses(by, one, wholePage)).items.map(({ node }) => node.cidr);
const networksOf = async (one: NetworkInterface) =>
  (await listInterfaceNetworks(net.gateway.context(), one, wholePage)).items.map(({ node }) => node.cidr);
const happened = async (site: Site, since = 0) =>
  (await net.events(site)).slice(since).map(({ name, after }) => {
    const shown = after as { cidr?: string; state?: string; nameSlug?: string; addresses?: string[] } | null;
    return [name.slice('network.'.length), shown?.cidr ?? shown?.nameSlug, shown?.state ?? shown?.addresses];
  });

test('a missing address is created when it is bound, at its place in the tree', async () => {
  const { site, eth0 } = await begin();
  const before = (await net.events(site)).length;
  const assignment = await assign(eth0, '10.1.1.1');
  const address = await at(site, '10.1.1.1/32');
  expect(address).toMatchObject({ state: 'ASSIGNED', id: assignment.addressId });
  expect(await networksOf(eth0)).toEqual(['10.1.1.0/24']);
  expect(await happened(site, before)).toEqual([
    ['network.created', '10.1.1.1/32', 'ASSIGNED'],
    ['interface.updated', 'r1:eth0', ['10.1.1.1/32']],
  ]);
  await createNetwork(ctx, { site: { id: site.id }, cidr: '10.1.1.0/27' });
  expect(await networksOf(eth0)).toEqual(['10.1.1.0/27']);
  expect(await findAssignments(ctx, [assignment.id, 'no id'])).toEqual([assignment, null]);
});

test('only host addresses with a base network are bound', async () => {
  const { site, eth0 } = await begin();
  const before = (await net.events(site)).length;
  await expect(assign(eth0, '10.1.1.0/28')).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    path: ['address'],
    message: "'10.1.1.0/28' is not a valid host address!",
  });
  const based = assign(eth0, '192.0.2.1/32');
  await expect(based).rejects.toThrow(InputError);
  await expect(based).rejects.toMatchObject({ path: ['address'], message: 'IP Address needs base network.' });
  await expect(assign(eth0, 'nonsense')).rejects.toThrow('Invalid CIDR: nonsense. Must be IPv4/IPv6 notation.');
  const update = updateInterface(ctx, { by: { id: eth0.id }, speed: 5, addresses: ['10.1.1.1', '192.0.2.1'] });
  await expect(update).rejects.toMatchObject({ path: ['addresses'], message: 'IP Address needs base network.' });
  expect(await happened(site, before)).toEqual([]);
  expect(await at(site, '10.1.1.1/32')).toBeNull();
  await expect(assignAddress(ctx, { interface: { nameSlug: 'none:eth0' }, address: '10.1.1.1' })).rejects.toMatchObject(
    {
      code: 'NOT_FOUND',
      path: ['interface'],
    },
  );
});

test('an address is once on a device, and on as many devices as there are', async () => {
  const { site, r1, eth0, far } = await begin();
  const eth1 = await createInterface(ctx, { device: { id: r1.id }, name: 'eth1' });
  await assign(eth0, '10.1.1.1');
  const message = 'Address already assigned to this Device.';
  const again = assign(eth1, '10.1.1.1/32');
  await expect(again).rejects.toThrow(ConflictError);
  await expect(again).rejects.toMatchObject({ message, path: ['address'] });
  await expect(updateInterface(ctx, { by: { id: eth1.id }, addresses: ['10.1.1.1'] })).rejects.toThrow(message);
  await assign(far, '10.1.1.1');
  const address = await at(site, '10.1.1.1/32');
  const page = await listAssignments(ctx, address as never, wholePage);
  expect(page.items.map(({ node }) => node.interfaceId)).toEqual([eth0.id, far.id]);
  expect(await page.count()).toBe(2);
  const moved = updateInterfaces(ctx, [
    { by: { id: eth1.id }, addresses: ['10.1.1.1'] },
    { by: { id: eth0.id }, addresses: [] },
  ]);
  expect(await moved).toHaveLength(2);
  expect([await addresses(eth0), await addresses(eth1)]).toEqual([[], ['10.1.1.1/32']]);
  expect((await at(site, '10.1.1.1/32'))?.state).toBe('ASSIGNED');
});

test('an address that loses its last interface is orphaned, with its own event', async () => {
  const { site, eth0, far } = await begin();
  await assign(eth0, '10.1.1.1');
  await assign(far, '10.1.1.1');
  await unassign(eth0, '10.1.1.1');
  expect((await at(site, '10.1.1.1/32'))?.state).toBe('ASSIGNED');
  const before = (await net.events(site)).length;
  const { address } = await unassign(far, '10.1.1.1');
  expect(address).toMatchObject({ cidr: '10.1.1.1/32', state: 'ORPHANED' });
  expect(await happened(site, before)).toEqual([
    ['network.updated', '10.1.1.1/32', 'ORPHANED'],
    ['interface.updated', 'r2:eth0', []],
  ]);
  const unbound = unassign(far, '10.1.1.1');
  await expect(unbound).rejects.toThrow(NotFoundError);
  await expect(unbound).rejects.toMatchObject({
    path: ['address'],
    message: '10.1.1.1/32 is not assigned to r2:eth0.',
  });
  await assign(eth0, '10.1.1.1');
  expect((await at(site, '10.1.1.1/32'))?.state).toBe('ASSIGNED');
});

test('an address that loses its last interface is deleted where that is asked', async () => {
  const { site, eth0, far } = await begin();
  await assign(eth0, '10.1.1.1');
  await assign(far, '10.1.1.1');
  expect((await unassign(eth0, '10.1.1.1', true)).address?.state).toBe('ASSIGNED');
  const before = (await net.events(site)).length;
  expect((await unassign(far, '10.1.1.1', true)).address).toBeNull();
  expect((await happened(site, before)).map(([name]) => name)).toEqual(['interface.updated', 'network.deleted']);
  expect(await at(site, '10.1.1.1/32')).toBeNull();
});

test('the config says what becomes of a released address', async () => {
  configured = await openNetwork('memory', { network: { release: { state: 'ALLOCATED' } } });
  const { site, eth0 } = await begin(configured);
  await assign(eth0, '10.1.1.1', {}, configured.all);
  await unassignAddress(configured.all, { interface: { id: eth0.id }, address: '10.1.1.1' });
  expect((await at(site, '10.1.1.1/32', configured.all))?.state).toBe('ALLOCATED');
});

test('a RESERVED address is bound by force alone', async () => {
  const { site, eth0 } = await begin();
  await createNetwork(ctx, { site: { id: site.id }, cidr: '10.1.1.1', state: 'RESERVED' });
  const refused = assign(eth0, '10.1.1.1');
  await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', path: ['address'] });
  await expect(refused).rejects.toThrow('10.1.1.1/32 is RESERVED. Use force to assign it all the same.');
  await expect(updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.1'] })).rejects.toThrow('RESERVED');
  await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.1'], forceAddresses: true });
  expect((await at(site, '10.1.1.1/32'))?.state).toBe('ASSIGNED');
});

test('a list of addresses is all that there is to be: what is kept is not touched', async () => {
  const { site, eth0 } = await begin();
  await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.1', '10.1.1.2/32', ' 10.1.1.1/32'] });
  const [kept] = (await listAssignments(ctx, (await at(site, '10.1.1.2/32')) as never, wholePage)).items;
  const before = (await net.events(site)).length;
  await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.3', '10.1.1.2'] });
  expect(await addresses(eth0)).toEqual(['10.1.1.2/32', '10.1.1.3/32']);
  expect(await happened(site, before)).toEqual([
    ['network.created', '10.1.1.3/32', 'ASSIGNED'],
    ['network.updated', '10.1.1.1/32', 'ORPHANED'],
    ['interface.updated', 'r1:eth0', ['10.1.1.2/32', '10.1.1.3/32']],
  ]);
  const [same] = (await listAssignments(ctx, (await at(site, '10.1.1.2/32')) as never, wholePage)).items;
  expect(same).toEqual(kept);
  const written = await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.2', '10.1.1.3'] });
  expect(await updateInterface(ctx, { by: { id: eth0.id } })).toEqual(written);
  expect(await net.events(site)).toHaveLength(before + 3);
  await replaceInterface(ctx, { by: { id: eth0.id }, name: 'eth0' });
  expect(await addresses(eth0)).toEqual([]);
});

test('many interfaces are created with their addresses, one of them on two devices', async () => {
  const { site, r1, r2 } = await begin();
  const made = await createInterfaces(ctx, [
    { device: { id: r1.id }, name: 'lo0', addresses: ['10.1.1.9', '10.1.1.10'] },
    { device: { id: r2.id }, name: 'lo0', addresses: ['10.1.1.9/32'] },
  ]);
  expect(await Promise.all(made.map((one) => addresses(one)))).toEqual([
    ['10.1.1.9/32', '10.1.1.10/32'],
    ['10.1.1.9/32'],
  ]);
  expect(await net.events(site, 'network.network.created')).toHaveLength(3);
  const failing = createInterfaces(ctx, [
    { device: { id: r1.id }, name: 'lo1', addresses: ['10.1.1.11'] },
    { device: { id: r1.id }, name: 'lo2', addresses: ['10.1.1.11'] },
  ]);
  await expect(failing).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'addresses'] });
  expect(await at(site, '10.1.1.11/32')).toBeNull();
});

test('what goes with a device or an interface is released before it', async () => {
  const { site, r1, eth0, far } = await begin();
  await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.1', '10.1.1.2'] });
  await assign(far, '10.1.1.2');
  const before = (await net.events(site)).length;
  await deleteDevice(ctx, { by: { id: r1.id } });
  expect((await happened(site, before)).map(([name, what]) => [name, what])).toEqual([
    ['network.updated', '10.1.1.1/32'],
    ['interface.deleted', undefined],
    ['device.deleted', undefined],
  ]);
  const [gone] = await net.events(site, 'network.interface.deleted');
  expect((gone?.before as { addresses: string[] } | undefined)?.addresses).toEqual(['10.1.1.1/32', '10.1.1.2/32']);
  await deleteInterface(ctx, { by: { id: far.id } });
  expect((await at(site, '10.1.1.2/32'))?.state).toBe('ORPHANED');
});

test('a bound address is deleted by force alone, with an event for each of its interfaces', async () => {
  const { site, eth0, far } = await begin();
  await assign(eth0, '10.1.1.1');
  await assign(far, '10.1.1.1');
  const by = { site: { id: site.id }, by: { cidr: '10.1.1.1' } };
  const refused = deleteNetwork(ctx, by);
  await expect(refused).rejects.toThrow(InUseError);
  await expect(refused).rejects.toMatchObject({
    message: 'Cannot delete network 10.1.1.1/32: 2 objects depend on it.',
    blockers: [{ naturalKey: 'r1:eth0' }, { naturalKey: 'r2:eth0' }],
  });
  const before = (await net.events(site)).length;
  await deleteNetwork(ctx, { ...by, force: true });
  expect(await happened(site, before)).toEqual([
    ['interface.updated', 'r1:eth0', []],
    ['interface.updated', 'r2:eth0', []],
    ['network.deleted', undefined, undefined],
  ]);
  expect(await addresses(eth0)).toEqual([]);
});

test('the state of a bound address stays ASSIGNED, and a replacement knows it', async () => {
  const { site, eth0 } = await begin();
  await assign(eth0, '10.1.1.1');
  const by = { site: { id: site.id }, by: { cidr: '10.1.1.1' } };
  for (const state of ['ALLOCATED', 'RESERVED', 'ORPHANED'] as const)
    await expect(updateNetwork(ctx, { ...by, state })).rejects.toMatchObject({ code: 'CONFLICT', path: ['state'] });
  await expect(replaceNetwork(ctx, { ...by, state: 'ALLOCATED' })).rejects.toThrow(ConflictError);
  expect((await replaceNetwork(ctx, by)).state).toBe('ASSIGNED');
  await unassign(eth0, '10.1.1.1');
  expect((await replaceNetwork(ctx, by)).state).toBe('ALLOCATED');
});

test('attributes that a new address needs are given when it is bound', async () => {
  const { site, eth0 } = await begin();
  await createAttribute(ctx, { site: { id: site.id }, resource: 'NETWORK', name: 'owner', required: true });
  await expect(assign(eth0, '10.1.1.1')).rejects.toThrow('Missing required attributes: owner');
  await assignAddress(ctx, { interface: { id: eth0.id }, address: '10.1.1.1', attributes: { owner: 'noc' } });
  const [created] = (await net.events(site, 'network.network.created')).slice(-1);
  expect(created?.after).toMatchObject({ cidr: '10.1.1.1/32', attributes: { owner: 'noc' } });
});

test('binding needs rights on both ends, and shows neither to who may not read it', async () => {
  const { site, eth0 } = await begin();
  await createNetwork(ctx, { site: { id: site.id }, cidr: '10.1.1.1' });
  const base = await at(site, '10.1.1.0/24');
  const onPort = `network:update@interface/${eth0.id}`;
  await expect(assign(eth0, '10.1.1.1', {}, net.as(onPort, 'network:read'))).rejects.toThrow('Needs network:update.');
  await expect(assign(eth0, '10.1.1.1', {}, net.as(onPort))).rejects.toThrow('Needs network:create.');
  await expect(assign(eth0, '10.1.1.2', {}, net.as(onPort, 'network:read'))).rejects.toThrow(ForbiddenError);
  await expect(
    assign(eth0, '10.1.1.1', {}, net.as('network:read', `network:update@network/${base?.id}`)),
  ).rejects.toThrow(ForbiddenError);
  const binder = net.as(onPort, `network:update@network/${base?.id}`, `network:create@network/${base?.id}`);
  const bound = await assign(eth0, '10.1.1.1', {}, binder);
  await assign(eth0, '10.1.1.2', {}, binder);
  const reader = net.as(`network:read@interface/${eth0.id}`);
  expect(await addresses(eth0, reader)).toEqual([]);
  expect(await findAssignments(reader, [bound.id])).toEqual([null]);
  const other = net.as(`network:read@network/${base?.id}`);
  const page = await listAssignments(other, (await at(site, '10.1.1.1/32')) as never, wholePage);
  expect([page.items, await page.count()]).toEqual([[], 0]);
  expect(await addresses(eth0, net.as('network:read'))).toEqual(['10.1.1.1/32', '10.1.1.2/32']);
  const releaser = net.as(onPort, 'network:read');
  const freed = await unassignAddress(releaser, { interface: { id: eth0.id }, address: '10.1.1.2' });
  expect(freed.address?.state).toBe('ORPHANED');
  const deleting = unassignAddress(releaser, { interface: { id: eth0.id }, address: '10.1.1.1', deleteAddress: true });
  await expect(deleting).rejects.toThrow(ForbiddenError);
  expect(await addresses(eth0)).toEqual(['10.1.1.1/32']);
});

test('twenty callers that bind one address to as many devices make it once', async () => {
  const { site } = await begin();
  const devices = await Promise.all(
    Array.from({ length: 20 }, (_, n) => createDevice(ctx, { site: { id: site.id }, hostname: `any${n}` })),
  );
  const ports = await createInterfaces(
    ctx,
    devices.map(({ id }) => ({ device: { id }, name: 'lo0' })),
  );
  await Promise.all(ports.map((port) => assign(port, '10.1.1.53')));
  expect(await net.events(site, 'network.network.created')).toHaveLength(2);
  await Promise.all(ports.map((port) => unassign(port, '10.1.1.53')));
  expect((await at(site, '10.1.1.53/32'))?.state).toBe('ORPHANED');
  expect(await net.events(site, 'network.network.updated')).toHaveLength(1);
});

test('the addresses of an interface are paged in their order, both ways and by offset', async () => {
  const { eth0 } = await begin();
  await updateInterface(ctx, { by: { id: eth0.id }, addresses: ['10.1.1.10', '10.1.1.9', '10.1.1.200', '10.1.1.1'] });
  const page = async (parts: object) => {
    const found = await listAddresses(ctx, eth0, { ...wholePage, limit: 2, ...parts });
    const hosts = found.items.map(({ node }) => node.cidr.replace('10.1.1.', '').replace('/32', ''));
    return [hosts.join(), found.hasPreviousPage, found.hasNextPage, await found.count()];
  };
  expect(await page({})).toEqual(['1,9', false, true, 4]);
  expect(await page({ after: ['10.1.1.9/32'] })).toEqual(['10,200', true, false, 4]);
  expect(await page({ offset: 3 })).toEqual(['200', true, false, 4]);
  expect(await page({ direction: 'backward', before: ['10.1.1.200/32'] })).toEqual(['9,10', true, true, 4]);
  await expect(page({ after: [eth0.id] })).rejects.toThrow('Not a cursor of this list');
});
