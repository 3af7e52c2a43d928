import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { grants } from '#kernel/grants.ts';
import { newId, toGlobalId } from '#kernel/id.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { grantAccount, revokeAccount } from '#resolvers/platform/accounts/grant.ts';
import { findAccount, listAccounts } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createRole, updateRole } from '#resolvers/platform/roles/change.ts';
import { listSessions } from '#resolvers/platform/sessions/queries.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const password = 'tall grass and rain';

let id: Identity;
beforeAll(async () => {
  id = await openIdentity({ accounts: { defaultRoles: ['standard'], adminPassword: 'correct horse battery' } });
});
afterAll(() => id.gateway.dispose());

const faults = async (work: Promise<unknown>): Promise<Record<string, string>> => {
  const error = await work.then(
    () => null,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return Object.fromEntries((error as InputError).fields.map(({ path, message }) => [path.join('.'), message]));
};
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );

describe('an account', () => {
  test('is made with the default roles and tells of itself without its password', async () => {
    const { ctx } = await id.person(['account:create', 'account:read', 'event:read', 'system:read', 'zoo:read']);
    await id.told();
    const account = await createAccount(ctx, { name: 'Ada', email: 'Ada@X.org', password });
    expect(account).toMatchObject({ name: 'Ada', email: 'ada@x.org', kind: 'HUMAN', isActive: true, permissions: [] });
    expect(account.roles).toHaveLength(1);
    const [event, ...rest] = await id.tellings();
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      name: 'platform.account.created',
      subject: toGlobalId('Account', account.id),
      scope: { account: account.id },
      retain: 'AUDIT',
      after: { name: 'Ada' },
    });
    expect(JSON.stringify(event)).not.toContain('argon2');
    expect(JSON.stringify(event)).not.toContain(password);
  });

  test('is refused with every fault at once', async () => {
    const found = await faults(
      createAccount(id.system, { name: 'a b', email: 'a@@b', password: 'short', realName: 'x'.repeat(300) }),
    );
    expect(found).toEqual({
      name: 'name may not hold white space.',
      email: 'email must have one @ with text on both sides and no white space.',
      password: 'password must have at least 12 characters.',
      realName: 'realName may not be longer than 256 characters.',
    });
    expect(await faults(createAccount(id.system, { name: '' }))).toEqual({ name: 'name may not be empty.' });
    expect(await faults(createAccount(id.system, { name: 'n'.repeat(257) }))).toHaveProperty('name');
    expect(await faults(createAccount(id.system, { name: 'a-long-name-here', password: 'A-Long-Name-Here' }))).toEqual({
      password: 'password may not be the name or the email.',
    });
    expect(await faults(createAccount(id.system, { name: 'bot', kind: 'SERVICE', password }))).toHaveProperty(
      'password',
    );
    expect((await createAccount(id.system, { name: '1', email: 'user@localhost' })).email).toBe('user@localhost');
  });

  test('names every permission that is none, and the first role that does not exist', async () => {
    const permissions = ['role:read', 'role:x', 'zoo:read@place/nowhere', 'job:read@(', 'nope:read', '*'];
    expect(await faults(createAccount(id.system, { name: 'x1', permissions }))).toEqual({
      'permissions.1': 'Invalid permission "role:x".',
      'permissions.2': 'Invalid permission "zoo:read@place/nowhere".',
      'permissions.3': 'Invalid permission "job:read@(".',
      'permissions.4': 'Invalid permission "nope:read".',
    });
    const error = await errorOf(createAccount(id.system, { name: 'x1', roles: ['standard', 'ghost'] }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toBe('role [ghost] not found');
  });

  test('keeps scopes by id, whatever they were called, and drops repetitions', async () => {
    const permissions = ['zoo:read@place/pen', 'zoo:read@place/id-pen', 'zoo:read@alias/any', 'role:read', 'role:read'];
    // `id-pen` is no place of its own: the kind answers with the id that it keeps.
    const account = await createAccount(id.system, { name: 'scoped', permissions: permissions.toSpliced(1, 1) });
    expect(account.permissions).toEqual(['zoo:read@place/pen', 'role:read']);
  });

  test('may not take a name or an email of another', async () => {
    await createAccount(id.system, { name: 'taken', email: 'taken@x.org' });
    for (const input of [{ name: 'TAKEN' }, { name: 'other', email: 'Taken@X.org' }, { name: 'taken@x.org' }]) {
      const error = await errorOf(createAccount(id.system, input));
      expect(error).toBeInstanceOf(ConflictError);
      expect(error.message).toBe('name or email exists');
    }
  });

  test('is found by id, name or email in any case of letters, and by those who may read it', async () => {
    const account = await createAccount(id.system, { name: 'Finder', email: 'finder@x.org', roles: [] });
    const { ctx } = await id.person([`account:read@account/${account.id}`]);
    for (const by of [
      { id: account.id },
      { id: toGlobalId('Account', account.id) },
      { name: 'FINDER' },
      { email: 'Finder@X.ORG' },
    ])
      expect((await findAccount(ctx, by))?.id).toBe(account.id);
    expect(await findAccount(ctx, { name: 'taken' })).toBeNull();
    expect(await findAccount(ctx, { id: newId() })).toBeNull();
    const list = await listAccounts(ctx, {}, page);
    expect(list.items.map(({ node }) => node.name)).toEqual(['Finder']);
    expect(await faults(findAccount(ctx, { id: 'nonsense' }))).toHaveProperty('by.id');
    expect(await faults(findAccount(ctx, { id: account.id, name: 'x' }))).toHaveProperty('by');
    expect(await faults(findAccount(ctx, { name: 'a\u0000' }))).toHaveProperty('by.name');
    const stranger = await id.person();
    expect(await errorOf(findAccount(stranger.ctx, { name: 'Finder' }))).toBeInstanceOf(ForbiddenError);
    expect((await findAccount(stranger.ctx, { id: stranger.account.id }))?.id).toBe(stranger.account.id);
    expect(await errorOf(listAccounts(stranger.ctx, {}, page))).toBeInstanceOf(ForbiddenError);
  });
});

