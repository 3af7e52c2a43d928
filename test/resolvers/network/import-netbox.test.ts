import { describe, expect, test } from 'vitest';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { demo, entry, importNetbox, inventoryOf } from '../../support/netbox.ts';
import { openNetwork } from '../../support/network.ts';

/** An import into a gateway of its own. */
async function fresh(
  given: string | readonly unknown[],
  more: Partial<ImportInput> = {},
  config: Record<string, unknown> = {},
) {
  const own = await openNetwork('memory', config);
  const { ended, notes } = await importNetbox(own.all, given, more);
  const { sites, devices, networks } = await inventoryOf(own.all);
  await own.gateway.dispose();
  return {
    ended,
    notes,
    sites: Object.entries(sites),
    devices: Object.keys(devices),
    networks: Object.entries(networks).map(([key, { state }]) => `${key} ${state}`),
  };
}

const of = (entries: readonly unknown[], more?: Partial<ImportInput>, config?: Record<string, unknown>) =>
  fresh(entries, more, config);

test('aggregates become networks where they are asked for, and sites get other names', async () => {
  const { ended, networks, sites } = await fresh(demo, { netbox: { aggregates: true, globalName: 'Everywhere' } });
  expect(networks).toContain('Everywhere 10.0.0.0/8 RESERVED');
  expect(networks).toHaveLength(274);
  expect(sites.map(([name]) => name)).not.toContain('Global');
  expect(ended.ignored.map(({ model }) => model)).not.toContain('ipam.aggregate');
});

describe('prefixes', () => {
  test('lie in their VRF, else in their place by either spelling, else everywhere', async () => {
    const { networks } = await of([
      entry('dcim.site', 1, { name: 'A', description: '' }),
      entry('ipam.vrf', 5, { name: 'red', rd: null }),
      entry('ipam.prefix', 1, { prefix: '10.0.0.0/24', vrf: 5, site: 1, status: 'active' }),
      entry('ipam.prefix', 2, { prefix: '10.0.1.0/24', site: 1, status: 'reserved' }),
      entry('ipam.prefix', 3, {
        prefix: '10.0.2.0/24',
        scope_type: ['dcim', 'site'],
        scope_id: 1,
        status: 'deprecated',
      }),
      entry('ipam.prefix', 4, { prefix: '10.0.3.0/24', scope_type: 'dcim.site', scope_id: 1, status: 'container' }),
      entry('ipam.prefix', 5, { prefix: '10.0.4.0/24', scope_type: 'dcim.region', scope_id: 1, status: 'active' }),
    ]);
    expect(networks).toEqual([
      'A 10.0.1.0/24 RESERVED',
      'A 10.0.2.0/24 ORPHANED',
      'A 10.0.3.0/24 ALLOCATED',
      'Global 10.0.4.0/24 ALLOCATED',
      'VRF red 10.0.0.0/24 ALLOCATED',
    ]);
  });

  test('that are everywhere are reserved where another site holds a part of them, or all', async () => {
    const { networks, notes } = await of([
      entry('dcim.site', 1, { name: 'A' }),
      entry('ipam.vrf', 5, { name: 'red' }),
      entry('ipam.prefix', 1, { prefix: '10.0.0.0/8', status: 'active' }),
      entry('ipam.prefix', 2, { prefix: '10.1.0.0/16', status: 'active' }),
      entry('ipam.prefix', 3, { prefix: '10.1.0.0/16', site: 1, status: 'active' }),
      entry('ipam.prefix', 4, { prefix: '11.0.0.0/8', status: 'active' }),
      entry('ipam.prefix', 5, { prefix: '11.1.0.0/16', vrf: 5, status: 'active' }),
    ]);
    expect(networks).toEqual([
      'A 10.1.0.0/16 ALLOCATED',
      'Global 10.0.0.0/8 RESERVED',
      'Global 10.1.0.0/16 RESERVED',
      'Global 11.0.0.0/8 ALLOCATED',
      'VRF red 11.1.0.0/16 ALLOCATED',
    ]);
    expect(notes.map(({ ref, code }) => `${ref} ${code}`)).toEqual([
      'ipam.prefix:1 SPLIT_NAMESPACE',
      'ipam.prefix:2 SPLIT_NAMESPACE',
    ]);
  });

  test('fail where they cannot be read, or lie in what is not in the file', async () => {
    const { notes, ended } = await of([
      entry('ipam.prefix', 1, { prefix: '10.0.0.1/8', status: 'active' }),
      entry('ipam.prefix', 2, { prefix: null, status: 'active' }),
      entry('ipam.prefix', 3, { prefix: '10.0.0.0/8', vrf: 9 }),
      entry('dcim.device', 4, { name: 'r1', site: 9 }),
    ]);
    expect(ended.state).toBe('REJECTED');
    expect(notes.map(({ row, kind, path, message }) => [row, kind, path.join(), message])).toEqual([
      [0, 'NETWORK', 'cidr', '10.0.0.1/8 has host bits set'],
      [1, 'NETWORK', 'prefix', 'The row has no prefix.'],
      [2, 'NETWORK', 'site', 'ipam.vrf:9, in which it lies, is not in the file.'],
      [3, 'DEVICE', 'site', 'dcim.site:9, in which it lies, is not in the file.'],
    ]);
  });
});

