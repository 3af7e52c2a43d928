import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthenticationError } from '#kernel/errors.ts';
import { authenticator, type CredentialReader, credentialReaders } from '#kernel/viewer.ts';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { grantAccount, revokeAccount } from '#resolvers/platform/accounts/grant.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { revokeApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createRole, updateRole } from '#resolvers/platform/roles/change.ts';
import { findRole } from '#resolvers/platform/roles/queries.ts';
import { logout } from '#resolvers/platform/sessions/end.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

/** Signs in whoever the header names: a reader that a plugin of somebody else brings. */
const headerReader = definePlugin({
  name: 'auth-header',
  version: '1.0.0',
  description: 'Trusts a header.',
  provides: [credentialReaders],
  setup({ provide }) {
    const reader: CredentialReader = {
      name: 'proxy',
      challenge: 'Header realm="test"',
      async read(request) {
        const [accountId] = request.header('x-account');
        if (accountId === undefined) return null;
        if (accountId === 'bad') throw new AuthenticationError('No such header.');
        return { accountId, credential: { kind: 'PROXY', id: null, expiresAt: null } };
      },
      renew: async (principal) => ({ principal }),
    };
    provide(credentialReaders, reader);
    return undefined;
  },
});

let id: Identity;
beforeAll(async () => {
  id = await openIdentity({}, [storageMemory, headerReader]);
});
afterAll(() => id.gateway.dispose());

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('the chain of readers', () => {
  test('gives anonymous without a credential, with the grants of that role', async () => {
    expect(await id.authenticate({})).toMatchObject({ kind: 'ANONYMOUS', id: null });
    const role = await findRole(id.system, { name: 'anonymous' });
    await updateRole(id.system, { by: { name: 'anonymous' }, etag: role?.etag ?? '', permissions: ['zoo:read'] });
    expect((await id.authenticate({})).rights.texts).toEqual(['zoo:read']);
    const { key } = await id.person();
    expect((await id.authenticate(bearer(key))).rights.texts).toEqual([]);
  });

  test('refuses whatever it does not recognise, and never falls back to another viewer', async () => {
    const { key, account } = await id.person();
    const wrong: Record<string, string | string[]>[] = [
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: key },
      { authorization: '' },
      { authorization: `Digest ${key}` },
      { authorization: `Bearer ${key} ${key}` },
      { authorization: `Bearer ${key}x` },
      { authorization: `Bearer ${key.slice(0, -1)}` },
      { authorization: 'Bearer gs_short' },
      { authorization: `Bearer gs_${'a'.repeat(43)}` },
      { authorization: 'Bearer a.b.c' },
      { authorization: [`Bearer ${key}`, `Bearer ${key}`] },
      { authorization: 'Bearer gk_x', 'x-account': account.id },
      { cookie: 'gatehouse_session=gs_x' },
      { cookie: `gatehouse_session=${key}` },
      { 'x-account': 'bad' },
    ];
    for (const headers of wrong)
      expect(await errorOf(id.authenticate(headers)), JSON.stringify(headers)).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(id.authenticate({ authorization: `bearer   ${key}` }))).toBeNull();
    expect(await id.authenticate({ cookie: 'other=%zz; gatehouse_session=' })).toMatchObject({ kind: 'ANONYMOUS' });
  });

  test('asks in its order: the first that recognises a credential decides', async () => {
    const [one, two] = [await id.person(), await id.person()];
    expect((await id.authenticate({ ...bearer(one.key), 'x-account': two.account.id })).id).toBe(one.account.id);
    expect((await id.authenticate({ 'x-account': two.account.id })).credential?.kind).toBe('PROXY');
    const other = await openIdentity({ auth: { chain: ['proxy'] } }, [storageMemory, headerReader]);
    try {
      expect(await errorOf(other.authenticate(bearer('gk_x')))).toBeInstanceOf(AuthenticationError);
      expect(await errorOf(other.authenticate({ cookie: 'gatehouse_session=x' }))).toBeNull();
    } finally {
      await other.gateway.dispose();
    }
  });

  test('counts what it looked at, without a name', async () => {
    const figures = async () => {
      const answer = await id.gateway.fetch(new Request('http://localhost:4000/metrics'), { peerAddress: '127.0.0.1' });
      const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('gatehouse_auth_total{'));
      return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
    };
    const { key } = await id.person();
    const before = await figures();
    await id.authenticate(bearer(key));
    await errorOf(id.authenticate(bearer('gk_wrong')));
    await errorOf(id.authenticate({ authorization: 'Digest x' }));
    const after = await figures();
    const grown = [...after].flatMap(([name, value]) => {
      const growth = value - (before.get(name) ?? 0);
      return growth > 0 ? [`${/reader="(\w+)"/.exec(name)?.[1]} ${/outcome="(\w+)"/.exec(name)?.[1]} ${growth}`] : [];
    });
    expect(grown.filter((text) => !text.startsWith('none anonymous')).sort()).toEqual([
      'bearer accepted 1',
      'bearer refused 1',
      'none refused 1',
    ]);
  });

  test('collects the challenges of its readers', () => {
    expect(id.system.use(authenticator).challenges).toEqual([
      'Bearer realm="gatehouse"',
      'AuthToken',
      'Basic realm="gatehouse"',
      'Header realm="test"',
    ]);
  });

  test('lets the first message of a socket win over the request that opened it', async () => {
    const [one, two] = [await id.person(), await id.person()];
    const { token } = await login(id.system, { name: 'admin', password: 'correct horse battery' });
    const payload = (payload: Record<string, unknown>, headers = {}) => id.authenticate(headers, { payload });
    expect((await payload({ authorization: `Bearer ${one.key}` }, bearer(two.key))).id).toBe(one.account.id);
    expect((await payload({ token: one.key }, { cookie: `gatehouse_session=${token}` })).id).toBe(one.account.id);
    expect((await payload({}, bearer(two.key))).id).toBe(two.account.id);
    expect((await payload({}, { cookie: `gatehouse_session=${token}` })).name).toBe('admin');
    for (const bad of [{ token: 'gk_x' }, { token: 7 }, { authorization: {} }, { token: one.key, authorization: 'x' }])
      expect(await errorOf(payload(bad, bearer(two.key)))).toBeInstanceOf(AuthenticationError);
  });
});

