import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatehouseError, UnavailableError } from '#kernel/errors.ts';
import { createAttribute } from '#resolvers/network/attributes/create.ts';
import { updateAttribute } from '#resolvers/network/attributes/update.ts';
import { circuitStore, endsOf } from '#resolvers/network/circuits/circuit.ts';
import { createCircuits } from '#resolvers/network/circuits/create.ts';
import { deleteCircuits } from '#resolvers/network/circuits/delete.ts';
import { listCircuits } from '#resolvers/network/circuits/find.ts';
import { updateCircuits } from '#resolvers/network/circuits/update.ts';
import { createDevices } from '#resolvers/network/devices/create.ts';
import { createInterfaces } from '#resolvers/network/interfaces/create.ts';
import { deleteInterfaces } from '#resolvers/network/interfaces/delete.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { createProtocolTypes } from '#resolvers/network/protocol-types/create.ts';
import { updateProtocolType } from '#resolvers/network/protocol-types/update.ts';
import { createProtocols } from '#resolvers/network/protocols/create.ts';
import { deleteProtocols } from '#resolvers/network/protocols/delete.ts';
import { listProtocols } from '#resolvers/network/protocols/find.ts';
import { updateProtocols } from '#resolvers/network/protocols/update.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { openNetwork, type TestNetwork, wholePage } from '../../support/network.ts';
import { findPostgres } from '../../support/postgres.ts';

const storages: [name: string, open: () => Promise<TestNetwork[]>][] = [
  ['one gateway on the embedded database', async () => [await openNetwork('embedded')]],
];
if (findPostgres())
  storages.push([
    'two gateways on one PostgreSQL server',
    async () => {
      const url = await newServerDatabase();
      return [await openNetwork({ url }), await openNetwork({ url })];
    },
  ]);
else
  describe.skip('two gateways on one PostgreSQL server (no initdb and postgres on this machine)', () =>
    test('', () => undefined));

