import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventLog } from '#kernel/event.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { nextNetworks } from '#resolvers/network/networks/space.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { demo, type Ended, importNetbox, inventoryOf } from '../../support/netbox.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

/** `DEVICE: created 72` */
const countsOf = ({ ended }: Ended): string[] =>
  ended.counts.map(({ kind, ...numbers }) => {
    const some = Object.entries(numbers).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
    return `${kind}: ${some.join(' ')}`;
  });

const warningsOf = ({ ended }: Ended) => Object.fromEntries(ended.warnings.map(({ code, count }) => [code, count]));

/** How often each value is there. */
function tally<T>(list: readonly T[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of list) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
}

/** How many events of each name are in the log. */
async function eventsIn(net: TestNetwork): Promise<Record<string, number>> {
  const log = net.all.use(eventLog);
  while ((await log.number(1000)) > 0);
  const names: string[] = [];
  for (let offset = 0; ; offset += 1000) {
    const page = await log.page({}, 'all', { limit: 1000, direction: 'forward', after: null, before: null, offset });
    names.push(...page.items.map(({ node }) => node.name));
    if (!page.hasNextPage) return tally(names);
  }
}

const free = async (net: TestNetwork, site: string, cidr: string, prefixLength: number) => {
  const network = await findNetwork(net.all, { site: { name: site }, by: { cidr } });
  if (!network) throw new Error(`${cidr} is not in ${site}.`);
  return nextNetworks(net.all, network, { prefixLength, num: 1 } as never);
};

