import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import {
  AmbiguousError,
  ConflictError,
  ForbiddenError,
  InputError,
  InUseError,
  NotFoundError,
} from '#kernel/errors.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createInterface, createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface, deleteInterfaces } from '#resolvers/network/interfaces/delete.ts';
import { findInterface, findInterfaceAncestors } from '#resolvers/network/interfaces/find.ts';
import type { InterfaceCreate, InterfaceReplace, InterfaceUpdate } from '#resolvers/network/interfaces/input.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { type InterfaceList, listAround, listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { replaceInterface, updateInterface, updateInterfaces } from '#resolvers/network/interfaces/update.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

async function aDevice(hostname = 'foo-bar1', site?: { readonly id: string }): Promise<Device> {
  return createDevice(ctx, { site: { id: (site ?? (await net.site())).id }, hostname });
}

const on = (device: Device, name: string, more: Partial<InterfaceCreate> = {}) =>
  createInterface(ctx, { device: { id: device.id }, name, ...more });

const names = async (viewer: Context, input: InterfaceList) =>
  (await listInterfaces(viewer, input, wholePage)).items.map(({ node }) => node.name);

test('an interface gets the defaults of the config where nothing is said, and null stays null', async () => {
  const device = await aDevice();
  expect(await on(device, 'eth0')).toMatchObject({
    siteId: device.siteId,
    deviceId: device.id,
    description: '',
    type: 6,
    macAddress: '00:00:00:00:00:00',
    speed: 1000,
    parentId: null,
  });
  expect(await on(device, 'eth1', { macAddress: null, speed: null, type: 24 })).toMatchObject({
    type: 24,
    macAddress: null,
    speed: null,
  });
  await expect(on(device, 'eth2', { speed: 10.5 })).rejects.toThrow(InputError);
  await expect(on(device, 'eth2', { speed: -1 })).rejects.toThrow('speed may not be negative.');
  await expect(on(device, 'eth2', { type: 7 })).rejects.toMatchObject({
    fields: [
      { path: ['type'], message: '7 is no type of interfaces here. There are 6, 1, 135, 136, 161, 24, 150, 53, 131.' },
    ],
  });
  await expect(on(device, '')).rejects.toThrow('name may not be empty.');
  await expect(on(device, 'eth0')).rejects.toThrow(ConflictError);
  await expect(on(device, 'eth0')).rejects.toMatchObject({
    path: ['name'],
    message: 'eth0 already exists on this device.',
  });
  const faulty = on(device, 'a\u0000', { macAddress: 'x', speed: -1 });
  await expect(faulty).rejects.toMatchObject({
    fields: [{ path: ['name'] }, { path: ['macAddress'] }, { path: ['speed'] }],
  });
});

test('interfaces are found by MAC address in any spelling', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  await on(device, 'eth0', { macAddress: 1 });
  await on(device, 'eth1', { macAddress: '122191241314' });
  const found = (macAddress: string | number) => names(ctx, { site: { id: site.id }, filter: { macAddress } });
  for (const spelling of [1, '1', '00:00:00:00:00:01', '0000.0000.0001'])
    expect(await found(spelling)).toEqual(['eth0']);
  for (const spelling of [122191241314, '00:1c:73:2a:60:62', '001C732A6062'])
    expect(await found(spelling)).toEqual(['eth1']);
  await expect(found('00:00')).rejects.toThrow(InputError);
  expect((await findInterface(ctx, { site: { id: site.id }, by: { nameSlug: 'r1:eth1' } }))?.macAddress).toBe(
    '00:1C:73:2A:60:62',
  );
});

test('a slug names an interface by hostname in any case and by its exact name, colons and all', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [here, there] = [await aDevice('twin', site), await aDevice('TWIN', other)];
  const [one, two] = [await on(here, 'ge:0'), await on(there, 'ge:0')];
  const by = (nameSlug: string) => ({ by: { nameSlug } });
  expect(await findInterface(ctx, { site: { id: site.id }, ...by('TWIN:ge:0') })).toEqual(one);
  expect(await findInterface(ctx, { site: { id: site.id }, ...by('twin:GE:0') })).toBeNull();
  expect(await findInterface(ctx, by('no slug'))).toBeNull();
  const ambiguous = findInterface(ctx, by('twin:ge:0'));
  await expect(ambiguous).rejects.toThrow(AmbiguousError);
  await expect(ambiguous).rejects.toThrow("Multiple interfaces matched nameSlug='twin:ge:0'. Give a site or an id.");
  expect(await findInterface(net.as(`network:read@interface/${two.id}`), by('twin:ge:0'))).toEqual(two);
  expect(await findInterface(net.anonymous, by('twin:ge:0'))).toBeNull();
});

