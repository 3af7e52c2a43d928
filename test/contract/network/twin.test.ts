import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toCidr } from '#kernel/cidr.ts';
import { newId } from '#kernel/id.ts';
import { type Device, deviceStore } from '#resolvers/network/devices/device.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { type InterfaceFilter, type InterfaceScope, interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import { type Network, networkStates } from '#resolvers/network/networks/network.ts';
import {
  type NetworkFilter,
  type NetworkScope,
  networkStore,
  type Occupancy,
} from '#resolvers/network/networks/store.ts';
import { type Site, siteStore } from '#resolvers/network/sites/site.ts';
import { aDevice, aNetwork, anAssignment, anInterface, aSite } from './support.ts';
import { grantsOn, order, paging, shown, sites, Twins, toRequest, toVisibility } from './twins.ts';

const twins = new Twins();
beforeAll(() => twins.open());
afterAll(() => twins.close());
const both: Twins['both'] = (work) => twins.both(work);
const fill: Twins['fill'] = (insert) => twins.fill(insert);

test('lists of Sites', async () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'B', 'b', 'é', 'z😀', 'z\uffff', ' a'), { maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(
      names,
      order,
      paging,
      grantsOn('site', 7),
      fc.boolean(),
      async (names, order, paging, grants, one) => {
        const rows = names.map((name, index): Site => ({ ...aSite(name), id: sites[index] ?? newId() }));
        await fill((use) => use(siteStore).insertMany(rows));
        const positions = rows.map(({ id, name }) => (order.by === 'CREATED' ? [id] : [name, id]));
        const query = {
          filter: one ? { name: 'b' } : {},
          order,
          visibility: toVisibility(grants, rows),
          page: toRequest(paging, positions),
        };
        const [mine, theirs] = await both(async (use) => shown(await use(siteStore).page(query)));
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 60 },
  );
});

