import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount, createAccountAndKey } from '#resolvers/platform/accounts/create.ts';
import { adminPassword, type Identity, openIdentity } from '../support/identity.ts';

let id: Identity;
beforeAll(async () => {
  id = await openIdentity({}, [storageMemory, secretBoxPlugin]);
});
afterAll(() => id.gateway.dispose());

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const challenges = 'Bearer realm="gatehouse", AuthToken, Basic realm="gatehouse"';
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

async function call(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const request = new Request(`http://localhost:4000${path}`, { method, headers, ...(body !== undefined && { body }) });
  const answer = await id.gateway.fetch(request, { peerAddress: '10.0.0.7' });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
const signIn = (name: string, password: string) =>
  call('POST', '/login', json, JSON.stringify({ username: name, password }));
const cookieOf = (headers: Headers) => (headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
const whoIs = async (headers: Record<string, string>) =>
  (await id.ask('{ profile { account { name } } }', headers)).data?.profile?.account.name ?? null;

describe('POST /login', () => {
  test.each([
    ['JSON', json, JSON.stringify({ username: 'admin', password: adminPassword })],
    ['a form', form, new URLSearchParams({ username: 'ADMIN', password: adminPassword }).toString()],
    ['HTTP Basic', basic(`admin:${adminPassword}`), undefined],
  ])('takes %s, and answers a token and a cookie that both sign in', async (_, headers, body) => {
    const answer = await call('POST', '/login', headers, body);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { token, expiresAt, ...rest } = JSON.parse(answer.text);
    expect([rest, expiresAt]).toEqual([{}, '2026-01-01T08:00:00.000Z']);
    expect(token).toMatch(/^gs_[\w-]{43}$/);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^gatehouse_session=gs_.*HttpOnly.*SameSite=Lax/);
    expect(await whoIs({ authorization: `Bearer ${token}` })).toBe('admin');
    expect(await whoIs({ cookie: cookieOf(answer.headers) })).toBe('admin');
  });

  test('says what is missing, and nothing of what is wrong', async () => {
    for (const [headers, body] of [
      [json, '{"username":"admin"}'],
      [json, '{"password":"x"}'],
      [json, '{"username":1,"password":"x"}'],
      [json, 'no json'],
      [json, '[]'],
      [json, 'null'],
      [form, 'username=admin'],
      [{}, ''],
      [basic('admin:'), undefined],
    ] as const) {
      const answer = await call('POST', '/login', headers, body);
      expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([
        400,
        'Both username and password are required',
      ]);
    }
    for (const [name, password] of [
      ['admin', 'wrong'],
      ['nobody', adminPassword],
    ] as const) {
      const answer = await signIn(name, password);
      expect([answer.status, JSON.parse(answer.text).error]).toEqual([
        401,
        { message: 'Wrong name or password.', code: 'UNAUTHENTICATED' },
      ]);
      expect([answer.headers.get('www-authenticate'), answer.headers.getSetCookie()]).toEqual([challenges, []]);
    }
  });

  test('lets somebody in whose cookie is no longer good', async () => {
    const headers = { ...json, cookie: 'gatehouse_session=gs_gone' };
    const body = JSON.stringify({ username: 'admin', password: adminPassword });
    expect((await call('POST', '/login', headers, body)).status).toBe(200);
  });

  test('tells for how long to wait after too many failures', async () => {
    await createAccount(id.system, { name: 'hunted', password: 'tall grass and rain' });
    for (let tries = 0; tries < 5; tries += 1) await signIn('hunted', 'wrong');
    const answer = await signIn('hunted', 'tall grass and rain');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  });

  test('refuses pages of other origins', async () => {
    const headers = { ...json, origin: 'https://evil.example' };
    const body = JSON.stringify({ username: 'admin', password: adminPassword });
    expect((await call('POST', '/login', headers, body)).status).toBe(403);
  });
});

describe('/logout', () => {
  test.each(['GET', 'POST'])('by %s ends the session and makes the browser forget it', async (method) => {
    const cookie = cookieOf((await signIn('admin', adminPassword)).headers);
    const answer = await call(method, '/logout', { cookie });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.getSetCookie()[0]).toMatch(/^gatehouse_session=;.*Max-Age=0/);
    expect((await id.ask('{ roleNames }', { cookie })).status).toBe(401);
  });

  test('ends nothing for other credentials or none, and a bad one is refused', async () => {
    const { key } = await id.person();
    for (const headers of [{}, { authorization: `Bearer ${key}` }] as Record<string, string>[])
      expect((await call('POST', '/logout', headers)).status).toBe(200);
    expect((await id.authenticate({ authorization: `Bearer ${key}` })).kind).toBe('ACCOUNT');
    const bad = await call('POST', '/logout', { authorization: 'Bearer gs_none' });
    expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, challenges]);
  });
});