test('a renamed device gives its interfaces new slugs at once, with one event', async () => {
  const site = await net.site();
  const device = await aDevice('foo-bar1', site);
  const eth0 = await on(device, 'eth0');
  await updateDevice(ctx, { by: { id: device.id }, hostname: 'new-hostname' });
  const by = (nameSlug: string) => findInterface(ctx, { site: { id: site.id }, by: { nameSlug } });
  expect(await by('new-hostname:eth0')).toEqual(eth0);
  expect(await by('foo-bar1:eth0')).toBeNull();
  expect((await net.events(site)).map(({ name }) => name)).toEqual([
    'network.site.created',
    'network.device.created',
    'network.interface.created',
    'network.device.updated',
  ]);
});

test('a parent is another interface of the same device, and no loop closes', async () => {
  const site = await net.site();
  const [device, other] = [await aDevice('foo-bar1', site), await aDevice('foo-bar2', site)];
  const ae0 = await on(device, 'ae0');
  const unit = await on(device, 'ae0.0', { parent: { nameSlug: 'foo-bar1:ae0' } });
  const deep = await on(device, 'ae0.0.1', { parent: { id: unit.id } });
  const elsewhere = await on(other, 'eth0');
  expect(deep.parentId).toBe(unit.id);
  await expect(on(device, 'eth0', { parent: { id: elsewhere.id } })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    path: ['parent'],
    message: 'The parent of an interface must be on the same device.',
  });
  await expect(on(device, 'eth0', { parent: { nameSlug: 'foo-bar1:none' } })).rejects.toThrow(
    "NetworkInterface not found: nameSlug='foo-bar1:none'.",
  );
  const loop = 'An interface may hang neither below itself nor below what hangs below it.';
  const hang = (one: NetworkInterface, parent: NetworkInterface | null) =>
    updateInterface(ctx, { by: { id: one.id }, parent: parent && { id: parent.id } });
  await expect(hang(ae0, deep)).rejects.toThrow(loop);
  await expect(hang(ae0, ae0)).rejects.toThrow(loop);
  const crossing = updateInterfaces(ctx, [
    { by: { id: ae0.id }, parent: { id: deep.id } },
    { by: { id: deep.id }, parent: null },
  ]);
  expect((await crossing).map(({ parentId }) => parentId)).toEqual([deep.id, null]);
  expect((await findInterfaceAncestors(ctx, unit)).map(({ name }) => name)).toEqual(['ae0', 'ae0.0.1']);
});

test('no interface hangs below more than 128 others, whatever is moved', async () => {
  const site = await net.site();
  const device = await aDevice('deep', site);
  const item = (name: string, parent: string | null) => ({
    device: { id: device.id },
    name,
    ...(parent !== null && { parent: { nameSlug: `deep:${parent}` } }),
  });
  const chain = (letter: string, length: number) =>
    Array.from({ length }, (_, n) => item(`${letter}${n}`, n === 0 ? null : `${letter}${n - 1}`));
  const tooDeep = 'An interface may hang below 128 others at most.';
  await expect(createInterfaces(ctx, chain('x', 130))).rejects.toMatchObject({
    fields: [{ path: ['129', 'parent'], message: tooDeep }],
  });
  const made = await createInterfaces(ctx, [...chain('a', 129), ...chain('b', 28), item('b0.1', 'b0')]);
  expect(await findInterfaceAncestors(ctx, made[128] as NetworkInterface)).toHaveLength(128);
  await expect(createInterfaces(ctx, [item('a129', 'a128')])).rejects.toThrow(tooDeep);
  const hang = (name: string, parent: string) =>
    updateInterface(ctx, {
      site: { id: site.id },
      by: { nameSlug: `deep:${name}` },
      parent: { nameSlug: `deep:${parent}` },
    });
  await expect(hang('b0', 'a101')).rejects.toMatchObject({ fields: [{ path: ['parent'], message: tooDeep }] });
  expect((await hang('b0', 'a100')).parentId).toBe(made[100]?.id);
  await expect(hang('a0', 'b0')).rejects.toThrow('An interface may hang neither below itself');
});

