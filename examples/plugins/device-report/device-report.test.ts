import { setTimeout as pause } from 'node:timers/promises';
import { createGateway, type Gateway } from 'gatehouse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let gateway: Gateway;
let url: string;
beforeAll(async () => {
  gateway = await createGateway({
    folder: import.meta.dirname,
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory', './plugin.ts'],
      accounts: { adminPassword: 'a password of tests' },
      worker: { threads: 1, poll: '100ms', minFreeMemoryMb: 0, maxCpu: 100 },
      dataDir: 'memory://device-report',
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
  url = await gateway.listen();
  gateway.work();
});
afterAll(() => gateway.dispose());

// biome-ignore lint/suspicious/noExplicitAny: the answer to any document
async function run(document: string): Promise<any> {
  const { data, errors } = await gateway.execute({ document });
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** The key of a new account with these permissions. */
async function keyOf(name: string, permissions: readonly string[]): Promise<string> {
  await run(`mutation { accountCreate(input: { name: "${name}", permissions: ${JSON.stringify(permissions)} }) {
    __typename ... on Error { message } } }`);
  const { apiKeyCreate } = await run(`mutation { apiKeyCreate(input: { account: { name: "${name}" }, name: "test" }) {
    ... on ApiKeyCreateSuccess { key } } }`);
  return apiKeyCreate.key;
}

const get = (path: string, key?: string) =>
  fetch(`${url}${path}`, { redirect: 'manual', headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });

describe('the report of devices', () => {
  test('is made by the job, and given by the route to who may read it', async () => {
    const reader = await keyOf('reader', ['api:read@reports.', 'store:read@/device-report']);
    const visitor = await keyOf('visitor', ['api:read@reports.']);
    expect((await get('/device-report/latest', reader)).status).toBe(404);
    for (const site of ['SJC', 'LAX']) {
      await run(`mutation { siteCreate(input: { name: "${site}" }) { __typename } }`);
      await run(`mutation { deviceCreate(input: { site: { name: "${site}" }, hostname: "sw1" }) { __typename } }`);
    }
    await run('mutation { deviceCreate(input: { site: { name: "SJC" }, hostname: "sw2" }) { __typename } }');
    const { jobEnqueue } = await run(`mutation {
      jobEnqueue(input: { name: "reports.devices", args: { label: "now" } }) {
        ... on JobEnqueueSuccess { job { id } } ... on Error { message } } }`);
    for (let state = ''; state !== 'COMPLETE'; await pause(50)) {
      const { job } = await run(`{ job(id: "${jobEnqueue.job.id}") { state lastError { message } } }`);
      if (job.lastError) throw new Error(job.lastError.message);
      state = job.state;
    }
    const answer = await get('/device-report/latest', reader);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { label: 'now', devices: 3, sites: { LAX: 1, SJC: 2 }, updatedAt: expect.any(String) },
    ]);
    const { job } = await run(`{ job(id: "${jobEnqueue.job.id}") { log(first: 50) { nodes { message } } } }`);
    expect(job.log.nodes).toContainEqual({ message: 'counted 3 devices' });
    expect((await get('/device-report/latest', visitor)).status).toBe(403);
    expect((await get('/device-report/latest')).status).toBe(401);
  });

  test('refuses arguments that it does not know', async () => {
    const { jobEnqueue } = await run(`mutation {
      jobEnqueue(input: { name: "reports.devices", args: { colour: 1 } }) { __typename } }`);
    expect(jobEnqueue).toEqual({ __typename: 'InputError' });
  });

  test('has a page for who may enter it, and stands in the list of endpoints', async () => {
    const key = await keyOf('guest', ['api:read@reports.']);
    expect((await get('/device-report', key)).headers.get('location')).toBe('/device-report/');
    const page = await get('/device-report/', key);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<h1>Device report</h1>');
    expect((await get('/device-report/report.js', key)).headers.get('content-type')).toMatch(/^text\/javascript/);
    expect((await get('/device-report/')).status).toBe(401);
    const { endpoints } = await run(`{ endpoints(search: "!report", api: true) { nodes { name kind } } }`);
    expect(endpoints.nodes).toEqual(
      expect.arrayContaining([
        { name: 'reports.page', kind: 'ASSET' },
        { name: 'reports.devices', kind: 'ROUTE' },
        { name: 'reports.devices', kind: 'JOB' },
      ]),
    );
  });
});
