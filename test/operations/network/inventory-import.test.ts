import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seesEvent } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog } from '#kernel/event.ts';
import { presentStates } from '#kernel/present.ts';
import { endAbandonedImports } from '#resolvers/network/imports/abandoned.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import { importProgress, importStore, type TellingProgress } from '#resolvers/network/imports/inventory-import.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

const ask = async (document: string, variables: object = {}, ctx: Context = net.all) => {
  const { data, errors } = await net.gateway.execute({ document, variables: { ...variables }, viewer: ctx.viewer });
  return { data: data as Record<string, unknown>, errors };
};

const fields = `id format dryRun state finishedAt progress { phase done total } actor { name }
  counts { kind created updated unchanged skipped failed } warnings { code count } ignored { model count }`;

const mutation = `mutation ($input: InventoryImportInput!) {
  inventoryImport(input: $input) {
    __typename
    ... on InventoryImportSuccess { import { ${fields} } }
    ... on Error { code message path }
    ... on InputError { fields { path message } }
    ... on ImportRejectedError { import { ${fields} rows { totalCount nodes { row kind ref outcome code message path } } } }
  }
}`;

const prefixes = (site: string, ...lines: string[]) => ({
  input: { text: lines.join('\n'), format: 'PREFIX_LIST', site: { name: site } },
});

describe('the mutation', () => {
  test('answers with the import and its counts', async () => {
    await net.site('A');
    const { data } = await ask(mutation, prefixes('A', '10.0.0.0/8', '10.0.0.1'));
    expect(data.inventoryImport).toEqual({
      __typename: 'InventoryImportSuccess',
      import: {
        id: expect.any(String),
        format: 'PREFIX_LIST',
        dryRun: false,
        state: 'COMPLETED',
        finishedAt: expect.any(String),
        progress: { phase: 'DONE', done: 2, total: 2 },
        actor: { name: 'system' },
        counts: [{ kind: 'NETWORK', created: 2, updated: 0, unchanged: 0, skipped: 0, failed: 0 }],
        warnings: [],
        ignored: [],
      },
    });
  });

  test('answers with a typed error that holds the import when rows fail, also to whoever has no account', async () => {
    const site = await net.site('B');
    const ctx = net.gateway.context({ viewer: { ...net.as(`network:write@site/${site.id}`).viewer, id: null } });
    for (const who of [net.all, ctx]) {
      const { data } = await ask(mutation, prefixes('B', '10.0.0.0/8', '11.0.0.1'), who);
      expect(data.inventoryImport).toMatchObject({
        __typename: 'ImportRejectedError',
        code: 'IMPORT_REJECTED',
        message: '1 row failed, and nothing was written.',
        path: [],
        import: {
          state: 'REJECTED',
          counts: [{ kind: 'NETWORK', created: 0, skipped: 1, failed: 1 }],
          rows: {
            totalCount: 1,
            nodes: [
              {
                row: 2,
                kind: 'NETWORK',
                ref: '11.0.0.1',
                outcome: 'FAILED',
                code: 'BAD_USER_INPUT',
                message: 'IP Address needs base network.',
                path: ['cidr'],
              },
            ],
          },
        },
      });
    }
  });

  test('answers with typed errors for a text that cannot be read, one too large, and a missing right', async () => {
    const bad = await ask(mutation, { input: { text: '[{]', format: 'JSON' } });
    expect(bad.data.inventoryImport).toMatchObject({ __typename: 'InputError', path: ['text'] });
    const right = await ask(mutation, prefixes('A', '12.0.0.0/8'), net.as('network:read'));
    expect(right.data.inventoryImport).toMatchObject({ __typename: 'ForbiddenError' });
    const small = await openNetwork('memory', { network: { import: { maxBytes: 2 } } });
    const large = await small.gateway.execute({ document: mutation, variables: prefixes('A', '10.0.0.0/8') });
    expect(large.data?.inventoryImport).toMatchObject({ __typename: 'PayloadTooLargeError', path: ['text'] });
    await small.gateway.dispose();
  });
});

