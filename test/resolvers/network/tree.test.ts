import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError, InUseError } from '#kernel/errors.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { listSubnets, listSupernets } from '#resolvers/network/networks/traverse.ts';
import { updateNetwork } from '#resolvers/network/networks/update.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';

let net: TestNetwork;
let ctx: Context;
beforeAll(async () => {
  net = await openNetwork();
  ctx = net.all;
});
afterAll(() => net.gateway.dispose());

const add = (site: Site, ...cidrs: string[]) =>
  cidrs.reduce<Promise<unknown>>(
    (before, cidr) => before.then(() => createNetwork(ctx, { site: { id: site.id }, cidr })),
    Promise.resolve(),
  );

async function at(site: Site, cidr: string) {
  const network = await findNetwork(ctx, { site: { id: site.id }, by: { cidr } });
  if (!network) throw new Error(`${cidr} does not exist.`);
  return network;
}

async function parentOf(site: Site, cidr: string): Promise<string | null> {
  const { parentId } = await at(site, cidr);
  return parentId === null ? null : ((await findNetwork(ctx, { by: { id: parentId } }))?.cidr ?? 'gone');
}

test('a network stands under the longest one that holds it, whatever the order of creation', async () => {
  const site = await net.site();
  await add(site, '10.0.0.0/8', '10.0.0.0/24', '10.0.0.0/16', '0.0.0.0/0');
  expect(await parentOf(site, '0.0.0.0/0')).toBeNull();
  expect(await parentOf(site, '10.0.0.0/8')).toBe('0.0.0.0/0');
  expect(await parentOf(site, '10.0.0.0/16')).toBe('10.0.0.0/8');
  expect(await parentOf(site, '10.0.0.0/24')).toBe('10.0.0.0/16');
  const cidrs = (page: Awaited<ReturnType<typeof listSupernets>>) => page.items.map(({ node }) => node.cidr);
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
