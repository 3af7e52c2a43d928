import { describe, expect, test } from 'vitest';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { entry, importNetbox, inventoryOf } from '../../support/netbox.ts';
import { openNetwork } from '../../support/network.ts';

/** What an export becomes in a gateway of its own, with the notes as `ref CODE`. */
async function become(entries: readonly unknown[], more: Partial<ImportInput> = {}) {
  const own = await openNetwork('memory');
  try {
    const { ended, notes } = await importNetbox(own.all, entries, more);
    return {
      state: ended.state,
      notes: notes.map(({ ref, code }) => `${ref} ${code}`),
      messages: notes.map(({ message }) => message),
      ...(await inventoryOf(own.all)),
    };
  } finally {
    await own.gateway.dispose();
  }
}

const site = (pk: number, name: string) => entry('dcim.site', pk, { name });
const device = (pk: number, name: string, more: object = {}) => entry('dcim.device', pk, { name, site: 1, ...more });
const port = (pk: number, on: number, name: string, more: object = {}) =>
  entry('dcim.interface', pk, { device: on, name, type: '1000base-t', enabled: true, ...more });
const prefix = (pk: number, text: string, more: object = {}) =>
  entry('ipam.prefix', pk, { prefix: text, status: 'active', ...more });
const address = (pk: number, text: string, on: number | null = null, more: object = {}) =>
  entry('ipam.ipaddress', pk, {
    address: text,
    status: 'active',
    assigned_object_type: on === null ? null : ['dcim', 'interface'],
    assigned_object_id: on,
    ...more,
  });

describe('what an object carries', () => {
  test('are the names of what it refers to, its own fields and its key', async () => {
    const { devices, networks } = await become([
      site(1, 'A'),
      entry('dcim.devicerole', 1, { name: 'Router' }),
      entry('dcim.manufacturer', 3, { name: 'Acme' }),
      entry('dcim.devicetype', 2, { model: 'X1', manufacturer: 3 }),
      entry('dcim.platform', 4, { name: 'AcmeOS' }),
      entry('tenancy.tenant', 5, { name: 'Mine' }),
      entry('dcim.rack', 6, { name: 'R6' }),
      entry('dcim.location', 7, { name: 'Room' }),
      entry('ipam.role', 8, { name: 'Data' }),
      entry('ipam.vlan', 9, { vid: 300, name: 'data' }),
      device(74, 'r1', {
        role: 1,
        device_type: 2,
        platform: 4,
        status: 'active',
        serial: 'S-1',
        asset_tag: 'T1',
        tenant: 5,
        rack: 6,
        location: 7,
        description: 'in the\ncorner',
        comments: 'not this',
      }),
      device(75, 'r 2', { device_role: 1, serial: '', asset_tag: null }),
      prefix(1, '10.0.0.0/8', { site: 1, role: 8, tenant: 5, vlan: 9, is_pool: true, description: 'all' }),
      prefix(2, '10.1.0.0/16', { site: 1, is_pool: false, description: ' ' }),
    ]);
    expect(devices).toEqual({
      'A r-2': { netbox_id: 'dcim.device:75', netbox_name: 'r 2', role: 'Router' },
      'A r1': {
        asset_tag: 'T1',
        description: 'in the corner',
        device_type: 'X1',
        location: 'Room',
        manufacturer: 'Acme',
        netbox_id: 'dcim.device:74',
        platform: 'AcmeOS',
        rack: 'R6',
        role: 'Router',
        serial: 'S-1',
        status: 'active',
        tenant: 'Mine',
      },
    });
    expect(networks['A 10.0.0.0/8']?.attributes).toEqual({
      description: 'all',
      is_pool: 'true',
      netbox_id: 'ipam.prefix:1',
      role: 'Data',
      status: 'active',
      tenant: 'Mine',
      vlan: '300',
    });
    expect(networks['A 10.1.0.0/16']?.attributes).toEqual({ netbox_id: 'ipam.prefix:2', status: 'active' });
  });

  test('are its tags and custom fields, with a definition for each name in each site', async () => {
    const custom = {
      Text: 'x',
      empty: '',
      none: null,
      off: false,
      count: 7,
      choices: ['b', 'a', 'b'],
      nothing: [],
      object: { id: 1 },
      'so-called_regex': 'y',
    };
    const { devices, definitions } = await become([
      site(1, 'A'),
      site(2, 'B'),
      entry('extras.tag', 1, { name: 'Zulu' }),
      entry('extras.tag', 2, { name: 'Alpha' }),
      entry('extras.taggeditem', 1, { content_type: ['dcim', 'device'], object_id: 1, tag: 1 }),
      entry('extras.taggeditem', 2, { content_type: 'dcim.device', object_id: 1, tag: 2 }),
      entry('extras.taggeditem', 3, { content_type: ['dcim', 'site'], object_id: 1, tag: 2 }),
      device(1, 'r1', { custom_field_data: custom }),
      device(2, 'r2', { site: 2, status: 'active' }),
    ]);
    expect(devices['A r1']).toEqual({
      cf_choices: ['b', 'a'],
      cf_count: '7',
      cf_object: '{"id":1}',
      cf_off: 'false',
      cf_so_called_regex_: 'y',
      cf_text: 'x',
      netbox_id: 'dcim.device:1',
      tags: ['Alpha', 'Zulu'],
    });
    const names = (resource: string) => Object.keys(definitions).filter((key) => key.startsWith(resource));
    expect(names('A DEVICE')).toHaveLength(8);
    expect(names('B')).toEqual(['B DEVICE netbox_id', 'B DEVICE status']);
    expect(definitions['A DEVICE tags']).toEqual({ required: false, multi: true });
    expect(definitions['A DEVICE cf_text']).toEqual({ required: false, multi: false });
  });

  test('is left out where the file has no such row, and cut where it is too long', async () => {
    const { devices, notes, messages } = await become([
      site(1, 'A'),
      device(1, 'r1', { rack: 7, serial: 'é'.repeat(300) }),
      entry('extras.taggeditem', 1, { content_type: 'dcim.device', object_id: 1, tag: 9 }),
    ]);
    expect(devices['A r1']).toEqual({ netbox_id: 'dcim.device:1', serial: 'é'.repeat(255) });
    expect(notes).toEqual([
      'dcim.device:1 VALUE_CUT',
      'dcim.device:1 REFERENCE_MISSING',
      'dcim.device:1 REFERENCE_MISSING',
    ]);
    expect(messages).toEqual([
      'serial is cut: it has 300 characters, and there may be 255.',
      'rack is left out: dcim.rack:7 is not in the file.',
      'a tag is left out: extras.tag:9 is not in the file.',
    ]);
  });
});

