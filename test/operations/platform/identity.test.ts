import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { adminPassword, type Identity, openIdentity } from '../../support/identity.ts';

let id: Identity;
let token: string;
beforeAll(async () => {
  id = await openIdentity({}, [storagePrisma]);
  const { data } = await id.ask(`mutation {
    login(input: { name: "admin", password: "${adminPassword}" }) { ... on LoginSuccess { token } }
  }`);
  token = data.login.token;
});
afterAll(() => id.gateway.dispose());

const asAdmin = (query: string) => id.ask(query, { authorization: `Bearer ${token}` });
const errors = '... on Error { __typename code message path }';

describe('signing in over HTTP', () => {
  test('sets a cookie that scripts cannot read, and it signs in', async () => {
    const answer = await id.ask(`mutation { login(input: { name: "ADMIN", password: "${adminPassword}" }) {
      ... on LoginSuccess { token session { current expiresAt } account { name lastLoginAt } } ${errors}
    } }`);
    expect(answer.data.login.account).toEqual({ name: 'admin', lastLoginAt: '2026-01-01T00:00:00.000Z' });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^gatehouse_session=gs_[\w-]{43}; Expires=[^;]+; HttpOnly; Path=\/; SameSite=Lax$/);
    expect(answer.headers.get('x-session-expires-at')).toBe(answer.data.login.session.expiresAt);
    const seen = await id.ask('{ profile { account { name } credential { kind } } sessions { nodes { current } } }', {
      cookie: cookie.split(';')[0] ?? '',
    });
    expect(seen.data.profile).toEqual({ account: { name: 'admin' }, credential: { kind: 'SESSION' } });
    expect(seen.data.sessions.nodes.filter((session: { current: boolean }) => session.current)).toHaveLength(1);
  });

  test('marks the cookie as secure where the client speaks TLS', async () => {
    const { context } = id.gateway;
    const ctx = context({ viewer: await id.authenticate({}), request: { secure: true } });
    await login(ctx, { name: 'admin', password: adminPassword });
    expect(ctx.response.headers.getSetCookie()[0]).toMatch(/; Secure/);
  });

  test('answers a typed error, and sets none', async () => {
    const wrong = await id.ask(`mutation { login(input: { name: "admin", password: "nope" }) { ${errors} } }`);
    expect(wrong.data.login).toEqual({
      __typename: 'AuthenticationError',
      code: 'UNAUTHENTICATED',
      message: 'Wrong name or password.',
      path: [],
    });
    expect(wrong.headers.getSetCookie()).toEqual([]);
    const without =
      await id.ask(`mutation { login(input: { name: "admin", password: "${adminPassword}", cookie: false }) {
      ... on LoginSuccess { token } } }`);
    expect([without.headers.getSetCookie(), without.data.login.token.slice(0, 3)]).toEqual([[], 'gs_']);
  });

  test('refuses a bad credential with 401 and its challenges, and makes browsers forget a bad cookie', async () => {
    const bad = await id.ask('{ profile { account { name } } }', { authorization: 'Bearer gs_nope' });
    expect([bad.status, bad.errors[0]?.extensions?.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(bad.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse", AuthToken, Basic realm="gatehouse"');
    const cookie = await id.ask('{ profile { account { name } } }', { cookie: 'gatehouse_session=gs_nope' });
    expect(cookie.status).toBe(401);
    expect(cookie.headers.getSetCookie()[0]).toMatch(/^gatehouse_session=;.*Max-Age=0/);
  });

  test('answers anonymous on a protected field in the ordinary way', async () => {
    const answer = await id.ask('{ roleNames }');
    expect([answer.status, answer.errors[0]?.extensions?.code]).toEqual([200, 'UNAUTHENTICATED']);
    expect((await id.ask('{ profile { account { name } } }')).data).toEqual({ profile: null });
  });
});

describe('the graph of identity', () => {
  test('makes, reads, changes and grants', async () => {
    const role = await asAdmin(`mutation { roleCreate(input: {
      name: "ops", permissions: ["zoo:write@place/pen", "role:read@role/standard"], roles: ["standard"]
    }) { ... on RoleCreateSuccess { role { id name etag permissions roles { name } isBuiltIn } } ${errors} } }`);
    expect(role.data.roleCreate.role).toMatchObject({
      name: 'ops',
      permissions: ['role:read@role/standard', 'zoo:write@place/the-pen'],
      roles: [{ name: 'standard' }],
      isBuiltIn: false,
    });
    const made = await asAdmin(`mutation { accountCreate(input: { name: "Eve", email: "EVE@x.org", roles: ["ops"] }) {
      ... on AccountCreateSuccess { account {
        id etag email roles { name } effectiveRoles { name } effectivePermissions
        zoo: effectivePermissions(area: "zoo") pen: effectivePermissions(area: "zoo", scope: "place/the-pen")
      } } ${errors} } }`);
    const account = made.data.accountCreate.account;
    expect(account).toMatchObject({
      email: 'eve@x.org',
      roles: [{ name: 'ops' }],
      effectivePermissions: [
        'event:read',
        'role:read@role/standard',
        'system:read',
        'zoo:read',
        'zoo:write@place/the-pen',
      ],
      zoo: ['zoo:read', 'zoo:write@place/the-pen'],
      pen: ['zoo:write@place/the-pen'],
    });
    expect(account.effectiveRoles.map((one: { name: string }) => one.name).sort()).toEqual(['ops', 'standard']);
    const update = await asAdmin(`mutation { accountUpdate(input: {
      by: { name: "eve" }, etag: "${account.etag}", realName: "Eve", email: null
    }) { ... on AccountUpdateSuccess { changed account { id realName email } } ${errors} } }`);
    expect(update.data.accountUpdate).toEqual({
      changed: true,
      account: { id: account.id, realName: 'Eve', email: null },
    });
    const stale =
      await asAdmin(`mutation { accountUpdate(input: { by: { id: "${account.id}" }, etag: "${account.etag}" }) {
      ... on ConflictError { code currentEtag } } }`);
    expect(stale.data.accountUpdate).toEqual({ code: 'CONFLICT', currentEtag: expect.any(String) });
    const grant = await asAdmin(`mutation {
      one: accountGrant(input: { by: { name: "eve" }, permissions: ["role:read"] }) {
        ... on AccountGrantSuccess { changed account { permissions } } }
      two: accountRevoke(input: { by: { name: "eve" }, permissions: ["role:read"] }) {
        ... on AccountRevokeSuccess { changed account { permissions } } }
    }`);
    expect(grant.data).toEqual({
      one: { changed: true, account: { permissions: ['role:read'] } },
      two: { changed: true, account: { permissions: [] } },
    });
    const node = await asAdmin(`{ node(id: "${account.id}") { ... on Account { name } } }`);
    expect(node.data.node).toEqual({ name: 'Eve' });
    const bad = await asAdmin(`mutation { accountCreate(input: { name: "x y", permissions: ["a:b"] }) {
      ... on InputError { fields { path message } } } }`);
    expect(bad.data.accountCreate.fields).toEqual([{ path: ['name'], message: 'name may not hold white space.' }]);
  });

  test('hides accounts from who may not read them, by every way', async () => {
    const { ctx: _, key } = await id.person(['role:read']);
    const admin = (await asAdmin('{ account(by: { name: "admin" }) { id } }')).data.account.id;
    const ask = (query: string) => id.ask(query, { authorization: `Bearer ${key}` });
    expect((await ask(`{ node(id: "${admin}") { id } }`)).data).toEqual({ node: null });
    expect((await ask('{ account(by: { name: "admin" }) { id } }')).errors[0]?.extensions?.code).toBe('FORBIDDEN');
    expect((await ask('{ accounts { totalCount } }')).errors[0]?.message).toBe('Needs account:read.');
    const own = await ask(
      '{ profile { account { name roles { name } } permissions } apiKeys { nodes { account { id } } } }',
    );
    expect(own.data.profile.permissions).toEqual(['role:read']);
  });

  test('makes a key, uses it, and revokes it', async () => {
    const made = await asAdmin(`mutation { apiKeyCreate(input: {
      name: "ci", permissions: ["role:read"], addresses: ["127.0.0.0/8"], expiresAt: "2030-01-01T00:00:00Z"
    }) { ... on ApiKeyCreateSuccess { key apiKey { id prefix permissions addresses expiresAt account { name } } } ${errors} } }`);
    const { key, apiKey } = made.data.apiKeyCreate;
    expect(apiKey).toMatchObject({
      permissions: ['role:read'],
      addresses: ['127.0.0.0/8'],
      expiresAt: '2030-01-01T00:00:00.000Z',
      account: { name: 'admin' },
    });
    const revoked = await asAdmin(`mutation { apiKeyRevoke(input: { id: "${apiKey.id}" }) {
      ... on ApiKeyRevokeSuccess { apiKey { revokedAt } } ${errors} } }`);
    expect(revoked.data.apiKeyRevoke.apiKey.revokedAt).toBe('2026-01-01T00:00:00.000Z');
    expect((await id.ask('{ roleNames }', { authorization: `Bearer ${key}` })).status).toBe(401);
  });

  test('ends sessions and signs out', async () => {
    const answer = await id.ask(`mutation { login(input: { name: "admin", password: "${adminPassword}" }) {
      ... on LoginSuccess { token session { id } } } }`);
    const own = { authorization: `Bearer ${answer.data.login.token}` };
    const out = await id.ask('mutation { logout { ... on LogoutSuccess { ended } } }', own);
    expect(out.data.logout).toEqual({ ended: true });
    expect(out.headers.getSetCookie()[0]).toMatch(/^gatehouse_session=;/);
    expect((await id.ask('{ roleNames }', own)).status).toBe(401);
    const again = await asAdmin(
      `mutation { sessionEnd(input: { id: "${answer.data.login.session.id}" }) { ${errors} } }`,
    );
    expect(again.data.sessionEnd.code).toBe('NOT_FOUND');
    const all = await asAdmin('mutation { sessionEndAll(input: {}) { ... on SessionEndAllSuccess { ended } } }');
    expect(all.data.sessionEndAll.ended).toBeGreaterThan(0);
    expect((await asAdmin('{ sessions { totalCount } }')).data.sessions.totalCount).toBe(1);
  });

  test('shows what happened, without a secret', async () => {
    await id.tellings();
    const log = await asAdmin(`{ events(first: 200) { nodes {
      __typename name actor { name } data before after
      ... on AccountUpdated { account { name } changed }
      ... on SessionEnded { session { id } cause label }
      ... on ApiKeyCreated { apiKey { name } keyName prefix }
    } } }`);
    const types = log.data.events.nodes.map((node: { __typename: string }) => node.__typename);
    for (const type of [
      'AccountCreated',
      'AccountUpdated',
      'RoleCreated',
      'SessionStarted',
      'SessionEnded',
      'ApiKeyCreated',
    ])
      expect(types).toContain(type);
    const text = JSON.stringify(log.data);
    for (const secret of [adminPassword, '$argon2', 'gs_', 'gk_', token]) expect(text).not.toContain(secret);
  });
});
