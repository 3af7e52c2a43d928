import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { listDevices } from '#resolvers/network/devices/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { CountedKind, InventoryImport, RowOutcome } from '#resolvers/network/imports/inventory-import.ts';
import { createInterface } from '#resolvers/network/interfaces/create.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';
import { findPostgres } from '../../support/postgres.ts';

const server = describe.runIf(findPostgres() !== null);

/** Two gateways on one server. */
let gateways: TestNetwork[];
server('imports at the same time', () => {
  beforeAll(async () => {
    const url = await newServerDatabase();
    gateways = [await openNetwork({ url }), await openNetwork({ url })];
  });
  afterAll(async () => {
    for (const { gateway } of gateways) await gateway.dispose();
    await stopSharedServer();
  });
  const ctx = (index: number) => (gateways[index % gateways.length] as TestNetwork).all;

  const sum = (runs: readonly InventoryImport[], kind: CountedKind, outcome: Lowercase<RowOutcome>) =>
    runs.reduce((total, { counts }) => total + (counts.find((one) => one.kind === kind)?.[outcome] ?? 0), 0);

  test('of one file make everything once, and all come to their end', async () => {
    const names = ['x', 'y', 'z'];
    const rows = names.flatMap((site) => [
      { kind: 'site', name: site },
      ...Array.from({ length: 40 }, (_, index) => ({ kind: 'device', site, hostname: `r${index}` })),
      ...Array.from({ length: 40 }, (_, index) => ({ kind: 'network', site, cidr: `10.${index}.0.0/16` })),
      { kind: 'network', site, cidr: '10.0.0.0/8' },
    ]);
    const orders = [rows, rows.toReversed(), rows, rows.toReversed(), rows, rows.toReversed()];
    const runs = await Promise.all(
      orders.map((order, index) => importInventory(ctx(index), { text: JSON.stringify(order), format: 'JSON' })),
    );
    expect(runs.map(({ state }) => state)).toEqual(orders.map(() => 'COMPLETED'));
    expect([sum(runs, 'SITE', 'created'), sum(runs, 'DEVICE', 'created'), sum(runs, 'NETWORK', 'created')]).toEqual([
      3, 120, 123,
    ]);
    expect([sum(runs, 'SITE', 'unchanged'), sum(runs, 'NETWORK', 'unchanged')]).toEqual([15, 615]);
    expect(await verifyTree(ctx(0), {})).toMatchObject({ checked: 123, faultCount: 0 });
  });

  test('of interfaces, circuits and protocols make everything once too, beside single calls about the same devices', async () => {
    const site = await (gateways[0] as TestNetwork).site();
    const key = { id: site.id };
    const size = 15;
    const rows = Array.from({ length: size }, (_, index) => [
      { kind: 'device', hostname: `r${index}` },
      { kind: 'interface', device: `r${index}`, name: 'a', addresses: [`10.0.0.${index}`] },
      { kind: 'interface', device: `r${index}`, name: 'b', parent: `r${index}:a`, attributes: { tag: `${index}` } },
      { kind: 'circuit', endpointA: `r${index}:a`, endpointZ: `r${(index + 1) % size}:b` },
      { kind: 'protocol', type: 'bgp', device: `r${index}`, interface: `r${index}:a`, attributes: { as: '1' } },
    ]).flat();
    const definitions = [
      { kind: 'attribute', resource: 'INTERFACE', name: 'tag' },
      { kind: 'attribute', resource: 'PROTOCOL', name: 'as' },
      { kind: 'protocolType', name: 'bgp', requiredAttributes: ['as'] },
      { kind: 'network', cidr: '10.0.0.0/8' },
    ];
    const load = (index: number, given: readonly object[]) =>
      importInventory(ctx(index), { text: JSON.stringify(given), format: 'JSON', site: key });
    await load(0, definitions);
    const orders = [rows, rows.toReversed(), rows, rows.toReversed()];
    const imports = Promise.all(orders.map((order, index) => load(index, [...definitions, ...order])));
    const single = Array.from({ length: size }, async (_, index) => {
      const device = await createDevice(ctx(1), { site: key, hostname: `r${index}` }).catch(() => null);
      await createInterface(ctx(0), {
        site: key,
        device: { hostname: `r${index}` },
        name: 'c',
        addresses: [`10.0.1.${index}`],
      });
      return device;
    });
    const [runs, ...others] = await Promise.allSettled([imports, ...single]);
    if (runs.status === 'rejected') throw runs.reason;
    for (const other of others)
      if (other.status === 'rejected') expect(other.reason).toMatchObject({ code: 'BAD_USER_INPUT' });
    const made = (['INTERFACE', 'CIRCUIT', 'PROTOCOL'] as const).map((kind) => sum(runs.value, kind, 'created'));
    expect(made).toEqual([2 * size, size, size]);
    const rest = (['INTERFACE', 'CIRCUIT', 'PROTOCOL'] as const).map((kind) => sum(runs.value, kind, 'unchanged'));
    expect(rest).toEqual(made.map((count) => 3 * count));
    expect(await verifyTree(ctx(0), { site: key })).toMatchObject({ faultCount: 0 });
  });

  test('as single calls leave a right tree and each name once', async () => {
    const site = await (gateways[0] as TestNetwork).site();
    const key = { id: site.id };
    const rows = Array.from({ length: 30 }, (_, index) => [
      { kind: 'network', cidr: `10.${index}.0.0/16` },
      { kind: 'device', hostname: `r${index}` },
    ]).flat();
    const importing = importInventory(ctx(0), { text: JSON.stringify(rows), format: 'JSON', site: key });
    const single = Array.from({ length: 30 }, (_, index) => [
      createNetwork(ctx(1), { site: key, cidr: `10.${index}.${index}.0/24` }),
      createDevice(ctx(1), { site: key, hostname: `R${index}` }),
    ]).flat();
    const [run, ...others] = await Promise.allSettled([importing, ...single]);
    expect(run.status).toBe('fulfilled');
    for (const other of others)
      if (other.status === 'rejected') expect(other.reason).toMatchObject({ code: 'CONFLICT' });
    const { items } = await listDevices(ctx(0), { site: key }, wholePage);
    expect(new Set(items.map(({ node }) => node.hostname.toLowerCase())).size).toBe(30);
    expect(items).toHaveLength(30);
    expect((await listNetworks(ctx(0), { site: key }, wholePage)).items).toHaveLength(60);
    expect(await verifyTree(ctx(0), { site: key })).toMatchObject({ checked: 60, faultCount: 0 });
  });
});
