import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AmbiguousError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevice, deleteDevices } from '#resolvers/network/devices/delete.ts';
import { type Device, deviceUpdated } from '#resolvers/network/devices/device.ts';
import { findDevice, listDevices } from '#resolvers/network/devices/find.ts';
import { replaceDevice, replaceDevices, updateDevice, updateDevices } from '#resolvers/network/devices/update.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

test('a device is created, renamed, replaced and deleted, with an event each', async () => {
  const site = await net.site();
  const device = await createDevice(ctx, { site: { name: site.name }, hostname: 'foo-bar1' });
  const key = { id: toGlobalId('Device', device.id) };
  await updateDevice(ctx, { by: key, hostname: 'foo-bar2' });
  await replaceDevice(ctx, { site: { id: site.id }, by: { hostname: 'FOO-BAR2' }, hostname: 'foo-bar3' });
  expect(await deleteDevice(ctx, { by: key })).toBe(device.id);
  const events = await net.events(site, 'network.device.*');
  expect(events.map(({ name, before, after }) => [name, before, after])).toEqual([
    [
      'network.device.created',
      null,
      { id: key.id, siteId: toGlobalId('Site', site.id), hostname: 'foo-bar1', attributes: {} },
    ],
    [
      'network.device.updated',
      expect.objectContaining({ hostname: 'foo-bar1', attributes: {} }),
      expect.objectContaining({ hostname: 'foo-bar2', attributes: {} }),
    ],
    [
      'network.device.updated',
      expect.objectContaining({ hostname: 'foo-bar2', attributes: {} }),
      expect.objectContaining({ hostname: 'foo-bar3', attributes: {} }),
    ],
    ['network.device.deleted', expect.objectContaining({ hostname: 'foo-bar3', attributes: {} }), null],
  ]);
  expect(events[0]).toMatchObject({
    subject: key.id,
    scope: { site: [site.id, `${site.id}/device`], kind: 'device', device: device.id },
  });
  const [, updated] = events;
  if (!updated) throw new Error('No event.');
  expect(JSON.stringify(deviceUpdated.hookData?.(updated))).toBe(
    `{"attributes":{},"hostname":"foo-bar2","site_id":"${toGlobalId('Site', site.id)}","id":"${key.id}"}`,
  );
});

test('a second device with the same hostname in any case is refused in a Site and fine in another', async () => {
  const [site, other] = [await net.site(), await net.site()];
  await createDevice(ctx, { site: { id: site.id }, hostname: 'foo-bar1' });
  const again = createDevice(ctx, { site: { id: site.id }, hostname: 'FOO-BAR1' });
  await expect(again).rejects.toThrow(ConflictError);
  await expect(again).rejects.toMatchObject({ message: 'FOO-BAR1 already exists in this site.', path: ['hostname'] });
  await createDevice(ctx, { site: { id: other.id }, hostname: 'foo-bar1' });
  const here = await createDevice(ctx, { site: { id: site.id }, hostname: 'free' });
  await expect(updateDevice(ctx, { by: { id: here.id }, hostname: 'foo-bar1' })).rejects.toThrow(ConflictError);
  expect(await updateDevice(ctx, { by: { id: here.id }, hostname: 'FREE' })).toMatchObject({ hostname: 'FREE' });
});

test('fifty parallel creations of one hostname give one success and 49 conflicts', async () => {
  const site = await net.site();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, () => createDevice(ctx, { site: { id: site.id }, hostname: 'one' })),
  );
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toHaveLength(49);
  expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
  expect(await net.events(site, 'network.device.created')).toHaveLength(1);
});

test('a hostname names a device where one visible Site has it, and is ambiguous where more do', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [here, there] = [
    await createDevice(ctx, { site: { id: site.id }, hostname: 'twin' }),
    await createDevice(ctx, { site: { id: other.id }, hostname: 'TWIN' }),
  ];
  const ambiguous = findDevice(ctx, { by: { hostname: 'twin' } });
  await expect(ambiguous).rejects.toThrow(AmbiguousError);
  await expect(ambiguous).rejects.toThrow("Multiple devices matched hostname='twin'. Give a site or an id.");
  expect(await findDevice(ctx, { site: { id: other.id }, by: { hostname: 'twin' } })).toEqual(there);
  expect(await findDevice(net.as(`network:read@site/${site.id}`), { by: { hostname: 'twin' } })).toEqual(here);
  expect(await findDevice(net.anonymous, { by: { hostname: 'twin' } })).toBeNull();
  expect(await findDevice(ctx, { site: { id: other.id }, by: { id: here.id } })).toBeNull();
  expect(await findDevice(ctx, { site: { name: 'none' }, by: { id: here.id } })).toBeNull();
  await expect(deleteDevice(ctx, { by: { hostname: 'twin' } })).rejects.toThrow(AmbiguousError);
  await expect(deleteDevice(ctx, { site: { id: other.id }, by: { id: here.id } })).rejects.toThrow(NotFoundError);
});

