import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { type NewReset, resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';
import { onEveryStorage } from '../harness.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { newAccount, newRole } from './identity.ts';

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1) + minutes * 60_000).toISOString();

/** What every storage of password resets keeps to. */
const resetContract: ContractSuite = (name, open) => {
  describe(`password resets in ${name}`, () => {
    const storage = sharedStorage(open);
    const account = async () => (await storage.use(accountStore).insert(newAccount()))?.id ?? '';
    const issue = (accountId: string, tokenHash: string, minutes = 0, over: Partial<NewReset> = {}) =>
      storage
        .use(resetStore)
        .issue(
          { accountId, tokenHash, purpose: 'RESET', expiresAt: at(minutes + 480), mailedAt: at(minutes), ...over },
          { since: at(minutes - 60), most: 3 },
        );

    test('keep one token of an account: a new one takes the place of the old', async () => {
      const id = await account();
      expect([await issue(id, 'one'), await issue(id, 'two', 1, { purpose: 'FIRST' })]).toEqual([true, true]);
      const resets = storage.use(resetStore);
      expect(await resets.findByHash('one')).toBeNull();
      expect(await resets.findByHash('two')).toEqual({
        accountId: id,
        purpose: 'FIRST',
        expiresAt: at(481),
        usedAt: null,
      });
      expect(await resets.consume('one', 'RESET', at(2))).toBeNull();
    });

    test('serve one of any number of callers, for their purpose, until they expire', async () => {
      const id = await account();
      await issue(id, 'token');
      const use = () => storage.use(resetStore).consume('token', 'RESET', at(5));
      expect(await storage.use(resetStore).consume('token', 'FIRST', at(5))).toBeNull();
      expect(await storage.use(resetStore).consume('token', 'RESET', at(480))).toBeNull();
      const won = await Promise.all(Array.from({ length: 8 }, use));
      expect(won.filter((found) => found !== null)).toEqual([id]);
      expect((await storage.use(resetStore).findByHash('token'))?.usedAt).toBe(at(5));
    });

    test('are as good as before when the unit that used them is given up', async () => {
      const id = await account();
      await issue(id, 'token');
      const given = storage.atomically(async (use) => {
        await use(resetStore).consume('token', 'RESET', at(5));
        throw new Error('given up');
      });
      await expect(given).rejects.toThrow('given up');
      expect(await storage.use(resetStore).consume('token', 'RESET', at(6))).toBe(id);
    });

    test('count the mails of the last hour, used and revoked ones too, for all who race', async () => {
      const id = await account();
      const race = await Promise.all(Array.from({ length: 9 }, (_, index) => issue(id, `t${index}`)));
      expect(race.filter(Boolean)).toHaveLength(3);
      await storage.use(resetStore).revoke(id, at(1));
      expect(await issue(id, 'more', 59)).toBe(false);
      expect(await issue(await account(), 'other', 59)).toBe(true);
      expect(await issue(id, 'later', 61)).toBe(true);
    });

    test('are worth nothing once revoked, and gone once forgotten', async () => {
      const id = await account();
      await issue(id, 'token');
      const resets = storage.use(resetStore);
      await resets.revoke(id, at(1));
      await resets.revoke(id, at(2));
      expect((await resets.findByHash('token'))?.usedAt).toBe(at(1));
      expect(await resets.consume('token', 'RESET', at(3))).toBeNull();
      await resets.forget(id);
      expect(await resets.findByHash('token')).toBeNull();
    });
  });

  describe(`what goes in ${name}`, () => {
    const storage = sharedStorage(open);

    test('is an account with its name and email, its keys and identities, and nothing of others', async () => {
      const accounts = storage.use(accountStore);
      const [ada, bob] = [newAccount({ name: 'Ada', email: 'ada@x.org' }), newAccount({ name: 'Bob' })];
      for (const fresh of [ada, bob]) {
        await accounts.insert(fresh);
        await storage.use(externalIdentityStore).link({
          issuer: 'https://a',
          subject: fresh.name,
          accountId: fresh.id,
          createdAt: at(0),
        });
        await storage.use(apiKeyStore).insert({
          id: newId(),
          accountId: fresh.id,
          name: 'k',
          prefix: 'abcdefgh',
          keyHash: `hash of ${fresh.name}`,
          permissions: null,
          expiresAt: null,
          addresses: [],
          lastUsedAt: null,
          revokedAt: null,
          createdAt: at(0),
        });
      }
      await storage.use(apiKeyStore).deleteAll(ada.id);
      await storage.use(externalIdentityStore).unlinkAll(ada.id);
      await accounts.delete(ada.id);
      expect(await accounts.findMany(['ada', 'ada@x.org', 'bob'])).toMatchObject([null, null, { name: 'Bob' }]);
      expect(await storage.use(externalIdentityStore).find('https://a', 'Ada')).toBeNull();
      expect(await storage.use(externalIdentityStore).find('https://a', 'Bob')).toBe(bob.id);
      expect(await storage.use(apiKeyStore).findByHash('hash of Ada')).toBeNull();
      expect((await storage.use(apiKeyStore).findByHash('hash of Bob'))?.accountId).toBe(bob.id);
      expect(await accounts.insert(newAccount({ name: 'ada', email: 'ada@x.org' }))).not.toBeNull();
    });

    test('is a role, out of every list, with all etags as they were', async () => {
      const roles = storage.use(roleStore);
      const [gone, kept] = [newRole({ name: 'Gone' }), newRole({ name: 'kept' })];
      const holder = newRole({ roles: [gone.id, kept.id] });
      const account = newAccount({ roles: [kept.id, gone.id] });
      for (const role of [gone, kept, holder]) await roles.insert(role);
      await storage.use(accountStore).insert(account);
      await roles.delete(gone.id);
      expect(await roles.findMany(['gone'])).toEqual([null]);
      expect(await roles.getMany([holder.id])).toMatchObject([{ roles: [kept.id], etag: holder.etag }]);
      expect(await storage.use(accountStore).getMany([account.id])).toMatchObject([
        { roles: [kept.id], etag: account.etag },
      ]);
      expect(await roles.insert(newRole({ name: 'gone' }))).not.toBeNull();
    });

    test('is the version of a secret key with each new one', async () => {
      const accounts = storage.use(accountStore);
      const ada = newAccount({ name: 'Ada', secretKeyHash: 'one' });
      expect(await accounts.insert(ada)).toMatchObject({ keyVersion: 0 });
      const change = { etag: 'e2', updatedAt: at(1) };
      expect(await accounts.update(ada.id, 'e1', { ...change, realName: 'A' })).toMatchObject({ keyVersion: 0 });
      expect(await accounts.update(ada.id, 'e2', { ...change, etag: 'e3', secretKeyHash: 'two' })).toMatchObject({
        keyVersion: 1,
      });
      expect(await accounts.findForSignIn('ada')).toMatchObject({ secretKeyHash: 'two', account: { keyVersion: 1 } });
      expect(await accounts.lock(ada.id)).toMatchObject({ secretKeyHash: 'two', passwordHash: null });
    });
  });
};

onEveryStorage(resetContract);
