import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { authenticator } from '#kernel/viewer.ts';
import { defaultPlugins } from '#plugins/built-in.ts';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { listAccounts } from '#resolvers/platform/accounts/queries.ts';
import { findProfile } from '#resolvers/platform/profile.ts';
import { updateRole } from '#resolvers/platform/roles/change.ts';
import { findRole, listRoleNames } from '#resolvers/platform/roles/queries.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { startProcess } from '../../support/gateway-process.ts';
import { findPostgres } from '../../support/postgres.ts';

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const password = 'correct horse battery';

const open: Gateway[] = [];
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.dispose();
  vi.restoreAllMocks();
});
afterAll(stopSharedServer);

const inMemory = [storageMemory, ...defaultPlugins.filter(({ name }) => name !== 'storage-prisma')];

async function start(options: GatewayOptions = {}): Promise<{ gateway: Gateway; printed: string }> {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const config = { plugins: inMemory, dataDir: 'memory://', log: { level: 'silent' }, ...options.config };
    const gateway = await createGateway({ ...options, config });
    open.push(gateway);
    return { gateway, printed: write.mock.calls.map(([text]) => String(text)).join('') };
  } finally {
    write.mockRestore();
  }
}

async function signedIn(gateway: Gateway, name: string, secret: string) {
  const ctx = gateway.context();
  const { token } = await login(ctx, { name, password: secret });
  const viewer = await ctx.use(authenticator).authenticate({
    header: (header) => (header === 'authorization' ? [`Bearer ${token}`] : []),
    method: 'POST',
    peerAddress: null,
    clientAddress: null,
    payload: null,
  });
  return gateway.context({ viewer });
}

describe('the first start', () => {
  test('prints the password of the administrator once, and demands another one', async () => {
    const { gateway, printed } = await start();
    const made = /"admin" with the password (\S+)/.exec(printed)?.[1] ?? '';
    expect(made).toMatch(/^[\w-]{24}$/);
    expect(printed.split(made)).toHaveLength(2);
    const ctx = await signedIn(gateway, 'admin', made);
    expect(await findProfile(ctx)).toMatchObject({ account: { permissions: ['*'] }, mustChangePassword: true });
    const events = await ctx.use(eventLog).read(0, 100);
    expect(JSON.stringify(events)).not.toContain(made);
  });

  test('takes email and password from the environment, prints nothing and demands nothing', async () => {
    const { gateway, printed } = await start({
      environment: { GATEHOUSE_ADMIN_EMAIL: 'Root@Example.org', GATEHOUSE_ADMIN_PASSWORD: password },
    });
    expect(printed).toBe('');
    const ctx = await signedIn(gateway, 'root@example.org', password);
    expect(await findProfile(ctx)).toMatchObject({
      account: { name: 'admin', email: 'root@example.org' },
      mustChangePassword: false,
    });
  });

  test('refuses a password that is too short, naming the fault', async () => {
    const short = start({ environment: { GATEHOUSE_ADMIN_PASSWORD: 'short' } });
    await expect(short).rejects.toThrow('password must have at least 12 characters.');
  });

  test('gives the administrator the name that the config says', async () => {
    const { gateway } = await start({ config: { accounts: { adminName: 'root', adminPassword: password } } });
    expect((await findProfile(await signedIn(gateway, 'root', password)))?.account.name).toBe('root');
  });
});

describe('a later start', () => {
  test('leaves everything as it is and makes only what is missing', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-'));
    const declares = (names: readonly string[]) =>
      definePlugin({
        name: 'test-roles',
        version: '1.0.0',
        description: 'Declares roles.',
        roles: names.map((name) => ({ name, realName: name, permissions: ['role:read'] })),
      });
    const config = { dataDir, accounts: { adminPassword: password } };
    try {
      const first = await start({ config: { ...config, plugins: [...defaultPlugins, declares(['one'])] } });
      const role = await findRole(first.gateway.context(), { name: 'one' });
      const change = { by: { name: 'one' }, etag: role?.etag ?? '', permissions: [] };
      await updateRole(first.gateway.context(), change);
      await open.pop()?.dispose();
      const { gateway, printed } = await start({
        config: { ...config, accounts: {}, plugins: [...defaultPlugins, declares(['one', 'two'])] },
      });
      const ctx = gateway.context();
      expect(printed).toBe('');
      expect(await listRoleNames(ctx)).toEqual(expect.arrayContaining(['one', 'two']));
      expect(await findRole(ctx, { name: 'one' })).toMatchObject({ permissions: [] });
      expect(await findRole(ctx, { name: 'two' })).toMatchObject({ permissions: ['role:read'], isBuiltIn: true });
      expect(await (await listAccounts(ctx, {}, page)).count()).toBe(1);
    } finally {
      await open.pop()?.dispose();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});

describe.skipIf(!findPostgres())(
  'two processes that start at once (named as skipped without PostgreSQL programs)',
  () => {
    test('make one administrator, and each role once', async () => {
      const url = await newServerDatabase('empty');
      const config = { storage: { url }, http: { port: 0 } };
      const processes = await Promise.all([startProcess(config), startProcess(config)]);
      try {
        const { gateway } = await start({ config: { plugins: ['default'], storage: { url } } });
        const ctx = gateway.context();
        expect(await (await listAccounts(ctx, {}, page)).count()).toBe(1);
        const log = await ctx.use(eventLog).page({ names: ['platform.*'] }, 'all', { ...page, limit: 1000 });
        const made = log.items.map(({ node }) => node.name);
        expect(made.filter((name) => name === 'platform.account.created')).toHaveLength(1);
        const names = await listRoleNames(ctx);
        expect(made.filter((name) => name === 'platform.role.created')).toHaveLength(names.length);
      } finally {
        await Promise.all(processes.map((one) => one.stop()));
      }
    }, 60_000);
  },
);