describe('VRFs', () => {
  test('become sites when a prefix or an address is in them', async () => {
    const { sites, notes } = await of(
      [
        entry('ipam.vrf', 1, { name: 'prefix', rd: '1:1' }),
        entry('ipam.vrf', 2, { name: 'address', rd: null }),
        entry('ipam.vrf', 3, { name: 'unused', rd: null }),
        entry('ipam.prefix', 1, { prefix: '10.0.0.0/8', vrf: 1 }),
        entry('ipam.prefix', 2, { prefix: '10.0.0.0/8', vrf: null }),
        entry('ipam.ipaddress', 1, { address: '10.0.0.1/8', vrf: 2 }),
      ],
      { onError: 'SKIP_ROW' },
    );
    expect(sites).toEqual([
      ['Global', ''],
      ['VRF address', ''],
      ['VRF prefix', '1:1'],
    ]);
    expect(notes.map(({ ref, outcome, code, message }) => [ref, outcome, code, message])).toEqual([
      ['ipam.vrf:3', 'SKIPPED', 'VRF_UNUSED', 'No prefix and no address is in this VRF.'],
      ['ipam.ipaddress:1', 'FAILED', 'BAD_USER_INPUT', 'IP Address needs base network.'],
    ]);
  });
});

describe('devices', () => {
  const site = entry('dcim.site', 1, { name: 'A' });
  const device = (pk: number | undefined, name: unknown) => entry('dcim.device', pk, { name, site: 1 });

  test('get hostnames that are names, and each its own', async () => {
    const { devices, notes } = await of([
      site,
      device(9, 'r1'),
      device(3, 'R1'),
      device(4, ' core: 1/0 '),
      device(5, null),
      device(6, '***'),
      device(7, 'a.b_c'),
      device(8, 'r1-9'),
    ]);
    expect(devices).toEqual([
      'A R1',
      'A a.b-c',
      'A core-1-0',
      'A netbox-device-5',
      'A netbox-device-6',
      'A r1-9',
      'A r1-9-9',
    ]);
    expect(notes.map(({ ref, code }) => `${ref} ${code}`)).toEqual([
      'dcim.device:9 HOSTNAME_SUFFIXED',
      'dcim.device:4 HOSTNAME_CHANGED',
      'dcim.device:5 HOSTNAME_GENERATED',
      'dcim.device:6 HOSTNAME_GENERATED',
      'dcim.device:7 HOSTNAME_CHANGED',
    ]);
  });

  test('follow the rules of the config', async () => {
    const rules = (hostname: object) => ({ network: { hostname } });
    const named = async (hostname: object) => (await of([site, device(1, 'a.b_c')], {}, rules(hostname))).devices;
    expect(await named({ allowUnderscore: true })).toEqual(['A a.b_c']);
    expect(await named({ allowFqdn: false })).toEqual(['A a-b-c']);
    expect(await named({ pattern: '[a-z._]+' })).toEqual(['A a.b_c']);
  });

  test('fail where no hostname can be made of them', async () => {
    const { notes } = await of([site, device(1, '10.0.0.1'), device(undefined, null)]);
    expect(notes.map(({ ref, message }) => [ref, message])).toEqual([
      ['dcim.device:1', 'The last label of a hostname may not be all digits.'],
      ['dcim.device', 'A device without a name needs a pk to be named after.'],
    ]);
  });

  test('of one key merge when they are equal and fail when they are not', async () => {
    const { ended, notes, devices } = await of(
      [site, device(1, 'r1'), device(1, 'r1'), device(2, 'r2'), device(2, 'r3')],
      { onError: 'SKIP_ROW' },
    );
    expect(devices).toEqual(['A r1']);
    expect(ended.counts.find(({ kind }) => kind === 'DEVICE')).toMatchObject({ created: 1, unchanged: 1, failed: 2 });
    expect(new Set(notes.map(({ message }) => message))).toEqual(
      new Set(['dcim.device:2 is in row 3 and in row 4, with other fields.']),
    );
  });
});
