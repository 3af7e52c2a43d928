import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { settingStore } from '#resolvers/platform/settings/setting.ts';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { openRooms, type Roomer, type Rooms } from '../../support/rooms.ts';

const defaults = { _general: { language: 'en', nested: { a: 1 } }, table: { rows: 10 } };

let rooms: Rooms;
let me: Roomer;
beforeAll(async () => {
  rooms = await openRooms({ settings: { defaults }, http: { port: 0 } });
});
afterAll(() => rooms.gateway.dispose());
beforeEach(async () => {
  me = await rooms.roomer();
  await rooms.told();
});

const read = async (path: string[] = [], by = me, account?: object) => {
  const { data, errors } = await by.ask(
    'query ($path: [String!], $account: AccountKey) { setting(path: $path, account: $account) }',
    { path, account },
  );
  return errors ? errors[0]?.extensions.code : data.setting;
};
const update = (path: string[], value: unknown, over: object = {}, by = me) =>
  by.change('settingUpdate', { path, value, ...over }, 'changed value etag');
const remove = (path: string[], over: object = {}, by = me) =>
  by.change('settingDelete', { path, ...over }, 'value etag');

describe('settings', () => {
  test('are the defaults until something is set over them', async () => {
    expect(await read()).toEqual(defaults);
    expect(await read(['_general', 'nested', 'a'])).toBe(1);
    expect(await update(['_general', 'nested'], { b: 2 })).toMatchObject({ changed: true, value: { a: 1, b: 2 } });
    expect(await update([], { table: { rows: 20 }, own: {} })).toMatchObject({
      value: { ...defaults, _general: { language: 'en', nested: { a: 1, b: 2 } }, table: { rows: 20 }, own: {} },
    });
    expect(await read(['_general'])).toEqual({ language: 'en', nested: { a: 1, b: 2 } });
    const other = await rooms.roomer();
    expect(await read([], other)).toEqual(defaults);
  });

  test('hold any JSON below the first level, and keys of any characters', async () => {
    for (const value of [false, 0, '', [], null, { '': 1 }]) {
      expect(await update(['a.b', 'c/d.e'], value)).toMatchObject({ changed: true, value });
      expect(await read(['a.b', 'c/d.e'])).toEqual(value);
    }
    expect(await update(['a.b', 'c/d.e', 'deeper'], 1)).toMatchObject({ value: 1 });
    expect(await read(['a.b'])).toEqual({ 'c/d.e': { '': 1, deeper: 1 } });
    expect(await update(['a.b', 'c/d.e'], [1])).toMatchObject({ value: [1] });
    expect(await update(['a.b', 'c/d.e'], [2, 3])).toMatchObject({ value: [2, 3] });
    expect(await update(['a.b', 'c/d.e', 'x'], 1)).toMatchObject({ value: 1 });
    expect(await read(['a.b'])).toEqual({ 'c/d.e': { x: 1 } });
    for (const path of [['nowhere'], ['a.b', 'toString'], ['a.b', 'c/d.e', 'x', 'y'], ['__proto__']])
      expect(await read(path)).toBe('NOT_FOUND');
  });

  test('refuse what cannot stand where it is given', async () => {
    const refused: [string[], unknown, string[]][] = [
      [[], 1, ['value']],
      [[], null, ['value']],
      [[], [], ['value']],
      [[], { a: 1 }, ['value', 'a']],
      [[], { '': {} }, ['value', '']],
      [[], { a: { '': 1 } }, ['value', 'a', '']],
      [[], { _unknown: {} }, ['value', '_unknown']],
      [['a'], 1, ['value']],
      [['a'], { '': 1 }, ['value', '']],
      [['_unknown', 'a'], 1, ['path', '0']],
      [['a', ''], 1, ['path', '1']],
      [['a', 'b', 'c', ''], 1, ['path', '3']],
    ];
    for (const [path, value, at] of refused)
      expect(await update(path, value), JSON.stringify([path, value])).toEqual({
        __typename: 'InputError',
        code: 'BAD_USER_INPUT',
        message: 'Invalid resource name',
        path: at,
      });
    expect(await me.change('settingUpdate', { path: ['a', 'b'] }, 'value')).toMatchObject({ code: 'BAD_USER_INPUT' });
    const hostile = JSON.parse('{"a":{"__proto__":{"polluted":true}}}');
    for (const value of [hostile, { a: { constructor: {} } }, { a: { b: '\u0000' } }])
      expect(await update([], value)).toMatchObject({ code: 'BAD_USER_INPUT', path: ['value'] });
    expect(await update(['constructor', 'a'], 1)).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await update(['a', 'b'], 'x'.repeat(900_000))).toMatchObject({ changed: true });
    expect(await update(['a', 'c'], 'x'.repeat(900_000))).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(Object.keys(await read(['a']))).toEqual(['b']);
    expect(await rooms.told()).toEqual(['setting.updated']);
  });

  test('show the defaults again where they are deleted', async () => {
    await update([], { table: { rows: 20, columns: 3 }, own: { a: 1 } });
    expect(await remove(['table', 'rows'])).toMatchObject({ value: 10 });
    expect(await remove(['own', 'a'])).toMatchObject({ value: null });
    expect(await read(['own'])).toEqual({});
    for (const path of [['table', 'rows'], ['nowhere'], ['_general', 'language']])
      expect(await remove(path)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove([''])).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await remove([])).toMatchObject({ value: defaults });
    expect(await remove([])).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('go by their etag, and tell of what changed alone', async () => {
    const { etag } = await update(['a'], { b: 1 });
    expect(await update(['a'], { b: 1 }, { etag })).toEqual({
      __typename: 'SettingUpdateSuccess',
      changed: false,
      value: { b: 1 },
      etag,
    });
    await update(['a', 'b'], 2, { etag });
    expect(await update(['a', 'b'], 3, { etag })).toMatchObject({ code: 'CONFLICT', path: ['etag'] });
    expect(await remove(['a', 'b'], { etag })).toMatchObject({ code: 'CONFLICT' });
    await remove(['a', 'b']);
    const told = await rooms.tellings();
    expect(told.map(({ name, data, before, after, scope }) => [name, data, before, after, scope])).toEqual(
      [
        ['updated', ['a'], null, { b: 1 }],
        ['updated', ['a', 'b'], 1, 2],
        ['deleted', ['a', 'b'], 2, null],
      ].map(([verb, path, before, after]) => [
        `platform.setting.${verb}`,
        { accountId: expect.any(String), path },
        before,
        after,
        { account: me.account.id },
      ]),
    );
  });

  test('of others are for those who may', async () => {
    const account = { name: me.account.name };
    await update(['a', 'b'], 1);
    const [reader, writer] = [await rooms.roomer('setting:read'), await rooms.roomer('setting:write')];
    expect(await read(['a', 'b'], reader, account)).toBe(1);
    expect(await read(['a', 'b'], writer, account)).toBe('FORBIDDEN');
    expect(await update(['a', 'b'], 2, { account }, writer)).toMatchObject({ value: 2 });
    expect(await update(['a', 'b'], 3, { account }, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await remove(['a'], { account }, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await read([], reader, { name: 'nobody' })).toBe('NOT_FOUND');
    expect((await rooms.ask('{ setting }')).errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  });

  test('are gone with their account', async () => {
    await update(['a', 'b'], 1);
    const accounts = await rooms.roomer('account:read', 'account:delete');
    const document = 'query ($by: AccountKey!) { account(by: $by) { etag } }';
    const by = { name: me.account.name };
    const { etag } = (await accounts.ask(document, { by })).data.account;
    expect(await rooms.system.use(settingStore).getMany([me.account.id])).toMatchObject([{ value: { a: { b: 1 } } }]);
    const deleted = await accounts.change('accountDelete', { by, etag }, '__typename');
    expect(deleted).toEqual({ __typename: 'AccountDeleteSuccess' });
    expect(await rooms.system.use(settingStore).getMany([me.account.id])).toEqual([null]);
  });

  test('tell their owner and who may read all of them', async () => {
    const url = await rooms.gateway.listen();
    const [other, reader] = [await rooms.roomer(), await rooms.roomer('setting:read')];
    const clients = [me, other, reader].map(({ key }) => socketClient(url, key));
    const streams = clients.map((client) =>
      subscribeOver(
        client,
        'subscription { settingChanged(hello: true) { ... on SettingUpdated { settingPath } ... on SettingDeleted { settingPath } } }',
      ),
    );
    await Promise.all(streams.map((stream) => stream.reach(1)));
    await update(['a'], { b: 1 });
    await update(['c', 'd'], 1, {}, other);
    await remove(['a']);
    const paths = async (index: number, count: number) =>
      (await streams[index]?.reach(count))?.slice(1).map((item) => item.data?.settingChanged);
    expect(await paths(2, 4)).toEqual([{ settingPath: ['a'] }, { settingPath: ['c', 'd'] }, { settingPath: ['a'] }]);
    expect(await paths(0, 3)).toEqual([{ settingPath: ['a'] }, { settingPath: ['a'] }]);
    expect(await paths(1, 2)).toEqual([{ settingPath: ['c', 'd'] }]);
    for (const client of clients) await client.dispose();
  });
});
