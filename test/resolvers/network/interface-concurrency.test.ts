import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConflictError, GatehouseError, InputError, UnavailableError } from '#kernel/errors.ts';
import { createDevice } from '#resolvers/network/devices/create.ts';
import { deleteDevice } from '#resolvers/network/devices/delete.ts';
import { findDevice } from '#resolvers/network/devices/find.ts';
import { assignAddress, unassignAddress } from '#resolvers/network/interfaces/assign.ts';
import { createInterface, createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { updateInterface } from '#resolvers/network/interfaces/update.ts';
import { createNetwork } from '#resolvers/network/networks/create.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';
import { findPostgres } from '../../support/postgres.ts';

const machine = findPostgres() ? 'PostgreSQL server' : 'PostgreSQL server (no initdb and postgres on this machine)';

/** Interfaces and addresses between two gateways on one database. */
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
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    for (const error of refused) {
      expect(error).toBeInstanceOf(GatehouseError);
      expect(error).not.toBeInstanceOf(UnavailableError);
    }
    return { done: outcomes.length - refused.length, refused };
  };
  const begin = async () => {
    const site = await nets[0].site();
    const device = await createDevice(ctx(0), { site: { id: site.id }, hostname: 'r1' });
    await createNetwork(ctx(0), { site: { id: site.id }, cidr: '10.0.0.0/24' });
    return { site, device };
  };

  test('crossing changes of parents never close a loop', async () => {
    const { device } = await begin();
    const ports = await createInterfaces(
      ctx(0),
      Array.from({ length: 6 }, (_, n) => ({ device: { id: device.id }, name: `p${n}` })),
    );
    const { refused } = await settled(
      ports.map(({ id }, n) =>
        updateInterface(ctx(n), { by: { id }, parent: { id: ports[(n + 1) % ports.length]?.id ?? '' } }),
      ),
    );
    expect(refused).toHaveLength(1);
    expect(refused[0]).toBeInstanceOf(InputError);
  });

  test('of twenty callers one binds an address to a device', async () => {
    const { site, device } = await begin();
    const ports = await createInterfaces(
      ctx(0),
      Array.from({ length: 20 }, (_, n) => ({ device: { id: device.id }, name: `p${n}` })),
    );
    const { done, refused } = await settled(
      ports.map(({ id }, n) => assignAddress(ctx(n), { interface: { id }, address: '10.0.0.1' })),
    );
    expect(done).toBe(1);
    expect(refused.every((error) => error instanceof ConflictError)).toBe(true);
    expect(await nets[0].events(site, 'network.network.created')).toHaveLength(2);
  });

  test('the state of an address follows from its interfaces whoever comes first', async () => {
    const { site } = await begin();
    const devices = await Promise.all(
      Array.from({ length: 8 }, (_, n) => createDevice(ctx(n), { site: { id: site.id }, hostname: `d${n}` })),
    );
    const ports = await createInterfaces(
      ctx(0),
      devices.map(({ id }) => ({ device: { id }, name: 'lo0' })),
    );
    const target = (id: string) => ({ interface: { id }, address: '10.0.0.9' });
    const [kept, ...others] = ports;
    for (const { id } of others.slice(0, 4)) await assignAddress(ctx(0), target(id));
    await settled([
      ...others.slice(0, 4).map(({ id }, n) => unassignAddress(ctx(n), target(id))),
      ...others.slice(4).map(({ id }, n) => assignAddress(ctx(n), target(id))),
    ]);
    const at = () => findNetwork(ctx(0), { site: { id: site.id }, by: { cidr: '10.0.0.9' } });
    expect((await at())?.state).toBe('ASSIGNED');
    await settled([
      ...others.slice(4).map(({ id }, n) => unassignAddress(ctx(n), target(id))),
      assignAddress(ctx(1), target(kept?.id ?? '')),
    ]);
    expect((await at())?.state).toBe('ASSIGNED');
    await unassignAddress(ctx(0), target(kept?.id ?? ''));
    expect((await at())?.state).toBe('ORPHANED');
  });

  test('no interface is left without its device', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { device } = await begin();
      await settled([
        createInterface(ctx(0), { device: { id: device.id }, name: 'a' }),
        deleteDevice(ctx(1), { by: { id: device.id } }),
        createInterface(ctx(1), { device: { id: device.id }, name: 'b', addresses: ['10.0.0.1'] }),
      ]);
      const left = await ctx(0).use(interfaceStore).ofDevices([device.id]);
      if (!(await findDevice(ctx(0), { by: { id: device.id } }))) expect(left).toEqual([]);
    }
  });

  test('a forced deletion of an address undoes no change of its interface', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { site, device } = await begin();
      const one = await createInterface(ctx(0), { device: { id: device.id }, name: 'old', addresses: ['10.0.0.1'] });
      const { refused } = await settled([
        deleteNetwork(ctx(0), { site: { id: site.id }, by: { cidr: '10.0.0.1' }, force: true }),
        updateInterface(ctx(1), { by: { id: one.id }, name: 'new', addresses: [] }),
      ]);
      expect(refused).toEqual([]);
      expect((await findInterfaces(ctx(0), [one.id]))[0]?.name).toBe('new');
      expect(await ctx(0).use(interfaceStore).assignmentsOf([one.id])).toEqual([[]]);
    }
  });
});