test('two crossing changes of parents never close a loop together', async () => {
  const device = await aDevice();
  const [a, b] = [await on(device, 'a'), await on(device, 'b')];
  const outcomes = await Promise.allSettled([
    updateInterface(ctx, { by: { id: a.id }, parent: { id: b.id } }),
    updateInterface(ctx, { by: { id: b.id }, parent: { id: a.id } }),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('many interfaces are created together whatever their order, parents before children', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const item = (name: string, parent?: string) => ({
    site: { id: site.id },
    device: { hostname: 'r1' },
    name,
    ...(parent && { parent: { nameSlug: `R1:${parent}` } }),
  });
  const made = await createInterfaces(ctx, [item('c', 'b'), item('b', 'a'), item('a'), item('d', 'a')]);
  expect(made.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd']);
  const [c, b, a, d] = made;
  expect(made.map(({ parentId }) => parentId)).toEqual([b?.id, a?.id, null, a?.id]);
  expect([a, b, c, d].map((one) => one?.id)).toEqual([a, b, c, d].map((one) => one?.id).sort());
  const events = await net.events(site, 'network.interface.created');
  expect(events.map(({ after }) => (after as { name: string }).name)).toEqual(['a', 'b', 'c', 'd']);
  await expect(createInterfaces(ctx, [item('x', 'y'), item('y', 'x')])).rejects.toThrow(InputError);
  const clash = createInterfaces(ctx, [item('e'), item('a')]);
  await expect(clash).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'name'] });
  await expect(createInterfaces(ctx, [item('f'), { device: { hostname: 'none' }, name: 'g' }])).rejects.toMatchObject({
    fields: [{ path: ['1', 'device'], message: "Device not found: hostname='none'." }],
  });
  expect(await names(ctx, { filter: { device: { id: device.id } }, orderBy: { by: 'NATURAL' } })).toEqual([
    ...['a', 'b', 'c', 'd'],
  ]);
  const page = await listAround(ctx, 'descendants', a as NetworkInterface, wholePage);
  expect(page.items.map(({ node }) => node.name)).toEqual(['b', 'c', 'd']);
});

test('an update leaves what is absent, and a replacement takes it back to its default', async () => {
  const device = await aDevice();
  const ae0 = await on(device, 'ae0');
  const eth0 = await on(device, 'eth0', {
    speed: 10,
    type: 1,
    macAddress: 5,
    description: 'd',
    parent: { id: ae0.id },
  });
  const by = { id: eth0.id };
  const updated = await updateInterface(ctx, { by, speed: null, name: 'eth1' });
  expect(updated).toEqual({ ...eth0, speed: null, name: 'eth1', updatedAt: updated.updatedAt });
  await expect(updateInterface(ctx, { by, description: null } as InterfaceUpdate)).rejects.toThrow(InputError);
  await expect(updateInterface(ctx, { by, name: null })).rejects.toThrow(InputError);
  const replaced = await replaceInterface(ctx, { by, name: 'eth0' });
  expect(replaced).toMatchObject({
    name: 'eth0',
    speed: 1000,
    type: 6,
    macAddress: '00:00:00:00:00:00',
    parentId: null,
  });
  expect(replaced.description).toBe('');
  await expect(replaceInterface(ctx, { by } as unknown as InterfaceReplace)).rejects.toThrow(InputError);
  await expect(updateInterface(ctx, { by, name: 'ae0' })).rejects.toThrow(ConflictError);
});

test('interfaces swap their names in one call, and nothing changes where nothing is changed', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const [a, b] = [await on(device, 'a'), await on(device, 'b')];
  await updateInterfaces(ctx, [
    { by: { id: a.id }, name: 'b' },
    { by: { id: b.id }, name: 'a' },
  ]);
  const now = await findInterface(ctx, { by: { id: a.id } });
  expect(now?.name).toBe('b');
  const before = await net.events(site);
  expect(await updateInterface(ctx, { by: { id: a.id }, name: 'b', parent: null, addresses: [] })).toEqual(now);
  expect(await net.events(site)).toHaveLength(before.length);
  const unknown = updateInterfaces(ctx, [{ by: { id: a.id }, name: 'x' }, { by: { nameSlug: 'r1:none' } }]);
  await expect(unknown).rejects.toThrow('Could not find all objects to update.');
  await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND', path: ['1', 'by'] });
});

