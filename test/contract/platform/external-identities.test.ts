import { expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { onEveryStorage } from '../harness.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { newAccount } from './identity.ts';

const createdAt = '2026-01-01T00:00:00.000Z';

/** What every storage of external identities keeps to. */
const externalIdentityContract: ContractSuite = (name, open) => {
  const storage = sharedStorage(open);
  const account = async () => {
    const fresh = newAccount();
    await storage.use(accountStore).insert(fresh);
    return fresh.id;
  };
  const link = (issuer: string, subject: string, accountId: string) =>
    storage.use(externalIdentityStore).link({ issuer, subject, accountId, createdAt });

  test(`${name} knows an account by issuer and subject together`, async () => {
    const [one, other] = [await account(), await account()];
    expect(await link('https://a', '1', one)).toBe(true);
    expect(await link('https://b', '1', other)).toBe(true);
    const identities = storage.use(externalIdentityStore);
    expect(await identities.find('https://a', '1')).toBe(one);
    expect(await identities.find('https://b', '1')).toBe(other);
    expect(await identities.find('https://a', newId())).toBeNull();
  });

  test(`${name} links a subject to one of any number of callers`, async () => {
    const accounts = await Promise.all(Array.from({ length: 8 }, account));
    const won = await Promise.all(accounts.map((id) => link('https://race', 'x', id)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await storage.use(externalIdentityStore).find('https://race', 'x')).toBe(accounts[won.indexOf(true)]);
  });
};

onEveryStorage(externalIdentityContract);