describe('the demonstration inventory', () => {
  let net: TestNetwork;
  let rehearsed: Ended;
  let first: Ended;
  let found: Awaited<ReturnType<typeof inventoryOf>>;
  beforeAll(async () => {
    net = await openNetwork();
    rehearsed = await importNetbox(net.all, demo, { dryRun: true });
    expect((await inventoryOf(net.all)).sites).toEqual({});
    first = await importNetbox(net.all, demo);
    found = await inventoryOf(net.all);
  }, 120_000);
  afterAll(() => net.gateway.dispose());

  test('comes in whole', () => {
    expect(first.ended.state).toBe('COMPLETED');
    expect(countsOf(first)).toEqual([
      'SITE: created 31',
      'ATTRIBUTE: created 325',
      'DEVICE: created 72',
      'NETWORK: created 270',
      'INTERFACE: created 1586',
      'CIRCUIT: created 26 skipped 3',
    ]);
    expect(warningsOf(first)).toEqual({
      HOSTNAME_CHANGED: 6,
      HOSTNAME_GENERATED: 22,
      REFERENCE_MISSING: 85,
      SPLIT_NAMESPACE: 2,
    });
    const skipped = first.notes.filter(({ outcome }) => outcome === 'SKIPPED');
    expect(skipped.map(({ kind, code }) => `${kind} ${code}`)).toEqual(Array(3).fill('CIRCUIT NO_INTERFACE_END'));
    const missing = first.notes.filter(({ code }) => code === 'REFERENCE_MISSING');
    expect(tally(missing.map(({ message }) => message.split(' ')[0]))).toEqual({ platform: 13, rack: 72 });
  });

  test('was foretold by a dry run', () => {
    const { id: _, startedAt: __, finishedAt: ___, touchedAt: ____, dryRun: _____, ...told } = rehearsed.ended;
    expect(first.ended).toMatchObject(told);
    expect(rehearsed.notes).toEqual(first.notes);
  });

  test('is a site for each place and each VRF in use, and one for what is everywhere', () => {
    const names = Object.keys(found.sites);
    expect(names).toHaveLength(31);
    expect(names.filter((name) => name.startsWith('VRF '))).toHaveLength(6);
    expect(found.sites).toMatchObject({ Global: '', 'VRF Alpha': '65000:100', 'DM-Akron': '' });
    expect(Object.values(found.definitions).filter(({ required }) => required)).toEqual([]);
  });

  test('has its prefixes and addresses in one tree for each site', async () => {
    const networks = Object.entries(found.networks);
    expect(tally(networks.map(([, { state }]) => state))).toEqual({ ALLOCATED: 263, RESERVED: 7 });
    expect(networks.filter(([, { parent }]) => parent === null)).toHaveLength(21);
    const split = first.notes.filter(({ code }) => code === 'SPLIT_NAMESPACE').map(({ message }) => message);
    expect(split.map((message) => /[\d.]+\/\d+/.exec(message)?.[0])).toEqual(['10.112.0.0/15', '10.112.128.0/17']);
    expect(found.networks['Global 10.112.128.0/17']?.state).toBe('RESERVED');
    expect(found.networks['Global 192.168.0.1/32']).toEqual({
      state: 'RESERVED',
      parent: '192.168.0.0/22',
      attributes: { mask: '22', netbox_id: 'ipam.ipaddress:1', status: 'reserved' },
    });
    expect(await verifyTree(net.all, {})).toMatchObject({ checked: 270, faultCount: 0 });
  });

  test('has interfaces of every type and speed', () => {
    const interfaces = Object.values(found.interfaces);
    expect(tally(interfaces.map(({ type }) => type))).toEqual({ 6: 1508, 161: 26, 1: 52 });
    expect(tally(interfaces.map(({ speed }) => speed))).toEqual({
      1000: 792,
      10000: 656,
      40000: 48,
      100000: 12,
      null: 78,
    });
    expect(found.interfaces['DM-Akron dmi01-akron-rtr01:GigabitEthernet0/0/0']).toMatchObject({
      type: 6,
      speed: 1000,
      macAddress: null,
      attributes: { netbox_id: 'dcim.interface:1', netbox_type: '1000base-x-sfp' },
    });
  });

  test('has circuits with the interfaces at their ends', () => {
    expect(Object.keys(found.circuits)).toHaveLength(26);
    expect(found.circuits['DM-Akron KKDG4923']).toEqual({
      endpointA: 'dmi01-akron-rtr01:GigabitEthernet0/0/0',
      endpointZ: null,
      attributes: {
        netbox_id: 'circuits.circuit:1',
        provider: 'Level 3',
        status: 'active',
        tenant: 'Dunder-Mifflin, Inc.',
        type: 'MPLS',
      },
    });
  });

  test('gives every device what NetBox says of it', () => {
    expect(found.devices['DM-Akron dmi01-akron-rtr01']).toEqual({
      device_type: 'ISR 1111-8P',
      manufacturer: 'Cisco',
      netbox_id: 'dcim.device:1',
      role: 'Router',
      status: 'active',
      tenant: 'Dunder-Mifflin, Inc.',
    });
    const renamed = Object.values(found.devices).filter((attributes) => attributes?.netbox_name !== undefined);
    expect(renamed).toHaveLength(6);
  });

  test('counts what no import knows', () => {
    const ignored = Object.fromEntries(first.ended.ignored.map(({ model, count }) => [model, count]));
    expect(ignored).toMatchObject({
      'contenttypes.contenttype': 119,
      'dcim.cable': 108,
      'ipam.aggregate': 4,
      'ipam.vlan': 63,
      'virtualization.virtualmachine': 180,
      'virtualization.vminterface': 720,
    });
    const imported = ['dcim.site', 'ipam.vrf', 'dcim.device', 'dcim.interface', 'ipam.prefix', 'circuits.circuit'];
    expect(Object.keys(ignored).filter((model) => imported.includes(model))).toEqual([]);
  });

  test('leaves space to be taken', async () => {
    expect(await free(net, 'Global', '192.168.0.0/22', 32)).toEqual(['192.168.0.31/32']);
    expect(await free(net, 'DM-Akron', '10.112.128.0/22', 28)).toEqual(['10.112.128.16/28']);
    expect(await free(net, 'Global', '10.112.128.0/17', 22)).toEqual([]);
  });

  test('tells each thing once, and the second time changes nothing and tells nothing', async () => {
    const told = await eventsIn(net);
    const created = Object.entries(told).filter(([name]) => name.endsWith('.created'));
    expect(Object.fromEntries(created)).toEqual({
      'network.site.created': 31,
      'network.attribute.created': 325,
      'network.device.created': 72,
      'network.network.created': 270,
      'network.interface.created': 1586,
      'network.circuit.created': 26,
    });
    expect(created.reduce((sum, [, count]) => sum + count, 0)).toBe(2310);
    expect(Object.keys(told).filter((name) => name.endsWith('.updated'))).toEqual([]);
    const again = await importNetbox(net.all, demo);
    expect(countsOf(again)).toEqual([
      'SITE: unchanged 31',
      'ATTRIBUTE: unchanged 325',
      'DEVICE: unchanged 72',
      'NETWORK: unchanged 270',
      'INTERFACE: unchanged 1586',
      'CIRCUIT: unchanged 26 skipped 3',
    ]);
    const [began, ended] = ['network.inventoryImport.started', 'network.inventoryImport.completed'] as const;
    const more = { [began]: (told[began] ?? 0) + 1, [ended]: (told[ended] ?? 0) + 1 };
    expect(await eventsIn(net)).toEqual({ ...told, ...more });
  }, 60_000);

  test('takes a number of statements that does not follow from its size', async () => {
    const rows = JSON.parse(demo) as { model: string }[];
    const part = rows.filter(({ model }, index) => model !== 'dcim.interface' || index % 10 === 0);
    const cost = async (given: readonly unknown[]) => {
      const own = await openNetwork();
      try {
        return await own.statements(() => importNetbox(own.all, given));
      } finally {
        await own.gateway.dispose();
      }
    };
    expect(await cost(rows)).toBe(await cost(part));
  }, 120_000);
});

