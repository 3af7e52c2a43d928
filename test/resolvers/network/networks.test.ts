import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AmbiguousError, AuthenticationError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { networkArea } from '#resolvers/network/area.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { findNetwork, listNetworks } from '#resolvers/network/networks/find.ts';
import { type Network, networkUpdated } from '#resolvers/network/networks/network.ts';
import { closestParent, findAncestors, findParent } from '#resolvers/network/networks/traverse.ts';
import { replaceNetwork, updateNetwork, updateNetworks } from '#resolvers/network/networks/update.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { updateSite } from '#resolvers/network/sites/update.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

const add = (site: Site, ...cidrs: string[]) =>
  createNetworks(
    ctx,
    cidrs.map((cidr) => ({ site: { id: site.id }, cidr })),
  ) as Promise<[Network, ...Network[]]>;

const list = async (viewer: Context, input: object) => {
  const page = await listNetworks(viewer, input, wholePage);
  expect(await page.count()).toBe(page.items.length);
  return page.items.map(({ node }) => node.cidr);
};

test('a state is changed and replaced, with before and after in the event', async () => {
  const site = await net.site();
  const [eight, sixteen] = await add(site, '10.0.0.0/8', '10.0.0.0/16');
  expect(await updateNetwork(ctx, { by: { id: sixteen?.id ?? '' }, state: 'RESERVED' })).toMatchObject({
    state: 'RESERVED',
  });
  expect(await replaceNetwork(ctx, { site: { id: site.id }, by: { cidr: '10.0.0.0/16' } })).toMatchObject({
    state: 'ALLOCATED',
  });
  const events = await net.events(site, 'network.network.updated');
  expect(events.map(({ before, after }) => [(before as Network).state, (after as Network).state])).toEqual([
    ['ALLOCATED', 'RESERVED'],
    ['RESERVED', 'ALLOCATED'],
  ]);
  expect(events[0]).toMatchObject({
    scope: { site: [site.id, `${site.id}/network`], kind: 'network', network: [sixteen?.id, eight.id] },
    after: { parent: '10.0.0.0/8', parentId: toGlobalId('Network', eight.id) },
  });
  const [updated] = events;
  if (!updated) throw new Error('No event.');
  expect(Object.keys(networkUpdated.hookData?.(updated) as object)).toEqual([
    'attributes',
    'parent',
    'parent_id',
    'state',
    'is_ip',
    'ip_version',
    'prefix_length',
    'network_address',
    'cidr',
    'site_id',
    'id',
  ]);
});

test('a zero prefix may change its state, and nothing changes without an event', async () => {
  const site = await net.site();
  const [zero] = await add(site, '0.0.0.0/0');
  expect(await updateNetwork(ctx, { by: { id: zero.id }, state: 'RESERVED' })).toMatchObject({ state: 'RESERVED' });
  const again = await updateNetworks(ctx, [{ by: { id: zero.id }, state: 'RESERVED' }]);
  expect(again).toMatchObject([{ state: 'RESERVED' }]);
  await expect(updateNetwork(ctx, { by: { id: zero.id }, state: null })).rejects.toThrow(InputError);
  await expect(updateNetwork(ctx, { by: { id: zero.id }, state: 'Orphaned' as never })).rejects.toThrow(InputError);
  expect(await net.events(site, 'network.network.updated')).toHaveLength(1);
});

test('a prefix names a network where one visible Site has it, and is ambiguous where more do', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [here] = await add(site, '198.51.100.0/24');
  await add(other, '198.51.100.0/24');
  await expect(findNetwork(ctx, { by: { cidr: '198.51.100.0/24' } })).rejects.toThrow(
    "Multiple networks matched cidr='198.51.100.0/24'. Give a site or an id.",
  );
  await expect(deleteNetwork(ctx, { by: { cidr: '198.51.100.0/24' } })).rejects.toThrow(AmbiguousError);
  expect(await findNetwork(net.as(`network:read@network/${here.id}`), { by: { cidr: '198.51.100.0/24' } })).toEqual(
    here,
  );
  await expect(findNetwork(ctx, { by: { cidr: '198.51.100.1/24' } })).rejects.toThrow(
    '198.51.100.1/24 has host bits set',
  );
});

