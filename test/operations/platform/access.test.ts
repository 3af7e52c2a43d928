import { afterEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { type AccessProvider, accessProviders } from '#kernel/access-provider.ts';
import { newId } from '#kernel/id.ts';
import { access } from '#plugins/access.ts';
import { auth } from '#plugins/auth.ts';
import { authLucia } from '#plugins/auth-lucia/plugin.ts';
import { authToken } from '#plugins/auth-token/plugin.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { platform } from '#plugins/platform.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { adminPassword } from '../../support/identity.ts';
import { askerOf } from '../../support/rooms.ts';

let gateway: Gateway | null = null;
afterEach(() => gateway?.dispose());

/** A database whose tokens are kept in a map, and that may be away. */
function database(over: Partial<AccessProvider> = {}) {
  const open = new Map<string, { token: string; databases: readonly string[] }>();
  const calls: string[] = [];
  const state = { away: false };
  const called = (what: string) => {
    calls.push(what);
    if (state.away) throw new Error('connection refused: password hunter2');
  };
  const provider: AccessProvider = {
    protocol: 'mongodb',
    offers: async () => ['sales', 'audit', 'ops'],
    async create({ name }, databases) {
      called('create');
      const token = `token ${calls.length}`;
      open.set(name, { token, databases });
      return token;
    },
    async revoke({ name }) {
      called('revoke');
      open.delete(name);
    },
    ...over,
  };
  const plugin = definePlugin({
    name: 'databases',
    version: '1.0.0',
    description: 'Opens databases.',
    provides: [accessProviders],
    setup({ provide }) {
      provide(accessProviders, provider);
      return undefined;
    },
  });
  return { plugin, open, calls, state };
}

const wanted = 'token offer { protocol databases }';

/** By the clock of the machine: what failed is tried again after a second. */
async function start(plugin: GatehousePlugin) {
  const plugins = [storageMemory, auth, authLucia, authToken, platform, access, plugin];
  const config = { plugins, dataDir: 'memory://', log: { level: 'silent' }, accounts: { adminPassword } };
  const started = await createGateway({ config });
  gateway = started;
  started.work();
  const system = started.context();
  return {
    nobody: askerOf(started, null),
    async roomer(...permissions: string[]) {
      const account = await createAccount(system, { name: `p${newId()}`, permissions, roles: [] });
      const { key } = await createApiKey(system, { account: { id: account.id }, name: 'test' });
      return { account, ...askerOf(started, key) };
    },
  };
}

describe('access to databases', () => {
  test('is offered for what one may use, and given by a token that is shown once', async () => {
    const { plugin, open } = database();
    const { roomer } = await start(plugin);
    const ann = await roomer('access:use@mongodb/ops', 'access:use@mongodb/audit', 'access:use@sql/sales');
    expect((await ann.ask('{ access { protocol databases tokenCreatedAt } }')).data.access).toEqual([
      { protocol: 'mongodb', databases: ['audit', 'ops'], tokenCreatedAt: null },
    ]);
    const first = await ann.change('accessTokenCreate', { protocol: 'mongodb' }, wanted);
    expect(first).toMatchObject({ token: 'token 1', offer: { databases: ['audit', 'ops'] } });
    const second = await ann.change('accessTokenCreate', { protocol: 'mongodb' }, wanted);
    expect(open.get(ann.account.name)).toEqual({ token: second.token, databases: ['audit', 'ops'] });
    expect((await ann.ask('{ access { tokenCreatedAt } }')).data.access[0].tokenCreatedAt).toMatch(/^\d{4}-/);
    const all = await roomer('access:use');
    expect((await all.ask('{ access { databases } }')).data.access[0].databases).toEqual(['audit', 'ops', 'sales']);
  });

  test('is refused without a right, without a provider, and while the provider is away', async () => {
    const { plugin, state } = database();
    const { roomer, nobody } = await start(plugin);
    const ann = await roomer('access:use@mongodb/ops');
    const none = await roomer('access:use@mongodb/elsewhere');
    expect(await none.change('accessTokenCreate', { protocol: 'mongodb' }, wanted)).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await none.ask('{ access { protocol } }')).data.access).toEqual([]);
    expect(await ann.change('accessTokenCreate', { protocol: 'sql' }, wanted)).toMatchObject({
      __typename: 'UnavailableError',
      message: 'Nothing provides access to sql.',
    });
    state.away = true;
    expect(await ann.change('accessTokenCreate', { protocol: 'mongodb' }, wanted)).toEqual({
      __typename: 'UnavailableError',
      code: 'UNAVAILABLE',
      message: 'Access to mongodb cannot be had now.',
      path: ['protocol'],
    });
    expect((await nobody.ask('{ access { protocol } }')).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('ends with the right, whatever takes it away', async () => {
    const { plugin, open } = database();
    const { roomer } = await start(plugin);
    const admin = await roomer('*');
    const names: string[] = [];
    const holder = async () => {
      const person = await roomer('access:use@mongodb/ops', 'access:use@mongodb/audit');
      await person.change('accessTokenCreate', { protocol: 'mongodb' }, wanted);
      names.push(person.account.name);
      return { name: person.account.name };
    };
    const [revoked, inactive, deleted, kept] = [await holder(), await holder(), await holder(), await holder()];
    const etag = async (by: object) =>
      (await admin.ask('query ($by: AccountKey!) { account(by: $by) { etag } }', { by })).data.account.etag;
    await admin.change('accountRevoke', { by: revoked, permissions: ['access:use@mongodb/ops'] }, '__typename');
    await admin.change('accountUpdate', { by: inactive, etag: await etag(inactive), isActive: false }, '__typename');
    await admin.change('accountDelete', { by: deleted, etag: await etag(deleted) }, '__typename');
    await expect.poll(() => [...open.keys()], { timeout: 5000 }).toEqual([kept.name]);
    expect(names).toHaveLength(4);
  });

  test('is narrowed where the provider can, and taken back later where it failed', { timeout: 15_000 }, async () => {
    const narrowed: string[][] = [];
    const { plugin, open, state, calls } = database({
      narrow: async (_, databases) => void narrowed.push([...databases]),
    });
    const { roomer } = await start(plugin);
    const admin = await roomer('*');
    await admin.change('roleCreate', { name: 'analyst', permissions: ['access:use@mongodb/audit'] }, '__typename');
    const ann = await roomer('access:use@mongodb/ops', 'access:use@mongodb/sales');
    await ann.change('accessTokenCreate', { protocol: 'mongodb' }, wanted);
    const by = { name: ann.account.name };
    await admin.change('accountRevoke', { by, permissions: ['access:use@mongodb/ops'] }, '__typename');
    await expect.poll(() => narrowed, { timeout: 5000 }).toEqual([['sales']]);
    state.away = true;
    const done = await admin.change('accountRevoke', { by, permissions: ['access:use@mongodb/sales'] }, 'changed');
    expect(done).toMatchObject({ changed: true });
    await expect.poll(() => calls.filter((call) => call === 'revoke').length, { timeout: 5000 }).toBeGreaterThan(0);
    expect(open.size).toBe(1);
    state.away = false;
    await expect.poll(() => open.size, { timeout: 10_000 }).toBe(0);
  });
});
