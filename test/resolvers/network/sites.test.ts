import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import {
  AuthenticationError,
  ConflictError,
  ForbiddenError,
  InputError,
  InUseError,
  NotFoundError,
} from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { createSite, createSites } from '#resolvers/network/sites/create.ts';
import { deleteSite, deleteSites } from '#resolvers/network/sites/delete.ts';
import { findSite, listSites } from '#resolvers/network/sites/find.ts';
import { findSitePermissions } from '#resolvers/network/sites/permissions.ts';
import { siteUpdated } from '#resolvers/network/sites/site.ts';
import { replaceSite, updateSite } from '#resolvers/network/sites/update.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

test('a Site is created, changed, replaced and deleted, with an event each', async () => {
  const site = await createSite(ctx, { name: 'SJC', description: 'a\tb\nc' });
  const key = { id: toGlobalId('Site', site.id) };
  expect(await findSite(ctx, { name: 'SJC' })).toEqual(site);
  const renamed = await updateSite(ctx, { by: key, name: 'SJC1' });
  expect(renamed).toMatchObject({ name: 'SJC1', description: 'a\tb\nc' });
  expect(await replaceSite(ctx, { by: { name: 'SJC1' }, name: 'SJC2' })).toMatchObject({
    name: 'SJC2',
    description: '',
  });
  expect(await deleteSite(ctx, { by: key })).toBe(site.id);
  expect(await findSite(ctx, key)).toBeNull();
  const events = await net.events(site);
  expect(events.map(({ name }) => name)).toEqual([
    'network.site.created',
    'network.site.updated',
    'network.site.updated',
    'network.site.deleted',
  ]);
  expect(events[1]).toMatchObject({
    subject: key.id,
    scope: { site: [site.id, `${site.id}/site`], kind: 'site' },
    before: { id: key.id, name: 'SJC', description: 'a\tb\nc' },
    after: { id: key.id, name: 'SJC1', description: 'a\tb\nc' },
    data: { site: { id: key.id, name: 'SJC1', description: 'a\tb\nc' } },
    retain: 'AUDIT',
  });
  const [, updated] = events;
  if (!updated) throw new Error('No event.');
  expect(JSON.stringify(siteUpdated.hookData?.(updated))).toBe(
    `{"description":"a\\tb\\nc","name":"SJC1","id":"${key.id}"}`,
  );
});

test('a change that changes nothing appends nothing and leaves the instant', async () => {
  const site = await net.site();
  expect(await updateSite(ctx, { by: { id: site.id } })).toEqual(site);
  expect(await updateSite(ctx, { by: { id: site.id }, name: site.name })).toEqual(site);
  expect(await net.events(site)).toHaveLength(1);
});

test('a bad name or description is refused with every fault, and a taken name as a conflict', async () => {
  const fields = (input: object) => createSite(ctx, input as never).catch((error: InputError) => error.fields);
  expect(await fields({ name: '', description: 'a\u0001' })).toMatchObject([
    { path: ['name'] },
    { path: ['description'] },
  ]);
  for (const name of ['   ', 'a\nb', 'x'.repeat(256), '\ud800', null, 7])
    expect(await fields({ name })).toHaveLength(1);
  expect(await createSite(ctx, { name: '😀'.repeat(255) })).toMatchObject({ description: '' });
  const site = await net.site();
  const taken = createSite(ctx, { name: site.name });
  await expect(taken).rejects.toThrow(ConflictError);
  await expect(taken).rejects.toMatchObject({ path: ['name'] });
  const other = await net.site();
  await expect(updateSite(ctx, { by: { id: other.id }, name: site.name })).rejects.toThrow(ConflictError);
  await expect(updateSite(ctx, { by: { id: other.id }, name: null } as never)).rejects.toThrow(InputError);
  const many = createSites(ctx, [{ name: 'unique one' }, { name: site.name }]);
  await expect(many).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'name'] });
  expect(await findSite(ctx, { name: 'unique one' })).toBeNull();
});