test('a grant on a network covers what lies in it, also later, and nothing else', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [eight, , elsewhere] = await add(site, '10.0.0.0/8', '10.1.0.0/16', '11.0.0.0/8');
  const [foreign] = await add(other, '10.0.0.0/8', '10.1.0.0/16');
  const editor = net.as(`network:update@network/${eight.id}`);
  const inSite = { site: { id: site.id } };
  expect(await updateNetwork(editor, { ...inSite, by: { cidr: '10.1.0.0/16' }, state: 'RESERVED' })).toMatchObject({
    state: 'RESERVED',
  });
  await expect(updateNetwork(editor, { by: { id: elsewhere?.id ?? '' }, state: 'RESERVED' })).rejects.toThrow(
    NotFoundError,
  );
  await expect(updateNetwork(editor, { by: { id: foreign.id }, state: 'RESERVED' })).rejects.toThrow(NotFoundError);
  await add(site, '10.2.0.0/16', '0.0.0.0/0');
  expect(await updateNetwork(editor, { by: { cidr: '10.2.0.0/16' }, state: 'RESERVED' })).toMatchObject({
    state: 'RESERVED',
  });
  expect(await list(editor, { orderBy: { by: 'NATURAL' } })).toEqual(['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16']);
  const sixteen = await findNetwork(editor, { by: { cidr: '10.1.0.0/16' } });
  if (!sixteen) throw new Error('It exists.');
  expect((await findAncestors(editor, sixteen)).map(({ cidr }) => cidr)).toEqual(['10.0.0.0/8']);
  expect(await findParent(editor, (await findNetwork(editor, { by: { id: eight.id } })) as Network)).toBeNull();
  expect(await closestParent(editor, { ...inSite, cidr: '12.0.0.0/8' })).toBeNull();
  await expect(updateNetwork(editor, { by: { id: sixteen.id, cidr: '10.1.0.0/16' } as never })).rejects.toThrow(
    InputError,
  );
  await expect(deleteNetwork(editor, { by: { id: sixteen.id } })).rejects.toThrow(ForbiddenError);
});

test('a grant on a network allows creating inside it alone, in its Site alone', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [eight] = await add(site, '10.0.0.0/8');
  await add(other, '10.0.0.0/8');
  const maker = net.as(`network:create@network/${eight.id}`);
  const make = (where: Site, cidr: string) => createNetwork(maker, { site: { id: where.id }, cidr });
  expect(await make(site, '10.1.0.0/16')).toMatchObject({ cidr: '10.1.0.0/16' });
  expect(await make(site, '10.1.0.1')).toMatchObject({ cidr: '10.1.0.1/32' });
  await expect(make(site, '11.0.0.0/8')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path: ['site'] });
  await expect(make(site, '0.0.0.0/0')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path: ['site'] });
  await expect(make(other, '10.1.0.0/16')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path: ['site'] });
  const reader = net.as(`network:create@network/${eight.id}`, 'network:read');
  await expect(createNetwork(reader, { site: { id: site.id }, cidr: '11.0.0.0/8' })).rejects.toThrow(ForbiddenError);
  await expect(createNetwork(net.anonymous, { site: { id: site.id }, cidr: '11.0.0.0/8' })).rejects.toThrow(
    AuthenticationError,
  );
});

test('an admin of one Site writes nothing in another', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [network] = await add(other, '10.0.0.0/8');
  const admin = net.as(`network:admin@site/${site.id}`, 'network:read');
  await createNetwork(admin, { site: { id: site.id }, cidr: '10.0.0.0/8' });
  await expect(createNetwork(admin, { site: { id: other.id }, cidr: '11.0.0.0/8' })).rejects.toThrow(ForbiddenError);
  await expect(updateNetwork(admin, { by: { id: network.id }, state: 'RESERVED' })).rejects.toThrow(ForbiddenError);
  await expect(deleteNetwork(admin, { by: { id: network.id } })).rejects.toThrow(ForbiddenError);
  expect(await verifyTree(admin, { site: { id: site.id } })).toMatchObject({ checked: 1 });
  await expect(verifyTree(admin, { site: { id: other.id } })).rejects.toThrow(ForbiddenError);
  await expect(verifyTree(admin, {})).rejects.toThrow(ForbiddenError);
  await expect(verifyTree(net.as(`network:admin@site/${site.id}`), { site: { id: other.id } })).rejects.toThrow(
    InputError,
  );
});

