import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { openGateway, say } from './support.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway({ settings: { defaults: { table: { rows: 10 } } } });
  await say('account create ann', { gateway });
});
afterAll(() => gateway.dispose());

const run = (line: string | readonly string[], input?: string) =>
  say(line, { gateway, ...(input !== undefined && { input }) });

describe('store', () => {
  test('puts documents, prints them with what they inherit, and deletes them', async () => {
    expect(await run(['store', 'put', '/', '{"theme":"dark"}'])).toMatchObject({ exit: 0, out: 'Set /.\n' });
    expect(await run('store put /team', '{"rows": 5}')).toMatchObject({ exit: 0, out: 'Set /team.\n' });
    expect((await run('store put /team', '{"rows":5}')).out).toBe('Nothing to change: /team has this body.\n');
    expect((await run('store get /team')).out).toBe('{\n  "theme": "dark",\n  "rows": 5\n}\n');
    expect((await run('store get /team --own')).out).toBe('{\n  "rows": 5\n}\n');
    expect((await run('store get /team --json')).json).toMatchObject({
      path: '/team',
      parents: ['/', '/team'],
      inherited: { theme: 'dark' },
    });
    expect(await run('store delete /')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('CONFLICT: xpath has [1] children'),
    });
    expect((await run('store delete / --recursive')).out).toBe('Deleted /team.\nDeleted /.\n');
    expect(await run('store get /team')).toMatchObject({ exit: 1, err: expect.stringContaining('NOT_FOUND') });
    expect(await run('store put / nonsense')).toMatchObject({ exit: 2, err: expect.stringContaining('is no JSON') });
  });
});

describe('setting', () => {
  test('sets, prints and drops what an account has at a path', async () => {
    expect(await run('setting set 20 table rows --account ann')).toMatchObject({
      exit: 0,
      out: 'Set table › rows.\n',
    });
    expect((await run('setting set 20 table rows --account ann')).out).toBe('Nothing to change: table › rows is so.\n');
    expect((await run('setting get table rows --account ann')).out).toBe('20\n');
    expect((await run('setting set - own --account ann', '{"a":[1]}')).exit).toBe(0);
    expect((await run('setting get --account ann --json')).json).toEqual({ table: { rows: 20 }, own: { a: [1] } });
    expect((await run('setting delete table --account ann')).out).toBe('Dropped table.\n');
    expect((await run('setting get table --account ann')).out).toBe('{\n  "rows": 10\n}\n');
    expect(await run('setting get nowhere --account ann')).toMatchObject({ exit: 1 });
    expect(await run('setting get table')).toMatchObject({ exit: 2, err: 'USAGE: Say whose settings: --account.\n' });
  });
});

describe('info', () => {
  test('lists what can be called', async () => {
    const { out } = await run('info --api device create');
    expect(out).toMatch(/^TITLE +NAME +KIND +PLUGIN +PATH +NEEDS\n/);
    expect(out).toMatch(/\nDevice create +deviceCreate +mutation +network +\/graphql +network:create\n/);
    expect((await run('info --json --tag nothing')).json).toEqual([]);
    const { json } = await run('info --json --api --tag graphql summary');
    expect(json).toContainEqual(expect.objectContaining({ name: 'queueSummary', kind: 'QUERY' }));
  });
});
