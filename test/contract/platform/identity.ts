import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { accountStore, type NewAccount } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore, type NewApiKey } from '#resolvers/platform/api-keys/api-key.ts';
import { type NewRole, roleStore } from '#resolvers/platform/roles/role.ts';
import { type NewSession, sessionStore } from '#resolvers/platform/sessions/session.ts';
import { throttleStore } from '#resolvers/platform/sign-in/throttle.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';

const instant = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

export const newAccount = (over: Partial<NewAccount> = {}): NewAccount => {
  const id = over.id ?? newId();
  return {
    id,
    name: `a${id.slice(-12)}`,
    email: null,
    kind: 'HUMAN',
    realName: '',
    isActive: true,
    permissions: [],
    roles: [],
    mustChangePassword: false,
    passwordHash: null,
    etag: 'e1',
    createdAt: instant(0),
    ...over,
  };
};

export const newRole = (over: Partial<NewRole> = {}): NewRole => {
  const id = over.id ?? newId();
  return {
    id,
    name: `r${id.slice(-12)}`,
    realName: '',
    isActive: true,
    permissions: [],
    roles: [],
    isBuiltIn: false,
    etag: 'e1',
    createdAt: instant(0),
    ...over,
  };
};

const next = { etag: 'e2', updatedAt: instant(9) };
const firstPage: PageRequest = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 };
const byName = { by: 'NAME', direction: 'ASC' } as const;
const names = (page: { items: readonly { node: { name: string } }[] }) => page.items.map(({ node }) => node.name);

