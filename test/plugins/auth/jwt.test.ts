import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { authJwt } from '#plugins/auth-jwt/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const issuer = 'https://id.example.org';
const audience = 'gatehouse';
const [trusted, other] = [
  await generateKeyPair('RS256', { extractable: true }),
  await generateKeyPair('RS256', { extractable: true }),
];

let fetched = 0;
let answers = true;
const keys: Record<string, unknown>[] = [];
const server = createServer((_, outgoing) => {
  fetched += 1;
  outgoing.writeHead(answers ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
});
let identity: Identity;
/** The clock of the tests begins here. */
const start = Date.UTC(2026, 0, 1) / 1000;

beforeAll(async () => {
  keys.push({ ...(await exportJWK(trusted.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());
afterEach(async () => {
  await identity.gateway.dispose();
  answers = true;
  fetched = 0;
});

async function open(rules: Record<string, unknown> = {}): Promise<void> {
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  identity = await openIdentity({ auth: { jwt: { issuers: [{ issuer, audience, jwksUri, ...rules }] } } }, [
    storageMemory,
    authJwt,
  ]);
}

const claims = (over: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: audience,
  sub: 'ada-1',
  email: 'ada@example.org',
  exp: start + 600,
  ...over,
});
const sign = (payload: JWTPayload, { kid = 'k1', key = trusted.privateKey, alg = 'RS256' } = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);
const viewerOf = (token: string) => identity.authenticate({ authorization: `Bearer ${token}` });
const ada = (permissions: readonly string[] = []) =>
  identity.person(permissions, { name: 'ada', email: 'ada@example.org' });

describe('a token of a known issuer', () => {
  test('speaks for the account with its email, until it expires', async () => {
    await open();
    const { account } = await ada(['role:read']);
    const token = await sign(claims());
    const viewer = await viewerOf(token);
    expect([viewer.id, viewer.credential?.kind]).toEqual([account.id, 'JWT']);
    expect(viewer.rights.covers('role:read', {})).toBe(true);
    identity.clock.advance(659_000);
    expect((await viewerOf(token)).id).toBe(account.id);
    identity.clock.advance(2000);
    await expect(viewerOf(token)).rejects.toThrow('Token expired.');
  });

  test('goes on speaking for the same account when the email changes on either side', async () => {
    await open();
    const { account } = await ada();
    await viewerOf(await sign(claims()));
    await updateAccount(identity.system, {
      by: { id: account.id },
      etag: account.etag,
      email: 'lovelace@example.org',
    } as never);
    await identity.person([], { name: 'other', email: 'ada@example.org' });
    expect((await viewerOf(await sign(claims({ email: 'countess@example.org' })))).id).toBe(account.id);
    expect((await viewerOf(await sign(claims()))).id).toBe(account.id);
  });

  test('adds the roles of its claim while it is good, and no others', async () => {
    await open({ roleClaim: 'groups', roleMap: { staff: 'keeper', ghosts: 'no-such-role' } });
    await ada();
    const plain = await viewerOf(await sign(claims()));
    expect(plain.rights.covers('zoo:write', { place: 'house' })).toBe(false);
    const staff = await viewerOf(await sign(claims({ groups: ['staff', 'ghosts', 'admin', 7, 'constructor'] })));
    expect(staff.rights.covers('zoo:write', { place: 'house' })).toBe(true);
    expect(staff.rights.covers('zoo:write', { place: 'park' })).toBe(false);
    const one = await viewerOf(await sign(claims({ groups: 'staff' })));
    expect(one.rights.covers('zoo:write', { place: 'house' })).toBe(true);
  });

  test('of a stranger makes an account where the issuer may, and is refused elsewhere', async () => {
    await open();
    await expect(viewerOf(await sign(claims()))).rejects.toThrow('There is no account for this person here.');
    await identity.gateway.dispose();
    await open({ createAccounts: true });
    const token = await sign(claims());
    const ids = await Promise.all(Array.from({ length: 6 }, async () => (await viewerOf(token)).id));
    expect(new Set(ids).size).toBe(1);
    expect(await identity.told()).toEqual(['account.created']);
    const unverified = await sign(claims({ sub: 'eve', email: 'eve@example.org', email_verified: false }));
    await expect(viewerOf(unverified)).rejects.toThrow('has not verified the email');
    await expect(viewerOf(await sign(claims({ sub: 'x', email: undefined })))).rejects.toThrow('has no claim email');
  });
});

describe('is refused', () => {
  test.each<[string, () => Promise<string> | string, string]>([
    ['a token without a signature', () => new UnsecuredJWT(claims()).encode(), 'The token is not good.'],
    [
      'one signed with the public key as a secret',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .sign(new TextEncoder().encode(await exportSPKI(trusted.publicKey))),
      'The token is not good.',
    ],
    ['one signed by somebody else', () => sign(claims(), { key: other.privateKey }), 'The token is not good.'],
    ['one for another audience', () => sign(claims({ aud: 'elsewhere' })), 'The token is not good.'],
    ['one of another issuer', () => sign(claims({ iss: 'https://evil.example' })), 'does not know'],
    ['one that never ends', () => sign(claims({ exp: undefined })), 'The token is not good.'],
    ['one that names nobody', () => sign(claims({ sub: undefined })), 'The token is not good.'],
    ['one that is not good yet', () => sign(claims({ nbf: start + 120 })), 'The token is not good.'],
    ['one that ended', () => sign(claims({ exp: start - 61 })), 'Token expired.'],
    [
      'an algorithm that the config does not name',
      async () => sign(claims(), { alg: 'PS256', key: (await generateKeyPair('PS256')).privateKey }),
      'The token is not good.',
    ],
    ['garbage with two dots', () => 'a.b.c', 'The token cannot be read.'],
  ])('%s', async (_, token, message) => {
    await open();
    await ada();
    await expect(viewerOf(await token())).rejects.toThrow(message);
  });
});

describe('the keys of an issuer', () => {
  test('are kept, and asked for again at most once for many unknown ones', async () => {
    await open();
    await ada();
    for (let n = 0; n < 3; n += 1) await viewerOf(await sign(claims()));
    expect(fetched).toBe(1);
    for (let n = 0; n < 5; n += 1)
      await expect(viewerOf(await sign(claims(), { kid: `unknown-${n}` }))).rejects.toThrow('The token is not good.');
    expect(fetched).toBe(1);
  });

  test('that cannot be fetched make the gateway unavailable, not the token bad', async () => {
    await open();
    await ada();
    answers = false;
    await expect(viewerOf(await sign(claims()))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    answers = true;
    expect((await viewerOf(await sign(claims()))).kind).toBe('ACCOUNT');
  });
});

test('an issuer whose signatures others could make is refused at the start', async () => {
  await expect(open({ algorithms: ['HS256'] })).rejects.toThrow('auth.jwt.issuers.0.algorithms.0');
  await open();
});
