import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ForbiddenError, InUseError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { deleteAttribute } from '#resolvers/network/attributes/delete.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { createCircuit } from '#resolvers/network/circuits/create.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { deleteInterface } from '#resolvers/network/interfaces/delete.ts';
import { createProtocolType, createProtocolTypes } from '#resolvers/network/protocol-types/create.ts';
import { deleteProtocolType } from '#resolvers/network/protocol-types/delete.ts';
import { findProtocolType, listProtocolTypes } from '#resolvers/network/protocol-types/find.ts';
import { findRequiredAttributes } from '#resolvers/network/protocol-types/required.ts';
import { replaceProtocolType, updateProtocolType } from '#resolvers/network/protocol-types/update.ts';
import { revealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { createProtocol, createProtocols } from '#resolvers/network/protocols/create.ts';
import { deleteProtocol, deleteProtocols } from '#resolvers/network/protocols/delete.ts';
import { findProtocol, listProtocols, listProtocolsOf } from '#resolvers/network/protocols/find.ts';
import { protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { replaceProtocol, updateProtocol, updateProtocols } from '#resolvers/network/protocols/update.ts';
import { deleteSite } from '#resolvers/network/sites/delete.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

const key = ({ id }: { readonly id: string }) => ({ id });

/** A Site with two devices, an interface on each, a circuit between them, and two types. */
async function plant() {
  const site = await net.site();
  const device = (hostname: string) => createDevice(ctx, { site: key(site), hostname });
  const [one, other] = [await device('foo-bar1'), await device('foo-bar2')];
  const a = await createInterface(ctx, { device: key(one), name: 'eth0' });
  const z = await createInterface(ctx, { device: key(other), name: 'eth0' });
  const circuit = await createCircuit(ctx, { endpointA: key(a), endpointZ: key(z) });
  for (const name of ['peer_as', 'admin_status'])
    await createAttribute(ctx, {
      site: key(site),
      resource: 'PROTOCOL',
      name,
      ...(name === 'admin_status' && { constraints: { validValues: ['up', 'down'] } }),
    });
  const bgp = await createProtocolType(ctx, {
    site: key(site),
    name: 'bgp',
    requiredAttributes: [{ name: { resource: 'PROTOCOL', name: 'peer_as' } }],
  });
  const ospf = await createProtocolType(ctx, { site: key(site), name: 'ospf' });
  return { site, one, other, a, z, circuit, bgp, ospf };
}

test('a protocol type requires attributes for protocols of its Site, and no others', async () => {
  const [site, there] = [await net.site(), await net.site()];
  const attribute = (siteId: string, resource: 'DEVICE' | 'PROTOCOL', name: string) =>
    createAttribute(ctx, { site: { id: siteId }, resource, name });
  const [good, wrong, far] = [
    await attribute(site.id, 'PROTOCOL', 'peer_as'),
    await attribute(site.id, 'DEVICE', 'owner'),
    await attribute(there.id, 'PROTOCOL', 'peer_as'),
  ];
  const create = (...requiredAttributes: { id: string }[]) =>
    createProtocolType(ctx, { site: key(site), name: 'bgp', requiredAttributes });
  await expect(create(key(good), key(wrong))).rejects.toMatchObject({
    fields: [{ path: ['requiredAttributes', '1'], message: 'Only Protocol attributes are allowed' }],
  });
  await expect(create(key(far))).rejects.toMatchObject({
    fields: [{ path: ['requiredAttributes', '0'], message: expect.stringContaining('Attribute not found') }],
  });
  expect(await net.events(site, 'network.protocolType.*')).toEqual([]);
  const type = await create(key(good), key(good));
  expect(type.requiredAttributeIds).toEqual([good.id]);
  expect(await findRequiredAttributes(ctx, type)).toEqual([good]);
  const blocked = deleteAttribute(ctx, { by: key(good) });
  await expect(blocked).rejects.toThrow(InUseError);
  await expect(blocked).rejects.toMatchObject({ blockers: [{ type: 'ProtocolType', naturalKey: 'bgp' }] });
  await updateProtocolType(ctx, { by: { name: 'bgp' }, site: key(site), requiredAttributes: [] });
  await deleteAttribute(ctx, { by: key(good) });
});

test('protocol types are changed, replaced and deleted, with an event each and none for nothing', async () => {
  const site = await net.site();
  const { id } = await createAttribute(ctx, { site: key(site), resource: 'PROTOCOL', name: 'peer_as' });
  const inSite = { site: key(site) };
  const type = await createProtocolType(ctx, { ...inSite, name: 'bgp', requiredAttributes: [{ id }] });
  const by = key(type);
  expect(await updateProtocolType(ctx, { by, name: 'bgp', requiredAttributes: [{ id }] })).toEqual(type);
  await updateProtocolType(ctx, { by, description: 'x' });
  await replaceProtocolType(ctx, { ...inSite, by: { name: 'bgp' }, name: 'BGP' });
  await createProtocolType(ctx, { ...inSite, name: 'bgp' });
  const taken = updateProtocolType(ctx, { by, name: 'bgp' });
  await expect(taken).rejects.toMatchObject({ code: 'CONFLICT', path: ['name'] });
  await expect(createProtocolType(ctx, { ...inSite, name: 'bgp' })).rejects.toMatchObject({ code: 'CONFLICT' });
  for (const name of ['', 'x'.repeat(17), 'a\nb', null])
    await expect(createProtocolType(ctx, { ...inSite, name } as never)).rejects.toMatchObject({ path: ['name'] });
  await expect(deleteSite(ctx, { by: key(site) })).rejects.toMatchObject({
    code: 'IN_USE',
    blockers: [{ type: 'Attribute' }, { type: 'ProtocolType' }, { type: 'ProtocolType' }],
  });
  await deleteProtocolType(ctx, { by });
  expect(await findProtocolType(ctx, { by })).toBeNull();
  const events = await net.events(site, 'network.protocolType.*');
  const state = { id: toGlobalId('ProtocolType', type.id), siteId: toGlobalId('Site', site.id) };
  expect(events.slice(0, 3).map(({ before, after }) => [before, after])).toEqual([
    [null, { ...state, name: 'bgp', description: '', requiredAttributes: ['peer_as'] }],
    [expect.anything(), { ...state, name: 'bgp', description: 'x', requiredAttributes: ['peer_as'] }],
    [expect.anything(), { ...state, name: 'BGP', description: '', requiredAttributes: [] }],
  ]);
  expect(events.map(({ name }) => name.split('.').at(-1))).toEqual([
    'created',
    'updated',
    'updated',
    'created',
    'deleted',
  ]);
});

test('only who administers a Site defines its protocol types', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const admin = net.as(`network:admin@site/${site.id}`);
  const [type] = await createProtocolTypes(admin, [{ site: key(site), name: 'bgp' }]);
  await expect(createProtocolType(admin, { site: key(other), name: 'x' })).rejects.toMatchObject({
    fields: [{ path: ['site'], message: expect.stringContaining('Site not found') }],
  });
  await expect(createProtocolType(net.as('network:write'), { site: key(site), name: 'x' })).rejects.toThrow(
    ForbiddenError,
  );
  const reader = net.as(`network:read@site/${site.id}`, `network:admin@site/${other.id}`);
  await expect(updateProtocolType(reader, { by: { name: 'bgp' }, name: 'x' })).rejects.toThrow(ForbiddenError);
  expect(await findProtocolType(net.as(`network:read@site/${other.id}`), { by: { name: 'bgp' } })).toBeNull();
  const seen = await listProtocolTypes(reader, {}, wholePage);
  expect(seen.items.map(({ node }) => node)).toEqual([type]);
});

test('a protocol carries what its type requires, at creation, at each write of attributes and at a change of type', async () => {
  const { site, one, bgp, ospf } = await plant();
  const device = key(one);
  const missing = createProtocol(ctx, { type: key(bgp), device });
  await expect(missing).rejects.toMatchObject({
    fields: [{ path: ['attributes'], message: 'Missing required attributes: peer_as' }],
  });
  const attributes = { peer_as: '65000', admin_status: 'up' };
  const protocol = await createProtocol(ctx, { type: { name: 'bgp' }, device, attributes });
  const by = key(protocol);
  await expect(updateProtocol(ctx, { by, attributes: {} })).rejects.toThrow('Missing required attributes: peer_as');
  await expect(updateProtocol(ctx, { by, attributes: { peer_as: '1', admin_status: 'x' } })).rejects.toMatchObject({
    path: ['attributes', 'admin_status'],
  });
  await updateProtocol(ctx, { by, type: { name: 'ospf' }, attributes: {} });
  await expect(updateProtocol(ctx, { by, type: key(bgp) })).rejects.toMatchObject({
    fields: [{ path: ['type'], message: 'Missing required attributes: peer_as' }],
  });
  await updateProtocol(ctx, { by, type: key(bgp), attributes: { peer_as: '1' } });
  await updateProtocol(ctx, { by, type: key(ospf) });
  await updateProtocol(ctx, { by, type: key(bgp) });
  // What is required later does not undo what is there.
  const { id } = await createAttribute(ctx, { site: key(site), resource: 'PROTOCOL', name: 'later' });
  await updateProtocolType(ctx, { by: key(bgp), requiredAttributes: [{ id }] });
  expect(await updateProtocol(ctx, { by, description: 'x' })).toMatchObject({ description: 'x' });
  expect(await attributesOf(net.gateway.context(), [protocol.id])).toEqual([{ peer_as: '1' }]);
});

test('interface and circuit belong to the device, also when the device changes', async () => {
  const { site, one, other, a, z, circuit, ospf } = await plant();
  const there = await plant();
  const base = { type: key(ospf), device: key(one) };
  const refusedAt = (input: object) =>
    createProtocol(ctx, { ...base, ...input }).catch(({ fields }) =>
      fields.map(({ path, message }: { path: string[]; message: string }) => [path.join('.'), message]),
    );
  expect(await refusedAt({ interface: key(z) })).toEqual([['interface', 'The interface is not on the device.']]);
  const third = await createDevice(ctx, { site: key(site), hostname: 'third' });
  expect(await refusedAt({ device: key(third), circuit: key(circuit), interface: key(a) })).toEqual([
    ['interface', 'The interface is not on the device.'],
    ['circuit', 'The circuit has no end on the device.'],
  ]);
  expect(
    (await refusedAt({ type: key(there.ospf), circuit: key(there.circuit) })).map(([path]: string[]) => path),
  ).toEqual(['type', 'circuit']);
  expect((await refusedAt({ device: { hostname: 'nobody' } })).map(([path]: string[]) => path)).toEqual(['device']);
  const protocol = await createProtocol(ctx, {
    ...base,
    interface: { nameSlug: 'foo-bar1:eth0' },
    circuit: key(circuit),
  });
  const by = key(protocol);
  await expect(updateProtocol(ctx, { by, device: key(other) })).rejects.toMatchObject({
    fields: [{ path: ['device'], message: 'The interface is not on the device.' }],
  });
  await expect(updateProtocol(ctx, { by, device: key(there.one), interface: null })).rejects.toMatchObject({
    fields: [{ path: ['device'] }],
  });
  const moved = await updateProtocol(ctx, { by, device: key(other), interface: key(z) });
  expect(moved).toMatchObject({ deviceId: other.id, interfaceId: z.id, circuitId: circuit.id });
  const replaced = await replaceProtocol(ctx, { by, type: key(ospf), device: key(other) });
  expect(replaced).toMatchObject({ interfaceId: null, circuitId: null });
  const events = await net.events(site, 'network.protocol.*');
  expect(events.map(({ after }) => after)).toMatchObject([
    { device: 'foo-bar1', interface: 'foo-bar1:eth0', circuit: circuit.nameSlug, type: 'ospf' },
    { device: 'foo-bar2', interface: 'foo-bar2:eth0', circuit: circuit.nameSlug },
    { device: 'foo-bar2', interface: null, circuit: null },
  ]);
});

test('an authString is kept encrypted, shown to nobody but who reveals it, and its changes are counted', async () => {
  const { site, one, ospf } = await plant();
  const secret = 'hunter2-ünter';
  const base = { type: key(ospf), device: key(one) };
  const protocol = await createProtocol(ctx, { ...base, authString: secret });
  const by = key(protocol);
  expect(protocol).toMatchObject({ hasAuthString: true, authStringRevision: 1 });
  const [sealed] = await ctx.use(protocolStore).sealedOf([protocol.id]);
  expect(sealed).toMatch(/^v1\./);
  expect(await updateProtocol(ctx, { by, authString: secret })).toEqual(protocol);
  expect(await revealAuthString(net.as('network:reveal', 'network:read'), { by })).toEqual({
    protocol,
    authString: secret,
  });
  expect(await updateProtocol(ctx, { by, authString: 'other' })).toMatchObject({ authStringRevision: 2 });
  expect((await revealAuthString(ctx, { by })).authString).toBe('other');
  const cleared = await replaceProtocol(ctx, { by, ...base });
  expect(cleared).toMatchObject({ hasAuthString: false, authStringRevision: 3 });
  expect((await revealAuthString(ctx, { by })).authString).toBe('');
  const tooLong = createProtocol(ctx, { ...base, authString: `${'s3cret'.repeat(43)}` });
  await expect(tooLong).rejects.toMatchObject({
    path: ['authString'],
    message: expect.not.stringContaining('s3cret'),
  });
  const events = await net.events(site, 'network.protocol.*');
  expect(events.map(({ name }) => name.split('.').at(-1))).toEqual([
    'created',
    'authStringRevealed',
    'updated',
    'authStringRevealed',
    'updated',
  ]);
  expect(JSON.stringify(events)).not.toMatch(/hunter2|other|v1\./);
  expect(events[0]?.after).toMatchObject({ hasAuthString: true, authStringRevision: 1 });
  expect(events[4]?.after).toMatchObject({ hasAuthString: false, authStringRevision: 3 });
});

test('a sealed authString does not open in another row', async () => {
  const { one, ospf } = await plant();
  const base = { type: key(ospf), device: key(one) };
  const [mine, theirs] = await createProtocols(ctx, [
    { ...base, authString: 'mine' },
    { ...base, authString: 'theirs' },
  ]);
  const store = ctx.use(protocolStore);
  const [sealed = null] = await store.sealedOf([theirs?.id ?? '']);
  if (!mine) throw new Error('No protocol.');
  await store.updateMany([{ ...mine, sealed }]);
  await expect(revealAuthString(ctx, { by: key(mine) })).rejects.toThrow('sealed for another purpose');
});

test('revealing needs a right of its own, on what may be read', async () => {
  const { one, ospf } = await plant();
  const protocol = await createProtocol(ctx, { type: key(ospf), device: key(one), authString: 'x' });
  const by = key(protocol);
  const device = `@device/${one.id}`;
  expect((await revealAuthString(net.as(`network:reveal${device}`, `network:read${device}`), { by })).authString).toBe(
    'x',
  );
  await expect(revealAuthString(net.as('network:write'), { by })).rejects.toThrow(ForbiddenError);
  await expect(revealAuthString(net.as('network:read', 'network:reveal@kind/device'), { by })).rejects.toThrow(
    ForbiddenError,
  );
  await expect(revealAuthString(net.as('network:reveal'), { by })).rejects.toThrow(NotFoundError);
});

test('protocols go with their interface and their device, before them and with their cause', async () => {
  const { site, ospf } = await plant();
  const device = await createDevice(ctx, { site: key(site), hostname: 'going' });
  const port = await createInterface(ctx, { device: key(device), name: 'eth0' });
  const on = await createProtocol(ctx, { type: key(ospf), device: key(device), interface: key(port) });
  const beside = await createProtocol(ctx, { type: key(ospf), device: key(device) });
  const used = deleteProtocolType(ctx, { by: key(ospf) });
  await expect(used).rejects.toMatchObject({
    message: 'Cannot delete protocol type ospf: 2 objects depend on it.',
    blockers: [{ naturalKey: 'ospf on going' }, { naturalKey: 'ospf on going' }],
  });
  await deleteInterface(ctx, { by: key(port) });
  expect(await findProtocol(ctx, { by: key(on) })).toBeNull();
  await deleteDevice(ctx, { by: key(device) });
  const deleted = (await net.events(site)).filter(({ name }) => name.endsWith('.deleted'));
  expect(deleted.map(({ name, subject, data }) => [name, subject, (data as { cause?: string }).cause])).toEqual([
    ['network.protocol.deleted', toGlobalId('Protocol', on.id), toGlobalId('NetworkInterface', port.id)],
    ['network.interface.deleted', toGlobalId('NetworkInterface', port.id), undefined],
    ['network.protocol.deleted', toGlobalId('Protocol', beside.id), toGlobalId('Device', device.id)],
    ['network.device.deleted', toGlobalId('Device', device.id), undefined],
  ]);
  expect(deleted[0]?.before).toMatchObject({ type: 'ospf', device: 'going', interface: 'going:eth0' });
  await deleteProtocolType(ctx, { by: key(ospf) });
});

test('many protocols change together or not at all', async () => {
  const { site, one, other, ospf } = await plant();
  const made = await createProtocols(ctx, [
    { type: key(ospf), device: key(one), description: 'a' },
    { type: key(ospf), device: key(other), description: 'b', authString: 'x' },
  ]);
  const [a, b] = made.map(key) as [{ id: string }, { id: string }];
  await expect(
    updateProtocols(ctx, [
      { by: a, description: 'c' },
      { by: b, circuit: { nameSlug: 'none' }, authString: 'y' },
    ]),
  ).rejects.toMatchObject({ path: ['1', 'circuit'] });
  const unknown = updateProtocols(ctx, [{ by: a, description: 'c' }, { by: { id: 'none' } }]);
  await expect(unknown).rejects.toThrow('Could not find all objects to update.');
  expect((await listProtocols(ctx, { site: key(site) }, wholePage)).items.map(({ node }) => node)).toEqual(made);
  expect(await deleteProtocols(ctx, [{ by: b }, { by: a }])).toEqual([b.id, a.id]);
  expect(await net.events(site, 'network.protocol.*')).toHaveLength(4);
});

test('lists choose by what protocols refer to and carry, and show what the viewer may read', async () => {
  const { site, one, other, a, circuit, bgp, ospf } = await plant();
  const first = await createProtocol(ctx, {
    type: key(bgp),
    device: key(one),
    interface: key(a),
    description: 'x',
    attributes: { peer_as: '65000' },
  });
  const second = await createProtocol(ctx, { type: key(ospf), device: key(other), circuit: key(circuit) });
  const list = async (input: object, viewer = ctx) => {
    const page = await listProtocols(viewer, { site: key(site), ...input }, wholePage);
    expect(await page.count()).toBe(page.items.length);
    return page.items.map(({ node }) => node.id);
  };
  expect(await list({})).toEqual([first.id, second.id]);
  expect(await list({ filter: { type: { name: 'bgp' } } })).toEqual([first.id]);
  expect(await list({ filter: { device: { hostname: 'FOO-BAR2' } } })).toEqual([second.id]);
  expect(await list({ filter: { interface: { nameSlug: 'foo-bar1:eth0' } } })).toEqual([first.id]);
  expect(await list({ filter: { circuit: { nameSlug: circuit.nameSlug } } })).toEqual([second.id]);
  expect(await list({ filter: { description: 'x' } })).toEqual([first.id]);
  expect(await list({ filter: { type: { name: 'none' } } })).toEqual([]);
  expect(await list({ query: 'peer_as=65000' })).toEqual([first.id]);
  expect(await list({ filter: { attributes: [{ name: 'peer_as', value: '1' }] } })).toEqual([]);
  expect(await list({}, net.as(`network:read@device/${other.id}`))).toEqual([second.id]);
  expect(await list({}, net.as(`network:read@site/${site.id}/protocol`))).toEqual([first.id, second.id]);
  expect(await list({}, net.as(`network:read@circuit/${circuit.id}`))).toEqual([]);
  const everywhere = await listProtocols(ctx, { filter: { type: { name: 'ospf' } } }, wholePage);
  expect(everywhere.items.map(({ node }) => node.id)).toContain(second.id);
  const below = await listProtocolsOf(ctx, { kind: 'type', id: bgp.id }, {}, wholePage);
  expect(below.items.map(({ node }) => node)).toEqual([first]);
  await deleteProtocol(ctx, { by: key(first) });
});