describe('interfaces', () => {
  test('have the type and speed that NetBox means', async () => {
    const types: [type: string, speed: number | null, name: string, type_: number, mbps: number | null][] = [
      ['1000base-t', null, 'a', 6, 1000],
      ['100base-tx', null, 'b', 6, 100],
      ['2.5gbase-t', null, 'c', 6, 2500],
      ['10gbase-x-sfpp', null, 'd', 6, 10_000],
      ['800gbase-x-osfp', null, 'e', 6, 800_000],
      ['10gbase-x-sfpp', 1_000_000, 'f', 6, 1000],
      ['1000base-t', 1500, 'g', 6, 1000],
      ['lag', null, 'h', 161, null],
      ['virtual', null, 'Lo0', 24, null],
      ['virtual', null, 'vlan7', 53, null],
      ['bridge', null, 'i', 1, null],
      ['ieee802.11ac', null, 'j', 1, null],
      ['other', 10_000, 'k', 1, 10],
    ];
    const { interfaces } = await become([
      site(1, 'A'),
      device(1, 'r1'),
      ...types.map(([type, speed, name], index) => port(index + 1, 1, name, { type, speed })),
    ]);
    const shown = types.map(([, , name]) => interfaces[`A r1:${name}`]);
    expect(shown.map((one) => [one?.type, one?.speed])).toEqual(types.map(([, , , type, mbps]) => [type, mbps]));
  });

  test('have their MAC address, parent and attributes', async () => {
    const { interfaces, notes } = await become([
      site(1, 'A'),
      device(1, 'r1'),
      device(2, 'r2'),
      port(3, 1, 'xe-0/0/0.7', { type: 'virtual', parent: 2 }),
      port(2, 1, 'xe-0/0/0', {
        description: 'up',
        mac_address: '00:1c:73:2a:60:62',
        lag: 4,
        mtu: 9000,
        mode: 'tagged',
        label: 'P1',
        enabled: false,
        mgmt_only: true,
      }),
      port(4, 1, 'ae0', { type: 'lag', mgmt_only: false, lag: 99 }),
      port(5, 2, 'ge-0', { parent: 2, primary_mac_address: 6 }),
      entry('dcim.macaddress', 6, { mac_address: '00:00:00:00:00:AA' }),
    ]);
    expect(interfaces).toEqual({
      'A r1:ae0': {
        description: '',
        type: 161,
        macAddress: null,
        speed: null,
        parent: null,
        addresses: [],
        attributes: { netbox_id: 'dcim.interface:4', netbox_type: 'lag' },
      },
      'A r1:xe-0/0/0': {
        description: 'up',
        type: 6,
        macAddress: '00:1C:73:2A:60:62',
        speed: 1000,
        parent: null,
        addresses: [],
        attributes: {
          enabled: 'false',
          label: 'P1',
          lag: 'ae0',
          mgmt_only: 'true',
          mode: 'tagged',
          mtu: '9000',
          netbox_id: 'dcim.interface:2',
          netbox_type: '1000base-t',
        },
      },
      'A r1:xe-0/0/0.7': expect.objectContaining({ parent: 'r1:xe-0/0/0', type: 53 }),
      'A r2:ge-0': expect.objectContaining({ parent: null, macAddress: '00:00:00:00:00:AA' }),
    });
    expect(notes).toEqual(['dcim.interface:4 REFERENCE_MISSING', 'dcim.interface:5 PARENT_ELSEWHERE']);
  });

  test('fail without their device, and where their parents form a loop', async () => {
    const { state, notes } = await become([
      site(1, 'A'),
      device(1, 'r1'),
      port(1, 9, 'lost'),
      port(2, 1, 'a', { parent: 3 }),
      port(3, 1, 'b', { parent: 2 }),
      port(4, 1, 'self', { parent: 4 }),
    ]);
    expect([state, notes]).toEqual([
      'REJECTED',
      [
        'dcim.interface:1 BAD_USER_INPUT',
        'dcim.interface:2 BAD_USER_INPUT',
        'dcim.interface:3 BAD_USER_INPUT',
        'dcim.interface:4 BAD_USER_INPUT',
      ],
    ]);
  });
});

