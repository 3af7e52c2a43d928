import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDevices } from '#resolvers/network/devices/create.ts';
import { createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { createSites } from '#resolvers/network/sites/create.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

/** What a list with relations costs, whatever its length. */
let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
  const sites = await createSites(
    net.all,
    Array.from({ length: 30 }, (_, n) => ({ name: `s${n}` })),
  );
  const site = { id: sites[0]?.id ?? '' };
  await createNetworks(net.all, [
    { site, cidr: '10.0.0.0/8' },
    ...Array.from({ length: 60 }, (_, n) => ({ site, cidr: `10.${n}.0.0/16` })),
    ...Array.from({ length: 60 }, (_, n) => ({ site, cidr: `10.${n}.0.0/24` })),
  ]);
  await createDevices(
    net.all,
    sites.flatMap(({ id }) => ['a', 'b'].map((hostname) => ({ site: { id }, hostname }))),
  );
});
afterAll(() => net.gateway.dispose());

const cost = (document: string) =>
  net.statements(async () => {
    const { errors } = await net.gateway.execute({ document });
    expect(errors).toBeUndefined();
  });

async function expectConstant(document: (first: number) => string, most: number): Promise<void> {
  const [few, many] = [await cost(document(2)), await cost(document(30))];
  expect(many).toBe(few);
  expect(many).toBeLessThanOrEqual(most);
}

test('a page of networks with their relatives and what they hold', () =>
  expectConstant(
    (first) => `{ networks(first: ${first}, orderBy: { by: NATURAL }) { totalCount nodes {
      cidr site { name } parent { cidr parent { cidr } } root { cidr } ancestors { cidr }
      children(first: 2) { totalCount nodes { cidr } } siblings(first: 1) { nodes { cidr } } utilization { used }
    } } }`,
    10,
  ));

test('a page of Sites with their devices, networks and counts', () =>
  expectConstant(
    (first) => `{ sites(first: ${first}) { totalCount nodes {
      name counts { devices networks } devices(first: 1) { totalCount nodes { hostname site { name } } }
      networks(first: 1) { nodes { cidr } }
    } } }`,
    8,
  ));

test('a page of devices with their Sites', () =>
  expectConstant((first) => `{ devices(first: ${first}) { nodes { hostname site { name } } } }`, 2));

test('a bulk creation', async () => {
  const items = (count: number, third: number) =>
    Array.from({ length: count }, (_, n) => `{ site: { name: "s9" }, cidr: "10.${third}.${n}.0/24" }`).join();
  const create = (count: number, third: number) =>
    cost(`mutation { networkCreateMany(inputs: [${items(count, third)}]) { __typename } }`);
  const [few, many] = [await create(2, 1), await create(200, 2)];
  expect(many).toBe(few);
});

test('a page of devices with their interfaces, the addresses of those, their networks and parents', async () => {
  const site = { name: 'ports' };
  await createSites(net.all, [site]);
  await createNetworks(net.all, [
    { site, cidr: '10.0.0.0/8' },
    ...Array.from({ length: 40 }, (_, n) => ({ site, cidr: `10.${n}.0.0/16` })),
  ]);
  const devices = await createDevices(
    net.all,
    Array.from({ length: 40 }, (_, n) => ({ site, hostname: `port${n}` })),
  );
  await createInterfaces(
    net.all,
    devices.flatMap(({ id }, n) =>
      ['eth0', 'eth1'].map((name, m) => ({ device: { id }, name, addresses: [`10.${n}.${m}.1`, `10.${n}.${m}.2`] })),
    ),
  );
  await expectConstant(
    (first) => `{ devices(site: { name: "ports" }, first: ${first}) { nodes { hostname interfaces { totalCount nodes {
      nameSlug parent { name } addresses { totalCount nodes { cidr parent { cidr parent { cidr } } } }
      networks { nodes { cidr } }
    } } } } }`,
    9,
  );
  await expectConstant(
    (first) => `{ networks(site: { name: "ports" }, first: ${first}, filter: { includeIps: true }) { nodes {
      cidr parent { cidr } attributes assignments { nodes { interface { name device { hostname } } } }
    } } }`,
    7,
  );
});
