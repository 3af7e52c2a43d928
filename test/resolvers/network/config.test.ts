import { afterEach, expect, test } from 'vitest';
import { createDevice, createDevices } from '#resolvers/network/devices/create.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
afterEach(() => net?.gateway.dispose());

test('hostnames follow the pattern of the config, in one gateway and not in another', async () => {
  net = await openNetwork('memory', { network: { hostname: { pattern: '[a-z]+_[0-9]+' } } });
  const other = await openNetwork('memory');
  const [site, elsewhere] = [await net.site(), await other.site()];
  expect(await createDevice(net.all, { site: { id: site.id }, hostname: 'a_1' })).toMatchObject({ hostname: 'a_1' });
  await expect(createDevice(net.all, { site: { id: site.id }, hostname: 'a1' })).rejects.toThrow(
    'hostname must match [a-z]+_[0-9]+.',
  );
  await expect(createDevice(other.all, { site: { id: elsewhere.id }, hostname: 'a_1' })).rejects.toThrow('no label');
  await other.gateway.dispose();
});

test('a bulk call takes as many items as the config says', async () => {
  net = await openNetwork('memory', { network: { bulk: { max: 2 } } });
  const site = { id: (await net.site()).id };
  const items = (count: number) => Array.from({ length: count }, (_, n) => ({ site, hostname: `d${n}` }));
  expect(await createDevices(net.all, items(2))).toHaveLength(2);
  await expect(createDevices(net.all, items(3))).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    path: ['inputs'],
    message: 'At most 2 items go into one call; 3 were given.',
  });
});

test('IPv6 is shown as the config says, and kept and found in any form', async () => {
  net = await openNetwork('memory', { network: { ipv6: { display: 'exploded' } } });
  const site = await net.site('exploded');
  await createNetwork(net.all, { site: { id: site.id }, cidr: '2001:db8::/32' });
  await createNetwork(net.all, { site: { id: site.id }, cidr: '10.0.0.0/8' });
  const { data } = await net.gateway.execute({
    document: `{ networks(orderBy: { by: NATURAL }) { nodes { cidr naturalKey networkAddress broadcastAddress } }
      network(by: { cidr: "2001:db8::/32" }) { prefixLength } }`,
  });
  expect(data).toEqual({
    networks: {
      nodes: [
        {
          cidr: '10.0.0.0/8',
          naturalKey: '10.0.0.0/8',
          networkAddress: '10.0.0.0',
          broadcastAddress: '10.255.255.255',
        },
        {
          cidr: '2001:0db8:0000:0000:0000:0000:0000:0000/32',
          naturalKey: '2001:0db8:0000:0000:0000:0000:0000:0000/32',
          networkAddress: '2001:0db8:0000:0000:0000:0000:0000:0000',
          broadcastAddress: '2001:0db8:ffff:ffff:ffff:ffff:ffff:ffff',
        },
      ],
    },
    network: { prefixLength: 32 },
  });
});

test('a pattern that is none, and an unknown key, are refused at the start with their paths', async () => {
  const refused = openNetwork('memory', { network: { hostname: { pattern: '(a', allow: true } } });
  await expect(refused).rejects.toMatchObject({
    faults: expect.arrayContaining([
      { path: 'network.hostname.pattern', message: 'is no regular expression in RE2 syntax.' },
      expect.objectContaining({ path: 'network.hostname.allow' }),
    ]),
  });
});
