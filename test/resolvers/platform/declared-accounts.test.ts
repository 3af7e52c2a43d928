import { afterEach, describe, expect, test } from 'vitest';
import { createGateway } from '#gateway';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { effectivePermissions, findAccount } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { prepareIdentity } from '#resolvers/platform/first-start.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const declaring = definePlugin({
  name: 'test-robots',
  version: '1.0.0',
  description: 'Declares an account.',
  roles: [{ name: 'robots', realName: 'Robots', permissions: ['zoo:write@place/house'] }],
  accounts: [{ name: 'robot-remote', realName: 'A robot', permissions: ['role:read'], roles: ['robots'] }],
});
const again = { name: 'admin', email: null, password: 'correct horse battery', passwordMinLength: 12 };

let id: Identity;
afterEach(() => id.gateway.dispose());

describe.each([
  ['memory', storageMemory],
  ['the embedded database', storagePrisma],
])('an account that a plugin declares, in %s', (_, storage) => {
  test('is made at a start, as a service without a credential', async () => {
    id = await openIdentity({}, [storage, declaring]);
    const account = await findAccount(id.system, { name: 'robot-remote' });
    expect(account).toMatchObject({ kind: 'SERVICE', realName: 'A robot', isActive: true, permissions: ['role:read'] });
    expect(account && (await effectivePermissions(id.system, account, {}))).toEqual([
      'role:read',
      'zoo:write@place/the-house',
    ]);
    expect(await id.system.use(accountStore).findForSignIn('robot-remote')).toMatchObject({
      passwordHash: null,
      secretKeyHash: null,
    });
    expect(await findAccount(id.system, { name: 'admin' })).toMatchObject({ permissions: ['*'] });
  });
});

test('such an account keeps its name and stays, and what somebody changed of it stays changed', async () => {
  id = await openIdentity({}, [storageMemory, declaring]);
  const by = { name: 'robot-remote' };
  const account = await findAccount(id.system, by);
  const etag = account?.etag ?? '';
  await expect(deleteAccount(id.system, { by, etag })).rejects.toThrow('Account robot-remote is built in and stays.');
  await expect(updateAccount(id.system, { by, etag, name: 'other' })).rejects.toThrow(
    'Account robot-remote is built in and keeps its name.',
  );
  await updateAccount(id.system, { by, etag, permissions: [], isActive: false });
  await prepareIdentity(id.system, again);
  expect(await findAccount(id.system, by)).toMatchObject({ permissions: [], isActive: false });
});

test('two plugins that declare one account do not start', async () => {
  id = await openIdentity();
  const rival = definePlugin({
    name: 'test-rival',
    version: '1.0.0',
    description: 'The same account.',
    accounts: [{ name: 'Robot-Remote', realName: '' }],
  });
  const config = { plugins: ['default', '!storage-prisma', storageMemory, declaring, rival], dataDir: 'memory://' };
  await expect(createGateway({ config })).rejects.toThrow('Plugin "test-rival" declares account Robot-Remote again.');
});