/** What every storage of accounts keeps to. */
export const accountContract: ContractSuite = (name, open) => {
  describe(`accounts in ${name}`, () => {
    const storage = sharedStorage(open);

    test('gives back what was kept, without the hash of the password', async () => {
      const accounts = storage.use(accountStore);
      const fresh = newAccount({
        name: 'Ada',
        email: 'ada@x.org',
        realName: 'Ada L.',
        permissions: ['*', 'role:read'],
        roles: [newId()],
        passwordHash: 'hash',
      });
      const { passwordHash: _, ...visible } = fresh;
      const kept = { ...visible, lastLoginAt: null, keyVersion: 0, updatedAt: fresh.createdAt };
      expect(await accounts.insert(fresh)).toEqual(kept);
      expect(await accounts.getMany([newId(), fresh.id])).toEqual([null, kept]);
      expect(await accounts.find({ name: 'ada' })).toEqual(kept);
      expect(await accounts.find({ email: 'ada@x.org' })).toEqual(kept);
      expect(await accounts.findForSignIn('ada@x.org')).toEqual({
        account: kept,
        passwordHash: 'hash',
        secretKeyHash: null,
      });
      expect(await accounts.findMany(['ada@x.org', 'nobody', 'ada'])).toEqual([kept, null, kept]);
      expect(await accounts.find({ name: 'ada@x.org' })).toBeNull();
      expect(await accounts.find({ email: 'ada' })).toBeNull();
    });

    test('looks for a name as a plain text, never as a pattern', async () => {
      const accounts = storage.use(accountStore);
      await accounts.insert(newAccount({ name: 'alice' }));
      for (const text of ['al', '%', '.*', 'a_ice', 'alice%']) {
        expect(await accounts.findForSignIn(text)).toBeNull();
        expect(await accounts.find({ name: text })).toBeNull();
      }
    });

    test('refuses a name or email that another has, in any case of letters and crosswise', async () => {
      const accounts = storage.use(accountStore);
      await accounts.insert(newAccount({ name: 'Ada', email: 'ada@x.org' }));
      expect(await accounts.insert(newAccount({ name: 'ADA' }))).toBeNull();
      expect(await accounts.insert(newAccount({ name: 'other', email: 'ada@x.org' }))).toBeNull();
      expect(await accounts.insert(newAccount({ name: 'Ada@X.org' }))).toBeNull();
      expect(await accounts.insert(newAccount({ name: 'user@localhost', email: 'user@localhost' }))).not.toBeNull();
      // What was refused took nothing with it.
      expect(await accounts.insert(newAccount({ name: 'other' }))).not.toBeNull();
    });

    test('gives a name to exactly one of many that race for it', async () => {
      const race = Array.from({ length: 12 }, (_, index) =>
        storage.atomically(async (use) => use(accountStore).insert(newAccount({ name: index % 2 ? 'Race' : 'race' }))),
      );
      expect((await Promise.all(race)).filter((account) => account !== null)).toHaveLength(1);
    });

    test('changes only the state that was read, and only to a free name', async () => {
      const accounts = storage.use(accountStore);
      const ada = newAccount({ name: 'Ada', email: 'ada@x.org' });
      await accounts.insert(ada);
      await accounts.insert(newAccount({ name: 'Bob' }));
      expect(await accounts.update(ada.id, 'e0', { ...next, name: 'Eva' })).toBe('STALE');
      expect(await accounts.update(newId(), 'e1', { ...next, name: 'Eva' })).toBe('STALE');
      expect(await accounts.update(ada.id, 'e1', { ...next, name: 'BOB' })).toBe('TAKEN');
      expect(await accounts.getMany([ada.id])).toMatchObject([{ name: 'Ada', etag: 'e1' }]);
      const renamed = await accounts.update(ada.id, 'e1', { ...next, name: 'Eva', email: null, passwordHash: 'new' });
      expect(renamed).toMatchObject({ name: 'Eva', email: null, etag: 'e2', updatedAt: instant(9) });
      expect(await accounts.findForSignIn('eva')).toMatchObject({ passwordHash: 'new' });
      // What was let go is free again.
      expect(await accounts.insert(newAccount({ name: 'ada', email: 'ada@x.org' }))).not.toBeNull();
    });

    test('lets a change of letters keep the name', async () => {
      const accounts = storage.use(accountStore);
      const ada = newAccount({ name: 'Ada' });
      await accounts.insert(ada);
      expect(await accounts.update(ada.id, 'e1', { ...next, name: 'ADA' })).toMatchObject({ name: 'ADA' });
    });

    test('remembers a sign-in and leaves the etag alone', async () => {
      const accounts = storage.use(accountStore);
      const ada = newAccount();
      await accounts.insert(ada);
      await accounts.recordLogin(ada.id, instant(5));
      expect(await accounts.getMany([ada.id])).toMatchObject([{ lastLoginAt: instant(5), etag: 'e1' }]);
    });

    test('pages in the order of names without regard to case, in both directions', async () => {
      const accounts = storage.use(accountStore);
      for (const name of ['b', 'A', 'c', 'E', 'd']) await accounts.insert(newAccount({ name }));
      const first = await accounts.page({}, byName, 'all', { ...firstPage, limit: 2 });
      expect([names(first), first.hasNextPage, await first.count()]).toEqual([['A', 'b'], true, 5]);
      const after = first.items.at(-1)?.position ?? null;
      expect(names(await accounts.page({}, byName, 'all', { ...firstPage, after, limit: 2 }))).toEqual(['c', 'd']);
      const last = await accounts.page({}, byName, 'all', { ...firstPage, direction: 'backward', limit: 2 });
      expect(names(last)).toEqual(['d', 'E']);
      const far = await accounts.page({}, byName, 'all', { ...firstPage, offset: 9 });
      expect([names(far), await far.count()]).toEqual([[], 5]);
      const falling = await accounts.page({}, { by: 'NAME', direction: 'DESC' }, 'all', firstPage);
      expect(names(falling)).toEqual(['E', 'd', 'c', 'b', 'A']);
    });

    test('orders by the last sign-in with those never used first', async () => {
      const accounts = storage.use(accountStore);
      for (const [index, name] of ['late', 'never', 'early'].entries()) {
        const account = newAccount({ name, createdAt: instant(index) });
        await accounts.insert(account);
        if (name !== 'never') await accounts.recordLogin(account.id, instant(name === 'late' ? 9 : 3));
      }
      const order = { by: 'LAST_LOGIN', direction: 'ASC' } as const;
      const page = await accounts.page({}, order, 'all', { ...firstPage, limit: 1 });
      const after = page.items[0]?.position ?? null;
      expect(names(page)).toEqual(['never']);
      expect(names(await accounts.page({}, order, 'all', { ...firstPage, after }))).toEqual(['early', 'late']);
    });

    test('shows what the grants cover and counts nothing else', async () => {
      const accounts = storage.use(accountStore);
      const [ada, bob] = [newAccount({ name: 'ada' }), newAccount({ name: 'bob' })];
      await accounts.insert(ada);
      await accounts.insert(bob);
      const visibility = { allOf: [[{ kind: 'account', value: bob.id }]] };
      const page = await accounts.page({}, byName, visibility, firstPage);
      expect([names(page), await page.count()]).toEqual([['bob'], 1]);
      expect(await (await accounts.page({}, byName, 'none', firstPage)).count()).toBe(0);
    });

    test('filters by every field, and combines filters', async () => {
      const accounts = storage.use(accountStore);
      const role = newId();
      await accounts.insert(
        newAccount({ name: 'Liese', email: 'l@x.org', realName: '100%', permissions: ['role:read'] }),
      );
      await accounts.insert(newAccount({ name: 'Lisa', kind: 'SERVICE', isActive: false, realName: 'a_b' }));
      await accounts.insert(newAccount({ name: 'Lieselotte', roles: [role], realName: 'axb' }));
      const found = async (filter: Parameters<typeof accounts.page>[0]) =>
        names(await accounts.page(filter, byName, 'all', firstPage));
      expect(await found({ name: { like: 'li*' } })).toEqual(['Liese', 'Lieselotte', 'Lisa']);
      expect(await found({ name: { in: ['Liese', 'liese'] } })).toEqual(['Liese']);
      expect(await found({ name: { like: 'Li*', ne: 'Lisa' } })).toEqual(['Liese', 'Lieselotte']);
      expect(await found({ name: { like: 'lis?' } })).toEqual(['Lisa']);
      expect(await found({ realName: { like: '*%' } })).toEqual(['Liese']);
      expect(await found({ realName: { like: 'a_b' } })).toEqual(['Lisa']);
      expect(await found({ email: { ne: 'l@x.org' } })).toEqual(['Lieselotte', 'Lisa']);
      expect(await found({ email: { like: '*' } })).toEqual(['Liese']);
      expect(await found({ not: { email: { like: '*' } } })).toEqual(['Lieselotte', 'Lisa']);
      expect(await found({ permission: 'role:read' })).toEqual(['Liese']);
      expect(await found({ role })).toEqual(['Lieselotte']);
      expect(await found({ isActive: false })).toEqual(['Lisa']);
      expect(await found({ kind: 'SERVICE' })).toEqual(['Lisa']);
      expect(await found({ or: [{ kind: 'SERVICE' }, { role }] })).toEqual(['Lieselotte', 'Lisa']);
      expect(await found({ or: [] })).toEqual([]);
      expect(await found({ and: [{ name: { like: 'l*' } }], not: { or: [{ role }] } })).toEqual(['Liese', 'Lisa']);
    });

    test('walks the role graph through active roles only, and ends in circles', async () => {
      const [accounts, roles] = [storage.use(accountStore), storage.use(roleStore)];
      const [a, b, c, off, behind] = Array.from({ length: 5 }, () => newId()) as [
        string,
        string,
        string,
        string,
        string,
      ];
      await roles.insert(newRole({ id: a, roles: [b, a], permissions: ['p:a', 'p:both'] }));
      await roles.insert(newRole({ id: b, roles: [c, off], permissions: ['p:b', 'p:both'] }));
      await roles.insert(newRole({ id: c, roles: [a], permissions: ['p:c'] }));
      await roles.insert(newRole({ id: off, isActive: false, roles: [behind], permissions: ['p:off'] }));
      await roles.insert(newRole({ id: behind, permissions: ['p:behind'] }));
      const ada = newAccount({ roles: [a, newId()], permissions: ['p:own', 'p:both'] });
      const gone = newAccount({ isActive: false, roles: [a], permissions: ['p:own'] });
      await accounts.insert(ada);
      await accounts.insert(gone);
      const [unknown, hers, his] = await accounts.effective([newId(), ada.id, gone.id]);
      expect(unknown).toBeNull();
      expect([...(hers?.permissions ?? [])].sort()).toEqual(['p:a', 'p:b', 'p:both', 'p:c', 'p:own']);
      expect([...(hers?.roles ?? [])].sort()).toEqual([a, b, c].sort());
      expect(hers?.account.id).toBe(ada.id);
      expect([his?.permissions, his?.roles]).toEqual([[], []]);
      expect((await roles.reach([off], 'any')).sort()).toEqual(['p:behind', 'p:off']);
      expect(await roles.reach([off], 'active')).toEqual([]);
    });

    test('reads what any number of accounts reach in one statement', async () => {
      const accounts = storage.use(accountStore);
      const made = Array.from({ length: 30 }, () => newAccount());
      for (const account of made) await accounts.insert(account);
      const few = await storage.countStatements(() => accounts.effective(made.slice(0, 2).map(({ id }) => id)));
      const many = await storage.countStatements(() => accounts.effective(made.map(({ id }) => id)));
      expect([few, many]).toEqual(few === null ? [null, null] : [1, 1]);
    });

    test('knows whether somebody active reaches everything', async () => {
      const [accounts, roles] = [storage.use(accountStore), storage.use(roleStore)];
      const [top, middle] = [newId(), newId()];
      await roles.insert(newRole({ id: top, permissions: ['*'] }));
      await roles.insert(newRole({ id: middle, roles: [top] }));
      expect(await accounts.hasAdministrator()).toBe(false);
      await accounts.insert(newAccount({ isActive: false, permissions: ['*'] }));
      expect(await accounts.hasAdministrator()).toBe(false);
      await accounts.insert(newAccount({ roles: [middle] }));
      expect(await accounts.hasAdministrator()).toBe(true);
      await roles.update(middle, 'e1', { ...next, isActive: false });
      expect(await accounts.hasAdministrator()).toBe(false);
      await accounts.insert(newAccount({ permissions: ['*'] }));
      expect(await accounts.hasAdministrator()).toBe(true);
    });

    test('lets changes of rights happen one after the other', async () => {
      const order: string[] = [];
      const change = (label: string) =>
        storage.atomically(async (use) => {
          await use(accountStore).lockAdministration();
          order.push(`${label} begins`);
          await use(accountStore).hasAdministrator();
          await new Promise((resolve) => setTimeout(resolve, 30));
          order.push(`${label} ends`);
        });
      await Promise.all([change('one'), change('two')]);
      expect(order[0]?.split(' ')[0]).toBe(order[1]?.split(' ')[0]);
      expect(order[2]?.split(' ')[0]).toBe(order[3]?.split(' ')[0]);
    });

    test('leaves nothing of a unit of work that failed', async () => {
      const failed = storage.atomically(async (use) => {
        await use(accountStore).insert(newAccount({ name: 'ghost' }));
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await storage.use(accountStore).find({ name: 'ghost' })).toBeNull();
      expect(await storage.use(accountStore).isEmpty()).toBe(true);
      expect(await storage.use(accountStore).insert(newAccount({ name: 'ghost' }))).not.toBeNull();
      expect(await storage.use(accountStore).isEmpty()).toBe(false);
    });
  });
};

/** What every storage of roles keeps to. */
export const roleContract: ContractSuite = (name, open) => {
  describe(`roles in ${name}`, () => {
    const storage = sharedStorage(open);

    test('gives back what was kept, by id and by folded name', async () => {
      const roles = storage.use(roleStore);
      const fresh = newRole({ name: 'Ops', permissions: ['role:read'], roles: [newId()], isBuiltIn: true });
      const kept = { ...fresh, updatedAt: fresh.createdAt };
      expect(await roles.insert(fresh)).toEqual(kept);
      expect(await roles.getMany([fresh.id, newId()])).toEqual([kept, null]);
      expect(await roles.findMany(['none', 'ops', 'ops'])).toEqual([null, kept, kept]);
      expect(await roles.lock(fresh.id)).toEqual(kept);
    });

    test('gives a name to exactly one, whether made or renamed', async () => {
      const roles = storage.use(roleStore);
      const other = newRole({ name: 'other' });
      await roles.insert(other);
      const race = [
        ...Array.from({ length: 6 }, () =>
          storage.atomically((use) => use(roleStore).insert(newRole({ name: 'Race' }))),
        ),
        storage.atomically((use) => use(roleStore).update(other.id, 'e1', { ...next, name: 'RACE' })),
      ];
      const won = (await Promise.all(race)).filter((result) => result !== null && result !== 'TAKEN');
      expect(won).toHaveLength(1);
      expect(await roles.findMany(['race'])).not.toEqual([null]);
    });

    test('changes only the state that was read, and only to a free name', async () => {
      const roles = storage.use(roleStore);
      const ops = newRole({ name: 'ops' });
      await roles.insert(ops);
      await roles.insert(newRole({ name: 'dev' }));
      expect(await roles.update(ops.id, 'e0', { ...next, name: 'x' })).toBe('STALE');
      expect(await roles.update(ops.id, 'e1', { ...next, name: 'DEV' })).toBe('TAKEN');
      const changed = await roles.update(ops.id, 'e1', { ...next, name: 'OPS', isActive: false, permissions: ['*'] });
      expect(changed).toMatchObject({ name: 'OPS', isActive: false, permissions: ['*'], etag: 'e2' });
    });

    test('pages, filters, and lists names that may be seen', async () => {
      const roles = storage.use(roleStore);
      const made = Array.from({ length: 60 }, (_, index) => newRole({ name: `p${String(index).padStart(2, '0')}` }));
      for (const role of made) await roles.insert(role);
      await roles.insert(newRole({ name: 'Other', permissions: ['role:read'] }));
      const page = await roles.page({ name: { like: 'p*' } }, byName, 'all', { ...firstPage, limit: 11, offset: 55 });
      expect([names(page), await page.count()]).toEqual([['p55', 'p56', 'p57', 'p58', 'p59'], 60]);
      const none = await roles.page({ name: { like: 'zz*' } }, byName, 'all', firstPage);
      expect([names(none), await none.count()]).toEqual([[], 0]);
      expect(names(await roles.page({ permission: 'role:read' }, byName, 'all', firstPage))).toEqual(['Other']);
      expect((await roles.names('all')).slice(0, 2)).toEqual(['Other', 'p00']);
      expect(await roles.names({ allOf: [[{ kind: 'role', value: made[3]?.id ?? '' }]] })).toEqual(['p03']);
      expect(await roles.names('none')).toEqual([]);
    });
  });
};

const newSession = (accountId: string, over: Partial<NewSession> = {}): NewSession => ({
  id: newId(),
  accountId,
  tokenHash: randomUUID(),
  label: null,
  userAgent: null,
  address: null,
  createdAt: instant(0),
  extendedAt: instant(0),
  expiresAt: instant(100),
  endsAt: instant(1000),
  ...over,
});

const newKey = (accountId: string, over: Partial<NewApiKey> = {}): NewApiKey => ({
  id: newId(),
  accountId,
  name: randomUUID(),
  prefix: 'abcdefgh',
  keyHash: randomUUID(),
  permissions: null,
  expiresAt: null,
  addresses: [],
  lastUsedAt: null,
  revokedAt: null,
  createdAt: instant(0),
  ...over,
});

const withoutHash = <T extends { tokenHash?: string; keyHash?: string }>({ tokenHash: _, keyHash: __, ...row }: T) =>
  row;

/** What every storage of sessions keeps to. */
export const sessionContract: ContractSuite = (name, open) => {
  describe(`sessions in ${name}`, () => {
    const storage = sharedStorage(open);
    const twoAccounts = async () => {
      const [ada, bob] = [newAccount(), newAccount()];
      for (const account of [ada, bob]) await storage.use(accountStore).insert(account);
      return [ada.id, bob.id] as const;
    };

    test('finds a session by the hash of its token, and never shows the hash', async () => {
      const [ada] = await twoAccounts();
      const sessions = storage.use(sessionStore);
      const fresh = newSession(ada, { label: 'laptop', userAgent: 'curl', address: '10.0.0.1' });
      expect(await sessions.insert(fresh)).toEqual(withoutHash(fresh));
      expect(await sessions.findByHash(fresh.tokenHash)).toEqual(withoutHash(fresh));
      expect(await sessions.findByHash('other')).toBeNull();
      expect(await sessions.getMany([newId(), fresh.id])).toEqual([null, withoutHash(fresh)]);
    });

    test('moves an end forward once, and never back', async () => {
      const [ada] = await twoAccounts();
      const sessions = storage.use(sessionStore);
      const { id } = await sessions.insert(newSession(ada));
      const race = await Promise.all(
        [200, 210, 220].map((end) =>
          sessions.extend(id, instant(0), { extendedAt: instant(60), expiresAt: instant(end) }),
        ),
      );
      const [after] = await sessions.getMany([id]);
      for (const answer of race) expect(answer).toMatchObject({ extendedAt: instant(60) });
      expect([200, 210, 220].map(instant)).toContain(after?.expiresAt);
      const back = await sessions.extend(id, instant(60), { extendedAt: instant(70), expiresAt: instant(90) });
      expect(back).toEqual(after);
      expect(await sessions.extend(newId(), instant(0), { extendedAt: instant(1), expiresAt: instant(2) })).toBeNull();
    });

    test('ends some, or all of one account but one, and tells which', async () => {
      const [ada, bob] = await twoAccounts();
      const sessions = storage.use(sessionStore);
      const hers = [newSession(ada), newSession(ada), newSession(ada)] as const;
      const his = newSession(bob);
      for (const session of [...hers, his]) await sessions.insert(session);
      expect(await sessions.end([hers[0].id, newId()])).toEqual([withoutHash(hers[0])]);
      expect(await sessions.end([hers[0].id])).toEqual([]);
      expect(await sessions.endAll(ada, hers[1].id)).toEqual([withoutHash(hers[2])]);
      expect(await sessions.endAll(ada, null)).toEqual([withoutHash(hers[1])]);
      expect(await sessions.findByHash(hers[1].tokenHash)).toBeNull();
      expect(await sessions.findByHash(his.tokenHash)).not.toBeNull();
    });

    test('forgets what expired before an instant, some at a time', async () => {
      const sessions = storage.use(sessionStore);
      const [account] = await twoAccounts();
      const ids: string[] = [];
      for (const seconds of [10, 20, 30, 40]) {
        const session = newSession(account, { expiresAt: instant(seconds) });
        ids.push((await sessions.insert(session)).id);
      }
      expect(await sessions.forget(instant(30), 1)).toBe(1);
      expect(await sessions.forget(instant(30), 10)).toBe(1);
      expect(await sessions.forget(instant(30), 10)).toBe(0);
      expect((await sessions.getMany(ids)).map((session) => session !== null)).toEqual([false, false, true, true]);
    });

    test('keeps the newest of an account and forgets the expired without a word', async () => {
      const [ada, bob] = await twoAccounts();
      const sessions = storage.use(sessionStore);
      const expired = newSession(ada, { expiresAt: instant(5) });
      const live = Array.from({ length: 4 }, () => newSession(ada));
      for (const session of [expired, ...live, newSession(bob)]) await sessions.insert(session);
      const ended = await sessions.trim(ada, 3, instant(10));
      expect(ended.map(({ id }) => id)).toEqual([live[0]?.id]);
      expect(await sessions.getMany([expired.id])).toEqual([null]);
      const page = await sessions.page(ada, instant(10), firstPage);
      expect(page.items.map(({ node }) => node.id)).toEqual(
        live
          .slice(1)
          .map(({ id }) => id)
          .reverse(),
      );
    });

    test('pages the live ones of an account, newest first', async () => {
      const [ada] = await twoAccounts();
      const sessions = storage.use(sessionStore);
      const [old, middle, young] = [newSession(ada), newSession(ada), newSession(ada)];
      for (const session of [old, middle, young, newSession(ada, { expiresAt: instant(1) })])
        await sessions.insert(session);
      const page = await sessions.page(ada, instant(10), { ...firstPage, limit: 2 });
      expect(page.items.map(({ node }) => node.id)).toEqual([young.id, middle.id]);
      expect([page.hasNextPage, await page.count()]).toEqual([true, 3]);
      const after = page.items.at(-1)?.position ?? null;
      const rest = await sessions.page(ada, instant(10), { ...firstPage, after });
      expect(rest.items.map(({ node }) => node.id)).toEqual([old.id]);
    });
  });

  describe(`API keys in ${name}`, () => {
    const storage = sharedStorage(open);
    const owner = async () => {
      const account = newAccount();
      await storage.use(accountStore).insert(account);
      return account.id;
    };

    test('gives back what was kept; no permissions are not the same as none', async () => {
      const ada = await owner();
      const keys = storage.use(apiKeyStore);
      const wide = newKey(ada, { name: 'wide', addresses: ['10.0.0.0/8', '::1'] });
      const narrow = newKey(ada, { name: 'narrow', permissions: [], expiresAt: instant(50) });
      expect(await keys.insert(wide)).toEqual(withoutHash(wide));
      expect(await keys.insert(narrow)).toEqual(withoutHash(narrow));
      expect(await keys.findByHash(narrow.keyHash)).toEqual(withoutHash(narrow));
      expect(await keys.getMany([wide.id])).toEqual([withoutHash(wide)]);
      const page = await keys.page(ada, firstPage);
      expect([names(page), await page.count()]).toEqual([['narrow', 'wide'], 2]);
    });

    test('refuses a second key of the same name in an account, also in a race', async () => {
      const [ada, bob] = [await owner(), await owner()];
      const race = Array.from({ length: 8 }, () =>
        storage.atomically((use) => use(apiKeyStore).insert(newKey(ada, { name: 'ci' }))),
      );
      expect((await Promise.all(race)).filter((key) => key !== null)).toHaveLength(1);
      expect(await storage.use(apiKeyStore).insert(newKey(bob, { name: 'ci' }))).not.toBeNull();
    });

    test('revokes once', async () => {
      const keys = storage.use(apiKeyStore);
      const { id } = (await keys.insert(newKey(await owner()))) ?? { id: '' };
      expect(await keys.revoke(id, instant(3))).toMatchObject({ id, revokedAt: instant(3) });
      expect(await keys.revoke(id, instant(4))).toBeNull();
      expect(await keys.revoke(newId(), instant(4))).toBeNull();
      expect(await keys.getMany([id])).toMatchObject([{ revokedAt: instant(3) }]);
    });

    test('remembers a use, and not another one soon after', async () => {
      const keys = storage.use(apiKeyStore);
      const { id } = (await keys.insert(newKey(await owner()))) ?? { id: '' };
      const used = async () => (await keys.getMany([id]))[0]?.lastUsedAt;
      await keys.recordUse(id, instant(100), instant(40));
      expect(await used()).toBe(instant(100));
      await keys.recordUse(id, instant(130), instant(70));
      expect(await used()).toBe(instant(100));
      await keys.recordUse(id, instant(161), instant(101));
      expect(await used()).toBe(instant(161));
    });
  });
};

/** What every storage of failed attempts keeps to. */
export const throttleContract: ContractSuite = (name, open) => {
  describe(`failed attempts in ${name}`, () => {
    const storage = sharedStorage(open);
    const start = Date.UTC(2026, 0, 1);
    const window = 900_000;
    const key = (limit: number) => [{ key: 'k', limit }];

    test('waits from the limit on: one second, then twice as long with each failure, up to 15 minutes', async () => {
      const throttle = storage.use(throttleStore);
      const waits: number[] = [];
      let now = start;
      for (let attempt = 0; attempt < 16; attempt += 1) {
        const [state] = await throttle.hit(key(3), now, window);
        const wait = Math.max(0, (state?.until ?? 0) - now);
        expect(state?.failures).toBe(attempt + 1);
        expect(await throttle.waitUntil(['k', 'other'])).toBe(state?.until);
        waits.push(wait / 1000);
        now += wait;
      }
      expect(waits).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
    });

    test('begins anew when a window has passed since the first failure, or since the wait', async () => {
      const throttle = storage.use(throttleStore);
      await throttle.hit(key(3), start, window);
      await throttle.hit(key(3), start + window - 1, window);
      expect(await throttle.hit(key(3), start + window, window)).toMatchObject([{ failures: 1, until: 0 }]);
      for (let second = 1; second <= 2; second += 1) await throttle.hit(key(3), start + window + second, window);
      const until = await throttle.waitUntil(['k']);
      expect(until).toBe(start + window + 2 + 1000);
      expect(await throttle.hit(key(3), until + window - 1, window)).toMatchObject([{ failures: 4 }]);
      const again = await throttle.waitUntil(['k']);
      expect(await throttle.hit(key(3), again + window, window)).toMatchObject([{ failures: 1, until: 0 }]);
    });

    test('counts every one of many failures at once, on all their keys', async () => {
      const keys = [
        { key: 'b', limit: 100 },
        { key: 'a', limit: 100 },
      ];
      const hits = Array.from({ length: 15 }, (_, index) =>
        storage.atomically((use) => use(throttleStore).hit(index % 2 ? keys : [...keys].reverse(), start, window)),
      );
      await Promise.all(hits);
      expect(await storage.use(throttleStore).hit(keys, start, window)).toMatchObject([
        { key: 'b', failures: 16 },
        { key: 'a', failures: 16 },
      ]);
    });

    test('forgets one key and leaves the others', async () => {
      const throttle = storage.use(throttleStore);
      await throttle.hit([...key(1), { key: 'other', limit: 1 }], start, window);
      await throttle.forget('k');
      expect(await throttle.waitUntil(['k'])).toBe(0);
      expect(await throttle.waitUntil(['other'])).toBe(start + 1000);
    });
  });
};