describe('imports', () => {
  const list = '{ inventoryImports { totalCount nodes { id state } } }';

  test('are listed and found by whoever asked for them and by administrators, and by nobody else', async () => {
    const site = await net.site('C');
    const [one, other] = [net.as(`network:write@site/${site.id}`), net.as('network:read')];
    const { data } = await ask(mutation, prefixes('C', '10.0.0.0/8'), one);
    const { id } = (data.inventoryImport as { import: { id: string } }).import;
    const find = `{ inventoryImport(id: "${id}") { state } node(id: "${id}") { id } }`;
    expect((await ask(find, {}, one)).data).toEqual({ inventoryImport: { state: 'COMPLETED' }, node: { id } });
    expect((await ask(find, {}, net.as('network:admin'))).data.inventoryImport).toEqual({ state: 'COMPLETED' });
    for (const ctx of [other, net.as(`network:admin@site/${site.id}`)])
      expect((await ask(find, {}, ctx)).data).toEqual({ inventoryImport: null, node: null });
    expect((await ask(list, {}, one)).data.inventoryImports).toEqual({
      totalCount: 1,
      nodes: [{ id, state: 'COMPLETED' }],
    });
    expect((await ask(list, {}, other)).data.inventoryImports).toEqual({ totalCount: 0, nodes: [] });
    const all = (await ask(list)).data.inventoryImports as { totalCount: number; nodes: { id: string }[] };
    expect([all.totalCount > 1, all.nodes[0]?.id]).toEqual([true, id]);
    expect((await ask(list, {}, net.anonymous)).errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect((await ask('{ inventoryImport(id: "nonsense") { id } }')).data.inventoryImport).toBe(null);
  });

  test('show their rows by outcome and code, in a constant number of statements', async () => {
    await net.site('D');
    for (const lines of [['1', '2'], ['3']]) await ask(mutation, prefixes('D', ...lines));
    const rows = (first: number) =>
      ask(`{ inventoryImports(first: ${first}) { nodes {
        all: rows { totalCount } failed: rows(outcome: FAILED, first: 1) { totalCount nodes { row } } none: rows(code: "X") { totalCount }
      } } }`);
    const { data } = await rows(2);
    expect((data.inventoryImports as { nodes: unknown }).nodes).toEqual([
      { all: { totalCount: 1 }, failed: { totalCount: 1, nodes: [{ row: 1 }] }, none: { totalCount: 0 } },
      { all: { totalCount: 2 }, failed: { totalCount: 2, nodes: [{ row: 1 }] }, none: { totalCount: 0 } },
    ]);
    expect(await net.statements(() => rows(2))).toBe(await net.statements(() => rows(5)));
  });

  test('begin and end with events, which the caller sees and administrators do', async () => {
    const site = await net.site('E');
    const ctx = net.as(`network:write@site/${site.id}`);
    await ask(mutation, prefixes('E', '10.0.0.0/8'), ctx);
    await ask(mutation, prefixes('E', '10.0.0.1/8'), ctx);
    while ((await net.all.use(eventLog).number(1000)) > 0);
    const names = ['network.inventoryImport.*'];
    const scope = [{ kind: 'account', value: ctx.viewer.id ?? '' }];
    const page = { limit: 10, direction: 'forward', after: null, before: null, offset: 0 } as const;
    const { items } = await net.all.use(eventLog).page({ names, scope }, 'all', page);
    const events = items.map(({ node }) => node).toReversed();
    expect(events.map(({ name, data }) => [name, (data as { rejected?: boolean }).rejected])).toEqual([
      ['network.inventoryImport.started', undefined],
      ['network.inventoryImport.completed', undefined],
      ['network.inventoryImport.started', undefined],
      ['network.inventoryImport.failed', true],
    ]);
    expect(events[1]?.data).toMatchObject({ counts: [{ kind: 'NETWORK', created: 1 }] });
    for (const event of events) {
      const definition = net.gateway.catalogue.events.get(event.name);
      if (!definition) throw new Error(`${event.name} is not declared.`);
      const sees = (who: Context) => seesEvent(who.viewer, definition, event);
      expect([ctx, net.as('network:admin'), net.as('network:write'), net.anonymous].map(sees)).toEqual([
        true,
        true,
        false,
        false,
      ]);
    }
  });
});

describe('an import under way', () => {
  test('tells each phase, with the number of rows', async () => {
    const told: TellingProgress[] = [];
    const own = await openNetwork('memory');
    const site = await own.site();
    const stop = own.all.use(presentStates).listen(({ type, state }) => {
      if (type === importProgress.type) told.push(state as TellingProgress);
    });
    await importInventory(own.all, { text: '10.0.0.0/8\n11.0.0.0/8', format: 'PREFIX_LIST', site: { id: site.id } });
    stop();
    expect(told.map(({ phase, total }) => [phase, total])).toEqual([
      ['READ', 0],
      ['VALIDATE', 2],
      ['APPLY', 2],
      ['DONE', 2],
    ]);
    await own.gateway.dispose();
  });

  test('is kept as failed, with nothing written, when it breaks off', async () => {
    const own = await openNetwork('memory');
    const site = await own.site();
    const broken = {
      ...own.all,
      atomically: (work: never, options?: { timeout?: number }) => {
        if (options?.timeout) throw new Error('The storage is gone.');
        return own.all.atomically(work);
      },
    } as Context;
    const input = { text: '10.0.0.0/8', format: 'PREFIX_LIST', site: { id: site.id } } as const;
    await expect(importInventory(broken, input)).rejects.toThrow('broke off, and nothing was written');
    const [run] = (
      await own.all
        .use(importStore)
        .page(null, { limit: 1, direction: 'forward', after: null, before: null, offset: 0 })
    ).items;
    expect([run?.node.state, run?.node.progress]).toEqual(['FAILED', { phase: 'DONE', done: 0, total: 1 }]);
    await own.gateway.dispose();
  });

  test('is ended as failed when its process is gone, not before its transaction could be over, and once', async () => {
    const own = await openNetwork('memory');
    const run = {
      id: '019a0000-0000-7000-8000-000000000001',
      format: 'CSV',
      dryRun: false,
      state: 'RUNNING',
      actor: { account: null, name: 'system', credential: null, address: null },
      startedAt: new Date(Date.now() - 14 * 60_000).toISOString().replace('Z', '000Z'),
      finishedAt: null,
      touchedAt: new Date(Date.now() - 14 * 60_000).toISOString().replace('Z', '000Z'),
      progress: { phase: 'APPLY', done: 3, total: 7 },
      counts: [],
      warnings: [],
      ignored: [],
    } as const;
    await own.all.use(importStore).insert(run);
    expect(await endAbandonedImports(own.all)).toBe(0);
    const later = { ...own.all, clock: { ...own.all.clock, now: () => Date.now() + 2 * 60_000 } } as Context;
    expect(await endAbandonedImports(later)).toBe(1);
    expect((await own.all.use(importStore).getMany([run.id]))[0]?.state).toBe('FAILED');
    expect(await endAbandonedImports(later)).toBe(0);
    await own.gateway.dispose();
  });
});