test('many devices change together or not at all, and may swap their names', async () => {
  const site = await net.site();
  const key = { id: site.id };
  const [one, other] = (await createDevices(ctx, [
    { site: key, hostname: 'one' },
    { site: key, hostname: 'other' },
  ])) as unknown as [Device, Device];
  const swapped = await updateDevices(ctx, [
    { by: { id: one.id }, hostname: 'other' },
    { by: { id: other.id }, hostname: 'one' },
  ]);
  expect(swapped.map(({ hostname }) => hostname)).toEqual(['other', 'one']);
  const unknown = updateDevices(ctx, [
    { by: { id: one.id }, hostname: 'changed' },
    { by: { hostname: 'nobody' }, hostname: 'x' },
  ]);
  await expect(unknown).rejects.toThrow('Could not find all objects to update.');
  await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND', path: ['1', 'by'] });
  const clash = replaceDevices(ctx, [
    { by: { id: one.id }, hostname: 'same' },
    { by: { id: other.id }, hostname: 'SAME' },
  ]);
  await expect(clash).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'hostname'] });
  expect((await findDevice(ctx, { by: { id: one.id } }))?.hostname).toBe('other');
  expect(await deleteDevices(ctx, [{ by: { id: other.id } }, { by: { id: one.id } }])).toEqual([other.id, one.id]);
  expect(await net.events(site, 'network.device.*')).toHaveLength(6);
});

test('faults of many are told together, each with its index', async () => {
  const site = await net.site();
  const faulty = createDevices(ctx, [
    { site: { id: site.id }, hostname: 'a..b' },
    { site: { id: site.id }, hostname: 'good' },
    { site: { id: site.id }, hostname: 'PP:MDF' },
  ]);
  await expect(faulty).rejects.toMatchObject({
    fields: [{ path: ['0', 'hostname'] }, { path: ['2', 'hostname'] }],
  });
  const unknown = createDevices(ctx, [
    { site: { name: 'nowhere' }, hostname: 'a' },
    { site: { id: site.id }, hostname: 'b' },
    { site: { name: 'neither' }, hostname: 'c' },
  ]);
  await expect(unknown).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    fields: [
      { path: ['0', 'site'], message: "Site not found: name='nowhere'." },
      { path: ['2', 'site'], message: "Site not found: name='neither'." },
    ],
  });
  expect(await net.events(site, 'network.device.*')).toEqual([]);
});

test('a change that changes nothing appends nothing', async () => {
  const site = await net.site();
  const device = await createDevice(ctx, { site: { id: site.id }, hostname: 'a' });
  expect(await updateDevice(ctx, { by: { id: device.id } })).toEqual(device);
  expect(await replaceDevice(ctx, { by: { id: device.id }, hostname: 'a' })).toEqual(device);
  await expect(updateDevice(ctx, { by: { id: device.id }, hostname: null })).rejects.toThrow(InputError);
  await expect(replaceDevice(ctx, { by: { id: device.id } } as never)).rejects.toThrow(InputError);
  expect(await net.events(site, 'network.device.*')).toHaveLength(1);
});

test('rights hold for a device, its Site, its kind, and each verb by itself', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const device = await createDevice(ctx, { site: { id: site.id }, hostname: 'a' });
  const by = { id: device.id };
  const may = async (permission: string) => {
    const viewer = net.as(permission);
    await updateDevice(viewer, { by, hostname: 'a' });
    return findDevice(viewer, { by });
  };
  for (const scope of ['', `@site/${site.id}`, `@site/${site.id}/device`, '@kind/device', `@device/${device.id}`])
    expect(await may(`network:update${scope}`), scope).toEqual(device);
  for (const scope of [`@site/${other.id}`, `@site/${site.id}/network`, '@kind/network', `@network/${device.id}`])
    await expect(may(`network:update${scope}`), scope).rejects.toThrow(NotFoundError);
  await expect(updateDevice(net.as('network:read'), { by, hostname: 'b' })).rejects.toThrow(ForbiddenError);
  await expect(deleteDevice(net.as(`network:update@device/${device.id}`, 'network:read'), { by })).rejects.toThrow(
    ForbiddenError,
  );
  await expect(deleteDevice(net.as('network:delete@kind/site', 'network:read'), { by })).rejects.toThrow(
    ForbiddenError,
  );
});

test('who may create in a Site need not read it, and who may not learns nothing of it', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const maker = net.as(`network:create@site/${site.id}/device`);
  expect(await createDevice(maker, { site: { name: site.name }, hostname: 'a' })).toMatchObject({ siteId: site.id });
  const hidden = (name: string) =>
    createDevice(maker, { site: { name }, hostname: 'a' }).catch(({ code, message }) => [code, message]);
  expect(await hidden(other.name)).toEqual(['BAD_USER_INPUT', `Site not found: name='${other.name}'.`]);
  expect(await hidden('none')).toEqual(['BAD_USER_INPUT', "Site not found: name='none'."]);
  const reader = net.as(`network:create@site/${site.id}`, 'network:read');
  await expect(createDevice(reader, { site: { id: other.id }, hostname: 'a' })).rejects.toThrow(ForbiddenError);
});

test('lists hold and count what the viewer may read', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [a] = await createDevices(
    ctx,
    ['a', 'b', 'c'].map((hostname) => ({ site: { id: site.id }, hostname })),
  );
  await createDevice(ctx, { site: { id: other.id }, hostname: 'x' });
  const list = async (viewer: Context, input: object = {}) => {
    const page = await listDevices(viewer, input, wholePage);
    expect(await page.count()).toBe(page.items.length);
    return page.items.map(({ node }) => node.hostname);
  };
  expect(await list(net.as(`network:read@site/${site.id}`))).toEqual(['a', 'b', 'c']);
  expect(await list(net.as(`network:read@device/${a?.id}`))).toEqual(['a']);
  expect(await list(ctx, { site: { id: site.id }, orderBy: { by: 'NATURAL', direction: 'DESC' } })).toEqual([
    'c',
    'b',
    'a',
  ]);
  expect(await list(ctx, { site: { id: site.id }, filter: { hostname: 'B' } })).toEqual(['b']);
  expect(await list(ctx, { site: { name: 'none' } })).toEqual([]);
  expect(await list(net.anonymous)).toEqual([]);
});