describe('rights', () => {
  const texts = async (key: string) => (await id.authenticate(bearer(key))).rights.texts;

  test('count from the next request on, whatever changed them', async () => {
    const role = await createRole(id.system, { name: 'changing', permissions: ['zoo:read'] });
    const holder = await createRole(id.system, { name: 'holder', roles: ['changing'] });
    const { key, account } = await id.person([], { roles: ['holder'] });
    expect(await texts(key)).toEqual(['zoo:read']);
    const next = await updateRole(id.system, { by: { id: role.id }, etag: role.etag, permissions: ['role:read'] });
    expect(await texts(key)).toEqual(['role:read']);
    await updateRole(id.system, { by: { id: role.id }, etag: next.role.etag, isActive: false });
    expect(await texts(key)).toEqual([]);
    await updateRole(id.system, { by: { id: holder.id }, etag: holder.etag, permissions: ['event:read'] });
    expect(await texts(key)).toEqual(['event:read']);
    await grantAccount(id.system, { by: { id: account.id }, permissions: ['zoo:read'] });
    expect(await texts(key)).toEqual(['event:read', 'zoo:read']);
    await revokeAccount(id.system, { by: { id: account.id }, permissions: ['zoo:read'] });
    expect(await texts(key)).toEqual(['event:read']);
  });

  test('end with the account: from the next request on, for every credential', async () => {
    const account = await createAccount(id.system, { name: 'leaver', password: 'tall grass and rain' });
    const { token } = await login(id.system, { name: 'leaver', password: 'tall grass and rain' });
    const viewer = await id.authenticate({ 'x-account': account.id });
    await id.authenticate(bearer(token));
    const { account: off } = await updateAccount(id.system, {
      by: { id: account.id },
      etag: account.etag,
      isActive: false,
    });
    expect(await errorOf(id.authenticate(bearer(token)))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(id.authenticate({ 'x-account': account.id }))).toMatchObject({
      message: 'Account deactivated.',
    });
    expect(await id.system.use(authenticator).refresh(viewer)).toEqual({ ended: 'Account deactivated' });
    await updateAccount(id.system, { by: { id: off.id }, etag: off.etag, isActive: true });
    expect((await id.authenticate({ 'x-account': account.id })).name).toBe('leaver');
    // Sessions do not come back.
    expect(await errorOf(id.authenticate(bearer(token)))).toBeInstanceOf(AuthenticationError);
  });

  test('say whom an event concerns', async () => {
    const who = id.system.use(authenticator);
    const concerned = async () => (await id.tellings()).map((event) => who.affects(event));
    await concerned();
    const { account, keyId } = await id.person();
    const role = await createRole(id.system, { name: 'concern' });
    expect(await concerned()).toEqual([{ who: 'account', id: account.id }, null, { who: 'everyone' }]);
    await updateRole(id.system, { by: { id: role.id }, etag: role.etag, realName: 'C' });
    const { session, token } = await login(id.system, { name: 'admin', password: 'correct horse battery' });
    await logout(id.context(await id.authenticate(bearer(token))));
    await revokeApiKey(id.system, { id: keyId });
    expect(await concerned()).toEqual([
      { who: 'everyone' },
      null,
      { who: 'credential', id: session.id },
      { who: 'credential', id: keyId },
    ]);
  });
});
