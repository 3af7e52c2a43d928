import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { updateDevice } from '#resolvers/network/devices/update.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { findSite } from '#resolvers/network/sites/find.ts';
import { type Entry, entry, importNetbox, inventoryOf } from '../../support/netbox.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
beforeEach(async () => {
  net = await openNetwork('memory');
});
afterEach(() => net.gateway.dispose());

/** For what a database might do in another way: names that swap, addresses that move. */
async function onDatabase(): Promise<void> {
  await net.gateway.dispose();
  net = await openNetwork();
}

const site = entry('dcim.site', 1, { name: 'A' });
const device = (pk: number, name: string, more: object = {}) => entry('dcim.device', pk, { name, site: 1, ...more });
const port = (pk: number, on: number, name: string, more: object = {}) =>
  entry('dcim.interface', pk, { device: on, name, type: '1000base-t', ...more });
const prefix = (pk: number, text: string) => entry('ipam.prefix', pk, { prefix: text, site: 1, status: 'active' });
const address = (pk: number, text: string, on: number | null, more: object = {}) =>
  entry('ipam.ipaddress', pk, {
    address: text,
    status: 'active',
    assigned_object_type: on === null ? null : ['dcim', 'interface'],
    assigned_object_id: on,
    ...more,
  });

const run = async (entries: readonly Entry[], more = {}) => {
  const { ended, notes } = await importNetbox(net.all, entries, more);
  const counts = ended.counts.flatMap(({ kind, ...numbers }) =>
    Object.entries(numbers).flatMap(([name, count]) =>
      count > 0 && name !== 'unchanged' ? [`${kind} ${name} ${count}`] : [],
    ),
  );
  return { state: ended.state, counts, notes: notes.map(({ ref, code, message }) => `${ref} ${code}: ${message}`) };
};

const eventsOf = async () => {
  const found = await findSite(net.all, { name: 'A' });
  return found ? (await net.events(found)).map(({ name }) => name.replace('network.', '')) : [];
};

