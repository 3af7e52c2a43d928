import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError, InUseError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork, deleteNetworks } from '#resolvers/network/networks/delete.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import {
  closestParent,
  findAncestors,
  findRoot,
  listChildren,
  listSiblings,
  listSubnets,
  listSupernets,
} from '#resolvers/network/networks/traverse.ts';
import { findUtilization, utilizationOf } from '#resolvers/network/networks/utilization.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { deleteSite } from '#resolvers/network/sites/delete.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

async function add(site: Site, ...cidrs: string[]): Promise<void> {
  for (const cidr of cidrs) await createNetwork(ctx, { site: { id: site.id }, cidr });
}

async function siteWith(...cidrs: string[]): Promise<Site> {
  const site = await net.site();
  await add(site, ...cidrs);
  return site;
}

async function at(site: Site, cidr: string): Promise<Network> {
  const network = await findNetwork(ctx, { site: { id: site.id }, by: { cidr } });
  if (!network) throw new Error(`${cidr} does not exist.`);
  return network;
}

async function parentOf(site: Site, cidr: string): Promise<string | null> {
  const { parentId } = await at(site, cidr);
  return parentId === null ? null : ((await findNetwork(ctx, { by: { id: parentId } }))?.cidr ?? 'gone');
}

const cidrs = (page: { items: readonly { node: Network }[] }) => page.items.map(({ node }) => node.cidr);
const remove = (site: Site, cidr: string, force?: boolean) =>
  deleteNetwork(ctx, { site: { id: site.id }, by: { cidr }, ...(force !== undefined && { force }) });
const names = async (site: Site) => (await net.events(site, 'network.network.*')).map(({ name }) => name.slice(16));

