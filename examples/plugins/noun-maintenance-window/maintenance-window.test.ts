import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Gateway, type GatewayOptions } from 'gatehouse';
import { gatewayStorage } from 'gatehouse/contract/suite';
import { catalogue } from 'gatehouse/kernel/catalogue';
import type { Clock } from 'gatehouse/kernel/clock';
import { type EventFilter, eventLog } from 'gatehouse/kernel/event';
import { grantedRights } from 'gatehouse/kernel/permission';
import { anonymousViewer } from 'gatehouse/kernel/viewer';
import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { windowContract } from './contract.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function start(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'maintenance-window-'));
  folders.push(folder);
  return createGateway({
    folder: import.meta.dirname,
    ...options,
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory', './plugin.ts'],
      'maintenance-window': { folder },
      accounts: { adminPassword: 'a password of tests' },
      dataDir: 'memory://',
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
}

windowContract('a JSON file', () => gatewayStorage(start));

/** A clock that a test moves. */
function handClock() {
  let now = Date.parse('2026-03-01T09:00:00Z');
  const waiting = new Set<() => void>();
  const clock: Clock = {
    now: () => now,
    after(_, fn) {
      waiting.add(fn);
      return { cancel: () => void waiting.delete(fn) };
    },
  };
  return {
    clock,
    async moveTo(instant: string) {
      now = Date.parse(instant);
      for (const fn of [...waiting]) fn();
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

describe('a gateway with maintenance windows', () => {
  let gateway: Gateway;
  let hands: ReturnType<typeof handClock>;
  let devices: string[];

  beforeEach(async () => {
    hands = handClock();
    gateway = await start({ clock: hands.clock });
    await run('mutation { siteCreate(input: { name: "SJC" }) { __typename } }');
    const inputs = ['r1', 'r2'].map((hostname) => ({ site: { name: 'SJC' }, hostname }));
    const made = await run(
      'mutation ($inputs: [DeviceCreateInput!]!) { deviceCreateMany(inputs: $inputs) { ... on DeviceCreateManySuccess { devices { id } } } }',
      { inputs },
    );
    devices = made.deviceCreateMany.devices.map(({ id }: { id: string }) => id);
  });
  afterEach(() => gateway.dispose());

  async function run(document: string, variables: Record<string, unknown> = {}, ...permissions: string[]) {
    const rights = grantedRights(permissions, gateway.context().use(catalogue).areas);
    const viewer = { ...anonymousViewer(rights), kind: 'ACCOUNT', id: null, name: 'somebody' } as const;
    const { data, errors } = await gateway.execute({ document, variables, ...(permissions.length > 0 && { viewer }) });
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data));
  }

  const scheduling = `mutation ($input: MaintenanceWindowScheduleInput!) {
    maintenanceWindowSchedule(input: $input) {
      __typename
      ... on MaintenanceWindowScheduleSuccess { maintenanceWindow { id state devices { hostname } } }
      ... on Error { message path }
    }
  }`;
  const plan = (parts: Record<string, unknown> = {}) => ({
    title: 'New line cards',
    startsAt: '2026-03-01T10:00:00Z',
    endsAt: '2026-03-01T12:00:00+01:00',
    devices,
    ...parts,
  });
  const schedule = async (parts: Record<string, unknown> = {}, ...permissions: string[]) =>
    (await run(scheduling, { input: plan(parts) }, ...permissions)).maintenanceWindowSchedule;
  const eventNames = async (filter: EventFilter = { names: ['maintenance.*'] }) => {
    const log = gateway.context().use(eventLog);
    while ((await log.number(100)) > 0);
    const page = { limit: 100, direction: 'backward', after: null, before: null, offset: 0 } as const;
    return (await log.page(filter, 'all', page)).items.map(({ node }) => node.name).reverse();
  };

  test('keeps a window, and shows it from both sides of its link to devices', async () => {
    const { __typename, maintenanceWindow } = await schedule();
    expect(__typename).toBe('MaintenanceWindowScheduleSuccess');
    expect(maintenanceWindow).toMatchObject({ state: 'PLANNED', devices: [{ hostname: 'r1' }, { hostname: 'r2' }] });
    const { id } = maintenanceWindow;
    const answer = await run(
      `query ($id: ID!) {
        maintenanceWindow(id: $id) { title startsAt endsAt }
        node(id: $id) { __typename }
        maintenanceWindows(state: PLANNED) { totalCount nodes { title } }
        ended: maintenanceWindows(state: ENDED) { totalCount }
        devices { nodes { hostname maintenanceWindows { nodes { title } } } }
      }`,
      { id },
    );
    const nodes = [{ title: 'New line cards' }];
    expect(answer).toEqual({
      maintenanceWindow: {
        title: 'New line cards',
        startsAt: '2026-03-01T10:00:00.000000Z',
        endsAt: '2026-03-01T11:00:00.000000Z',
      },
      node: { __typename: 'MaintenanceWindow' },
      maintenanceWindows: { totalCount: 1, nodes },
      ended: { totalCount: 0 },
      devices: { nodes: ['r1', 'r2'].map((hostname) => ({ hostname, maintenanceWindows: { nodes } })) },
    });
    const file = JSON.parse(await readFile(join(folders.at(-1) ?? '', 'windows.json'), 'utf8'));
    expect(file.rows).toHaveLength(1);
  });

  test('refuses bad input with every path, and devices that the viewer may not see', async () => {
    const bad = { title: '', startsAt: 'soon', endsAt: 'later', devices: [] };
    expect((await schedule(bad)).__typename).toBe('InputError');
    expect(await schedule({ endsAt: '2026-03-01T10:00:00Z' })).toEqual({
      __typename: 'InputError',
      message: 'endsAt must lie after startsAt.',
      path: ['endsAt'],
    });
    expect(await schedule({ startsAt: '2026-02-01T10:00:00Z', endsAt: '2026-02-02T10:00:00Z' })).toEqual({
      __typename: 'InputError',
      message: 'endsAt is over already.',
      path: ['endsAt'],
    });
    expect(await schedule({}, 'maintenance:write')).toMatchObject({
      __typename: 'InputError',
      path: ['devices', '0'],
    });
    expect(await schedule({}, 'maintenance:read')).toMatchObject({
      __typename: 'ForbiddenError',
      message: 'Needs maintenance:write.',
    });
    expect(await eventNames()).toEqual([]);
  });

  test('begins and ends windows at their times, each once, also when it was asleep over both', async () => {
    await schedule();
    await schedule({ startsAt: '2026-03-01T10:30:00Z', endsAt: '2026-03-01T10:40:00Z' });
    gateway.work();
    const states = async () =>
      (await run('{ maintenanceWindows { nodes { state } } }')).maintenanceWindows.nodes.map(
        ({ state }: { state: string }) => state,
      );
    await hands.moveTo('2026-03-01T09:59:59Z');
    expect(await states()).toEqual(['PLANNED', 'PLANNED']);
    await hands.moveTo('2026-03-01T10:00:00Z');
    expect(await states()).toEqual(['ACTIVE', 'PLANNED']);
    await hands.moveTo('2026-03-01T13:00:00Z');
    expect(await states()).toEqual(['ENDED', 'ENDED']);
    await hands.moveTo('2026-03-01T14:00:00Z');
    expect((await eventNames()).sort()).toEqual(
      ['scheduled', 'started', 'ended'].flatMap((verb) => Array(2).fill(`maintenance.window.${verb}`)).sort(),
    );
  });

  test('cancels what is planned or under way, and nothing else', async () => {
    const { id } = (await schedule()).maintenanceWindow;
    const document = `mutation ($id: ID!) { maintenanceWindowCancel(input: { id: $id }) {
      __typename ... on MaintenanceWindowCancelSuccess { maintenanceWindow { state } } ... on Error { message }
    } }`;
    const cancel = async (...permissions: string[]) =>
      (await run(document, { id }, ...permissions)).maintenanceWindowCancel;
    expect(await cancel('network:read')).toMatchObject({ __typename: 'NotFoundError' });
    expect(await cancel('maintenance:read')).toMatchObject({ __typename: 'ForbiddenError' });
    expect(await cancel()).toEqual({
      __typename: 'MaintenanceWindowCancelSuccess',
      maintenanceWindow: { state: 'CANCELLED' },
    });
    expect(await cancel()).toEqual({ __typename: 'ConflictError', message: 'The window is CANCELLED already.' });
    expect(await eventNames()).toEqual(['maintenance.window.scheduled', 'maintenance.window.cancelled']);
  });

  test('shows a viewer the windows that his grants name', async () => {
    const one = (await schedule({ title: 'one' })).maintenanceWindow.id;
    await schedule({ title: 'two' });
    const id = Buffer.from(one, 'base64url').toString().split(':')[1];
    const seen = await run(
      '{ maintenanceWindows { totalCount nodes { title devices { hostname } } } }',
      {},
      `maintenance:read@window/${id}`,
    );
    expect(seen).toEqual({ maintenanceWindows: { totalCount: 1, nodes: [{ title: 'one', devices: [] }] } });
  });

  test('tells subscribers, of all windows or of those of a device', async () => {
    const url = (await gateway.listen()).replace('http', 'ws');
    const login = await gateway.fetch(
      new Request('http://here/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query:
            'mutation { login(input: { name: "admin", password: "a password of tests" }) { ... on LoginSuccess { token } } }',
        }),
      }),
    );
    const { token } = (await login.json()).data.login;
    const client = createClient({
      url: `${url}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token },
    });
    const watch = (variables: Record<string, unknown>) => {
      const items: unknown[] = [];
      client.subscribe(
        {
          query: `subscription ($devices: [ID!]) { maintenanceWindowChanged(devices: $devices, hello: true) {
            __typename ... on MaintenanceWindowScheduled { window { title } }
          } }`,
          variables,
        },
        { next: ({ data }) => items.push(data?.maintenanceWindowChanged), error: () => {}, complete: () => {} },
      );
      return items;
    };
    const [all, second] = [watch({}), watch({ devices: [devices[1]] })];
    await expect.poll(() => [all.length, second.length]).toEqual([1, 1]);
    await schedule({ title: 'one', devices: [devices[0]] });
    await schedule({ title: 'two', devices: [devices[1]] });
    const scheduled = (title: string) => ({ __typename: 'MaintenanceWindowScheduled', window: { title } });
    await expect.poll(() => all.slice(1)).toEqual([scheduled('one'), scheduled('two')]);
    await expect.poll(() => second.slice(1)).toEqual([scheduled('two')]);
    await client.dispose();
  });

  test('is ready', async () => {
    const { checks } = await (await gateway.fetch(new Request('http://here/health/ready'))).json();
    expect(checks['maintenance-window']).toMatchObject({ ok: true });
  });
});

test('says who is missing in a gateway without devices', async () => {
  const config = {
    plugins: ['default', '!network', '!storage-prisma', 'storage-memory', './plugin.ts'],
    dataDir: 'memory://',
  };
  await expect(createGateway({ folder: import.meta.dirname, config })).rejects.toThrow(
    'Plugin "maintenance-window" uses port network.settings, which no listed plugin provides. List one that does.',
  );
});