describe('a second import', () => {
  test('follows devices and interfaces to their new names, with all that is theirs', async () => {
    await onDatabase();
    const entries = (core: string, uplink: string) => [
      site,
      device(1, core),
      port(1, 1, uplink),
      port(2, 1, `${uplink}.1`, { type: 'virtual', parent: 1 }),
      prefix(1, '10.0.0.0/8'),
      address(1, '10.0.0.1/8', 2),
    ];
    await run(entries('core', 'eth0'));
    const before = await eventsOf();
    expect((await run(entries('spine', 'ge-0'))).counts).toEqual(['DEVICE updated 1', 'INTERFACE updated 2']);
    const { devices, interfaces } = await inventoryOf(net.all);
    expect(devices).toEqual({ 'A spine': { netbox_id: 'dcim.device:1' } });
    expect(Object.entries(interfaces).map(([key, { parent, addresses }]) => [key, parent, addresses])).toEqual([
      ['A spine:ge-0', null, []],
      ['A spine:ge-0.1', 'spine:ge-0', ['10.0.0.1/32']],
    ]);
    expect((await eventsOf()).slice(before.length)).toEqual([
      'device.updated',
      'interface.updated',
      'interface.updated',
    ]);
  });

  test('lets devices swap names, and gives a new one the name of another that left it', async () => {
    await onDatabase();
    await run([site, device(1, 'a'), device(2, 'b'), device(3, 'c')]);
    const swapped = [site, device(1, 'b'), device(2, 'a'), device(3, 'd'), device(4, 'c')];
    expect(await run(swapped)).toMatchObject({ state: 'COMPLETED', counts: ['DEVICE created 1', 'DEVICE updated 3'] });
    expect((await inventoryOf(net.all)).devices).toEqual({
      'A a': { netbox_id: 'dcim.device:2' },
      'A b': { netbox_id: 'dcim.device:1' },
      'A c': { netbox_id: 'dcim.device:4' },
      'A d': { netbox_id: 'dcim.device:3' },
    });
  });

  test('does not take a name from what is not renamed', async () => {
    await run([site, device(1, 'a'), device(2, 'b')]);
    const { counts, notes } = await run([site, device(1, 'b'), device(3, 'a')], { onError: 'SKIP_ROW' });
    // The one cannot have its name, so the other cannot have what it keeps.
    expect(counts).toEqual(['DEVICE failed 2']);
    expect(notes).toEqual([
      'dcim.device:1 CONFLICT: b already exists in this site.',
      'dcim.device:3 CONFLICT: a already exists in this site.',
    ]);
    expect(Object.keys((await inventoryOf(net.all)).devices)).toEqual(['A a', 'A b']);
  });

  test('takes over what has the name and is nothing else there, also under a name that was given here', async () => {
    await run([site, device(1, 'r1'), device(2, 'r2')]);
    const by = { hostname: 'r1' };
    await updateDevice(net.all, { site: { name: 'A' }, by, hostname: 'renamed-here' });
    expect((await run([site, device(1, 'r1')])).counts).toEqual(['DEVICE updated 1']);
    await updateDevice(net.all, { site: { name: 'A' }, by, attributes: {} });
    expect((await run([site, device(1, 'r1')])).counts).toEqual(['DEVICE updated 1']);
    expect((await inventoryOf(net.all)).devices).toEqual({
      'A r1': { netbox_id: 'dcim.device:1' },
      'A r2': { netbox_id: 'dcim.device:2' },
    });
  });

  test('sets what NetBox says and keeps what it does not', async () => {
    await run([site, device(1, 'r1', { serial: 'S1', status: 'active' }), prefix(1, '10.0.0.0/8')]);
    const attributes = { netbox_id: 'dcim.device:1', serial: 'S1', status: 'mine' };
    await updateDevice(net.all, { site: { name: 'A' }, by: { hostname: 'r1' }, attributes });
    const { counts } = await run([site, device(1, 'r1', { status: 'offline', serial: '' }), prefix(1, '10.0.0.0/8')]);
    expect(counts).toEqual(['DEVICE updated 1']);
    expect((await inventoryOf(net.all)).devices['A r1']).toEqual({
      netbox_id: 'dcim.device:1',
      serial: 'S1',
      status: 'offline',
    });
  });

  test('moves addresses to the interfaces that have them now, on one device and across devices', async () => {
    await onDatabase();
    const rows = (first: number | null, second: number, third: number) => [
      site,
      device(1, 'r1'),
      device(2, 'r2'),
      port(1, 1, 'eth0'),
      port(2, 1, 'eth1'),
      port(3, 2, 'eth0'),
      prefix(1, '10.0.0.0/8'),
      address(1, '10.0.0.1/8', first),
      address(2, '10.0.0.2/8', second),
      address(3, '10.0.0.3/8', third),
    ];
    const held = async () =>
      Object.values((await inventoryOf(net.all)).interfaces).map(({ addresses }) =>
        addresses.map((one) => one.slice(0, -3)),
      );
    await run(rows(1, 2, 1));
    expect(await held()).toEqual([['10.0.0.1', '10.0.0.3'], ['10.0.0.2'], []]);
    const before = await eventsOf();
    // The first two swap, the third goes to the other device.
    expect((await run(rows(2, 1, 3))).counts).toEqual(['INTERFACE updated 3']);
    expect(await held()).toEqual([['10.0.0.2'], ['10.0.0.1'], ['10.0.0.3']]);
    expect((await eventsOf()).slice(before.length)).toEqual(Array(3).fill('interface.updated'));
    expect((await inventoryOf(net.all)).networks['A 10.0.0.3/32']?.state).toBe('ASSIGNED');
    expect((await run(rows(2, 1, 3))).counts).toEqual([]);
    // What was bound here, to an interface that NetBox does not know, stays.
    await createInterface(net.all, {
      site: { name: 'A' },
      device: { hostname: 'r2' },
      name: 'lo0',
      addresses: ['10.0.0.1'],
    });
    expect((await run(rows(1, 2, 3))).counts).toEqual(['INTERFACE updated 2']);
    expect(await held()).toEqual([['10.0.0.1'], ['10.0.0.2'], ['10.0.0.3'], ['10.0.0.1']]);
    // One that is bound to nothing any more stays too.
    expect((await run(rows(null, 2, 3))).counts).toEqual([]);
  });

  test('moves no address where what has it may not be changed', async () => {
    const rows = (on: number) => [
      site,
      device(1, 'r1'),
      port(1, 1, 'eth0'),
      ...(on === 2 ? [port(2, 1, 'eth1')] : []),
      prefix(1, '10.0.0.0/8'),
      address(1, '10.0.0.1/8', on),
    ];
    await run(rows(1));
    const { state, notes } = await run(rows(2), { onExisting: 'KEEP' });
    expect([state, notes]).toEqual([
      'REJECTED',
      [
        'dcim.interface:1 KEPT: eth0 exists and is kept as it is.',
        'dcim.interface:2 DEPENDENCY_FAILED: eth0, with which it exchanges an address, stays as it is.',
      ],
    ]);
  });

  test('binds an address that got an interface, and never lowers one that is bound', async () => {
    const rows = [site, device(1, 'r1'), port(1, 1, 'eth0'), prefix(1, '10.0.0.0/8')];
    await run([...rows, address(1, '10.0.0.1/8', null, { status: 'reserved' })]);
    expect((await inventoryOf(net.all)).networks['A 10.0.0.1/32']?.state).toBe('RESERVED');
    const bound = await run([...rows, address(1, '10.0.0.1/8', 1, { status: 'reserved' })]);
    expect(bound.counts).toEqual(['NETWORK updated 1', 'INTERFACE updated 1']);
    expect((await inventoryOf(net.all)).networks['A 10.0.0.1/32']?.state).toBe('ASSIGNED');
    const freed = await run([...rows, address(1, '10.0.0.1/8', null, { status: 'reserved' })]);
    expect(freed.counts).toEqual([]);
    expect((await inventoryOf(net.all)).networks['A 10.0.0.1/32']?.state).toBe('ASSIGNED');
  });
});

