/** Gateways that stop in the middle of an import, as processes do. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { ask, freePort, type GatewayProcess, signIn, startProcess } from '../../support/gateway-process.ts';
import { findPostgres } from '../../support/postgres.ts';

const text = readFileSync(fileURLToPath(new URL('../../fixtures/prefixes-ipv4.txt', import.meta.url)), 'utf8');

const document = `mutation ($input: InventoryImportInput!) { inventoryImport(input: $input) {
  ... on InventoryImportSuccess { import { id state } } ... on Error { message } } }`;

interface Told {
  readonly __typename: string;
  readonly phase?: string;
  readonly rejected?: boolean;
}

const stream =
  'subscription ($id: ID!) { inventoryImportProgressed(id: $id) { __typename ... on InventoryImportProgress { phase } ... on InventoryImportFailed { rejected } } }';

/** A client that is signed in already: inside the transaction of an import an embedded database lets nobody in. */
async function connect(url: string, token: string): Promise<Client> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  await once(client, '{ __typename }', {}, () => false);
  return client;
}

/** Runs an operation until something comes, or to its end. @returns what came. */
async function once(client: Client, query: string, variables: Record<string, unknown>, found: (data: Data) => boolean) {
  const came: Data[] = [];
  await new Promise<void>((resolve, reject) => {
    const next = ({ data }: { data?: unknown }) => {
      came.push(data as Data);
      if (found(data as Data)) resolve();
    };
    client.subscribe({ query, variables }, { next, error: reject, complete: resolve });
  });
  return came;
}

interface Begun {
  readonly inventoryImport: { readonly import: { readonly id: string; readonly state: string } };
}

interface Data {
  readonly inventoryImportProgressed: Told;
}

/** Begins an import of thousands of networks and waits until it writes. */
async function beginWriting(server: GatewayProcess, token: string): Promise<string> {
  await ask(server.url, 'mutation { siteCreate(input: { name: "S" }) { __typename } }', {}, token);
  const input = { text, format: 'PREFIX_LIST', site: { name: 'S' }, baseNetworks: ['0.0.0.0/0'], wait: false };
  const client = await connect(server.url, token);
  const { inventoryImport } = await ask<Begun>(server.url, document, { input }, token);
  const { id, state } = inventoryImport.import;
  expect(state).toMatch(/QUEUED|RUNNING/);
  const told = await once(client, stream, { id }, (data) => data.inventoryImportProgressed.phase === 'APPLY');
  expect(told.at(-1)?.inventoryImportProgressed.phase).toBe('APPLY');
  // A process that is gone takes no farewell.
  void client.dispose();
  return id;
}

/** What is told of an import up to its end. */
async function follow(url: string, token: string, id: string): Promise<Told[]> {
  const client = await connect(url, token);
  const told = await once(client, stream, { id }, () => false);
  await client.dispose();
  return told.map((data) => data.inventoryImportProgressed);
}

const state = async (url: string, token: string, id: string) => {
  const query = `{ inventoryImport(id: "${id}") { state progress { phase done total } } networks { totalCount } events(filter: { names: ["network.network.*"] }) { totalCount } }`;
  return ask<{ inventoryImport: { state: string }; networks: object; events: object }>(url, query, {}, token);
};

const nothing = { networks: { totalCount: 0 }, events: { totalCount: 0 } };

describe('a gateway on its embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('killed while an import writes has written nothing, and the import has failed when it is back', async () => {
    const config = { dataDir: join(folder, 'killed'), http: { port: await freePort() } };
    const server = await startProcess(config);
    const id = await beginWriting(server, await signIn(server.url));
    await server.kill();
    const again = await startProcess(config);
    const token = await signIn(again.url);
    expect(await state(again.url, token, id)).toEqual({
      inventoryImport: { state: 'FAILED', progress: { phase: 'DONE', done: 0, total: 13_858 } },
      ...nothing,
    });
    const told = await follow(again.url, token, id);
    expect(told.map(({ phase, __typename }) => phase ?? __typename)).toEqual(['DONE']);
    expect(await again.stop()).toBe(0);
  }, 120_000);

  test('told to stop while an import writes finishes it first', async () => {
    const config = { dataDir: join(folder, 'stopped'), http: { port: await freePort() } };
    const server = await startProcess(config);
    const id = await beginWriting(server, await signIn(server.url));
    expect(await server.stop()).toBe(0);
    const again = await startProcess(config);
    const { inventoryImport, networks } = await state(again.url, await signIn(again.url), id);
    expect([inventoryImport.state, networks]).toEqual(['COMPLETED', { totalCount: 13_858 }]);
    await again.stop();
  }, 120_000);
});

describe.skipIf(!findPostgres())('one of two gateways on a PostgreSQL server', () => {
  afterAll(() => stopSharedServer());

  test('imports also without a key, and then by itself', async () => {
    const server = await startProcess({
      storage: { url: await newServerDatabase() },
      http: { port: await freePort() },
    });
    const token = await signIn(server.url);
    const input = { text: '{"kind":"site","name":"S"}', format: 'JSON' };
    const { inventoryImport } = await ask<Begun>(server.url, document, { input }, token);
    expect(inventoryImport.import.state).toBe('COMPLETED');
    await server.stop();
  }, 60_000);

  test('killed while an import writes has written nothing, and the other one tells its end as failed', async () => {
    const shared = { storage: { url: await newServerDatabase() }, secret: randomBytes(32).toString('base64') };
    const [one, other] = [
      await startProcess({ ...shared, http: { port: await freePort() } }),
      // Never with memory to spare, so that the jobs are the first one's.
      await startProcess({ ...shared, http: { port: await freePort() }, worker: { minFreeMemoryMb: 1_000_000_000 } }),
    ];
    const token = await signIn(other.url);
    const id = await beginWriting(one, await signIn(one.url));
    const told = follow(other.url, token, id);
    await one.kill();
    expect(await state(other.url, token, id)).toMatchObject({ inventoryImport: { state: 'RUNNING' }, ...nothing });
    const last = (await told).at(-1);
    expect(last).toMatchObject({ __typename: 'InventoryImportFailed', rejected: false });
    expect(await state(other.url, token, id)).toMatchObject({ inventoryImport: { state: 'FAILED' }, ...nothing });
    await other.stop();
  }, 180_000);
});
