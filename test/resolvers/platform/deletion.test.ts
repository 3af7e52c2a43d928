import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountTies } from '#kernel/account-ties.ts';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { replaceAccount, updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createRole, replaceRole, updateRole } from '#resolvers/platform/roles/change.ts';
import { deleteRole } from '#resolvers/platform/roles/delete.ts';
import { findRole } from '#resolvers/platform/roles/queries.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const password = 'tall grass and rain';

/** What other plugins hear of accounts, and a wish of theirs to stop it. */
const heard: string[] = [];
let refuses = false;
const tied = definePlugin({
  name: 'test-ties',
  version: '1.0.0',
  description: 'Keeps something of accounts.',
  provides: [accountTies],
  setup({ provide }) {
    provide(accountTies, {
      suspend: async (_, id) => void heard.push(`suspend ${id}`),
      resume: async (_, id) => void heard.push(`resume ${id}`),
      async remove(ctx, id) {
        const [account] = await ctx.use(accountStore).getMany([id]);
        heard.push(`remove ${account?.name}`);
        if (refuses) throw new ConflictError('Not now.');
      },
    });
    return undefined;
  },
});

let id: Identity;
beforeAll(async () => {
  id = await openIdentity({ accounts: { defaultRoles: ['standard'], adminPassword: 'correct horse battery' } }, [
    storageMemory,
    tied,
  ]);
});
afterAll(() => id.gateway.dispose());

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );

describe('deleting an account', () => {
  test('ends its sessions and keys, frees its name, and tells with its last state', async () => {
    const person = await id.person(['role:read'], { name: 'leaver', email: 'leaver@x.org', password });
    const { token } = await login(id.system, { name: 'leaver', password });
    await id.told();
    expect(await deleteAccount(id.system, { by: { name: 'LEAVER' }, etag: person.account.etag })).toBe(
      person.account.id,
    );
    const events = await id.tellings();
    expect(events.map(({ name }) => name)).toEqual(['platform.session.ended', 'platform.account.deleted']);
    expect(events[0]?.data).toMatchObject({ reason: 'Account deleted' });
    expect(events[1]).toMatchObject({
      subject: toGlobalId('Account', person.account.id),
      scope: { account: person.account.id },
      data: { account: { name: 'leaver' } },
      before: { name: 'leaver' },
      after: null,
    });
    for (const credential of [token, person.key])
      expect(await errorOf(id.authenticate({ authorization: `Bearer ${credential}` }))).toBeInstanceOf(
        AuthenticationError,
      );
    expect(await errorOf(login(id.system, { name: 'leaver', password }))).toMatchObject({
      message: 'Wrong name or password.',
    });
    expect((await createAccount(id.system, { name: 'Leaver', email: 'leaver@x.org' })).id).not.toBe(person.account.id);
  });

  test('asks permission, existence and etag, in this order', async () => {
    const account = await createAccount(id.system, { name: 'ordered' });
    const { ctx: stranger } = await id.person(['account:update']);
    const { ctx: keeper } = await id.person(['account:delete']);
    const by = { name: 'ordered' };
    expect(await errorOf(deleteAccount(stranger, { by: { name: 'none' }, etag: 'x' }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(deleteAccount(stranger, { by, etag: 'x' }))).toMatchObject({
      message: 'Needs account:delete.',
    });
    expect(await errorOf(deleteAccount(keeper, { by: { name: 'none' }, etag: 'x' }))).toMatchObject({
      message: 'account [none] not found',
    });
    expect(await errorOf(deleteAccount(keeper, { by, etag: 'x' }))).toMatchObject({
      message: 'Changed since you read it: etag x is not current.',
      currentEtag: account.etag,
    });
    await deleteAccount(keeper, { by, etag: account.etag });
    expect(await errorOf(deleteAccount(keeper, { by, etag: account.etag }))).toBeInstanceOf(NotFoundError);
  });

  test('leaves the last administrator', async () => {
    const admin = await findAccount(id.system, { name: 'admin' });
    const gone = deleteAccount(id.system, { by: { name: 'admin' }, etag: admin?.etag ?? '' });
    expect(await errorOf(gone)).toMatchObject({ message: 'The last administrator must stay.' });
    expect(await findAccount(id.system, { name: 'admin' })).not.toBeNull();
  });

  test('takes with it what others keep, or leaves all when they cannot let go', async () => {
    const account = await createAccount(id.system, { name: 'tied' });
    const by = { id: account.id };
    heard.length = 0;
    const off = await updateAccount(id.system, { by, etag: account.etag, isActive: false });
    const on = await updateAccount(id.system, { by, etag: off.account.etag, isActive: true, realName: 'T' });
    const renamed = await updateAccount(id.system, { by, etag: on.account.etag, realName: 'Tied' });
    const { etag } = renamed.account;
    await id.told();
    refuses = true;
    expect(await errorOf(deleteAccount(id.system, { by, etag }))).toMatchObject({ message: 'Not now.' });
    expect([(await findAccount(id.system, by))?.etag, await id.told()]).toEqual([etag, []]);
    refuses = false;
    await deleteAccount(id.system, { by, etag });
    expect(heard).toEqual([`suspend ${account.id}`, `resume ${account.id}`, 'remove tied', 'remove tied']);
  });
});

describe('replacing an account', () => {
  test('sets what is given and everything else to its default, but never its password', async () => {
    const account = await createAccount(id.system, {
      name: 'replaced',
      email: 'replaced@x.org',
      realName: 'R',
      permissions: ['role:read'],
      password,
    });
    const by = { id: account.id };
    const next = await replaceAccount(id.system, { by, etag: account.etag, name: 'replaced', realName: 'New' });
    expect(next).toMatchObject({
      changed: true,
      account: { name: 'replaced', email: null, realName: 'New', isActive: true, permissions: [], roles: [] },
    });
    const same = await replaceAccount(id.system, { by, etag: next.account.etag, name: 'replaced', realName: 'New' });
    expect(same).toEqual({ changed: false, account: next.account });
    expect((await login(id.system, { name: 'replaced', password })).account.id).toBe(account.id);
    expect(await errorOf(replaceAccount(id.system, { by, etag: 'old', name: 'a b' }))).toBeInstanceOf(ConflictError);
    expect(await errorOf(replaceAccount(id.system, { by, etag: next.account.etag, name: 'a b' }))).toBeInstanceOf(
      InputError,
    );
  });

  test('grants nothing that the viewer does not hold', async () => {
    const account = await createAccount(id.system, { name: 'poor' });
    const { ctx } = await id.person(['account:update', 'zoo:read']);
    const replace = (permissions: string[]) =>
      replaceAccount(ctx, { by: { name: 'poor' }, etag: account.etag, name: 'poor', permissions });
    expect(await errorOf(replace(['role:read']))).toMatchObject({
      message: 'Nobody grants more than they hold: you lack role:read.',
    });
    expect((await replace(['zoo:read'])).account.permissions).toEqual(['zoo:read']);
  });
});

describe('roles', () => {
  test('are replaced whole', async () => {
    const role = await createRole(id.system, { name: 'whole', realName: 'W', permissions: ['role:read'] });
    const by = { id: role.id };
    const next = await replaceRole(id.system, { by, etag: role.etag, name: 'whole', permissions: ['zoo:read'] });
    expect(next).toMatchObject({ changed: true, role: { realName: '', permissions: ['zoo:read'], isActive: true } });
    expect(
      await replaceRole(id.system, { by, etag: next.role.etag, name: 'whole', permissions: ['zoo:read'] }),
    ).toEqual({
      changed: false,
      role: next.role,
    });
  });

  test('leave every list when they are deleted, with the etags as they were', async () => {
    const role = await createRole(id.system, { name: 'leaves', permissions: ['role:read'] });
    const holder = await createRole(id.system, { name: 'holder', roles: ['leaves'] });
    const { account, key } = await id.person([], { roles: ['leaves', 'holder'] });
    const rights = async () => (await id.authenticate({ authorization: `Bearer ${key}` })).rights;
    expect((await rights()).covers('role:read')).toBe(true);
    await id.told();
    expect(await errorOf(deleteRole(id.system, { by: { name: 'leaves' }, etag: 'x' }))).toBeInstanceOf(ConflictError);
    await deleteRole(id.system, { by: { name: 'leaves' }, etag: role.etag });
    expect(await id.told()).toEqual(['role.deleted']);
    expect((await rights()).covers('role:read')).toBe(false);
    expect(await findRole(id.system, { name: 'holder' })).toMatchObject({ roles: [], etag: holder.etag });
    expect(await findAccount(id.system, { id: account.id })).toMatchObject({ roles: [holder.id], etag: account.etag });
    expect(await errorOf(deleteRole(id.system, { by: { name: 'leaves' }, etag: role.etag }))).toMatchObject({
      message: 'role [leaves] not found',
    });
  });

  test('that are built in stay', async () => {
    const role = await findRole(id.system, { name: 'standard' });
    expect(await errorOf(deleteRole(id.system, { by: { name: 'standard' }, etag: role?.etag ?? '' }))).toMatchObject({
      message: 'Role standard is built in and stays.',
    });
  });

  test('by which the last administrator lives stay too', async () => {
    const own = await openIdentity();
    const { system } = own;
    await createRole(system, { name: 'boss', permissions: ['*'] });
    const admin = await findAccount(system, { name: 'admin' });
    await updateAccount(system, { by: { name: 'admin' }, etag: admin?.etag ?? '', roles: ['boss'], permissions: [] });
    const role = await findRole(system, { name: 'boss' });
    expect(await errorOf(deleteRole(system, { by: { name: 'boss' }, etag: role?.etag ?? '' }))).toMatchObject({
      message: 'The last administrator must stay.',
    });
    await own.gateway.dispose();
  });

  test('are read, made, changed and deleted each by its own right', async () => {
    const role = await createRole(id.system, { name: 'guarded' });
    const { ctx: reader } = await id.person(['role:read']);
    const { ctx: maker } = await id.person(['role:create']);
    const { ctx: both } = await id.person(['role:read', 'role:create', 'role:delete']);
    const by = { name: 'guarded' };
    expect((await findRole(reader, by))?.id).toBe(role.id);
    expect(await errorOf(createRole(reader, { name: 'r1' }))).toBeInstanceOf(ForbiddenError);
    expect((await createRole(maker, { name: 'r2' })).name).toBe('r2');
    expect(await errorOf(findRole(maker, by))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(updateRole(both, { by, etag: role.etag, realName: 'x' }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(updateRole(id.system, { by, etag: role.etag, name: 'STANDARD' }))).toMatchObject({
      message: 'name or email exists',
    });
    expect(await deleteRole(both, { by, etag: role.etag })).toBe(role.id);
  });
});