test('a Site that holds something is not deleted, and says what', async () => {
  const site = await net.site();
  await createDevices(
    ctx,
    Array.from({ length: 12 }, (_, n) => ({ site: { id: site.id }, hostname: `d${n}` })),
  );
  await createNetwork(ctx, { site: { id: site.id }, cidr: '10.0.0.0/8' });
  const refused = deleteSite(ctx, { by: { id: site.id } });
  await expect(refused).rejects.toThrow(InUseError);
  await expect(refused).rejects.toMatchObject({
    message: `Cannot delete site ${site.name}: 13 objects depend on it.`,
    blockerCount: 13,
  });
  const error = (await refused.catch((error: unknown) => error)) as InUseError;
  expect(error.blockers).toHaveLength(10);
  expect(error.blockers[0]).toMatchObject({ type: 'Device', naturalKey: 'd0' });
  const empty = await net.site();
  await expect(deleteSites(ctx, [{ by: { id: empty.id } }, { by: { id: site.id } }])).rejects.toThrow(InUseError);
  expect(await findSite(ctx, { id: empty.id })).toEqual(empty);
});

test('a device and the deletion of its Site never both succeed', async () => {
  for (let round = 0; round < 5; round += 1) {
    const site = await net.site();
    const [made, gone] = await Promise.allSettled([
      createDevice(ctx, { site: { id: site.id }, hostname: 'd' }),
      deleteSite(ctx, { by: { id: site.id } }),
    ]);
    expect([made.status, gone.status].sort()).toEqual(['fulfilled', 'rejected']);
  }
});

test('the creator of a Site gets admin on it, and needs the right to create without a scope', async () => {
  const creator = net.as('network:create');
  const site = await createSite(creator, { name: 'created' });
  expect(net.given.at(-1)).toEqual({ account: creator.viewer.id, permission: `network:admin@site/${site.id}` });
  await createSites(creator, [{ name: 'created 2' }, { name: 'created 3' }]);
  expect(net.given).toHaveLength(3);
  await expect(createSite(net.as(`network:admin@site/${site.id}`), { name: 'no' })).rejects.toThrow(ForbiddenError);
  await expect(createSite(net.as('network:admin@kind/site'), { name: 'no' })).rejects.toThrow(ForbiddenError);
  await expect(createSite(net.anonymous, { name: 'no' })).rejects.toThrow(AuthenticationError);
});

test('a Site is changed and deleted by its admins alone, and unknown to those who may not read it', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const by = { id: site.id };
  const admin = net.as(`network:admin@site/${site.id}`);
  expect(await updateSite(admin, { by, description: 'mine' })).toMatchObject({ description: 'mine' });
  await expect(updateSite(admin, { by: { id: other.id }, description: 'x' })).rejects.toThrow(NotFoundError);
  await expect(updateSite(net.as('network:write'), { by, description: 'x' })).rejects.toThrow(ForbiddenError);
  await expect(updateSite(net.as(`network:admin@site/${other.id}`, 'network:read'), { by, name: 'x' })).rejects.toThrow(
    ForbiddenError,
  );
  await expect(deleteSite(net.anonymous, { by })).rejects.toThrow(AuthenticationError);
  expect(await findSite(net.anonymous, by)).toBeNull();
  expect((await listSites(net.anonymous, {}, wholePage)).items).toEqual([]);
  const page = await listSites(admin, {}, wholePage);
  expect(page.items.map(({ node }) => node.id)).toEqual([site.id]);
  expect(await page.count()).toBe(1);
  expect(findSitePermissions(admin, site)).toContain('network:admin');
  expect(findSitePermissions(net.as(`network:update@site/${site.id}`), site)).toEqual([
    'network:read',
    'network:update',
  ]);
});

test('keys of another type, digits and names with a wrong case name nothing', async () => {
  const site = await createSite(ctx, { name: '12345' });
  expect(await findSite(ctx, { id: '12345' })).toBeNull();
  expect(await findSite(ctx, { id: toGlobalId('Device', site.id) })).toBeNull();
  expect(await findSite(ctx, { name: '12345' })).toEqual(site);
  await expect(findSite(ctx, {} as never)).rejects.toThrow(InputError);
  await expect(findSite(ctx, { id: site.id, name: '12345' } as never)).rejects.toThrow(InputError);
});
