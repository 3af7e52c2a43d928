import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDevices } from '#resolvers/network/devices/create.ts';
import { deleteDevices } from '#resolvers/network/devices/delete.ts';
import { replaceDevices, updateDevices } from '#resolvers/network/devices/update.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetworks } from '#resolvers/network/networks/delete.ts';
import { insertNetworks } from '#resolvers/network/networks/insert.ts';
import { replaceNetworks, updateNetworks } from '#resolvers/network/networks/update.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { createSites } from '#resolvers/network/sites/create.ts';
import { deleteSites } from '#resolvers/network/sites/delete.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

test('every bulk call takes an empty list', async () => {
  const calls = [
    ...[createSites, deleteSites],
    ...[createDevices, updateDevices, replaceDevices, deleteDevices],
    ...[createNetworks, updateNetworks, replaceNetworks, deleteNetworks],
  ];
  for (const call of calls) expect(await call(net.all, [])).toEqual([]);
});

test('insertion without a limit takes thousands in a fixed number of statements, with the errors of single ones', async () => {
  const site = await net.site();
  const seeds = (cidrs: readonly string[]) => cidrs.map((cidr) => ({ site, cidr }));
  const fresh = Array.from({ length: 4096 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  const insert = (cidrs: readonly string[]) => net.all.atomically((ctx) => insertNetworks(ctx, seeds(cidrs)));
  const few = await net.statements(() => insert(['172.16.0.0/12', '172.16.0.1/32']));
  const many = await net.statements(() => insert(fresh));
  expect(many).toBe(few);
  const outcomes = await insert(['10.0.0.0/8', '10.1.2.0/24', '192.168.0.1/32', '10.1.2.3/32', '10.0.0.0/8']);
  expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.network.cidr))).toEqual([
    '10.0.0.0/8',
    'CONFLICT',
    'BAD_USER_INPUT',
    '10.1.2.3/32',
    'CONFLICT',
  ]);
  expect(await verifyTree(net.all, { site: { id: site.id } })).toMatchObject({ checked: 4100, faultCount: 0 });
  const [event] = (await net.events(site, 'network.network.created')).slice(-2);
  const data = event?.data as { adoptedCount: number; adopted: string[] } | undefined;
  expect([data?.adoptedCount, data?.adopted.length]).toEqual([4096, 1000]);
});
