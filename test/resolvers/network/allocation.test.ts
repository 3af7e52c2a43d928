import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, InputError, NoSpaceError, NotFoundError } from '#kernel/errors.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { allocateAddresses, allocateNetworks } from '#resolvers/network/networks/allocate.ts';
import { createNetworks } from '#resolvers/network/networks/create.ts';
import { findNetwork, listNetworks } from '#resolvers/network/networks/find.ts';
import { type Network, type NetworkState, networkGlobalId } from '#resolvers/network/networks/network.ts';
import { nextAddresses, nextNetworks } from '#resolvers/network/networks/space.ts';
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
  createNetworks(
    ctx,
    cidrs.map((cidr) => ({ site: { id: site.id }, cidr })),
  ) as Promise<[Network, ...Network[]]>;

const setState = (network: Network, state: NetworkState) => updateNetwork(ctx, { by: { id: network.id }, state });
const cidrs = (networks: readonly Network[]) => networks.map(({ cidr }) => cidr);
const hosts = (from: string, ...lasts: number[]) => lasts.map((last) => `${from}.${last}/32`);

describe('free space', () => {
  test('is found around what a network holds', async () => {
    const site = await net.site();
    const [base, child] = await add(site, '10.16.2.0/25', '10.16.2.8/29', ...hosts('10.16.2', 1, 2, 4, 17));
    const networks = (prefixLength: number, num?: number) => nextNetworks(ctx, base, { prefixLength, num });
    expect(await networks(28)).toEqual(['10.16.2.32/28']);
    expect(await networks(27, 3)).toEqual(['10.16.2.32/27', '10.16.2.64/27', '10.16.2.96/27']);
    expect(await networks(27, 5)).toEqual(['10.16.2.32/27', '10.16.2.64/27', '10.16.2.96/27']);
    expect(await networks(25)).toEqual([]);
    await expect(networks(24)).rejects.toThrow('New prefix must be longer than 25');
    await expect(networks(42)).rejects.toThrow('CIDR prefix /42 invalid for IPv4!');
    expect(await nextAddresses(ctx, base, { num: 3 })).toEqual(hosts('10.16.2', 3, 5, 6));
    expect(await nextAddresses(ctx, base, { num: 8 })).toEqual(hosts('10.16.2', 3, 5, 6, 7, 9, 10, 11, 12));
    expect(await nextAddresses(ctx, child as Network, { num: 8 })).toEqual(hosts('10.16.2', 9, 10, 11, 12, 13, 14));
  });

  test('is none in a reserved network, whatever is asked, and comes back with its state', async () => {
    const site = await net.site();
    const [base] = await add(site, '192.168.3.0/24');
    const reserved = await setState(base, 'RESERVED');
    expect(await nextNetworks(ctx, reserved, { prefixLength: 28 })).toEqual([]);
    expect(await nextAddresses(ctx, reserved, { num: 3 })).toEqual([]);
    expect(await nextNetworks(ctx, reserved, { prefixLength: 42, num: 0 })).toEqual([]);
    const open = await setState(base, 'ALLOCATED');
    expect(await nextNetworks(ctx, open, { prefixLength: 28 })).toEqual(['192.168.3.0/28']);
    expect(await nextAddresses(ctx, open, { num: 3 })).toEqual(hosts('192.168.3', 1, 2, 3));
  });

  test('is strictly where no child is, and loosely inside children too', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.2.1.0/24', '10.2.1.128/27', '10.2.1.64/27', '10.2.1.96/27');
    await add(site, '10.2.1.0/25');
    const networks = (strict: boolean) => nextNetworks(ctx, base, { prefixLength: 28, num: 4, strict });
    expect(await networks(true)).toEqual(['10.2.1.160/28', '10.2.1.176/28', '10.2.1.192/28', '10.2.1.208/28']);
    expect(await networks(false)).toEqual(['10.2.1.0/28', '10.2.1.16/28', '10.2.1.32/28', '10.2.1.48/28']);
  });

  test('leaves out what overlaps a reserved network inside, not what a reserved network around holds', async () => {
    const site = await net.site();
    const [outer, base, inner] = await add(site, '10.0.0.0/8', '10.3.0.0/24', '10.3.0.0/26');
    await setState(outer, 'RESERVED');
    await setState(inner as Network, 'RESERVED');
    expect(await nextNetworks(ctx, base as Network, { prefixLength: 25, num: 2 })).toEqual(['10.3.0.128/25']);
    expect(await nextAddresses(ctx, base as Network, {})).toEqual(['10.3.0.64/32']);
  });

  test('has both addresses of a /31 and of a /127, and none of an address', async () => {
    const site = await net.site();
    const [two, deep, one] = await add(site, '10.4.0.0/31', '2001:db8::/127', '10.4.0.0/32');
    expect(await nextAddresses(ctx, two, { num: 2 })).toEqual(['10.4.0.1/32']);
    expect(await nextAddresses(ctx, deep as Network, { num: 3 })).toEqual(['2001:db8::/128', '2001:db8::1/128']);
    expect(await nextAddresses(ctx, one as Network, {})).toEqual([]);
  });

  test('keeps first and last address of IPv6 networks from hosts, not from blocks of length 32', async () => {
    const site = await net.site();
    const [wide] = await add(site, '2001::/16', '2001:db8::/64');
    expect(await nextNetworks(ctx, wide, { prefixLength: 32, num: 1 })).toEqual(['2001::/32']);
    expect(await nextAddresses(ctx, wide, { num: 1 })).toEqual(['2001::1/128']);
  });

  test('answers at once however large the network is', async () => {
    const site = await net.site();
    const [wide] = await add(site, '2600::/16', '2600::1/128', '2600::3/128');
    expect(await nextAddresses(ctx, wide, { num: 3 })).toEqual(['2600::2/128', '2600::4/128', '2600::5/128']);
  });

  test('refuses numbers below 1 and above 1,024, and tells all faults at once', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.5.0.0/24');
    for (const num of [0, -1, 1025])
      await expect(nextAddresses(ctx, base, { num })).rejects.toThrow(`num is ${num}; it must be from 1 to 1024.`);
    const both = nextNetworks(ctx, base, { prefixLength: 8, num: 0 });
    await expect(both).rejects.toMatchObject({ fields: [{ path: ['prefixLength'] }, { path: ['num'] }] });
    await expect(both).rejects.toBeInstanceOf(InputError);
  });
});

