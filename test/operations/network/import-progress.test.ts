import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import { endAbandonedImports } from '#resolvers/network/imports/abandoned.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { type Item, type Received, socketClient, subscribeBySse, subscribeOver } from '../../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';
import { findPostgres } from '../../support/postgres.ts';

const stream = `subscription ($id: ID!, $after: EventCursor, $hello: Boolean) {
  inventoryImportProgressed(id: $id, after: $after, hello: $hello) {
    __typename
    ... on InventoryImportProgress { phase done total counts { kind created updated unchanged skipped failed } }
    ... on InventoryImportCompleted { counts { kind created updated unchanged skipped failed } occurredAt }
    ... on InventoryImportFailed { rejected counts { kind created updated unchanged skipped failed } }
    ... on Event { actor { name } subjectId }
  }
}`;

interface Shown {
  readonly __typename: string;
  readonly phase?: string;
  readonly done?: number;
  readonly total?: number;
  readonly occurredAt?: string;
}

const itemOf = (item: Item | undefined) => item?.data?.inventoryImportProgressed as Shown;
const nameOf = ({ __typename, phase }: Shown) => phase ?? __typename.replace('InventoryImport', '');
/** Phases and events, each once where it comes several times in a row. */
const course = ({ items }: Received) =>
  items.map((item) => nameOf(itemOf(item))).filter((name, index, all) => name !== all[index - 1]);

/** Enough for an import that takes its time. */
const lines = readFileSync(fileURLToPath(new URL('../../fixtures/prefixes-ipv4.txt', import.meta.url)), 'utf8')
  .split('\n')
  .slice(0, 4000);
/** With the base network. */
const rows = lines.length + 1;

const many = (site: string) =>
  ({
    text: lines.join('\n'),
    format: 'PREFIX_LIST',
    site: { id: site },
    baseNetworks: ['0.0.0.0/0'],
    wait: false,
  }) satisfies ImportInput;

/** Begins an import in the background. */
async function begin(net: TestNetwork, ctx: Context = net.all, site?: string): Promise<string> {
  const run = await importInventory(ctx, many(site ?? (await net.site()).id));
  expect([run.state, run.finishedAt, run.counts]).toEqual(['RUNNING', null, []]);
  return toGlobalId('InventoryImport', run.id);
}

const everything = '*';

describe.each(['memory', 'embedded'] as const)('the stream of an import on storage %s', (storage) => {
  test('tells each phase as it goes, then the end with its counts, and is complete', async () => {
    const net = await openNetwork(storage);
    const url = await net.gateway.listen();
    const client = socketClient(url, everything);
    const id = await begin(net);
    const own = subscribeOver(client, stream, { id });
    expect(await own.ended).toBe('complete');
    expect(course(own).at(-1)).toBe('Completed');
    expect(['VALIDATE', 'APPLY']).toContain(nameOf(itemOf(own.items[0])));
    const phases = ['VALIDATE', 'APPLY', 'DONE', 'Completed'];
    expect(phases.filter((phase) => course(own).includes(phase))).toEqual(course(own));
    expect(course(own)).toContain('APPLY');
    expect(itemOf(own.items.at(-1))).toMatchObject({
      counts: [{ kind: 'NETWORK', created: rows, updated: 0, unchanged: 0, skipped: 0, failed: 0 }],
      actor: { name: 'system' },
      subjectId: id,
    });
    for (const { total } of own.items.map(itemOf)) expect([undefined, rows]).toContain(total);
    await client.dispose();
    await net.gateway.dispose();
  }, 60_000);

  test('reaches watchers while the transaction is open', async () => {
    const net = await openNetwork(storage);
    const client = socketClient(await net.gateway.listen(), everything);
    const id = await begin(net);
    const arrivals: [string, number][] = [];
    const own = subscribeOver(client, stream, { id });
    for (let count = 1; arrivals.at(-1)?.[0] !== 'Completed'; count += 1) {
      await own.reach(count, 30_000);
      arrivals.push([nameOf(itemOf(own.items[count - 1])), Date.now()]);
    }
    const applying = arrivals.find(([name]) => name === 'APPLY')?.[1] ?? Number.POSITIVE_INFINITY;
    expect(applying).toBeLessThan(Date.parse(itemOf(own.items.at(-1)).occurredAt ?? ''));
    await client.dispose();
    await net.gateway.dispose();
  }, 60_000);
});