test('an interface with children stays, and a bulk deletion works children first', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const ae0 = await on(device, 'ae0');
  const unit = await on(device, 'ae0.0', { parent: { id: ae0.id } });
  const refused = deleteInterface(ctx, { by: { id: ae0.id } });
  await expect(refused).rejects.toThrow(InUseError);
  await expect(refused).rejects.toMatchObject({
    message: 'Cannot delete interface r1:ae0: 1 object depends on it.',
    blockers: [{ type: 'NetworkInterface', naturalKey: 'r1:ae0.0' }],
    blockerCount: 1,
  });
  expect(await deleteInterfaces(ctx, [{ by: { id: ae0.id } }, { by: { id: unit.id } }])).toEqual([ae0.id, unit.id]);
  const gone = await net.events(site, 'network.interface.deleted');
  expect(gone.map(({ before }) => (before as { nameSlug: string }).nameSlug)).toEqual(['r1:ae0.0', 'r1:ae0']);
  expect(gone.map(({ data }) => (data as { cause?: string }).cause)).toEqual([undefined, undefined]);
  await expect(deleteInterface(ctx, { by: { id: ae0.id } })).rejects.toThrow(NotFoundError);
});

test('a device goes with its interfaces, and with interface trees by force alone', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const ae0 = await on(device, 'ae0');
  await on(device, 'ae0.0', { parent: { id: ae0.id } });
  const refused = deleteDevice(ctx, { by: { id: device.id } });
  await expect(refused).rejects.toThrow('Cannot delete device r1: 1 object depends on it.');
  await expect(refused).rejects.toMatchObject({ blockers: [{ naturalKey: 'r1:ae0.0' }], blockerCount: 1 });
  await deleteDevice(ctx, { by: { id: device.id }, force: true });
  const events = (await net.events(site)).slice(-3);
  expect(events.map(({ name, before }) => [name, (before as { name?: string }).name])).toEqual([
    ['network.interface.deleted', 'ae0.0'],
    ['network.interface.deleted', 'ae0'],
    ['network.device.deleted', undefined],
  ]);
  expect(events.slice(0, 2).map(({ data }) => (data as { cause: string }).cause)).toEqual([
    events[2]?.subject,
    events[2]?.subject,
  ]);
  expect(await findInterface(ctx, { by: { id: ae0.id } })).toBeNull();
});

test('an event says everything of the interface, and hooks send it in the old form', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const ae0 = await on(device, 'ae0');
  await on(device, 'ae0.0', { parent: { id: ae0.id }, macAddress: null });
  const [, event] = await net.events(site, 'network.interface.created');
  expect(event?.after).toEqual({
    id: event?.subject,
    siteId: expect.any(String),
    deviceId: expect.any(String),
    deviceHostname: 'r1',
    name: 'ae0.0',
    nameSlug: 'r1:ae0.0',
    description: '',
    type: 6,
    macAddress: null,
    speed: 1000,
    parentId: expect.any(String),
    parent: 'r1:ae0',
    addresses: [],
    networks: [],
    attributes: {},
  });
  expect(event?.scope).toMatchObject({ kind: 'interface', device: device.id, interface: [expect.any(String), ae0.id] });
  const definition = net.gateway.catalogue.events.get('network.interface.created');
  expect(definition?.type).toBe('NetworkInterfaceCreated');
  expect(Object.keys(definition?.hookData?.(event as never) as object).slice(0, 3)).toEqual([
    'attributes',
    'networks',
    'addresses',
  ]);
});