describe('the demonstration inventory in one namespace', () => {
  let net: TestNetwork;
  let first: Ended;
  beforeAll(async () => {
    net = await openNetwork('memory');
    first = await importNetbox(net.all, demo, { netbox: { layout: 'NAMESPACE' } });
  }, 60_000);
  afterAll(() => net.gateway.dispose());

  test('is one site and one for each VRF', async () => {
    expect(countsOf(first)).toEqual([
      'SITE: created 7',
      'ATTRIBUTE: created 44',
      'DEVICE: created 72',
      'NETWORK: created 270',
      'INTERFACE: created 1586',
      'CIRCUIT: created 26 skipped 3',
    ]);
    expect(warningsOf(first)).toEqual({
      HOSTNAME_CHANGED: 6,
      HOSTNAME_GENERATED: 22,
      HOSTNAME_SUFFIXED: 2,
      REFERENCE_MISSING: 85,
    });
    const { sites, devices, networks } = await inventoryOf(net.all);
    expect(Object.keys(sites)).toEqual([
      'NetBox',
      'VRF Alpha',
      'VRF Bravo',
      'VRF Charlie',
      'VRF Delta',
      'VRF Echo',
      'VRF Shared',
    ]);
    expect(Object.keys(devices).filter((name) => name.includes('MDF'))).toEqual([
      'NetBox PP-MDF',
      'NetBox PP-MDF-91',
      'NetBox PP-MDF-92',
    ]);
    expect(devices['NetBox dmi01-akron-rtr01']?.site).toBe('DM-Akron');
    expect(networks['NetBox 10.112.128.0/22']?.attributes).toMatchObject({ site: 'DM-Akron' });
    expect(await free(net, 'NetBox', '10.112.128.0/17', 22)).toEqual(['10.112.180.0/22']);
  });

  test('changes nothing the second time', async () => {
    const again = await importNetbox(net.all, demo, { netbox: { layout: 'NAMESPACE' } });
    expect(countsOf(again).filter((line) => /created|updated|failed/.test(line))).toEqual([]);
  });
});