describe('the stream of an import', () => {
  test('begins on resume with the present state, and repeats no single progress', async () => {
    const net = await openNetwork('memory');
    const url = await net.gateway.listen();
    const client = socketClient(url, everything);
    const { data } = await net.gateway.execute({ document: '{ sites { totalCount } }' });
    expect(data).toBeTruthy();
    const before = subscribeOver(client, 'subscription { siteChanged(hello: true) { __typename } }');
    const cursor = (await before.reach(1))[0]?.extensions?.cursor;
    before.stop();
    const id = await begin(net);
    const first = subscribeOver(client, stream, { id });
    await first.ended;
    const again = subscribeOver(client, stream, { id, after: cursor });
    expect(await again.ended).toBe('complete');
    expect(again.items.map((item) => nameOf(itemOf(item)))).toEqual(['DONE', 'Started', 'Completed']);
    const late = subscribeOver(client, stream, { id, after: first.items.at(-1)?.extensions?.cursor });
    expect(await late.ended).toBe('complete');
    expect(late.items.map((item) => itemOf(item))).toEqual([
      {
        __typename: 'InventoryImportProgress',
        phase: 'DONE',
        done: rows,
        total: rows,
        counts: [{ kind: 'NETWORK', created: rows, updated: 0, unchanged: 0, skipped: 0, failed: 0 }],
      },
    ]);
    await client.dispose();
    await net.gateway.dispose();
  }, 60_000);

  test('tells a rejection, and that nothing was written', async () => {
    const net = await openNetwork('memory');
    const client = socketClient(await net.gateway.listen(), everything);
    const site = await net.site();
    const run = await importInventory(net.all, { ...many(site.id), baseNetworks: [] });
    const own = subscribeOver(client, stream, { id: toGlobalId('InventoryImport', run.id) });
    expect(await own.ended).toBe('complete');
    expect(itemOf(own.items.at(-1))).toMatchObject({ __typename: 'InventoryImportFailed', rejected: true });
    const { data } = await net.gateway.execute({ document: '{ networks { totalCount } }' });
    expect(data?.networks).toEqual({ totalCount: 0 });
    await client.dispose();
    await net.gateway.dispose();
  }, 60_000);

  test('is for whoever asked for the import and for administrators of everything, and as if it were not for others', async () => {
    const net = await openNetwork('memory');
    const url = await net.gateway.listen();
    const site = await net.site();
    const own = net.as(`network:write@site/${site.id}`);
    const id = await begin(net, own, site.id);
    const outcome = async (...permissions: string[]) => {
      const client = socketClient(url, permissions.join(' '));
      const received = subscribeOver(client, stream, { id, hello: true });
      const how = await Promise.race([received.ended, received.reach(1).then(() => 'stands')]);
      await client.dispose();
      return typeof how === 'string' ? how : (how as { extensions?: { code: string } }[])[0]?.extensions?.code;
    };
    expect(await outcome('network:admin')).toBe('stands');
    for (const others of [['network:read'], ['network:write'], [`network:admin@site/${site.id}`]])
      expect(await outcome(...others)).toBe('NOT_FOUND');
    expect(await outcome('event:read')).toBe('FORBIDDEN');
    const plan = net.gateway.schema.getSubscriptionType()?.getFields().inventoryImportProgressed?.extensions.feed as {
      select(ctx: Context, args: object): Promise<{ personal?: boolean }>;
    };
    expect((await plan.select(own, { id })).personal).toBe(true);
    await expect(plan.select(net.anonymous, { id })).rejects.toThrow('Sign in');
    await net.gateway.dispose();
  }, 60_000);

  test('is the same over server-sent events', async () => {
    const net = await openNetwork('memory');
    const url = await net.gateway.listen();
    const id = await begin(net);
    const sse = await subscribeBySse(url, stream, { id }, { authorization: 'Bearer *' });
    expect(await sse.ended).toBe('complete');
    expect(course(sse).slice(-2)).toEqual(['DONE', 'Completed']);
    await net.gateway.dispose();
  }, 60_000);
});