describe('a change of an account', () => {
  test('needs the etag of the present state, answers unchanged for equal data, and gives a new etag', async () => {
    const account = await createAccount(id.system, { name: 'etag', realName: 'E', roles: ['standard'] });
    const by = { id: account.id };
    await id.told();
    const same = await updateAccount(id.system, {
      by,
      etag: account.etag,
      realName: 'E',
      roles: ['standard', 'STANDARD'],
    });
    expect(same).toEqual({ changed: false, account });
    expect(await id.told()).toEqual([]);
    const next = await updateAccount(id.system, { by, etag: account.etag, realName: null });
    expect(next).toMatchObject({ changed: true, account: { realName: '', name: 'etag' } });
    expect(next.account.etag).not.toBe(account.etag);
    expect(await id.told()).toEqual(['account.updated']);
    const stale = await errorOf(updateAccount(id.system, { by, etag: account.etag, realName: '' }));
    expect(stale).toBeInstanceOf(ConflictError);
    expect(stale.message).toBe(`Changed since you read it: etag ${account.etag} is not current.`);
    expect(stale.currentEtag).toBe(next.account.etag);
  });

  test('asks the permission first, then whether it exists, then the etag, then the content', async () => {
    const { ctx } = await id.person(['account:read']);
    const account = await createAccount(id.system, { name: 'order' });
    const bad = { etag: 'x', name: 'a b' };
    expect(await errorOf(updateAccount(ctx, { by: { name: 'nobody' }, ...bad }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(updateAccount(id.system, { by: { name: 'nobody' }, ...bad }))).toBeInstanceOf(NotFoundError);
    expect(await errorOf(updateAccount(id.system, { by: { id: account.id }, ...bad }))).toBeInstanceOf(ConflictError);
    const content = updateAccount(id.system, { by: { id: account.id }, etag: account.etag, name: 'a b' });
    expect(await errorOf(content)).toBeInstanceOf(InputError);
  });

  test('tells of activity apart from other fields, and deactivation ends all sessions with it', async () => {
    const account = await createAccount(id.system, { name: 'active', password });
    await login(id.context(await id.authenticate({})), { name: 'active', password });
    await id.told();
    const off = await updateAccount(id.system, {
      by: { id: account.id },
      etag: account.etag,
      isActive: false,
      realName: 'X',
    });
    expect(await id.told()).toEqual(['account.updated', 'account.deactivated', 'session.ended']);
    const sessions = await listSessions(id.system, { account: { id: account.id } }, page);
    expect(sessions.items).toEqual([]);
    await updateAccount(id.system, { by: { id: account.id }, etag: off.account.etag, isActive: true });
    expect(await id.told()).toEqual(['account.activated']);
  });

  test('counts a password always as a change, and ends all sessions', async () => {
    const account = await createAccount(id.system, { name: 'repass', password });
    await login(id.context(await id.authenticate({})), { name: 'repass', password });
    await id.told();
    const change = await updateAccount(id.system, { by: { id: account.id }, etag: account.etag, password });
    expect(change.changed).toBe(true);
    expect(change.account.etag).not.toBe(account.etag);
    expect(await id.told()).toEqual(['password.changed', 'session.ended']);
  });

  test('is refused when another changed the account at the same moment', async () => {
    const account = await createAccount(id.system, { name: 'race' });
    const race = Array.from({ length: 8 }, (_, index) =>
      errorOf(updateAccount(id.system, { by: { id: account.id }, etag: account.etag, realName: `n${index}` })),
    );
    const answers = await Promise.all(race);
    expect(answers.filter((error) => error === null)).toHaveLength(1);
    expect(answers.filter((error) => error instanceof ConflictError)).toHaveLength(7);
  });
});

describe('nobody grants more than they hold', () => {
  test('in a new account, in its roles, or in a change', async () => {
    const strong = await createRole(id.system, { name: 'strong', permissions: ['role:read', '*'] });
    await createRole(id.system, { name: 'wraps', roles: [strong.name] });
    await createRole(id.system, { name: 'sleeping', isActive: false, permissions: ['*'] });
    const { ctx } = await id.person(['account:create', 'account:update', 'role:read', 'zoo:write@place/house']);
    for (const input of [
      { permissions: ['*'] },
      { permissions: ['role:create'] },
      { permissions: ['role:read', 'zoo:read@place/park'] },
      { permissions: ['zoo:admin@place/pen'] },
      { roles: ['wraps'] },
      { roles: ['sleeping'] },
    ])
      expect(await errorOf(createAccount(ctx, { name: 'never', roles: [], ...input }))).toBeInstanceOf(ForbiddenError);
    const made = await createAccount(ctx, {
      name: 'within',
      roles: [],
      permissions: ['role:read', 'zoo:read@place/pen', 'zoo:create@place/house'],
    });
    const by = { id: made.id };
    expect(
      await errorOf(updateAccount(ctx, { by, etag: made.etag, permissions: ['role:read', 'role:create'] })),
    ).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(updateAccount(ctx, { by, etag: made.etag, roles: ['strong'] }))).toBeInstanceOf(
      ForbiddenError,
    );
    // Taking away is free, and what was held before may stay.
    const { account } = await updateAccount(id.system, { by, etag: made.etag, permissions: ['*', 'role:read'] });
    const less = await updateAccount(ctx, { by, etag: account.etag, permissions: ['*'] });
    expect(less.account.permissions).toEqual(['*']);
  });

  test('names what the viewer lacks, as people write it', async () => {
    const { ctx } = await id.person(['account:create']);
    const error = await errorOf(createAccount(ctx, { name: 'lack', roles: [], permissions: ['zoo:read@place/pen'] }));
    expect(error.message).toBe('Nobody grants more than they hold: you lack zoo:read@place/the-pen.');
    expect(error.path).toEqual(['permissions']);
  });

  test('nor takes over an account that may do more, by its password or its email', async () => {
    const { ctx } = await id.person(['account:update']);
    const boss = await createAccount(id.system, { name: 'boss', roles: [], permissions: ['role:read'] });
    const plain = await createAccount(id.system, { name: 'plain', roles: [] });
    const change = (account: typeof boss, input: object) =>
      errorOf(updateAccount(ctx, { by: { id: account.id }, etag: account.etag, ...input }));
    expect(await change(boss, { password })).toBeInstanceOf(ForbiddenError);
    expect(await change(boss, { email: 'mine@x.org' })).toBeInstanceOf(ForbiddenError);
    expect(await change(boss, { realName: 'Boss' })).toBeNull();
    expect(await change(plain, { password })).toBeNull();
  });
});

describe('a grant', () => {
  test('adds what is missing, and tells only when something changed', async () => {
    const { account } = await id.person(['role:read']);
    await id.told();
    const by = { id: account.id };
    const once = await grantAccount(id.system, { by, permissions: ['role:read', 'zoo:read@place/pen'] });
    expect([once.changed, once.account?.permissions]).toEqual([true, ['role:read', 'zoo:read@place/pen']]);
    expect((await grantAccount(id.system, { by, permissions: ['zoo:read@place/pen'] })).changed).toBe(false);
    const back = await revokeAccount(id.system, { by, permissions: ['role:read', 'role:update'] });
    expect([back.changed, back.account?.permissions]).toEqual([true, ['zoo:read@place/pen']]);
    expect(await id.told()).toEqual(['account.updated', 'account.updated']);
  });

  test('is open to the administrator of the area in that scope, who need not see the account', async () => {
    const { account } = await id.person();
    const { ctx } = await id.person(['zoo:admin@place/house']);
    const by = { name: account.name };
    const given = await grantAccount(ctx, { by, permissions: ['zoo:write@place/pen'] });
    expect(given).toEqual({ changed: true, account: null });
    expect(await errorOf(grantAccount(ctx, { by, permissions: ['zoo:read@place/park'] }))).toBeInstanceOf(
      ForbiddenError,
    );
    expect(await errorOf(grantAccount(ctx, { by, permissions: ['zoo:read@place/pen', 'role:read'] }))).toBeInstanceOf(
      ForbiddenError,
    );
    expect(
      await errorOf(grantAccount(ctx, { by: { name: 'ghost' }, permissions: ['zoo:read@place/pen'] })),
    ).toBeInstanceOf(NotFoundError);
    expect((await revokeAccount(ctx, { by, permissions: ['zoo:write@place/pen'] })).changed).toBe(true);
  });

  test('that behaviour derives joins the unit of work of its cause', async () => {
    const { account, ctx } = await id.person();
    await id.told();
    const failed = ctx.atomically(async (ctx) => {
      await ctx.use(grants).give(ctx, account.id, 'zoo:admin@place/pen');
      throw new Error('the cause failed');
    });
    await expect(failed).rejects.toThrow('the cause failed');
    expect(await id.told()).toEqual([]);
    for (const _ of [1, 2]) await ctx.use(grants).give(ctx, account.id, 'zoo:admin@place/pen');
    expect(await id.told()).toEqual(['account.updated']);
    expect((await findAccount(ctx, { id: account.id }))?.permissions).toEqual(['zoo:admin@place/pen']);
    await ctx.use(grants).take(ctx, account.id, 'zoo:admin@place/pen');
    expect((await findAccount(ctx, { id: account.id }))?.permissions).toEqual([]);
  });
});

describe('the last administrator', () => {
  test('stays, whether deactivated, stripped, or reached through a role', async () => {
    const own = await openIdentity();
    try {
      const admin = (await findAccount(own.system, { name: 'admin' })) ?? fail();
      const by = { id: admin.id };
      for (const change of [{ isActive: false }, { permissions: [] }]) {
        const error = await errorOf(updateAccount(own.system, { by, etag: admin.etag, ...change }));
        expect(error).toBeInstanceOf(ConflictError);
        expect(error.message).toBe('The last administrator must stay.');
      }
      expect(await errorOf(revokeAccount(own.system, { by, permissions: ['*'] }))).toBeInstanceOf(ConflictError);
      expect(await own.told()).toEqual([]);
      const { etag } = await createRole(own.system, { name: 'admins', permissions: ['*'] });
      const other = await createAccount(own.system, { name: 'second', roles: ['admins'] });
      await revokeAccount(own.system, { by, permissions: ['*'] });
      for (const change of [{ isActive: false }, { permissions: null }])
        expect(await errorOf(updateRole(own.system, { by: { name: 'admins' }, etag, ...change }))).toBeInstanceOf(
          ConflictError,
        );
      expect(
        await errorOf(updateAccount(own.system, { by: { id: other.id }, etag: other.etag, roles: [] })),
      ).toBeInstanceOf(ConflictError);
    } finally {
      await own.gateway.dispose();
    }
  });

  test('stays when two administrators remove each other at once', async () => {
    const own = await openIdentity();
    try {
      const one = (await findAccount(own.system, { name: 'admin' })) ?? fail();
      const two = await createAccount(own.system, { name: 'two', permissions: ['*'] });
      const race = [one, two].map(({ id: accountId, etag }) =>
        errorOf(updateAccount(own.system, { by: { id: accountId }, etag, isActive: false })),
      );
      const answers = await Promise.all(race);
      expect(answers.filter((error) => error === null)).toHaveLength(1);
      expect(answers.filter((error) => error instanceof ConflictError)).toHaveLength(1);
    } finally {
      await own.gateway.dispose();
    }
  });
});

const fail = (): never => {
  throw new Error('There is no administrator.');
};
