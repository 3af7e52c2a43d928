import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Gateway } from 'gatehouse';
import { eventLog } from 'gatehouse/kernel/event';
import { newId } from 'gatehouse/kernel/id';
import { type Device, deviceStore } from 'gatehouse/resolvers/network/devices/device';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
let gateway: Gateway | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devices-json-'));
});
afterEach(async () => {
  await gateway?.dispose();
  gateway = null;
  await rm(folder, { recursive: true, force: true });
});

const memory = ['!storage-prisma', 'storage-memory'];

/** A gateway with its devices in the folder, and all else in memory unless another storage is given. */
async function start(storage: readonly string[] = memory): Promise<Gateway> {
  gateway = await createGateway({
    folder: import.meta.dirname,
    config: {
      plugins: ['default', ...storage, './plugin.ts'],
      ports: { 'network.devices': 'devices-json' },
      'devices-json': { folder },
      dataDir: `memory://${newId()}`,
      accounts: { adminPassword: 'a password of tests' },
      log: { level: 'silent' },
    },
  });
  return gateway;
}

async function run(gateway: Gateway, document: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await gateway.execute({ document, variables });
  expect(errors).toBeUndefined();
  return JSON.parse(JSON.stringify(data));
}

const create =
  'mutation ($inputs: [DeviceCreateInput!]!) { deviceCreateMany(inputs: $inputs) { __typename ... on Error { message } } }';
const createSite = (gateway: Gateway) =>
  run(gateway, 'mutation { siteCreate(input: { name: "SJC" }) { __typename } }').then(() => ({ name: 'SJC' }));

const rows = async (): Promise<Device[]> => JSON.parse(await readFile(join(folder, 'devices.json'), 'utf8')).rows;
const files = async () => (await readdir(folder)).sort();

describe('a gateway with its devices in a JSON file', () => {
  test('keeps them there, in one unit of work with their events and with Sites elsewhere', async () => {
    const gateway = await start([]);
    const site = await createSite(gateway);
    const inputs = ['b', 'a'].map((hostname) => ({ site, hostname }));
    expect(await run(gateway, create, { inputs })).toEqual({
      deviceCreateMany: { __typename: 'DeviceCreateManySuccess' },
    });
    expect((await rows()).map(({ hostname }) => hostname)).toEqual(['b', 'a']);
    expect(await files()).toEqual(['devices.json', 'gatehouse.lock']);
    const query = '{ sites { nodes { name devices(orderBy: { by: NATURAL }) { nodes { hostname site { name } } } } } }';
    const devices = ['a', 'b'].map((hostname) => ({ hostname, site: { name: 'SJC' } }));
    expect(await run(gateway, query)).toEqual({ sites: { nodes: [{ name: 'SJC', devices: { nodes: devices } }] } });
    while ((await gateway.context().use(eventLog).number(100)) > 0);
    const events = await run(gateway, '{ events(filter: { names: ["network.device.*"] }) { nodes { data } } }');
    expect(events.events.nodes.map((event: { data: { device: Device } }) => event.data.device.hostname)).toEqual([
      'a',
      'b',
    ]);
  });

  test('leaves no trace of a refused call, in neither place', async () => {
    const gateway = await start();
    const site = await createSite(gateway);
    await run(gateway, create, { inputs: [{ site, hostname: 'taken' }] });
    const before = await readFile(join(folder, 'devices.json'), 'utf8');
    const inputs = ['fresh', 'TAKEN'].map((hostname) => ({ site, hostname }));
    expect(await run(gateway, create, { inputs })).toEqual({
      deviceCreateMany: { __typename: 'ConflictError', message: 'TAKEN already exists in this site.' },
    });
    const failing = gateway.context().atomically(async (ctx) => {
      const [device] = await rows();
      await ctx.use(deviceStore).deleteMany([device?.id ?? '']);
      throw new Error('given up');
    });
    await expect(failing).rejects.toThrow('given up');
    expect(await readFile(join(folder, 'devices.json'), 'utf8')).toBe(before);
    expect(await files()).toEqual(['devices.json', 'gatehouse.lock']);
    expect(await run(gateway, '{ devices { totalCount } }')).toEqual({ devices: { totalCount: 1 } });
  });

  test('gives one of fifty racing callers the hostname', async () => {
    const gateway = await start();
    const site = await createSite(gateway);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => run(gateway, create, { inputs: [{ site, hostname: 'one' }] })),
    );
    const types = answers.map((answer) => answer.deviceCreateMany.__typename).sort();
    expect(types).toEqual([...Array(49).fill('ConflictError'), 'DeviceCreateManySuccess']);
  });

  test('keeps its units apart while creations and renames cross', async () => {
    const gateway = await start();
    const site = await createSite(gateway);
    const names = Array.from({ length: 10 }, (_, index) => `d${index}`);
    await run(gateway, create, { inputs: names.map((hostname) => ({ site, hostname })) });
    const rename =
      'mutation ($by: DeviceKey!, $to: String) { deviceUpdate(input: { by: $by, hostname: $to }) { __typename } }';
    const answers = await Promise.all(
      names.flatMap((hostname, index) => [
        run(gateway, rename, { by: { hostname }, to: `renamed${index}` }),
        run(gateway, create, { inputs: [{ site, hostname: `new${index}` }] }),
      ]),
    );
    expect(
      new Set(
        answers.flatMap((answer) => Object.values(answer)).map((type) => (type as { __typename: string }).__typename),
      ),
    ).toEqual(new Set(['DeviceUpdateSuccess', 'DeviceCreateManySuccess']));
    expect((await rows()).map(({ hostname }) => hostname).sort()).toEqual(
      names.flatMap((_, index) => [`new${index}`, `renamed${index}`]).sort(),
    );
  });

  test('refuses a file that was damaged, naming it and what is wrong', async () => {
    await writeFile(join(folder, 'devices.json'), '{ "rows": [{ "id": 7 }], "finished": [] }');
    await expect(start()).rejects.toThrow(
      `Plugin "devices-json" failed to start: ${join(folder, 'devices.json')} cannot be read:`,
    );
    expect(await files()).toEqual(['devices.json']);
  });

  test('refuses a second process, or gateway, on the same folder', async () => {
    await start();
    const first = gateway;
    await expect(start()).rejects.toThrow(
      `Plugin "devices-json" failed to start: What lies in ${folder} is in use by process ${process.pid}.`,
    );
    gateway = first;
  });

  test('is not ready while the file cannot be written, and catches up by itself', async () => {
    const gateway = await start();
    const site = await createSite(gateway);
    await run(gateway, create, { inputs: [{ site, hostname: 'one' }] });
    const ready = async () => (await gateway.fetch(new Request('http://here/health/ready'))).status;
    expect(await ready()).toBe(200);
    await rm(join(folder, 'devices.json'));
    await mkdir(join(folder, 'devices.json'));
    expect(await run(gateway, create, { inputs: [{ site, hostname: 'two' }] })).toEqual({
      deviceCreateMany: { __typename: 'DeviceCreateManySuccess' },
    });
    expect(await ready()).toBe(503);
    expect((await files()).filter((name) => name.endsWith('.prepared'))).toHaveLength(1);
    await rm(join(folder, 'devices.json'), { recursive: true });
    expect(await ready()).toBe(200);
    expect((await rows()).map(({ hostname }) => hostname)).toEqual(['one', 'two']);
  });
});