test('lists are filtered by every condition', async () => {
  const site = await net.site();
  const inSite = { site: { id: site.id }, orderBy: { by: 'NATURAL' } };
  await add(site, '10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '10.0.0.0/32', '11.0.0.0/8', '::/0', '::1');
  await updateNetwork(ctx, { site: inSite.site, by: { cidr: '11.0.0.0/8' }, state: 'RESERVED' });
  const filtered = (filter: object) => list(ctx, { ...inSite, filter });
  expect(await filtered({ cidr: '10.0.0.0/255.255.0.0' })).toEqual(['10.0.0.0/16']);
  expect(await filtered({ networkAddress: '10.0.0.0' })).toEqual([
    '10.0.0.0/8',
    '10.0.0.0/16',
    '10.0.0.0/24',
    '10.0.0.0/32',
  ]);
  expect(await filtered({ networkAddress: '10.0.0.0', prefixLength: 24 })).toEqual(['10.0.0.0/24']);
  expect(await filtered({ networkAddress: '10.0.0.0', cidr: '11.0.0.0/8' })).toEqual([]);
  expect(await filtered({ prefixLength: 8 })).toEqual(['10.0.0.0/8', '11.0.0.0/8']);
  expect(await filtered({ ipVersion: 6 })).toEqual(['::/0', '::1/128']);
  expect(await filtered({ state: 'RESERVED' })).toEqual(['11.0.0.0/8']);
  expect(await filtered({ parent: { cidr: '10.0.0.0/16' } })).toEqual(['10.0.0.0/24']);
  expect(await filtered({ parent: { cidr: '12.0.0.0/8' } })).toEqual([]);
  expect(await filtered({ rootOnly: true })).toEqual(['10.0.0.0/8', '11.0.0.0/8', '::/0']);
  expect(await list(ctx, { filter: { parent: { cidr: '::/0' } } })).toEqual(['::1/128']);
  await expect(filtered({ cidr: '10.0.0.1/8' })).rejects.toThrow(InputError);
  await expect(filtered({ networkAddress: '10.0.0' })).rejects.toThrow(InputError);
  const [networks, hosts] = [
    ['10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '11.0.0.0/8', '::/0'],
    ['10.0.0.0/32', '::1/128'],
  ];
  const all = await filtered({});
  expect(all).toHaveLength(7);
  const table: [networks: boolean | undefined, ips: boolean | undefined, listed: string[] | undefined][] = [
    [undefined, undefined, all],
    [true, undefined, networks],
    [false, undefined, hosts],
    [undefined, true, hosts],
    [true, true, all],
    [false, true, hosts],
    [undefined, false, networks],
    [true, false, networks],
    [false, false, []],
  ];
  for (const [includeNetworks, includeIps, listed] of table)
    expect(await filtered({ includeNetworks, includeIps }), `${includeNetworks} ${includeIps}`).toEqual(listed);
});

test('permissions name Sites by name or id, kinds in them, and things by id', async () => {
  const site = await net.site('A/B');
  const odd = await net.site('A/B/device');
  const [network] = await add(site, '10.0.0.0/8', '10.0.0.0/16');
  const kind = (name: string) => {
    const found = networkArea.kinds?.[name];
    if (!found) throw new Error(`${name} is no kind.`);
    return found;
  };
  const inSites = kind('site');
  expect(await inSites.resolve(ctx, 'A/B')).toBe(site.id);
  expect(await inSites.resolve(ctx, toGlobalId('Site', site.id))).toBe(site.id);
  expect(await inSites.resolve(ctx, 'A/B/network')).toBe(`${site.id}/network`);
  expect(await inSites.resolve(ctx, `${site.id}/device`)).toBe(`${site.id}/device`);
  expect(await inSites.resolve(ctx, 'A/B/device')).toBe(odd.id);
  expect(await inSites.resolve(ctx, 'A/B/nothing')).toBeNull();
  expect(await inSites.resolve(ctx, 'nowhere/device')).toBeNull();
  expect(await inSites.display(ctx, `${site.id}/network`)).toBe('A/B/network');
  await updateSite(ctx, { by: { id: site.id }, name: 'renamed' });
  expect(await inSites.display(ctx, site.id)).toBe('renamed');
  expect(await inSites.ancestors?.(ctx, `${site.id}/network`)).toMatchObject({ site: site.id });
  expect(await kind('kind').resolve(ctx, 'network')).toBe('network');
  expect(await kind('kind').resolve(ctx, 'rack')).toBeNull();
  expect(await kind('network').resolve(ctx, toGlobalId('Network', network.id))).toBe(network.id);
  expect(await kind('network').resolve(ctx, toGlobalId('Device', network.id))).toBeNull();
  expect(await kind('network').display(ctx, network.id)).toBe('10.0.0.0/8');
  const sixteen = await findNetwork(ctx, { site: { id: site.id }, by: { cidr: '10.0.0.0/16' } });
  expect(await kind('network').ancestors?.(ctx, sixteen?.id ?? '')).toMatchObject({
    network: [sixteen?.id, network.id],
  });
});