/** Circuits, protocols, their types and attributes refer to each other: many write them at once. */
describe.each(storages)('writers of references, %s', (_, open) => {
  let nets: TestNetwork[];
  beforeAll(async () => {
    nets = await open();
  }, 60_000);
  afterAll(async () => {
    for (const net of nets ?? []) await net.gateway.dispose();
    await stopSharedServer();
  });

  test('wait for each other in one order, so that none is given up, and leave nothing that refers to nothing', async () => {
    const ctx = (index: number) => (nets[index % nets.length] as TestNetwork).all;
    const random = generator(20_261_121);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const some = <T>(list: readonly T[], count: number): T[] =>
      [...new Set(Array.from({ length: count }, () => pick(list)))].filter((one) => one !== undefined);
    const { id: siteId } = await (nets[0] as TestNetwork).site();
    const site = { id: siteId };
    const attribute = await createAttribute(ctx(0), { site, resource: 'PROTOCOL', name: 'role' });
    await createAttribute(ctx(0), { site, resource: 'CIRCUIT', name: 'role' });
    const devices = await createDevices(
      ctx(0),
      ['d0', 'd1', 'd2', 'd3'].map((hostname) => ({ site, hostname })),
    );
    const ports: NetworkInterface[] = await createInterfaces(
      ctx(0),
      devices.flatMap(({ id }) => ['p0', 'p1', 'p2', 'p3'].map((name) => ({ device: { id }, name }))),
    );
    const types = await createProtocolTypes(
      ctx(0),
      ['bgp', 'ospf'].map((name) => ({ site, name })),
    );
    const names = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'];
    const circuits = async (index: number) =>
      (await listCircuits(ctx(index), { site }, wholePage)).items.map(({ node }) => node);
    const protocols = async (index: number) =>
      (await listProtocols(ctx(index), { site }, wholePage)).items.map(({ node }) => node);
    const by = ({ id }: { id: string }) => ({ by: { id } });
    const attributes = () => ({ role: pick(['a', 'b', 'c']) });

    const works: ((index: number) => Promise<unknown>)[] = [
      async (index) => {
        const ends = some(ports, 4);
        return createCircuits(
          ctx(index),
          some(names, 2).flatMap((name, at) => {
            const [a, z] = [ends[at * 2], ends[at * 2 + 1]];
            return a
              ? [{ name, endpointA: { id: a.id }, endpointZ: z ? { id: z.id } : null, attributes: attributes() }]
              : [];
          }),
        );
      },
      async (index) => {
        const chosen = some(await circuits(index), 3);
        const others = some(names, chosen.length);
        const turned = [...chosen.slice(1), ...chosen.slice(0, 1)].map(({ name }) => name);
        const given = others.length === chosen.length && random() < 0.5 ? others : turned;
        return updateCircuits(
          ctx(index),
          chosen.map((one, at) => ({ ...by(one), name: given[at] ?? '', attributes: attributes() })),
        );
      },
      async (index) => {
        const chosen = some(await circuits(index), 2);
        const fresh = some(ports, chosen.length);
        return updateCircuits(
          ctx(index),
          chosen.map((one, at) => ({ ...by(one), endpointA: { id: fresh[at]?.id ?? '' } })),
        );
      },
      async (index) => deleteCircuits(ctx(index), some(await circuits(index), 2).map(by)),
      async (index) => {
        const over = pick(await circuits(index));
        return createProtocols(
          ctx(index),
          (over ? endsOf(over) : []).map(({ deviceId, interfaceId }) => ({
            type: { id: pick(types).id },
            device: { id: deviceId },
            interface: { id: interfaceId },
            circuit: { id: over.id },
            attributes: attributes(),
          })),
        );
      },
      async (index) => {
        const chosen = some(await protocols(index), 3);
        const all = await circuits(index);
        return updateProtocols(
          ctx(index),
          chosen.map((one) => {
            const onDevice = all.filter((circuit) => endsOf(circuit).some(({ deviceId }) => deviceId === one.deviceId));
            const over = pick(onDevice);
            return {
              ...by(one),
              circuit: over ? { id: over.id } : null,
              type: { id: pick(types).id },
              attributes: attributes(),
            };
          }),
        );
      },
      async (index) => {
        const chosen = some(await protocols(index), 2);
        return updateProtocols(
          ctx(index),
          chosen.map((one) => ({ ...by(one), device: { id: pick(devices).id }, interface: null, circuit: null })),
        );
      },
      async (index) => deleteProtocols(ctx(index), some(await protocols(index), 2).map(by)),
      async (index) => updateProtocolType(ctx(index), { ...by(pick(types)), description: pick(['x', 'y', 'z']) }),
      async (index) => updateAttribute(ctx(index), { ...by(attribute), description: pick(['x', 'y', 'z']) }),
      async (index) => deleteInterfaces(ctx(index), [by(pick(ports))]),
    ];
    const weights = works.flatMap((work, at) => Array.from({ length: at === works.length - 1 ? 1 : 8 }, () => work));

    const failures: Error[] = [];
    let left = 200;
    const worker = async (index: number) => {
      while (left > 0) {
        left -= 1;
        await pick(weights)(index).catch((error: Error) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, index) => worker(index)));
    for (const error of failures) expect(error).toBeInstanceOf(GatehouseError);
    expect(failures.filter((error) => error instanceof UnavailableError).map(({ message }) => message)).toEqual([]);

    const standing = await circuits(0);
    const claimed = await ctx(0)
      .use(circuitStore)
      .ofInterfaces(standing.flatMap((one) => endsOf(one).map(({ interfaceId }) => interfaceId)));
    expect(claimed.map((one) => one?.id)).toEqual(standing.flatMap((one) => endsOf(one).map(() => one.id)));
    for (const { circuitId, deviceId } of await protocols(0)) {
      if (circuitId === null) continue;
      const over = standing.find(({ id }) => id === circuitId);
      expect(over && endsOf(over).map((end) => end.deviceId)).toContain(deviceId);
    }
  }, 60_000);
});

/** The same numbers at every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
