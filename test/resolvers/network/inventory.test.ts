import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressInventory } from '#kernel/address-inventory.ts';
import type { Context } from '#kernel/context.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { type Network, networkGlobalId } from '#resolvers/network/networks/network.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

const closest = (ctx: Context, ...cidrs: string[]) => ctx.use(addressInventory).closest(ctx, cidrs);

test('other domains are told which networks the viewer may see hold their addresses', async () => {
  const [site, other] = [await net.site(), await net.site()];
  const [eight, host, afar] = (await createNetworks(net.all, [
    { site: { id: site.id }, cidr: '10.0.0.0/8' },
    { site: { id: site.id }, cidr: '10.1.2.3' },
    { site: { id: other.id }, cidr: '10.1.0.0/16' },
  ])) as [Network, Network, Network];
  const of = (...networks: Network[]) => networks.map(({ id }) => networkGlobalId(id));
  expect(await closest(net.all, ' 10.1.2.3', '10.9.0.0/255.255.0.0', 'example.com', '192.0.2.1')).toEqual([
    of(host, afar),
    of(eight),
    [],
    [],
  ]);
  expect(await closest(net.as(`network:read@site/${other.id}`), '10.1.2.3')).toEqual([of(afar)]);
  expect(await closest(net.as(`network:read@network/${eight.id}`), '10.1.2.3', '10.1.2.4')).toEqual([
    of(host),
    of(eight),
  ]);
  expect(await closest(net.anonymous, '10.1.2.3')).toEqual([[]]);
  expect(await net.statements(() => closest(net.all, ...Array.from({ length: 200 }, (_, n) => `10.1.2.${n}`)))).toBe(1);
});

test('from a network that holds an address the graph leads to the device in the same request', async () => {
  const site = await net.site();
  await createNetworks(net.all, [{ site: { id: site.id }, cidr: '198.51.100.0/24' }]);
  const device = await createDevice(net.all, { site: { id: site.id }, hostname: 'r1' });
  await createInterface(net.all, { device: { id: device.id }, name: 'eth0', addresses: ['198.51.100.7'] });
  const [[id = ''] = []] = await closest(net.all, '198.51.100.7');
  const { data } = await net.gateway.execute({
    document: `query ($id: ID!) { node(id: $id) { ... on Network {
      cidr assignments { totalCount nodes { interface { nameSlug device { hostname } } address { cidr } } }
    } } }`,
    variables: { id },
  });
  expect(data).toEqual({
    node: {
      cidr: '198.51.100.7/32',
      assignments: {
        totalCount: 1,
        nodes: [
          { interface: { nameSlug: 'r1:eth0', device: { hostname: 'r1' } }, address: { cidr: '198.51.100.7/32' } },
        ],
      },
    },
  });
});