describe('insertion', () => {
  test('puts a network under the longest one that holds it, whatever the order', async () => {
    const site = await siteWith('10.0.0.0/8', '10.0.0.0/24', '10.0.0.0/16', '0.0.0.0/0');
    expect(await parentOf(site, '0.0.0.0/0')).toBeNull();
    expect(await parentOf(site, '10.0.0.0/8')).toBe('0.0.0.0/0');
    expect(await parentOf(site, '10.0.0.0/16')).toBe('10.0.0.0/8');
    expect(await parentOf(site, '10.0.0.0/24')).toBe('10.0.0.0/16');
    expect(cidrs(await listSupernets(ctx, await at(site, '10.0.0.0/24'), {}, wholePage))).toEqual([
      '0.0.0.0/0',
      '10.0.0.0/8',
      '10.0.0.0/16',
    ]);
    expect(cidrs(await listSubnets(ctx, await at(site, '0.0.0.0/0'), {}, wholePage))).toEqual([
      '10.0.0.0/8',
      '10.0.0.0/16',
      '10.0.0.0/24',
    ]);
    expect(cidrs(await listSubnets(ctx, await at(site, '10.0.0.0/24'), {}, wholePage))).toEqual([]);
  });

  test('puts networks side by side under one parent', async () => {
    const site = await siteWith(
      '10.0.0.0/8',
      '10.0.0.0/22',
      '10.0.4.0/22',
      '10.0.8.0/22',
      '10.17.244.128/31',
      '10.16.1.0/25',
    );
    for (const cidr of ['10.0.0.0/22', '10.0.4.0/22', '10.0.8.0/22', '10.17.244.128/31', '10.16.1.0/25'])
      expect(await parentOf(site, cidr)).toBe('10.0.0.0/8');
  });

  test('tells in its event which networks it adopted', async () => {
    const site = await siteWith('10.1.0.0/16', '10.2.0.0/16', '11.0.0.0/8');
    const children = [await at(site, '10.1.0.0/16'), await at(site, '10.2.0.0/16')];
    await add(site, '10.0.0.0/8');
    const [event] = (await net.events(site, 'network.network.created')).slice(-1);
    expect(event?.data).toMatchObject({
      adoptedCount: 2,
      adopted: children.map(({ id }) => toGlobalId('Network', id)),
    });
    expect(event?.after).toEqual({
      id: toGlobalId('Network', (await at(site, '10.0.0.0/8')).id),
      siteId: toGlobalId('Site', site.id),
      cidr: '10.0.0.0/8',
      networkAddress: '10.0.0.0',
      prefixLength: 8,
      ipVersion: 4,
      isIp: false,
      state: 'ALLOCATED',
      parentId: null,
      parent: null,
      attributes: {},
    });
    expect(await names(site)).toEqual(['created', 'created', 'created', 'created']);
  });

  test('refuses an address without a base network, and puts it under the closest one', async () => {
    const site = await net.site();
    await expect(add(site, '10.0.0.1/32')).rejects.toThrow('IP Address needs base network.');
    expect(await names(site)).toEqual([]);
    await add(site, '10.0.0.0/8', '10.0.0.1/32');
    expect(await parentOf(site, '10.0.0.1/32')).toBe('10.0.0.0/8');
  });

  test('takes a bare address, parts, and any spelling, and knows the network again by any', async () => {
    const site = await net.site();
    const key = { id: site.id };
    expect(await createNetwork(ctx, { site: key, networkAddress: '10.8.0.0', prefixLength: 16 })).toMatchObject({
      cidr: '10.8.0.0/16',
    });
    expect(await createNetwork(ctx, { site: key, networkAddress: '0.0.0.0', prefixLength: 0 })).toMatchObject({
      cidr: '0.0.0.0/0',
    });
    expect(await createNetwork(ctx, { site: key, cidr: '10.8.0.1' })).toMatchObject({ cidr: '10.8.0.1/32' });
    expect(await createNetwork(ctx, { site: key, cidr: ' 2001:DB8:0::/48 ' })).toMatchObject({
      cidr: '2001:db8::/48',
    });
    expect(await at(site, '10.8.0.0/255.255.0.0')).toMatchObject({ cidr: '10.8.0.0/16' });
    expect(await at(site, '2001:0db8::0/48')).toMatchObject({ cidr: '2001:db8::/48' });
  });

  test('names every fault of a prefix at its field', async () => {
    const site = await net.site();
    const fault = async (given: object) => {
      const error = await createNetwork(ctx, { site: { id: site.id }, ...given }).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).fields[0];
    };
    expect(await fault({ cidr: '10.0.0.0/0' })).toEqual({ path: ['cidr'], message: '10.0.0.0/0 has host bits set' });
    expect(await fault({})).toEqual({
      path: ['cidr'],
      message: 'Invalid CIDR: None. Must be IPv4/IPv6 notation.',
    });
    expect(await fault({ cidr: '10.0.0.0/8', prefixLength: 9 })).toEqual({
      path: ['prefixLength'],
      message: 'prefixLength and cidr do not agree.',
    });
    expect(await fault({ cidr: '10.0.0.0/8', networkAddress: '11.0.0.0' })).toMatchObject({ path: ['networkAddress'] });
    expect(await fault({ networkAddress: '10.0.0.0' })).toMatchObject({ path: ['prefixLength'] });
    expect(await fault({ cidr: '10.0.0.0/33' })).toMatchObject({ path: ['cidr'] });
  });

  test('refuses a second network with the same prefix in a Site', async () => {
    const site = await siteWith('10.0.0.0/8');
    const again = add(site, '10.0.0.0/255.0.0.0');
    await expect(again).rejects.toThrow(ConflictError);
    await expect(again).rejects.toMatchObject({ path: ['cidr'], message: '10.0.0.0/8 already exists in this site.' });
  });

  test('never crosses Sites', async () => {
    const other = await siteWith('172.16.1.0/24');
    const site = await siteWith('172.16.0.0/12');
    expect(await parentOf(other, '172.16.1.0/24')).toBeNull();
    expect(cidrs(await listChildren(ctx, await at(site, '172.16.0.0/12'), wholePage))).toEqual([]);
    await expect(remove(site, '172.16.0.0/12')).resolves.toEqual(expect.any(String));
    await expect(deleteSite(ctx, { by: { id: site.id } })).resolves.toBe(site.id);
  });

  test('of many at once gives the same tree in any order, and answers in the order of the items', async () => {
    const texts = ['10.0.0.1/32', '10.0.0.0/24', '::/0', '10.0.0.0/8', '2001:db8::1/128', '0.0.0.0/0', '10.0.0.0/16'];
    for (const order of [texts, texts.toReversed(), texts.toSorted()]) {
      const site = await net.site();
      const made = await createNetworks(
        ctx,
        order.map((cidr) => ({ site: { id: site.id }, cidr })),
      );
      expect(made.map(({ cidr }) => cidr)).toEqual(order);
      expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toSorted());
      expect(await parentOf(site, '10.0.0.1/32')).toBe('10.0.0.0/24');
      expect(await parentOf(site, '10.0.0.0/24')).toBe('10.0.0.0/16');
      expect(await parentOf(site, '10.0.0.0/8')).toBe('0.0.0.0/0');
      expect(await parentOf(site, '2001:db8::1/128')).toBe('::/0');
      expect((await net.events(site, 'network.network.*')).map(({ after }) => (after as Network).cidr)).toEqual(order);
    }
  });

  test('of many at once writes none when one is refused, and tells every fault with its index', async () => {
    const site = await siteWith('10.0.0.0/8');
    const key = { id: site.id };
    const faulty = createNetworks(ctx, [
      { site: key, cidr: '10.1.0.0/16' },
      { site: key, cidr: '192.168.0.1/32' },
      { site: key, cidr: '192.168.0.2/32' },
    ]);
    await expect(faulty).rejects.toMatchObject({
      fields: [
        { path: ['1', 'cidr'], message: 'IP Address needs base network.' },
        { path: ['2', 'cidr'], message: 'IP Address needs base network.' },
      ],
    });
    await expect(
      createNetworks(ctx, [
        { site: key, cidr: '10.1.0.0/16' },
        { site: key, cidr: '10.1.0.0/255.255.0.0' },
      ]),
    ).rejects.toMatchObject({ code: 'CONFLICT', path: ['1', 'cidr'] });
    await expect(
      createNetworks(ctx, [
        { site: key, cidr: 'x' },
        { site: key, cidr: '11.0.0.0/7' },
      ]),
    ).rejects.toMatchObject({
      fields: [{ path: ['0', 'cidr'] }, { path: ['1', 'cidr'] }],
    });
    expect(await findNetwork(ctx, { site: key, by: { cidr: '10.1.0.0/16' } })).toBeNull();
    expect(await names(site)).toEqual(['created']);
    expect(await createNetworks(ctx, [])).toEqual([]);
    const tooMany = Array.from({ length: 1001 }, () => ({ site: key, cidr: '10.0.0.0/8' }));
    await expect(createNetworks(ctx, tooMany)).rejects.toThrow(InputError);
  });
});