test('lists of devices', async () => {
  const device = fc.tuple(fc.constantFrom(...sites), fc.constantFrom('a', 'A', 'b', 'B2', 'c-1', 'É', 'é'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(device, { maxLength: 12 }),
      order,
      paging,
      grantsOn('device', 12),
      fc.option(fc.constantFrom('A', 'é')),
      async (devices, order, paging, grants, hostname) => {
        const rows: Device[] = devices.map(([siteId, hostname]) => aDevice(siteId, hostname));
        await fill((use) => use(deviceStore).insertMany(rows));
        const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        const positions = rows.map(({ id, hostname }) => (order.by === 'CREATED' ? [id] : [fold(hostname), id]));
        const visibility = toVisibility(grants, rows);
        const query = { filter: hostname ? { hostname } : {}, order, visibility, page: toRequest(paging, positions) };
        const [mine, theirs] = await both(async (use) => {
          const store = use(deviceStore);
          const pages = await store.pages([null, ...sites], query);
          const keys = [null, ...sites].flatMap((siteId) => ['a', 'É'].map((key) => ({ siteId, key })));
          return [await Promise.all(pages.map(shown)), await store.match(keys, visibility)];
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 60 },
  );
});

test('lists of networks', async () => {
  const cidr = fc.constantFrom(
    ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/9', '10.0.0.0/32', '10.0.0.255/32', '255.255.255.255/32'],
    ...['::/0', '2001:db8::/32', '2001:db8::/128', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128', '::ffff:10.0.0.0/104'],
  );
  const network = fc.record({
    siteId: fc.constantFrom(...sites),
    cidr,
    state: fc.constantFrom(...networkStates),
    parent: fc.option(fc.nat(14)),
  });
  const filter: fc.Arbitrary<NetworkFilter> = fc.record(
    {
      cidrs: fc.array(cidr, { maxLength: 3 }),
      prefixLength: fc.constantFrom(0, 9, 32, 128),
      version: fc.constantFrom<4 | 6>(4, 6),
      state: fc.constantFrom(...networkStates),
      rootOnly: fc.boolean(),
      hosts: fc.boolean(),
      withoutSelf: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const scope = fc.constantFrom<NetworkScope['kind']>('all', 'site', 'children', 'siblings', 'inside', 'containing');
  await fc.assert(
    fc.asyncProperty(
      fc.array(network, { maxLength: 14 }),
      filter,
      scope,
      order,
      paging,
      grantsOn('network', 14),
      async (networks, filter, kind, order, paging, grants) => {
        const made = networks.map(({ siteId, cidr, state }): Network => ({ ...aNetwork(siteId, cidr), state }));
        const rows = made.map((row, index): Network => {
          const parent = networks[index]?.parent ?? null;
          return { ...row, parentId: parent === null ? null : (made[parent % made.length]?.id ?? null) };
        });
        await fill((use) => use(networkStore).insertMany(rows));
        const present = (await twins.memory.use(networkStore).getMany(rows.map(({ id }) => id))).filter(
          (row) => row !== null,
        );
        const positions = present.map(({ id, cidr }) => (order.by === 'CREATED' ? [id] : [cidr, id]));
        const visibility = toVisibility(grants, present);
        const query: ListQuery<NetworkFilter> = { filter, order, visibility, page: toRequest(paging, positions) };
        const scopes = scopesOf(kind, present);
        const [mine, theirs] = await both(async (use) => {
          const store = use(networkStore);
          const holders = await store.containing(present);
          return {
            pages: await Promise.all((await store.pages(scopes, query)).map(shown)),
            counts: await store.count(scopes, query),
            holders: holders.map(({ id }) => id).sort(),
            hosts: await store.countHosts(present),
            taken: await Promise.all(occupancies.map((asked) => store.occupied(inVersion(present, asked), asked, 3))),
            matches: await store.match(
              [null, ...sites].map((siteId) => ({ siteId, key: '10.0.0.0/8' })),
              visibility,
            ),
            children: await store.childrenWithout(
              present.slice(0, 3).map(({ id }) => id),
              2,
            ),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

/** Blocks of each length in the networks that are shorter. */
const occupancies: readonly (Occupancy & { readonly version: 4 | 6 })[] = [
  { version: 4, by: 'long', length: 9 },
  { version: 4, by: 'long', length: 24 },
  { version: 4, by: 'hosts', length: 32 },
  { version: 6, by: 'long', length: 33 },
  { version: 6, by: 'hosts', length: 128 },
];

const inVersion = (networks: readonly Network[], { version, length }: (typeof occupancies)[number]) =>
  networks.filter(({ cidr }) => toCidr(cidr).version === version && toCidr(cidr).length < length);

test('lists of interfaces', async () => {
  const devices = ['a', 'B', 'b', 'c'].map((hostname, index) => aDevice(sites[index % 2] ?? '', hostname));
  const one = fc.record({
    device: fc.nat(3),
    name: fc.constantFrom('eth0', 'ETH0', 'eth1', 'é', 'a b', 'z😀'),
    type: fc.constantFrom(6, 161),
    macAddress: fc.constantFrom(null, '00:00:00:00:00:01', 'FF:FF:FF:FF:FF:FF'),
    speed: fc.constantFrom(null, 0, 1000),
    parent: fc.option(fc.nat(14)),
    bound: fc.option(fc.nat(2)),
  });
  const filter: fc.Arbitrary<InterfaceFilter> = fc.record(
    {
      deviceIds: fc.constantFrom(...devices.map(({ id }) => [id]), []),
      name: fc.constantFrom('eth0', 'é', 'none'),
      type: fc.constantFrom(6, 161),
      macAddress: fc.constant('00:00:00:00:00:01'),
      speed: fc.constantFrom(0, 1000),
      description: fc.constantFrom('', 'x'),
    },
    { requiredKeys: [] },
  );
  const scope = fc.constantFrom<InterfaceScope['kind']>('all', 'site', 'device', 'children', 'descendants', 'siblings');
  const addresses = [newId(), newId(), newId()];
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 14 }),
      filter,
      scope,
      order,
      paging,
      fc.oneof(grantsOn('interface', 14), grantsOn('device', 4)),
      async (given, filter, kind, order, paging, grants) => {
        const made = given.map(({ device, name, type, macAddress, speed }): NetworkInterface => {
          const on = devices[device] ?? (devices[0] as Device);
          return { ...anInterface(on, name), type, macAddress, speed };
        });
        // On its own device, and above itself at times: what a broken storage would hold is told in the same way.
        const rows = made.map((row, index): NetworkInterface => {
          const parent = made[(given[index]?.parent ?? 0) % made.length];
          const hangs = given[index]?.parent != null && parent?.deviceId === row.deviceId;
          return { ...row, parentId: hangs ? (parent?.id ?? null) : null };
        });
        await fill(async (use) => {
          await use(deviceStore).insertMany(devices);
          return use(interfaceStore).insertMany(rows);
        });
        const present = (await twins.memory.use(interfaceStore).getMany(rows.map(({ id }) => id))).filter(
          (row) => row !== null,
        );
        const add = present.flatMap((row, index) => {
          const bound = given[index]?.bound ?? null;
          return bound === null ? [] : [anAssignment(row, addresses[bound] ?? '')];
        });
        const [bound, alsoBound] = await both((use) => use(interfaceStore).setAddresses({ remove: [], add }));
        expect(alsoBound).toEqual(bound);
        const ids = present.map(({ id }) => id);
        const wide = kind === 'all' || kind === 'site';
        const positions = present.map(({ id, name, deviceId }) => {
          const hostname = devices.find((device) => device.id === deviceId)?.hostname.toLowerCase() ?? '';
          return order.by === 'CREATED' ? [id] : wide ? [hostname, name, id] : [name, id];
        });
        const visibility = toVisibility(grants, present.length > 0 ? present : devices);
        const query = { filter, order, visibility, page: toRequest(paging, positions) };
        const around = kind === 'device' ? devices.map(({ id }) => id) : ids;
        const scopes = (kind === 'site' ? sites : around).map((id): InterfaceScope => ({ kind: kind as 'device', id }));
        const asked: InterfaceScope[] = kind === 'all' ? [{ kind: 'all' }] : scopes;
        const [mine, theirs] = await both(async (use) => {
          const store = use(interfaceStore);
          return {
            pages: await Promise.all((await store.pages(asked, query)).map(shown)),
            counts: await store.count(asked, query),
            children: await store.childrenWithout(ids.slice(0, 3), 2),
            assigned: await store.assignmentsOf(ids),
            assignments: await Promise.all(
              (await store.assignmentPages(addresses, visibility, { ...query.page, after: null, before: null })).map(
                shown,
              ),
            ),
          };
        });
        expect(theirs).toEqual(mine);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

function scopesOf(kind: NetworkScope['kind'], networks: readonly Network[]): NetworkScope[] {
  if (kind === 'all') return [{ kind }];
  if (kind === 'site') return sites.map((siteId) => ({ kind, siteId }));
  return networks.map((network) => ({ kind, network }));
}