describe('addresses', () => {
  const plan = [
    site(1, 'A'),
    site(2, 'B'),
    device(1, 'r1'),
    device(2, 'r2'),
    device(3, 's1', { site: 2 }),
    port(1, 1, 'eth0'),
    port(2, 1, 'eth1'),
    port(3, 2, 'eth0'),
    port(4, 3, 'eth0'),
    prefix(1, '10.0.0.0/8'),
    prefix(2, '10.1.0.0/16', { site: 1 }),
    prefix(3, '10.2.0.0/16', { site: 2 }),
  ];
  const held = (interfaces: Awaited<ReturnType<typeof become>>['interfaces']) =>
    Object.fromEntries(
      Object.entries(interfaces).flatMap(([key, { addresses }]) => (addresses.length > 0 ? [[key, addresses]] : [])),
    );

  test('are bound where the site of the device has a network for them', async () => {
    const { interfaces, networks, notes } = await become([
      ...plan,
      address(1, '10.1.0.1/24', 1, { status: 'reserved', role: 'vip', dns_name: 'r1.example', description: 'first' }),
      address(2, '2001:db8::1/64', 1),
      prefix(4, '2001:db8::/32', { site: 1 }),
    ]);
    expect(held(interfaces)).toEqual({ 'A r1:eth0': ['10.1.0.1/32', '2001:db8::1/128'] });
    expect(networks['A 10.1.0.1/32']).toEqual({
      state: 'ASSIGNED',
      parent: '10.1.0.0/16',
      attributes: {
        description: 'first',
        dns_name: 'r1.example',
        mask: '24',
        netbox_id: 'ipam.ipaddress:1',
        role: 'vip',
        status: 'reserved',
      },
    });
    expect(notes.filter((note) => !note.includes('SPLIT'))).toEqual([]);
  });

  test('lie with their prefix, unbound, where it has none', async () => {
    const { interfaces, networks, notes } = await become([
      ...plan,
      address(1, '10.2.0.1/24', 1),
      address(2, '10.3.0.1/24', 1, { status: 'deprecated' }),
      address(3, '10.1.0.9/24'),
      address(4, '10.1.0.10/24', 5, { assigned_object_type: ['virtualization', 'vminterface'] }),
      address(5, '10.1.0.11/24', 99),
    ]);
    expect(held(interfaces)).toEqual({});
    const hosts = Object.entries(networks).filter(([key]) => key.endsWith('/32'));
    expect(hosts.map(([key, { state }]) => `${key} ${state}`)).toEqual([
      'A 10.1.0.10/32 ALLOCATED',
      'A 10.1.0.11/32 ALLOCATED',
      'A 10.1.0.9/32 ALLOCATED',
      'B 10.2.0.1/32 ALLOCATED',
      'Global 10.3.0.1/32 ORPHANED',
    ]);
    expect(notes.filter((note) => !note.includes('SPLIT'))).toEqual([
      'ipam.ipaddress:1 ASSIGNMENT_DROPPED',
      'ipam.ipaddress:2 ASSIGNMENT_DROPPED',
      'ipam.ipaddress:5 REFERENCE_MISSING',
    ]);
  });

  test('of one host in one VRF are one, with all bindings, and called after the first key', async () => {
    const { interfaces, networks, notes, state } = await become([
      ...plan,
      address(9, '10.1.0.1/32', 3, { description: 'second', dns_name: 'any' }),
      address(4, '10.1.0.1/24', 1, { description: 'first' }),
      address(7, '10.1.0.1/24', 2),
      address(8, '10.1.0.1/16'),
    ]);
    expect([state, notes.filter((note) => !note.includes('SPLIT'))]).toEqual([
      'COMPLETED',
      ['ipam.ipaddress:7 ASSIGNMENT_DROPPED'],
    ]);
    expect(held(interfaces)).toEqual({ 'A r1:eth0': ['10.1.0.1/32'], 'A r2:eth0': ['10.1.0.1/32'] });
    expect(networks['A 10.1.0.1/32']).toEqual({
      state: 'ASSIGNED',
      parent: '10.1.0.0/16',
      attributes: {
        description: 'first',
        dns_name: 'any',
        mask: '24',
        netbox_id: 'ipam.ipaddress:4',
        status: 'active',
      },
    });
  });

  test('of VRFs lie in the site of the VRF, also when they are equal', async () => {
    const { networks } = await become([
      site(1, 'A'),
      entry('ipam.vrf', 1, { name: 'red' }),
      entry('ipam.vrf', 2, { name: 'blue' }),
      prefix(1, '10.0.0.0/8', { vrf: 1 }),
      prefix(2, '10.0.0.0/8', { vrf: 2 }),
      address(1, '10.0.0.1/24', null, { vrf: 1 }),
      address(2, '10.0.0.1/24', null, { vrf: 2, status: 'reserved' }),
    ]);
    const states = Object.entries(networks).map(([key, { state, parent }]) => `${key} ${state} ${parent}`);
    expect(states).toEqual([
      'VRF blue 10.0.0.0/8 ALLOCATED null',
      'VRF blue 10.0.0.1/32 RESERVED 10.0.0.0/8',
      'VRF red 10.0.0.0/8 ALLOCATED null',
      'VRF red 10.0.0.1/32 ALLOCATED 10.0.0.0/8',
    ]);
  });

  test('all lie in one site in layout NAMESPACE, where devices and prefixes carry their place', async () => {
    const { interfaces, networks, devices, sites } = await become(
      [...plan, address(1, '10.2.0.1/24', 1), address(2, '10.3.0.1/24', 4)],
      { netbox: { layout: 'NAMESPACE', siteName: 'One' } },
    );
    expect(Object.keys(sites)).toEqual(['One']);
    expect(held(interfaces)).toEqual({ 'One r1:eth0': ['10.2.0.1/32'], 'One s1:eth0': ['10.3.0.1/32'] });
    expect(devices['One s1']).toEqual({ netbox_id: 'dcim.device:3', site: 'B' });
    expect(networks['One 10.2.0.0/16']?.attributes).toMatchObject({ site: 'B' });
    expect(networks['One 10.0.0.0/8']?.state).toBe('ALLOCATED');
  });

  test('that are a prefix too are one network', async () => {
    const { networks, state } = await become([
      ...plan,
      prefix(9, '10.1.0.7/32', { site: 1, description: 'loopback' }),
      address(1, '10.1.0.7/32', 1),
    ]);
    expect([state, networks['A 10.1.0.7/32']]).toEqual([
      'COMPLETED',
      {
        state: 'ASSIGNED',
        parent: '10.1.0.0/16',
        attributes: { mask: '32', netbox_id: 'ipam.ipaddress:1', status: 'active' },
      },
    ]);
  });

  test('fail where they cannot be read, and where no network holds them', async () => {
    const { state, notes } = await become([
      site(1, 'A'),
      address(1, 'ten/8'),
      address(2, '10.0.0.1/8'),
      entry('ipam.ipaddress', 3, { address: null }),
    ]);
    expect([state, notes]).toEqual([
      'REJECTED',
      ['ipam.ipaddress:1 BAD_USER_INPUT', 'ipam.ipaddress:2 BAD_USER_INPUT', 'ipam.ipaddress:3 BAD_USER_INPUT'],
    ]);
  });
});