describe('/management', () => {
  test('gives a token alone, and says that the gateway is there', async () => {
    const body = JSON.stringify({ username: 'admin', password: adminPassword });
    const answer = await call('POST', '/management/auth', json, body);
    expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^\{"token":"gs_[\w-]{43}"\}$/)]);
    expect((await call('POST', '/management/auth', json, '{}')).status).toBe(400);
    const wrong = JSON.stringify({ username: 'admin', password: 'wrong' });
    expect((await call('POST', '/management/auth', json, wrong)).status).toBe(401);
    const health = await call('GET', '/management/health', { authorization: 'Bearer nonsense' });
    expect([health.status, health.text, health.headers.get('content-type')]).toEqual([
      200,
      '{"alive": true}',
      'application/json',
    ]);
  });
});

describe('/api', () => {
  const authenticate = (body: string, end = '/', headers: Record<string, string> = json) =>
    call('POST', `/api/authenticate${end}`, headers, body);
  const failure = (code: number, message: string) => ({ status: 'error', error: { code, message } });

  test.each(['', '/'])('exchanges a secret key for a token and knows it again (with %j at the end)', async (end) => {
    const name = `nsot${end.length}`;
    const { secretKey } = await createAccountAndKey(id.system, { name, email: `${name}@x.org` });
    for (const email of [name, `${name}@x.org`]) {
      const answer = await authenticate(JSON.stringify({ email, secret_key: secretKey }), end);
      const { auth_token: token } = JSON.parse(answer.text);
      expect([answer.status, answer.text]).toEqual([
        200,
        JSON.stringify({ status: 'ok', data: { auth_token: token }, auth_token: token }),
      ]);
      const headers = { authorization: `AuthToken ${email}:${token}` };
      const verified = await call('POST', `/api/verify_token${end}`, headers);
      expect([verified.status, verified.text]).toEqual([200, 'true']);
      expect(await whoIs(headers)).toBe(name);
    }
  });

  test('refuses with one answer, and tells an inactive account alone that it is', async () => {
    const { account, secretKey } = await createAccountAndKey(id.system, { name: 'retired', isActive: false });
    expect(account.isActive).toBe(false);
    for (const body of [
      JSON.stringify({ email: 'retired', secret_key: 'wrong' }),
      JSON.stringify({ email: 'nobody', secret_key: secretKey }),
      JSON.stringify({ email: 'retired' }),
      JSON.stringify({ secret_key: secretKey }),
      '{}',
      'no json',
      '',
    ]) {
      const answer = await authenticate(body);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([401, failure(401, 'Invalid email/secret_key')]);
      expect(answer.headers.get('www-authenticate')).toBe(challenges);
    }
    const disabled = await authenticate(JSON.stringify({ email: 'retired', secret_key: secretKey }));
    expect([disabled.status, JSON.parse(disabled.text)]).toEqual([401, failure(401, 'User account is disabled.')]);
    for (let tries = 0; tries < 5; tries += 1)
      await authenticate(JSON.stringify({ email: 'retired', secret_key: 'wrong' }));
    const waits = await authenticate(JSON.stringify({ email: 'retired', secret_key: secretKey }));
    expect([waits.status, JSON.parse(waits.text).error.code]).toEqual([429, 429]);
    expect(Number(waits.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('knows no token where there is none, or a bad one', async () => {
    const headers: Record<string, string>[] = [
      {},
      { authorization: 'AuthToken' },
      { authorization: 'AuthToken admin' },
      { authorization: 'AuthToken admin:gt_x.y' },
      { authorization: 'Nonsense x' },
    ];
    for (const one of headers) {
      const answer = await call('POST', '/api/verify_token/', one);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, challenges]);
    }
    expect((await call('GET', '/api/verify_token/')).status).toBe(405);
  });
});