test('a grant on a device covers its interfaces, and one on an interface what hangs below it', async () => {
  const site = await net.site();
  const device = await aDevice('r1', site);
  const ae0 = await on(device, 'ae0');
  const unit = await on(device, 'ae0.0', { parent: { id: ae0.id } });
  const eth0 = await on(device, 'eth0');
  const shown = (...permissions: string[]) => names(net.as(...permissions), { site: { id: site.id } });
  expect(await shown(`network:read@device/${device.id}`)).toEqual(['ae0', 'ae0.0', 'eth0']);
  expect(await shown(`network:read@interface/${ae0.id}`)).toEqual(['ae0', 'ae0.0']);
  expect(await shown(`network:read@interface/${unit.id}`)).toEqual(['ae0.0']);
  expect(await shown(`network:read@site/${site.id}/interface`)).toHaveLength(3);
  expect(await shown(`network:read@site/${site.id}/device`)).toEqual([]);
  const holder = net.as(`network:write@interface/${ae0.id}`, `network:read@device/${device.id}`);
  expect(await updateInterface(holder, { by: { id: unit.id }, speed: 5 })).toMatchObject({ speed: 5 });
  await expect(updateInterface(holder, { by: { id: eth0.id }, speed: 5 })).rejects.toThrow(ForbiddenError);
  const below = { device: { id: device.id }, name: 'ae0.1' };
  expect(await createInterface(holder, { ...below, parent: { id: ae0.id } })).toMatchObject({ parentId: ae0.id });
  await expect(createInterface(holder, { ...below, name: 'eth1' })).rejects.toThrow(ForbiddenError);
  await expect(updateInterface(net.as('network:update@kind/device'), { by: { id: eth0.id } })).rejects.toThrow(
    NotFoundError,
  );
  expect(await findInterface(net.as(`network:read@interface/${unit.id}`), { by: { id: ae0.id } })).toBeNull();
});

test('interfaces carry attributes, by which they are listed and queried', async () => {
  const site = await net.site();
  const key = { id: site.id };
  await createAttribute(ctx, {
    site: key,
    resource: 'INTERFACE',
    name: 'vlan',
    constraints: { validValues: ['300', '400'] },
  });
  await createAttribute(ctx, { site: key, resource: 'INTERFACE', name: 'scope' });
  const device = await aDevice('r1', site);
  const eth0 = await on(device, 'eth0', { attributes: { vlan: '300', scope: 'a' } });
  await on(device, 'eth1', { attributes: { vlan: '400', scope: 'a' } });
  await on(device, 'eth2');
  await expect(on(device, 'eth3', { attributes: { vlan: '500' } })).rejects.toThrow('not a valid value: 300, 400');
  await expect(on(device, 'eth3', { attributes: { made_up: 'x' } })).rejects.toMatchObject({
    fields: [{ path: ['attributes', 'made_up'], message: 'Attribute name (made_up) does not exist.' }],
  });
  expect(await names(ctx, { site: key, query: 'scope=a -vlan=400' })).toEqual(['eth0']);
  expect(await names(ctx, { site: key, query: 'vlan_regex=00$', unique: false })).toEqual(['eth0', 'eth1']);
  expect(await names(ctx, { site: key, filter: { attributes: [{ name: 'vlan', value: '400' }] } })).toEqual(['eth1']);
  await expect(names(ctx, { site: key, query: 'scope=a', unique: true })).rejects.toThrow(
    'Query returned 2 results, but exactly 1 expected',
  );
  await updateInterface(ctx, { by: { id: eth0.id }, speed: 7 });
  await updateInterface(ctx, { by: { id: eth0.id }, attributes: { scope: 'b' } });
  await replaceInterface(ctx, { by: { id: eth0.id }, name: 'eth0' });
  const updates = await net.events(site, 'network.interface.updated');
  expect(updates.map(({ after }) => (after as { attributes: object }).attributes)).toEqual([
    { scope: 'a', vlan: '300' },
    { scope: 'b' },
    {},
  ]);
  const before = await net.events(site);
  const faulty = updateInterface(ctx, { by: { id: eth0.id }, name: 'other', attributes: { vlan: '1' } });
  await expect(faulty).rejects.toThrow(InputError);
  expect(await net.events(site)).toHaveLength(before.length);
  expect((await findInterface(ctx, { by: { id: eth0.id } }))?.name).toBe('eth0');
});
