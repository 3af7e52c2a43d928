import { afterEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { importInventory } from '#resolvers/network/imports/import.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { adminPassword } from '../../support/identity.ts';

let gateway: Gateway | null = null;
afterEach(async () => {
  await gateway?.dispose();
});

async function start(works: boolean): Promise<Gateway> {
  gateway = await createGateway({
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory'],
      dataDir: 'memory://',
      log: { level: 'silent' },
      accounts: { adminPassword },
      worker: { poll: '100ms', minFreeMemoryMb: 0, maxCpu: 100 },
    },
  });
  if (!works) return gateway;
  gateway.work();
  const workers = '{ system { daemons { kind phase } } }';
  await expect
    .poll(async () => (await gateway?.execute({ document: workers }))?.data?.system, { timeout: 10_000 })
    .toEqual({
      daemons: [
        { kind: 'SCHEDULER', phase: 'RUNNING' },
        { kind: 'WORKER', phase: 'RUNNING' },
      ],
    });
  return gateway;
}

const jobs = async () => {
  const document = `{
    queue: jobs(filter: { name: { eq: "network.inventoryImport" } }) { nodes { state } }
    journal: jobs(filter: { name: { eq: "network.inventoryImport" }, journaled: true }) {
      nodes { state args enqueued { by } lastError { message } log { nodes { message } } }
    }
  }`;
  const { data, errors } = (await gateway?.execute({ document })) ?? {};
  if (errors) throw new Error(errors[0]?.message);
  return data as { queue: { nodes: unknown[] }; journal: { nodes: Record<string, never>[] } };
};

const text = '{"kind":"site","name":"SJC"}\n{"kind":"device","site":"SJC","hostname":"r1"}';

describe('an import in a process that runs jobs', () => {
  test('is a job of whoever asked, and ends with it', { timeout: 30_000 }, async () => {
    const ctx = (await start(true)).context();
    const ended = await importInventory(ctx, { format: 'JSON', text });
    expect(ended).toMatchObject({ state: 'COMPLETED' });
    await expect.poll(async () => (await jobs()).journal.nodes.length).toBe(1);
    const [job] = (await jobs()).journal.nodes;
    expect(job).toMatchObject({ state: 'COMPLETE', args: { importId: ended.id }, enqueued: { by: 'system' } });
    expect((await jobs()).queue.nodes).toEqual([]);
  });

  test('that is rejected says so to whoever waits, and its job has done what it was for', {
    timeout: 30_000,
  }, async () => {
    const ctx = (await start(true)).context();
    const bad = '{"kind":"device","site":"nowhere","hostname":"r1"}';
    await expect(importInventory(ctx, { format: 'JSON', text: bad })).rejects.toThrow('nothing was written');
    await expect.poll(async () => (await jobs()).journal.nodes.length).toBe(1);
    const [job] = (await jobs()).journal.nodes;
    expect(job?.state).toBe('COMPLETE');
    expect(JSON.stringify(job?.log)).toContain('1 row failed, and nothing was written.');
  });

  test('waits in the queue with its file, and ends with its job also when that never runs', {
    timeout: 30_000,
  }, async () => {
    const ctx = (await start(true)).context();
    const run = async (document: string) => (await gateway?.execute({ document }))?.data;
    await run('mutation { maintenanceEnter(input: {}) { __typename } }');
    const waiting = await importInventory(ctx, { format: 'JSON', text, wait: false });
    expect(waiting).toMatchObject({
      state: 'QUEUED',
      finishedAt: null,
      progress: { phase: 'READ', done: 0, total: 2 },
    });
    const given = await importInventory(ctx, { format: 'JSON', text: text.replace('r1', 'r2'), wait: false });
    const queue = (await run('{ jobs { nodes { id args } } }')) as {
      jobs: { nodes: { id: string; args: { importId: string } }[] };
    };
    const job = queue.jobs.nodes.find(({ args }) => args.importId === waiting.id);
    await run(`mutation { jobRemove(input: { id: "${job?.id}" }) { __typename } }`);
    const states = async () =>
      (await ctx.use(importStore).getMany([waiting.id, given.id])).map((found) => found?.state);
    await expect.poll(states).toEqual(['FAILED', 'QUEUED']);
    await run('mutation { maintenanceLeave(input: {}) { __typename } }');
    await expect.poll(states, { timeout: 10_000 }).toEqual(['FAILED', 'COMPLETED']);
  });

  test('has no more rights than the credential it was asked with', { timeout: 30_000 }, async () => {
    const open = await start(true);
    const account = await createAccount(open.context(), { name: 'ada', permissions: ['network:admin'], roles: [] });
    const made = await createApiKey(open.context(), {
      account: { id: account.id },
      name: 'narrow',
      permissions: ['network:create'],
    });
    const query = `mutation ($input: InventoryImportInput!) { inventoryImport(input: $input) {
      __typename ... on ImportRejectedError { import { rows { nodes { code } } } }
    } }`;
    const answer = await open.fetch(
      new Request('http://here/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${made.key}` },
        body: JSON.stringify({ query, variables: { input: { format: 'JSON', text } } }),
      }),
    );
    const { data } = (await answer.json()) as { data: { inventoryImport: { __typename: string } } };
    expect(data.inventoryImport.__typename).toBe('ImportRejectedError');
    expect(JSON.stringify(data)).toContain('FORBIDDEN');
  });
});

test('an import in a process that runs no jobs is carried out all the same', async () => {
  const ctx = (await start(false)).context();
  expect(await importInventory(ctx, { format: 'JSON', text })).toMatchObject({ state: 'COMPLETED' });
  expect((await jobs()).journal.nodes).toEqual([]);
});