describe('deletion', () => {
  test('is refused while a network has children', async () => {
    const site = await siteWith('10.0.0.0/24', '10.0.0.1/32');
    const refused = remove(site, '10.0.0.0/24');
    await expect(refused).rejects.toThrow(InUseError);
    await expect(refused).rejects.toMatchObject({
      message: 'Cannot delete network 10.0.0.0/24: 1 object depends on it.',
      blockerCount: 1,
      blockers: [{ type: 'Network', naturalKey: '10.0.0.1/32' }],
    });
    await remove(site, '10.0.0.1/32');
    await remove(site, '10.0.0.0/24');
    expect(await names(site)).toEqual(['created', 'created', 'deleted', 'deleted']);
  });

  test('by force gives the children to the parent, and says so', async () => {
    const site = await siteWith('10.45.10.0/23', '10.45.10.1/32', '10.45.10.0/24');
    expect(await parentOf(site, '10.45.10.1/32')).toBe('10.45.10.0/24');
    await expect(remove(site, '10.45.10.0/24')).rejects.toThrow(InUseError);
    await remove(site, '10.45.10.0/24', true);
    expect(await parentOf(site, '10.45.10.1/32')).toBe('10.45.10.0/23');
    const [event] = (await net.events(site, 'network.network.deleted')).slice(-1);
    expect(event?.data).toMatchObject({
      movedCount: 1,
      moved: [toGlobalId('Network', (await at(site, '10.45.10.1/32')).id)],
      newParentId: toGlobalId('Network', (await at(site, '10.45.10.0/23')).id),
    });
    expect(event?.before).toMatchObject({ cidr: '10.45.10.0/24', parent: '10.45.10.0/23' });
    expect(event?.after).toBeNull();
  });

  test('by force makes children roots, unless one of them would be a leaf without a parent', async () => {
    const site = await siteWith('10.45.10.0/23', '10.45.10.1/32', '0.0.0.0/0');
    expect(await parentOf(site, '10.45.10.0/23')).toBe('0.0.0.0/0');
    await remove(site, '0.0.0.0/0', true);
    expect(await parentOf(site, '10.45.10.0/23')).toBeNull();
    const before = await names(site);
    await expect(remove(site, '10.45.10.0/23', true)).rejects.toMatchObject({
      code: 'IN_USE',
      message: 'You cannot forcefully delete a network that does not have a parent, and whose children are leaf nodes.',
    });
    expect(await names(site)).toEqual(before);
    expect(await parentOf(site, '10.45.10.1/32')).toBe('10.45.10.0/23');
  });

  test('of many at once goes from the inside out, whatever the order of the items', async () => {
    const site = await siteWith('10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '10.0.0.1/32');
    const key = { id: site.id };
    const ids = await deleteNetworks(ctx, [
      { site: key, by: { cidr: '10.0.0.0/16' } },
      { site: key, by: { cidr: '10.0.0.1/32' } },
      { site: key, by: { cidr: '10.0.0.0/24' } },
    ]);
    expect(ids).toHaveLength(3);
    const deleted = await net.events(site, 'network.network.deleted');
    expect(deleted.map(({ before }) => (before as Network).cidr)).toEqual([
      '10.0.0.1/32',
      '10.0.0.0/24',
      '10.0.0.0/16',
    ]);
    expect(cidrs(await listChildren(ctx, await at(site, '10.0.0.0/8'), wholePage))).toEqual([]);
  });

  test('of many at once by force ends at the closest ancestor that stays', async () => {
    const site = await siteWith('10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '10.0.0.1/32');
    const key = { id: site.id };
    const both = (force: boolean) =>
      deleteNetworks(
        ctx,
        ['10.0.0.0/16', '10.0.0.0/24'].map((cidr) => ({ site: key, by: { cidr }, force })),
      );
    await expect(both(false)).rejects.toThrow('Cannot delete network 10.0.0.0/24: 1 object depends on it.');
    await both(true);
    expect(await parentOf(site, '10.0.0.1/32')).toBe('10.0.0.0/8');
    expect((await verifyTree(ctx, { site: key })).faultCount).toBe(0);
  });

  test('of something unknown or repeated changes nothing', async () => {
    const site = await siteWith('10.0.0.0/8');
    const key = { id: site.id };
    await expect(remove(site, '11.0.0.0/8')).rejects.toThrow(NotFoundError);
    await expect(
      deleteNetworks(ctx, [
        { site: key, by: { cidr: '10.0.0.0/8' } },
        { site: key, by: { cidr: '11.0.0.0/8' } },
      ]),
    ).rejects.toMatchObject({ code: 'NOT_FOUND', path: ['1', 'by'] });
    const network = await at(site, '10.0.0.0/8');
    await expect(
      deleteNetworks(ctx, [{ by: { id: network.id } }, { site: key, by: { cidr: '10.0.0.0/8' } }]),
    ).rejects.toThrow(InputError);
    expect(await names(site)).toEqual(['created']);
  });
});

describe('traversal', () => {
  test('finds the closest parent', async () => {
    const site = await siteWith('10.250.0.0/16', '10.250.0.0/24', '10.250.0.0/25');
    const closest = async (cidr: string, prefixLength?: number) =>
      (await closestParent(ctx, { site: { id: site.id }, cidr, ...(prefixLength !== undefined && { prefixLength }) }))
        ?.cidr ?? null;
    expect(await closest('10.250.0.185/32')).toBe('10.250.0.0/24');
    expect(await closest('10.250.0.185/32', 24)).toBe('10.250.0.0/24');
    expect(await closest('10.250.0.185/32', 25)).toBeNull();
    expect(await closest('10.250.0.185/32', 27)).toBeNull();
    expect(await closest('10.250.0.0/25')).toBe('10.250.0.0/24');
    expect(await closest('10.250.0.0/16')).toBeNull();
    expect(await closest('10.250.0.2')).toBe('10.250.0.0/25');
    expect(await closest('1.0.0.1/32')).toBeNull();
    await expect(closest('1')).rejects.toThrow('Invalid CIDR: 1. Must be IPv4/IPv6 notation.');
    await expect(closest('10.250.0.5/24')).rejects.toThrow('10.250.0.5/24 has host bits set');
    await expect(closest('10.250.0.185/32', 33)).rejects.toMatchObject({
      message: 'CIDR prefix /33 invalid for IPv4!',
      path: ['prefixLength'],
    });
    expect(await closestParent(ctx, { site: { name: 'no such site' }, cidr: '10.0.0.0/8' })).toBeNull();
  });

  test('goes up, down and sideways', async () => {
    const site = await siteWith(
      '10.0.0.0/8',
      '10.0.0.0/16',
      '10.0.0.0/24',
      '10.0.0.1/32',
      '10.1.0.0/16',
      '11.0.0.0/8',
      '::/0',
    );
    const [eight, sixteen, host] = [
      await at(site, '10.0.0.0/8'),
      await at(site, '10.0.0.0/16'),
      await at(site, '10.0.0.1/32'),
    ];
    expect((await findRoot(ctx, host))?.cidr).toBe('10.0.0.0/8');
    expect(await findRoot(ctx, eight)).toBeNull();
    expect((await findAncestors(ctx, host)).map(({ cidr }) => cidr)).toEqual([
      '10.0.0.0/8',
      '10.0.0.0/16',
      '10.0.0.0/24',
    ]);
    expect(cidrs(await listSiblings(ctx, sixteen, {}, wholePage))).toEqual(['10.1.0.0/16']);
    expect(cidrs(await listSiblings(ctx, sixteen, { includeSelf: true }, wholePage))).toEqual([
      '10.0.0.0/16',
      '10.1.0.0/16',
    ]);
    expect(cidrs(await listSiblings(ctx, eight, {}, wholePage))).toEqual(['11.0.0.0/8']);
    const subnets = async (options: object) => cidrs(await listSubnets(ctx, eight, options, wholePage));
    expect(await subnets({ direct: true })).toEqual(['10.0.0.0/16', '10.1.0.0/16']);
    expect(await subnets({ includeIps: false })).toEqual(['10.0.0.0/16', '10.0.0.0/24', '10.1.0.0/16']);
    expect(await subnets({ includeNetworks: false })).toEqual(['10.0.0.1/32']);
    expect(await subnets({ includeNetworks: false, includeIps: false })).toEqual([]);
    expect(cidrs(await listSubnets(ctx, host, {}, wholePage))).toEqual([]);
    expect(cidrs(await listSupernets(ctx, host, { direct: true }, wholePage))).toEqual(['10.0.0.0/24']);
    expect(cidrs(await listSupernets(ctx, eight, {}, wholePage))).toEqual([]);
  });

  test('tells how much of a network is used', async () => {
    const site = await siteWith('10.47.216.0/22', '10.47.216.0/24', '10.47.216.1/32', '10.47.219.255/32');
    expect(await findUtilization(ctx, await at(site, '10.47.216.0/22'))).toEqual({
      max: 1024n,
      used: 2n,
      free: 1022n,
      percentUsed: 2 / 1024,
      percentFree: 1022 / 1024,
      text: '10.47.216.0/22 - 0% used (2), 100% free (1022)',
    });
    expect(utilizationOf('10.47.216.0/22', 139).text).toBe('10.47.216.0/22 - 14% used (139), 86% free (885)');
    expect(utilizationOf('10.0.0.0/29', 4).text).toBe('10.0.0.0/29 - 50% used (4), 50% free (4)');
    expect(utilizationOf('10.0.0.0/24', 32).text).toBe('10.0.0.0/24 - 13% used (32), 88% free (224)');
    expect(utilizationOf('::/0', 1)).toMatchObject({ max: 2n ** 128n, free: 2n ** 128n - 1n, percentFree: 1 });
  });
});

describe('verification', () => {
  test('lists a corrupted parent, mends it with one event, and finds nothing the second time', async () => {
    const site = await siteWith('10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '11.0.0.0/8');
    const key = { id: site.id };
    const [eight, wrong] = [await at(site, '11.0.0.0/8'), await at(site, '10.0.0.0/24')];
    await ctx.atomically((ctx) => ctx.use(networkStore).setParents([{ id: wrong.id, parentId: eight.id }]));
    const found = await verifyTree(ctx, { site: key });
    expect(found).toMatchObject({ checked: 4, faultCount: 1, repairedCount: 0 });
    expect(found.faults).toMatchObject([
      { code: 'WRONG_PARENT', network: { cidr: '10.0.0.0/24' }, parent: { cidr: '10.0.0.0/16' }, repaired: false },
    ]);
    expect(await parentOf(site, '10.0.0.0/24')).toBe('11.0.0.0/8');
    expect(await verifyTree(ctx, { site: key, repair: true })).toMatchObject({ faultCount: 1, repairedCount: 1 });
    expect(await parentOf(site, '10.0.0.0/24')).toBe('10.0.0.0/16');
    const events = await net.events(site, 'network.tree.repaired');
    expect(events.map(({ data }) => data)).toEqual([
      {
        site: { id: toGlobalId('Site', site.id) },
        repairedCount: 1,
        repaired: [
          {
            networkId: toGlobalId('Network', wrong.id),
            before: toGlobalId('Network', eight.id),
            after: toGlobalId('Network', (await at(site, '10.0.0.0/16')).id),
          },
        ],
      },
    ]);
    expect(await verifyTree(ctx, { site: key, repair: true })).toMatchObject({ faultCount: 0, repairedCount: 0 });
    expect(await net.events(site, 'network.tree.repaired')).toHaveLength(1);
  });

  test('finds loops, parents of other Sites, and addresses without a base network, which it leaves', async () => {
    const site = await siteWith('10.0.0.0/8', '10.0.0.0/16', '10.0.0.1/32', '::/0');
    const other = await siteWith('10.0.0.0/8');
    const [eight, sixteen, host] = [
      await at(site, '10.0.0.0/8'),
      await at(site, '10.0.0.0/16'),
      await at(site, '10.0.0.1/32'),
    ];
    const foreign = await at(other, '10.0.0.0/8');
    await ctx.atomically((ctx) =>
      ctx.use(networkStore).setParents([
        { id: eight.id, parentId: sixteen.id },
        { id: host.id, parentId: foreign.id },
      ]),
    );
    const codes = async (input: object) =>
      (await verifyTree(ctx, { site: { id: site.id }, ...input })).faults.map(
        ({ code, network }) => `${code} ${network.cidr}`,
      );
    expect(await codes({})).toEqual(['WRONG_PARENT 10.0.0.0/8', 'WRONG_PARENT 10.0.0.1/32']);
    expect(await codes({ ipVersion: 6 })).toEqual([]);
    await codes({ repair: true });
    expect(await codes({})).toEqual([]);
    await ctx.atomically((ctx) => ctx.use(networkStore).deleteMany([eight.id, sixteen.id]));
    expect(await codes({ repair: true })).toEqual(['ORPHAN_ADDRESS 10.0.0.1/32']);
    expect(await codes({ repair: true })).toEqual(['ORPHAN_ADDRESS 10.0.0.1/32']);
    expect(await parentOf(site, '10.0.0.1/32')).toBeNull();
  });
});
