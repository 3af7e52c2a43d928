import { afterEach, describe, expect, test } from 'vitest';
import { authProxy } from '#plugins/auth-proxy/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const proxy = '192.0.2.10';
let identity: Identity;
afterEach(() => identity.gateway.dispose());

const open = async (config: Record<string, unknown> = {}) => {
  identity = await openIdentity({ auth: { proxy: { addresses: ['192.0.2.0/28'], ...config } } }, [
    storageMemory,
    authProxy,
  ]);
};
const from = (peerAddress: string | null, email: string | string[], more: Record<string, string> = {}) =>
  identity.authenticate({ 'x-nsot-email': email, ...more }, { peerAddress, clientAddress: '198.51.100.7' });

describe('the header of a proxy', () => {
  test('names the person when a listed proxy sends it', async () => {
    await open();
    const { account } = await identity.person(['role:read'], { name: 'ada', email: 'ada@example.org' });
    const viewer = await from(proxy, 'Ada@Example.org');
    expect([viewer.id, viewer.credential]).toEqual([account.id, { kind: 'PROXY', id: null, expiresAt: null }]);
    expect(viewer.rights.covers('role:read', {})).toBe(true);
    expect((await from(`::ffff:${proxy}`, 'ada@example.org')).id).toBe(account.id);
  });

  test('counts for nothing from anybody else, however he says that he was forwarded', async () => {
    await open();
    await identity.person([], { name: 'ada', email: 'ada@example.org' });
    for (const peer of ['192.0.2.16', '198.51.100.7', '::1', null]) {
      const viewer = await from(peer, 'ada@example.org', { 'x-forwarded-for': proxy, forwarded: `for=${proxy}` });
      expect(viewer.kind).toBe('ANONYMOUS');
    }
    const text = await (
      await identity.gateway.fetch(new Request('http://localhost/metrics'), { peerAddress: '127.0.0.1' })
    ).text();
    expect(text).toContain('gatehouse_auth_untrusted_proxy_total 4');
  });

  test('is not read at all while no proxy is listed', async () => {
    await open({ addresses: [] });
    expect((await from('127.0.0.1', 'ada@example.org')).kind).toBe('ANONYMOUS');
  });

  test('gives a stranger an account without a password, one for all his first requests', async () => {
    await open();
    const viewers = await Promise.all(Array.from({ length: 8 }, () => from(proxy, 'new@example.org')));
    expect(new Set(viewers.map(({ id }) => id)).size).toBe(1);
    const [account] = await identity.system.use(accountStore).getMany([viewers[0]?.id ?? '']);
    expect(account).toMatchObject({ name: 'new@example.org', email: 'new@example.org', kind: 'HUMAN', isActive: true });
    expect(viewers[0]?.rights.covers('zoo:read', {})).toBe(true);
    expect(await identity.told()).toEqual(['account.created']);
    const login = await identity.system.use(accountStore).findForSignIn('new@example.org');
    expect(login?.passwordHash).toBeNull();
  });

  test('refuses a stranger where accounts are not made', async () => {
    await open({ createAccounts: false });
    await expect(from(proxy, 'new@example.org')).rejects.toThrow('There is no account for this person here.');
    expect(await identity.told()).toEqual([]);
  });

  test.each([['ada'], ['a b@example.org'], [''], ['@example.org'], ['ada@'], [`${'x'.repeat(250)}@y.org`]])(
    'refuses what is no email: %s',
    async (email) => {
      await open();
      await expect(from(proxy, email)).rejects.toThrow('Username must contain a valid email address');
    },
  );

  test('refuses two of them, and an account that was deactivated', async () => {
    await open();
    await expect(from(proxy, ['a@example.org', 'b@example.org'])).rejects.toThrow('two X-NSoT-Email headers');
    await identity.person([], { name: 'gone', email: 'gone@example.org', isActive: false }).catch(() => undefined);
    await expect(from(proxy, 'gone@example.org')).rejects.toThrow('Account deactivated.');
  });
});