describe('rows that fail', () => {
  const bad = [
    site,
    device(1, 'r1'),
    device(2, '10.0.0.9'),
    port(1, 1, 'eth0'),
    port(2, 2, 'eth0'),
    prefix(1, '10.0.0.0/8'),
    address(1, '10.0.0.1/8', 1),
    address(2, '11.0.0.1/8', 1),
  ];

  test('leave nothing behind, no site, no definition and no event', async () => {
    const { state, counts, notes } = await run(bad);
    expect([state, counts]).toEqual([
      'REJECTED',
      [
        'SITE skipped 2',
        'ATTRIBUTE skipped 9',
        'DEVICE skipped 1',
        'DEVICE failed 1',
        'NETWORK skipped 2',
        'NETWORK failed 1',
        'INTERFACE skipped 1',
        'INTERFACE failed 1',
      ],
    ]);
    expect(notes.filter((note) => !note.includes('ASSIGNMENT'))).toEqual([
      'dcim.device:2 BAD_USER_INPUT: The last label of a hostname may not be all digits.',
      'dcim.interface:2 DEPENDENCY_FAILED: Its device failed too.',
      'ipam.ipaddress:2 BAD_USER_INPUT: IP Address needs base network.',
    ]);
    expect(Object.values(await inventoryOf(net.all)).map((things) => Object.keys(things))).toEqual([
      [],
      [],
      [],
      [],
      [],
      [],
    ]);
    expect(await eventsOf()).toEqual([]);
  });

  test('are left aside when told to, with what needs them', async () => {
    const { state, counts } = await run(bad, { onError: 'SKIP_ROW' });
    expect([state, counts]).toEqual([
      'COMPLETED',
      [
        'SITE created 2',
        'ATTRIBUTE created 9',
        'DEVICE created 1',
        'DEVICE failed 1',
        'NETWORK created 2',
        'NETWORK failed 1',
        'INTERFACE created 1',
        'INTERFACE failed 1',
      ],
    ]);
    const { interfaces } = await inventoryOf(net.all);
    expect(interfaces['A r1:eth0']?.addresses).toEqual(['10.0.0.1/32']);
  });
});

describe('rights', () => {
  const rows = [site, device(1, 'r1', { status: 'active' }), port(1, 1, 'eth0'), prefix(1, '10.0.0.0/8')];

  test('to define are needed where definitions are made, and to write for everything else', async () => {
    const made = await net.site('A');
    const writer = net.as(`network:write@site/${made.id}`);
    const refused = await importNetbox(writer, rows);
    expect(refused.ended.state).toBe('REJECTED');
    expect(new Set(refused.notes.filter(({ code }) => code === 'FORBIDDEN').map(({ kind }) => kind))).toEqual(
      new Set(['ATTRIBUTE']),
    );
    const admin = net.as(`network:admin@site/${made.id}`);
    expect((await importNetbox(admin, rows)).ended.state).toBe('COMPLETED');
    expect((await importNetbox(writer, rows)).ended.state).toBe('COMPLETED');
    const devices = net.as(`network:write@site/${made.id}/device`, `network:read@site/${made.id}`);
    const more = [...rows, device(2, 'r2'), port(2, 1, 'eth1'), prefix(2, '11.0.0.0/8')];
    const partly = await importNetbox(devices, more, { onError: 'SKIP_ROW' });
    expect(partly.notes.map(({ ref, code }) => `${ref} ${code}`)).toEqual([
      'dcim.interface:2 FORBIDDEN',
      'ipam.prefix:2 FORBIDDEN',
    ]);
    expect(Object.keys((await inventoryOf(net.all)).devices)).toEqual(['A r1', 'A r2']);
  });
});
