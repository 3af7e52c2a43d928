import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConflictError } from '#kernel/errors.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { allocateAddresses } from '#resolvers/network/networks/allocate.ts';
import { createNetwork, createNetworks } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import { verifyTree } from '#resolvers/network/networks/verify.ts';
import { deleteSite } from '#resolvers/network/sites/delete.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';
import { findPostgres } from '../../support/postgres.ts';

const machine = findPostgres() ? 'PostgreSQL server' : 'PostgreSQL server (no initdb and postgres on this machine)';

/** Two gateways on one database: what one process may do between the statements of another. */
describe.skipIf(!findPostgres())(`two gateways on one ${machine}`, () => {
  let nets: [TestNetwork, TestNetwork];
  beforeAll(async () => {
    const url = await newServerDatabase();
    nets = [await openNetwork({ url }), await openNetwork({ url })];
  }, 60_000);
  afterAll(async () => {
    for (const net of nets ?? []) await net.gateway.dispose();
    await stopSharedServer();
  });

  const ctx = (index: number) => (nets[index % 2] ?? nets[0]).all;
  const settled = async (work: readonly Promise<unknown>[]) => {
    const outcomes = await Promise.allSettled(work);
    return {
      done: outcomes.filter((outcome) => outcome.status === 'fulfilled').length,
      refused: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : [])),
    };
  };
  const faults = async (site: Site) => (await verifyTree(ctx(0), { site: { id: site.id } })).faults;

  test('fifty parallel creations of one hostname give one success and 49 conflicts', async () => {
    const site = await nets[0].site();
    const { done, refused } = await settled(
      Array.from({ length: 50 }, (_, n) =>
        createDevice(ctx(n), { site: { id: site.id }, hostname: n % 2 ? 'One' : 'oNE' }),
      ),
    );
    expect(done).toBe(1);
    expect(refused).toHaveLength(49);
    expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
    expect(await nets[0].events(site, 'network.device.created')).toHaveLength(1);
  });

  test('parallel inserts of nested networks leave a correct tree', async () => {
    const site = await nets[0].site();
    const cidrs = [0, 8, 12, 16, 20, 24, 28].flatMap((length) => [`10.0.0.0/${length}`, `10.128.0.0/${length}`]);
    const wanted = cidrs.filter((cidr) => cidr !== '10.0.0.0/0' && cidr !== '10.128.0.0/0' && cidr !== '10.128.0.0/8');
    const six = Array.from({ length: 10 }, (_, n) => `2001:db8::/${32 + 8 * n}`);
    const { refused } = await settled(
      [...wanted, ...six, ...wanted].map((cidr, n) => createNetwork(ctx(n), { site: { id: site.id }, cidr })),
    );
    expect(refused).toHaveLength(wanted.length);
    expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
    expect(await faults(site)).toEqual([]);
    const page = await listNetworks(ctx(0), { site: { id: site.id }, filter: { rootOnly: true } }, wholePage);
    expect(page.items.map(({ node }) => node.cidr).sort()).toEqual(['10.0.0.0/8', '2001:db8::/32']);
  });

  test('a network and the addresses in it, created and deleted in parallel, never leave an address without a base', async () => {
    const site = await nets[0].site();
    const key = { site: { id: site.id } };
    await createNetwork(ctx(0), { ...key, cidr: '10.0.0.0/8' });
    const work = Array.from({ length: 30 }, (_, n) => {
      if (n % 3 === 0) return createNetwork(ctx(n), { ...key, cidr: '10.1.0.0/16' });
      if (n % 3 === 1) return createNetwork(ctx(n), { ...key, cidr: `10.1.0.${n}/32` });
      return deleteNetwork(ctx(n), { ...key, by: { cidr: '10.1.0.0/16' }, force: n % 2 === 0 });
    });
    const { done } = await settled(work);
    expect(done).toBeGreaterThanOrEqual(11);
    expect(await faults(site)).toEqual([]);
  });

  test('forty parallel allocations beside plain creates in one /24 never give an address twice', async () => {
    const site = await nets[0].site();
    const key = { site: { id: site.id } };
    await createNetwork(ctx(0), { ...key, cidr: '10.1.2.0/24' });
    const allocations = Array.from({ length: 40 }, (_, n) =>
      allocateAddresses(ctx(n), { ...key, by: { cidr: '10.1.2.0/24' } }),
    );
    const creates = Array.from({ length: 20 }, (_, n) =>
      createNetwork(ctx(n), { ...key, cidr: `10.1.2.${2 * n + 1}/32` }),
    );
    const { done, refused } = await settled(creates);
    const given = (await Promise.all(allocations)).flat().map(({ cidr }) => cidr);
    expect(new Set(given).size).toBe(40);
    expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
    const page = await listNetworks(ctx(0), { ...key, filter: { includeIps: true } }, wholePage);
    expect(page.items).toHaveLength(40 + done);
    expect(await faults(site)).toEqual([]);
  });

  test('bulk calls over the trees of two Sites in crossing orders wait for each other and all end', async () => {
    const [one, other] = [await nets[0].site(), await nets[0].site()];
    const items = [one, other].flatMap((site) =>
      ['10.0.0.0/8', '::/0'].map((cidr) => ({ site: { id: site.id }, cidr })),
    );
    const { done, refused } = await settled(
      Array.from({ length: 12 }, (_, n) => createNetworks(ctx(n), n % 2 ? items : items.toReversed())),
    );
    expect(done).toBe(1);
    expect(refused.map((error) => error.constructor.name)).toEqual(Array.from({ length: 11 }, () => 'ConflictError'));
  });

  test('a Site goes or gets its first device, never both', async () => {
    for (let round = 0; round < 10; round += 1) {
      const site = await nets[0].site();
      const { done } = await settled([
        deleteSite(ctx(0), { by: { id: site.id } }),
        createDevice(ctx(1), { site: { id: site.id }, hostname: 'd' }),
        createNetwork(ctx(0), { site: { id: site.id }, cidr: '10.0.0.0/8' }),
      ]);
      const left = await listNetworks(ctx(0), { site: { id: site.id } }, wholePage);
      expect(done).toBe(left.items.length === 0 ? 1 : 2);
    }
  });
});