describe('circuits', () => {
  const plan = [
    site(1, 'A'),
    site(2, 'B'),
    device(1, 'r1'),
    device(2, 'r2'),
    device(3, 's1', { site: 2 }),
    port(1, 1, 'ge/0'),
    port(2, 2, 'ge/0'),
    port(3, 3, 'ge/0'),
    entry('circuits.provider', 1, { name: 'Telco' }),
    entry('circuits.circuittype', 1, { name: 'Dark fibre' }),
  ];
  const circuit = (pk: number, cid: string, more: object = {}) =>
    entry('circuits.circuit', pk, { cid, provider: 1, type: 1, status: 'active', commit_rate: 0, ...more });
  /** A termination that a cable leads from to something. */
  const ended = (pk: number, on: number, side: string, to: [model: string, pk: number] | null) => [
    entry('circuits.circuittermination', pk, {
      circuit: on,
      term_side: side,
      cable: to && pk,
      cable_end: 'A',
    }),
    ...(to
      ? [
          entry('dcim.cabletermination', pk * 2, {
            cable: pk,
            cable_end: 'A',
            termination_type: ['circuits', 'circuittermination'],
            termination_id: pk,
          }),
          entry('dcim.cabletermination', pk * 2 + 1, {
            cable: pk,
            cable_end: 'B',
            termination_type: to[0],
            termination_id: to[1],
          }),
        ]
      : []),
  ];

  test('end where the cables of their terminations lead', async () => {
    const { circuits, notes } = await become([
      ...plan,
      circuit(1, 'both'),
      ...ended(10, 1, 'Z', ['dcim.interface', 1]),
      ...ended(11, 1, 'A', ['dcim.interface', 2]),
      circuit(2, 'half/way'),
      ...ended(12, 2, 'A', ['dcim.frontport', 1]),
      ...ended(13, 2, 'Z', ['dcim.interface', 3]),
      circuit(3, 'nowhere'),
      ...ended(14, 3, 'A', null),
      ...ended(15, 3, 'Z', ['dcim.interface', 99]),
      circuit(4, 'alone'),
    ]);
    expect(circuits).toEqual({
      'A both': {
        endpointA: 'r2:ge/0',
        endpointZ: 'r1:ge/0',
        attributes: {
          commit_rate: '0',
          netbox_id: 'circuits.circuit:1',
          provider: 'Telco',
          status: 'active',
          type: 'Dark fibre',
        },
      },
      'B half/way': expect.objectContaining({ endpointA: 's1:ge/0', endpointZ: null }),
    });
    expect(notes).toEqual(['circuits.circuit:3 NO_INTERFACE_END', 'circuits.circuit:4 NO_INTERFACE_END']);
  });

  test('are skipped between two sites, save in one namespace', async () => {
    const across = [
      ...plan,
      circuit(1, 'across'),
      ...ended(10, 1, 'A', ['dcim.interface', 1]),
      ...ended(11, 1, 'Z', ['dcim.interface', 3]),
    ];
    const apart = await become(across);
    expect([apart.state, apart.notes, apart.circuits]).toEqual(['COMPLETED', ['circuits.circuit:1 CROSS_SITE'], {}]);
    const { circuits } = await become(across, { netbox: { layout: 'NAMESPACE' } });
    expect(circuits['NetBox across']).toMatchObject({ endpointA: 'r1:ge/0', endpointZ: 's1:ge/0' });
  });

  test('fail where both ends are one interface, and where two claim one', async () => {
    const { state, notes } = await become([
      ...plan,
      circuit(1, 'loop'),
      ...ended(10, 1, 'A', ['dcim.interface', 1]),
      ...ended(11, 1, 'Z', ['dcim.interface', 1]),
    ]);
    expect([state, notes]).toEqual(['REJECTED', ['circuits.circuit:1 BAD_USER_INPUT']]);
    const rivals = await become([
      ...plan,
      circuit(1, 'one'),
      ...ended(10, 1, 'A', ['dcim.interface', 1]),
      circuit(2, 'two'),
      ...ended(11, 2, 'A', ['dcim.interface', 1]),
    ]);
    expect(rivals.state).toBe('REJECTED');
  });
});