describe('allocation', () => {
  test('creates the first free address, then the next one, each with one event that tells where from', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.1.2.0/24');
    const by = { site: { id: site.id }, by: { cidr: '10.1.2.0/24' } };
    const [first] = await allocateAddresses(ctx, by);
    expect(first).toMatchObject({ cidr: '10.1.2.1/32', state: 'ALLOCATED', parentId: base.id });
    expect(await nextAddresses(ctx, base, {})).toEqual(['10.1.2.2/32']);
    const [second] = await allocateAddresses(ctx, { ...by, state: 'RESERVED' });
    expect(second).toMatchObject({ cidr: '10.1.2.2/32', state: 'RESERVED' });
    const reserved = await listNetworks(ctx, { site: { id: site.id }, filter: { state: 'RESERVED' } }, wholePage);
    expect(cidrs(reserved.items.map(({ node }) => node))).toEqual(['10.1.2.2/32']);
    const events = await net.events(site, 'network.network.created');
    expect(
      events.map(({ data }) => [
        (data as { network: Network }).network.cidr,
        (data as { allocation?: object }).allocation,
      ]),
    ).toEqual([
      ['10.1.2.0/24', undefined],
      ['10.1.2.1/32', { parentId: networkGlobalId(base.id), strict: false }],
      ['10.1.2.2/32', { parentId: networkGlobalId(base.id), strict: false }],
    ]);
  });

  test('creates networks that adopt what lies in them, and says whether it was strict', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.6.0.0/16', '10.6.0.0/24');
    const made = await allocateNetworks(ctx, { by: { id: base.id }, prefixLength: 20, num: 2, strict: true });
    expect(cidrs(made)).toEqual(['10.6.16.0/20', '10.6.32.0/20']);
    const [wide] = await allocateNetworks(ctx, { by: { id: base.id }, prefixLength: 17, num: 1 });
    expect(wide?.cidr).toBe('10.6.128.0/17');
    const events = await net.events(site, 'network.network.created');
    expect(events.at(-2)?.data).toMatchObject({ allocation: { strict: true }, adoptedCount: 0 });
  });

  test('takes a block around longer networks of no length only where none is', async () => {
    const site = await net.site();
    const [base, child] = await add(site, '10.7.0.0/16', '10.7.0.0/17', '10.7.0.0/24');
    const [made] = await allocateNetworks(ctx, { by: { id: base.id }, prefixLength: 18 });
    expect(made).toMatchObject({ cidr: '10.7.64.0/18', parentId: child?.id });
  });

  test('refuses when too little is free, tells how much there is, and takes it when a part is enough', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.8.0.0/29', ...hosts('10.8.0', 1, 2, 3));
    const by = { id: base.id };
    const refused = allocateAddresses(ctx, { by, num: 4 });
    await expect(refused).rejects.toBeInstanceOf(NoSpaceError);
    await expect(refused).rejects.toMatchObject({
      available: 3,
      message: 'Only 3 of 4 addresses are free in 10.8.0.0/29.',
    });
    expect(await nextAddresses(ctx, base, { num: 9 })).toHaveLength(3);
    expect(cidrs(await allocateAddresses(ctx, { by, num: 4, partial: true }))).toEqual(hosts('10.8.0', 4, 5, 6));
    await expect(allocateAddresses(ctx, { by, num: 4, partial: true })).rejects.toMatchObject({
      available: 0,
      message: 'No addresses are free in 10.8.0.0/29.',
    });
    expect(await net.events(site, 'network.network.created')).toHaveLength(7);
  });

  test('takes nothing from a reserved network or an address', async () => {
    const site = await net.site();
    const [base, host] = await add(site, '10.9.0.0/24', '10.9.0.1/32');
    await setState(base, 'RESERVED');
    await expect(allocateNetworks(ctx, { by: { id: base.id }, prefixLength: 28 })).rejects.toMatchObject({
      available: 0,
      message: 'No networks of length 28 are free in 10.9.0.0/24.',
    });
    await expect(allocateAddresses(ctx, { by: { id: host?.id ?? '' } })).rejects.toBeInstanceOf(NoSpaceError);
  });

  test('refuses other states, unknown networks and lengths that cannot be', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.10.0.0/24');
    const by = { id: base.id };
    await expect(allocateAddresses(ctx, { by, state: 'ASSIGNED' as never })).rejects.toMatchObject({
      fields: [{ path: ['state'], message: 'state must be ALLOCATED or RESERVED.' }],
    });
    await expect(allocateAddresses(ctx, { by: { cidr: '10.99.0.0/24' } })).rejects.toBeInstanceOf(NotFoundError);
    await expect(allocateNetworks(ctx, { by, prefixLength: 23 })).rejects.toThrow('New prefix must be longer than 24');
    await expect(allocateNetworks(ctx, { by, prefixLength: 28, num: 1025 })).rejects.toBeInstanceOf(InputError);
  });

  test('needs the right to allocate from the network, and none to create in it', async () => {
    const site = await net.site();
    const [outer, base] = await add(site, '10.0.0.0/8', '10.11.0.0/16');
    const by = { id: base?.id ?? '' };
    const taker = net.as(`network:allocate@network/${outer.id}`);
    expect(cidrs(await allocateNetworks(taker, { by, prefixLength: 24 }))).toEqual(['10.11.0.0/24']);
    expect(cidrs(await allocateAddresses(net.as(`network:write@site/${site.id}`), { by }))).toEqual(['10.11.0.1/32']);
    const reader = net.as(`network:read@site/${site.id}`, `network:create@site/${site.id}`);
    await expect(allocateNetworks(reader, { by, prefixLength: 24 })).rejects.toBeInstanceOf(ForbiddenError);
    await expect(allocateNetworks(net.anonymous, { by, prefixLength: 24 })).rejects.toBeInstanceOf(AuthenticationError);
    const elsewhere = net.as(`network:allocate@network/${(await add(await net.site(), '10.0.0.0/8'))[0].id}`);
    await expect(allocateNetworks(elsewhere, { by, prefixLength: 24 })).rejects.toBeInstanceOf(NotFoundError);
    expect(await findNetwork(ctx, { by: { cidr: '10.11.1.0/24' } })).toBeNull();
  });

  test('binds what it takes to an interface: the addresses are assigned, and the interface tells of them', async () => {
    const site = await net.site();
    const key = { site: { id: site.id } };
    const [base] = await add(site, '10.14.0.0/24');
    const device = await createDevice(ctx, { ...key, hostname: 'r1' });
    const { id } = await createInterface(ctx, { device: { id: device.id }, name: 'eth0' });
    const taker = net.as(`network:allocate@network/${base.id}`, `network:update@device/${device.id}`);
    const made = await allocateAddresses(taker, { by: { id: base.id }, num: 2, assignTo: { nameSlug: 'r1:eth0' } });
    expect(made.map(({ cidr, state }) => [cidr, state])).toEqual([
      ['10.14.0.1/32', 'ASSIGNED'],
      ['10.14.0.2/32', 'ASSIGNED'],
    ]);
    const bound = await ctx.use(interfaceStore).assignmentsOf([id]);
    expect(bound[0]?.map(({ addressId }) => addressId)).toEqual(made.map(({ id }) => id));
    const events = await net.events(site);
    expect(events.slice(-3).map(({ name }) => name)).toEqual([
      'network.network.created',
      'network.network.created',
      'network.interface.updated',
    ]);
    expect(events.at(-1)).toMatchObject({ before: { addresses: [] }, after: { addresses: cidrs(made) } });
  });

  test('refuses to bind to an interface that is unknown, elsewhere, or not to be changed, and takes nothing then', async () => {
    const [site, other] = [await net.site(), await net.site()];
    const [base] = await add(site, '10.15.0.0/24');
    const [here, there] = await Promise.all(
      [site, other].map(async ({ id }) => {
        const device = await createDevice(ctx, { site: { id }, hostname: 'r1' });
        return createInterface(ctx, { device: { id: device.id }, name: 'eth0' });
      }),
    );
    const by = { id: base.id };
    const unknown = { fields: [{ path: ['assignTo'] }] };
    await expect(allocateAddresses(ctx, { by, assignTo: { nameSlug: 'r1:eth9' } })).rejects.toMatchObject(unknown);
    await expect(allocateAddresses(ctx, { by, assignTo: { id: there?.id ?? '' } })).rejects.toMatchObject(unknown);
    const assignTo = { id: here?.id ?? '' };
    await expect(allocateAddresses(ctx, { by, assignTo, state: 'RESERVED' })).rejects.toMatchObject({
      fields: [{ path: ['state'] }],
    });
    const taker = net.as(`network:allocate@site/${site.id}`);
    await expect(allocateAddresses(taker, { by, assignTo })).rejects.toBeInstanceOf(ForbiddenError);
    expect(await nextAddresses(ctx, base, {})).toEqual(['10.15.0.1/32']);
  });

  test('takes as many statements for a thousand addresses as for one', async () => {
    const site = await net.site();
    const [base] = await add(site, '10.12.0.0/16');
    const by = { id: base.id };
    const one = await net.statements(() => allocateAddresses(ctx, { by }));
    const many = await net.statements(() => allocateAddresses(ctx, { by, num: 1000 }));
    expect(many).toBe(one);
  });

  test('previews of many networks take one read', async () => {
    const site = await net.site();
    const networks = await add(site, ...Array.from({ length: 50 }, (_, n) => `10.13.${n}.0/24`));
    const context = net.gateway.context({ viewer: ctx.viewer });
    const statements = await net.statements(async () => {
      const found = await Promise.all(networks.map((network) => nextAddresses(context, network, { num: 2 })));
      expect(found[49]).toEqual(['10.13.49.1/32', '10.13.49.2/32']);
    });
    expect(statements).toBe(1);
  });
});

describe.each(['memory', 'embedded'] as const)('parallel allocations on %s', (storage) => {
  let net: TestNetwork;
  beforeAll(async () => {
    net = await openNetwork(storage);
  });
  afterAll(() => net.gateway.dispose());

  test('forty in one /24 give forty different addresses, the first ones', async () => {
    const site = await net.site();
    await createNetworks(net.all, [{ site: { id: site.id }, cidr: '10.1.2.0/24' }]);
    const made = await Promise.all(
      Array.from({ length: 40 }, () =>
        allocateAddresses(net.all, { site: { id: site.id }, by: { cidr: '10.1.2.0/24' } }),
      ),
    );
    const lasts = made.flat().map(({ cidr }) => Number(/\.(\d+)\/32$/.exec(cidr)?.[1]));
    expect(lasts.sort((one, other) => one - other)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    expect(await net.events(site, 'network.network.created')).toHaveLength(41);
  });
});
