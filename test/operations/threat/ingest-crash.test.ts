/** Processes that stop while objects are added, and clients that go on after them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from 'graphql-ws';
import { afterAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createGateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';
import { attackText } from '../../support/attack.ts';
import { admin, ask, freePort, signIn, startProcess } from '../../support/gateway-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ingest-'));
const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const page = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 } as const;

/** A gateway of this process on what the others left. */
const here = () =>
  createGateway({
    config: {
      dataDir: join(folder, '.gatehouse'),
      log: { level: 'silent' },
      http: { port: 0 },
      accounts: { adminPassword: admin.password },
    },
  });

function importing(words: readonly string[]) {
  const cli = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));
  const child = spawn(process.execPath, [cli, 'threat', 'import', 'attack.json', ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', GATEHOUSE_ADMIN_PASSWORD: admin.password },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended };
}

test('an import that is killed leaves whole batches, exact counts and no status pending, and completes when run again', async () => {
  writeFileSync(join(folder, 'attack.json'), attackText());
  const first = await here();
  const root = await createApiRoot(first.context(), { title: 'x' });
  const { id } = await createCollection(first.context(), { apiRoot: { id: root.id }, title: 'x' });
  await first.dispose();
  const killed = importing(['--collection', id, '--batch', '4']);
  // The first line of progress is written when a second of batches is done, and there is more to do then.
  const [line] = await once(killed.child.stderr as NonNullable<ChildProcess['stderr']>, 'data');
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(String(line)).toMatch(/^imported \d+ of 1826/);
  const second = await here();
  const ctx = second.context();
  const [collection] = await ctx.use(collectionStore).getMany([id]);
  const count = collection?.objectCount ?? 0;
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(1826);
  expect(count % 4).toBe(0);
  const [held] = await ctx.use(stixObjectStore).versionPages([[id]], { filter: { versions: 'all' }, page });
  expect(await held?.count()).toBe(count);
  const everything = { owner: null, written: 'all', apiRootIds: 'all' } as const;
  const statuses = async (state?: 'PENDING') =>
    (await ctx.use(taxiiStatusStore).page({ collectionId: id, state }, everything, page)).items.map(({ node }) => node);
  expect(await statuses('PENDING')).toEqual([]);
  expect(await statuses()).toMatchObject([
    { state: 'COMPLETE', totalCount: 1826, successCount: count, failureCount: 1826 - count, pendingCount: 0 },
  ]);
  const log = ctx.use(eventLog);
  while ((await log.number(1000)) > 0);
  const events = [...(await log.read(0, 1000)), ...(await log.read(1000, 2000))];
  expect(events.filter(({ name }) => name === 'threat.stixObject.added')).toHaveLength(count);
  expect(events.at(-1)?.name).toBe('threat.taxiiStatus.completed');
  await second.dispose();
  const again = importing(['--collection', id, '--json', '--quiet']);
  let out = '';
  again.child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  expect(await again.ended).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ doneCount: 1826, addedCount: 1826 - count, presentCount: count });
}, 240_000);

const stream = `subscription ($after: EventCursor) { stixObjectAdded(after: $after, hello: true) {
  __typename ... on StixObjectAdded { stixId stixObject { body } } ... on Gap { reason } } }`;

interface Added {
  readonly stixObjectAdded: { readonly __typename: string; readonly stixId?: string; readonly stixObject?: unknown };
}

/** Reads a stream until so many objects came. @returns them, and the cursor after the last. */
async function follow(url: string, token: string, after: string | null, count: number, begun: () => Promise<unknown>) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  });
  const came: Added['stixObjectAdded'][] = [];
  let cursor = after;
  await new Promise<void>((resolve, reject) => {
    client.subscribe<Added>(
      { query: stream, variables: { after } },
      {
        next({ data, extensions }) {
          const item = data?.stixObjectAdded;
          cursor = (extensions as { cursor: string }).cursor;
          if (item?.__typename === 'Subscribed') void begun().catch(reject);
          else if (item) came.push(item);
          if (came.length === count) resolve();
        },
        error: reject,
        complete: () => resolve(),
      },
    );
  });
  await client.dispose();
  return { came, cursor };
}

test('a stream goes on after a restart, and shows no object that its account may not read', async () => {
  const config = { dataDir: join(folder, 'streamed'), http: { port: await freePort() } };
  const server = await startProcess(config);
  const token = await signIn(server.url);
  const made = await ask<Record<string, { node: { taxiiId: string } }>>(
    server.url,
    `mutation {
      taxiiApiRootCreate(input: { title: "r", slug: "r" }) { __typename }
      open: taxiiCollectionCreate(input: { apiRoot: { slug: "r" }, title: "open" }) {
        ... on TaxiiCollectionCreateSuccess { node: taxiiCollection { taxiiId } } }
      closed: taxiiCollectionCreate(input: { apiRoot: { slug: "r" }, title: "closed" }) {
        ... on TaxiiCollectionCreateSuccess { node: taxiiCollection { taxiiId } } }
    }`,
    {},
    token,
  );
  const [open, closed] = [made.open?.node.taxiiId, made.closed?.node.taxiiId];
  const reader = { name: 'reader', password: 'a password of a reader' };
  const account = { ...reader, email: 'reader@example.org', permissions: [`threat:read@collection/${open}`] };
  const create =
    'mutation ($input: AccountCreateInput!) { accountCreate(input: $input) { __typename ... on Error { message } } }';
  expect(await ask(server.url, create, { input: account }, token)).toEqual({
    accountCreate: { __typename: 'AccountCreateSuccess' },
  });
  const object = (digit: number) => ({ type: 'x-a', id: `x-a--00000000-0000-4000-8000-00000000000${digit}` });
  const push = (url: string, collection: string | undefined, digit: number) =>
    ask(
      url,
      'mutation ($input: StixObjectsAddInput!) { stixObjectsAdd(input: $input) { __typename } }',
      { input: { collection: { taxiiId: collection }, objects: [object(digit)] } },
      token,
    );
  const first = await follow(server.url, await signIn(server.url, reader), null, 1, async () => {
    await push(server.url, closed, 1);
    await push(server.url, open, 2);
  });
  expect(first.came).toMatchObject([{ stixId: object(2).id, stixObject: { body: object(2) } }]);
  // Nobody reads while these are added, and then there is no gateway at all.
  await push(server.url, open, 3);
  await push(server.url, closed, 4);
  expect(await server.stop()).toBe(0);
  const again = await startProcess(config);
  const second = await follow(again.url, await signIn(again.url, reader), first.cursor, 2, async () => {
    await push(again.url, closed, 5);
    await push(again.url, open, 6);
  });
  expect(second.came.map(({ __typename, stixId }) => [__typename, stixId])).toEqual([
    ['StixObjectAdded', object(3).id],
    ['StixObjectAdded', object(6).id],
  ]);
  await again.stop();
}, 240_000);