describe('an import that nobody waits for', () => {
  test('answers at once with the import as it runs, and is found with its progress until it ends', async () => {
    const net = await openNetwork('memory');
    const site = await net.site();
    const { data } = await net.gateway.execute({
      document: `mutation ($input: InventoryImportInput!) { inventoryImport(input: $input) { __typename
        ... on InventoryImportSuccess { import { id state finishedAt progress { phase total } } } } }`,
      variables: { input: { ...many(site.id), site: { name: site.name } } },
    });
    const answer = data?.inventoryImport as { import: { id: string } };
    const run = answer.import;
    expect(run).toMatchObject({ state: 'RUNNING', finishedAt: null, progress: { phase: 'VALIDATE', total: rows } });
    const look = async () => {
      const found = await net.gateway.execute({
        document: `{ inventoryImport(id: "${run.id}") { state progress { cursor phase done total counts { kind created } } } }`,
      });
      return found.data?.inventoryImport as { state: string; progress: { cursor: string; phase: string } };
    };
    await expect.poll(look, { timeout: 30_000 }).toMatchObject({
      state: 'COMPLETED',
      progress: { phase: 'DONE', done: rows, counts: [{ kind: 'NETWORK', created: rows }] },
    });
    expect((await look()).progress.cursor).toMatch(/^[\w-]{16,64}$/);
    await net.gateway.dispose();
  }, 60_000);

  test('refuses a text that cannot be read as ever, and keeps no import of it', async () => {
    const net = await openNetwork('memory');
    await expect(importInventory(net.all, { text: '[{]', format: 'JSON', wait: false })).rejects.toThrow();
    const { data } = await net.gateway.execute({ document: '{ inventoryImports { totalCount } }' });
    expect(data?.inventoryImports).toEqual({ totalCount: 0 });
    await net.gateway.dispose();
  });

  test('is waited for when the gateway stops', async () => {
    const net = await openNetwork('memory');
    const run = await importInventory(net.all, many((await net.site()).id));
    await net.gateway.dispose();
    expect((await net.all.use(importStore).getMany([run.id]))[0]?.state).toBe('COMPLETED');
  }, 60_000);

  test('takes no longer to answer than a request may, also when it is waited for', async () => {
    const net = await openNetwork('memory', { network: { import: { wait: '1ms' } } });
    const site = await net.site();
    const run = await importInventory(net.all, { ...many(site.id), wait: true });
    expect(run.state).toBe('RUNNING');
    await net.gateway.dispose();
    expect((await net.all.use(importStore).getMany([run.id]))[0]?.state).toBe('COMPLETED');
  }, 60_000);
});

describe.skipIf(!findPostgres())('two gateways on one PostgreSQL server', () => {
  afterAll(() => stopSharedServer());

  test('tell the progress and the end of an import that the other one carries out, and begin with its present state', async () => {
    const url = await newServerDatabase();
    const [worker, other] = [await openNetwork({ url }), await openNetwork({ url })];
    const client = socketClient(await other.gateway.listen(), everything);
    const id = await begin(worker);
    const far = subscribeOver(client, stream, { id });
    await expect.poll(() => course(far), { timeout: 20_000 }).toContain('APPLY');
    const joined = subscribeOver(client, stream, { id });
    expect(itemOf((await joined.reach(1))[0])).toMatchObject({ phase: 'APPLY', total: rows });
    expect([await far.ended, await joined.ended]).toEqual(['complete', 'complete']);
    expect(course(far).slice(-2)).toEqual(['DONE', 'Completed']);
    expect(course(joined)).toEqual(['APPLY', 'DONE', 'Completed']);
    await client.dispose();
    await Promise.all([worker.gateway.dispose(), other.gateway.dispose()]);
  }, 60_000);

  test('end an import whose process gives no sign of life any more', async () => {
    const net = await openNetwork({ url: await newServerDatabase() });
    const at = (past: number) => new Date(Date.now() - past).toISOString().replace('Z', '000Z');
    const run = {
      id: '019a0000-0000-7000-8000-000000000001',
      format: 'CSV',
      dryRun: false,
      state: 'RUNNING',
      actor: { account: null, name: 'system', credential: null, address: null },
      startedAt: at(25_000),
      finishedAt: null,
      touchedAt: at(25_000),
      progress: { phase: 'APPLY', done: 3, total: 7 },
      counts: [],
      warnings: [],
      ignored: [],
    } as const;
    await net.all.use(importStore).insert(run);
    expect(await endAbandonedImports(net.all)).toBe(0);
    await net.all.use(importStore).touch(run.id, run.progress, at(31_000));
    expect(await endAbandonedImports(net.all)).toBe(1);
    expect((await net.all.use(importStore).getMany([run.id]))[0]?.state).toBe('FAILED');
    await net.gateway.dispose();
  }, 60_000);
});
