import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthenticationError, ForbiddenError, InputError, ThrottledError, UnavailableError } from '#kernel/errors.ts';
import { authenticator } from '#kernel/viewer.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { findAccount, listAccounts } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { findProfile } from '#resolvers/platform/profile.ts';
import { endAllSessionsOf, endSession, logout } from '#resolvers/platform/sessions/end.ts';
import { listSessions } from '#resolvers/platform/sessions/queries.ts';
import { changePassword } from '#resolvers/platform/sign-in/change-password.ts';
import { type LoginAnswer, type LoginInput, login } from '#resolvers/platform/sign-in/login.ts';
import { type PasswordHasher, passwordHasher } from '#resolvers/platform/sign-in/passwords.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const page = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;
const password = 'tall grass and rain';
const hour = 3_600_000;

let id: Identity;
beforeEach(async () => {
  id = await openIdentity();
  await createAccount(id.system, { name: 'Ada', email: 'ada@x.org', password });
  await id.told();
});
afterEach(() => id.gateway.dispose());

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const signIn = async (input: Partial<LoginInput> = {}, address = '10.0.0.1'): Promise<LoginAnswer> =>
  login(id.context(await id.authenticate({}), address), { name: 'Ada', password, ...input });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const as = async (token: string) => id.context(await id.authenticate(bearer(token)));

describe('signing in', () => {
  test('takes the name or the email in any case of letters, and begins a session', async () => {
    for (const name of ['Ada', 'ADA', 'ada@x.org', 'Ada@X.Org']) {
      const { token, session } = await signIn({ name, label: 'laptop' });
      expect(token).toMatch(/^gs_[\w-]{43}$/);
      expect(session).toMatchObject({ label: 'laptop', address: '10.0.0.1' });
      const viewer = await id.authenticate(bearer(token));
      expect(viewer).toMatchObject({ kind: 'ACCOUNT', name: 'Ada', credential: { kind: 'SESSION', id: session.id } });
    }
    expect((await findAccount(id.system, { name: 'ada' }))?.lastLoginAt).toBe('2026-01-01T00:00:00.000Z');
    expect(await id.told()).toEqual(Array(4).fill('session.started'));
  });

  test('gives one answer for whatever is wrong, and never takes a pattern', async () => {
    const off = await createAccount(id.system, { name: 'off', password, isActive: false });
    await createAccount(id.system, { name: 'bare' });
    await createAccount(id.system, { name: 'robot', kind: 'SERVICE' });
    const wrong: Partial<LoginInput>[] = [
      { password: 'wrong' },
      { name: 'nobody' },
      { name: off.name },
      { name: 'bare' },
      { name: 'robot' },
      { name: 'A%' },
      { name: '.*' },
      { name: 'A_a' },
      { name: '' },
      { name: 'Ada\u0000' },
      { name: 'Ada ' },
    ];
    for (const [index, input] of wrong.entries()) {
      const error = await errorOf(signIn(input, `10.1.0.${index}`));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error.message).toBe('Wrong name or password.');
    }
    expect((await id.told()).filter((name) => name.startsWith('session'))).toEqual([]);
  });

  test('checks one password against one hash, whether there is such an account or not', async () => {
    await createAccount(id.system, { name: 'off', password, isActive: false });
    await createAccount(id.system, { name: 'bare' });
    await createAccount(id.system, { name: 'robot', kind: 'SERVICE' });
    const hasher = id.system.use(passwordHasher) as { verify: PasswordHasher['verify'] };
    const { verify } = hasher;
    const hashes: string[] = [];
    hasher.verify = (hash, text) => {
      hashes.push(hash.replace(/\$[\w+/]+\$[\w+/]+$/, ''));
      return verify(hash, text);
    };
    try {
      const names = ['Ada', 'ada@x.org', 'nobody', 'off', 'bare', 'robot', ''];
      for (const [index, name] of names.entries())
        await errorOf(signIn({ name, password: 'wrong' }, `10.2.0.${index}`));
      expect(hashes).toEqual(names.map(() => '$argon2id$v=19$m=19456,t=2,p=1'));
    } finally {
      hasher.verify = verify;
    }
  });

  test('makes passwords that people type differently on other keyboards the same', async () => {
    await createAccount(id.system, { name: 'nfc', password: 'cafe\u0301 au lait 12' });
    expect((await signIn({ name: 'nfc', password: 'caf\u00e9 au lait 12' })).account.name).toBe('nfc');
  });

  test('keeps 50 sessions of an account and ends the oldest', async () => {
    const first = await signIn();
    for (let count = 1; count < 50; count += 1) await signIn();
    await id.told();
    expect(await id.authenticate(bearer(first.token))).toMatchObject({ name: 'Ada' });
    await signIn();
    expect(await id.tellings()).toMatchObject([
      { name: 'platform.session.ended', data: { reason: 'Too many sessions' } },
      { name: 'platform.session.started' },
    ]);
    expect(await errorOf(id.authenticate(bearer(first.token)))).toBeInstanceOf(AuthenticationError);
  });

  test('is not offered where nothing keeps sessions, and everything else works', async () => {
    const bare = await openIdentity({}, [storageMemory], (plugin) => plugin.name !== 'auth-lucia');
    try {
      const { ctx } = await bare.person(['role:read']);
      expect((await findProfile(ctx))?.permissions).toEqual(['role:read']);
      expect(await logout(ctx)).toEqual({ ended: false });
      const error = await errorOf(login(bare.system, { name: 'admin', password: 'correct horse battery' }));
      expect(error).toBeInstanceOf(UnavailableError);
    } finally {
      await bare.gateway.dispose();
    }
  });

  test('keeps no token: neither in the log of events nor in what is stored', async () => {
    const { token } = await signIn();
    const events = JSON.stringify(await id.tellings());
    expect(events).not.toContain(token);
    expect(events).not.toContain(password);
  });
});

describe('wrong passwords', () => {
  const fail = (name = 'Ada', address = '10.0.0.1') => errorOf(signIn({ name, password: 'wrong' }, address));

  test('make further attempts wait, also with the right password, and longer each time', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) expect(await fail()).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(signIn())).toMatchObject({ code: 'THROTTLED', retryAfter: 1 });
    expect(await fail()).toBeInstanceOf(ThrottledError);
    id.clock.advance(1000);
    expect(await fail()).toBeInstanceOf(AuthenticationError);
    id.clock.advance(1000);
    expect(await errorOf(signIn())).toMatchObject({ retryAfter: 1 });
    id.clock.advance(1000);
    expect(await errorOf(signIn())).toBeNull();
    // The right one ended the count.
    for (let attempt = 0; attempt < 4; attempt += 1) await fail();
    expect(await errorOf(signIn())).toBeNull();
  });

  test('at one address leave the name free elsewhere, and count together for the address and the name', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) await fail();
    expect(await errorOf(signIn({}, '10.0.0.2'))).toBeNull();
    for (let attempt = 0; attempt < 50; attempt += 1) await fail(`guess${attempt}`, '10.0.0.3');
    expect(await errorOf(signIn({}, '10.0.0.3'))).toBeInstanceOf(ThrottledError);
    for (let attempt = 5; attempt < 100; attempt += 1) await fail('Ada', `10.3.0.${attempt}`);
    expect(await errorOf(signIn({}, '10.4.0.1'))).toBeInstanceOf(ThrottledError);
  });

  test('tell once of each throttle, and never the name that was typed', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) await fail('my-secret-password');
    for (let attempt = 0; attempt < 5; attempt += 1) await fail();
    id.clock.advance(1000);
    await fail();
    const told = await id.tellings();
    expect(told).toMatchObject([
      { name: 'platform.login.throttled', subject: null, scope: {}, data: { account: null, reason: 'pair' } },
      { name: 'platform.login.throttled', scope: { account: expect.any(String) }, data: { reason: 'pair' } },
    ]);
    expect(JSON.stringify(told)).not.toContain('my-secret');
  });

  test('cannot be tried in a burst beyond the limit', async () => {
    const burst = await Promise.all(Array.from({ length: 40 }, () => fail()));
    const looked = burst.filter((error) => error instanceof AuthenticationError).length;
    expect(looked).toBeGreaterThanOrEqual(5);
    expect(looked).toBeLessThanOrEqual(8);
  });

  test('are not counted against many who sign in at once with the right one', async () => {
    const together = await Promise.all(Array.from({ length: 12 }, () => errorOf(signIn())));
    expect(together.filter(Boolean)).toEqual([]);
  });
});

describe('a session', () => {
  test('lasts 8 hours, is extended by a use an hour later, and ends after 30 days', async () => {
    const { token, session } = await signIn();
    const expiry = async () => (await id.authenticate(bearer(token))).credential?.expiresAt ?? 0;
    const start = id.clock.now();
    expect(session).toMatchObject({
      expiresAt: new Date(start + 8 * hour).toISOString(),
      endsAt: new Date(start + 30 * 24 * hour).toISOString(),
    });
    id.clock.advance(hour - 1);
    expect(await expiry()).toBe(start + 8 * hour);
    id.clock.advance(1);
    expect(await expiry()).toBe(start + 9 * hour);
    id.clock.advance(8 * hour - 1);
    expect(await expiry()).toBe(id.clock.now() + 8 * hour);
    while (id.clock.now() + 8 * hour < start + 30 * 24 * hour) {
      id.clock.advance(7 * hour);
      await expiry();
    }
    expect(await expiry()).toBe(start + 30 * 24 * hour);
    id.clock.advance(start + 30 * 24 * hour - id.clock.now());
    expect(await errorOf(id.authenticate(bearer(token)))).toMatchObject({ message: 'Session expired. Sign in again.' });
  });

  test('that is not used is refused from its end on', async () => {
    const { token } = await signIn();
    id.clock.advance(8 * hour);
    expect(await errorOf(id.authenticate(bearer(token)))).toBeInstanceOf(AuthenticationError);
  });

  test('is extended once by requests that race', async () => {
    const { token, session } = await signIn();
    id.clock.advance(2 * hour);
    const headers = Array.from({ length: 8 }, () => new Headers());
    await Promise.all(headers.map((responseHeaders) => id.authenticate(bearer(token), { responseHeaders })));
    const [present] = (await listSessions(await as(token), {}, page)).items;
    expect(present?.node).toMatchObject({ id: session.id, extendedAt: new Date(id.clock.now()).toISOString() });
    for (const one of headers) expect([null, present?.node.expiresAt]).toContain(one.get('x-session-expires-at'));
    expect(headers.some((one) => one.has('x-session-expires-at'))).toBe(true);
  });

  test('ends at sign-out; another credential ends nothing', async () => {
    const { token } = await signIn();
    const ctx = await as(token);
    expect(await logout(ctx)).toEqual({ ended: true });
    expect(ctx.response.headers.getSetCookie()[0]).toMatch(/^gatehouse_session=;.*Max-Age=0/);
    expect(await errorOf(id.authenticate(bearer(token)))).toMatchObject({ message: 'Session ended. Sign in again.' });
    const { ctx: withKey } = await id.person();
    expect(await logout(withKey)).toEqual({ ended: false });
    expect(await logout(id.context(await id.authenticate({})))).toEqual({ ended: false });
  });

  test('is ended by its owner, or by session:write; others do not learn of it', async () => {
    const [one, two, three] = [await signIn(), await signIn(), await signIn()];
    const ada = await as(one.token);
    const stranger = await id.person(['session:read']);
    const keeper = await id.person(['session:write']);
    expect(await errorOf(endSession(stranger.ctx, { id: two.session.id }))).toMatchObject({ code: 'NOT_FOUND' });
    expect((await endSession(ada, { id: two.session.id })).id).toBe(two.session.id);
    expect(await errorOf(endSession(ada, { id: two.session.id }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await errorOf(endSession(ada, { id: 'x' }))).toBeInstanceOf(InputError);
    expect((await endSession(keeper.ctx, { id: three.session.id })).id).toBe(three.session.id);
    expect((await listSessions(ada, {}, page)).items.map(({ node }) => node.id)).toEqual([one.session.id]);
    const hers = await listSessions(stranger.ctx, { account: { name: 'ada' } }, page);
    expect(hers.items).toHaveLength(1);
    expect(await errorOf(listSessions(keeper.ctx, { account: { name: 'ada' } }, page))).toBeInstanceOf(ForbiddenError);
  });

  test('ends with all others of the account, by default without the one that asks', async () => {
    const [one] = [await signIn(), await signIn(), await signIn()];
    const ada = await as(one.token);
    expect(await endAllSessionsOf(ada, {})).toEqual({ ended: 2 });
    expect(await endAllSessionsOf(ada, { account: { name: 'Ada' }, keepCurrent: false })).toEqual({ ended: 1 });
    expect(await errorOf(id.authenticate(bearer(one.token)))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(endAllSessionsOf(ada, { account: { name: 'admin' } }))).toBeInstanceOf(ForbiddenError);
  });

  test('answers to who looks again why it ended', async () => {
    const who = id.system.use(authenticator);
    const [gone, late, off] = [
      await signIn(),
      await signIn(),
      await createAccount(id.system, { name: 'Off', password }),
    ];
    const goneViewer = await id.authenticate(bearer(gone.token));
    const lateViewer = await id.authenticate(bearer(late.token));
    const offViewer = await id.authenticate(bearer((await signIn({ name: 'Off' })).token));
    expect(await who.refresh(goneViewer)).toMatchObject({ viewer: { name: 'Ada' } });
    await logout(id.context(goneViewer));
    expect(await who.refresh(goneViewer)).toEqual({ ended: 'Session ended' });
    await updateAccount(id.system, { by: { id: off.id }, etag: off.etag, isActive: false });
    expect(await who.refresh(offViewer)).toEqual({ ended: 'Account deactivated' });
    id.clock.advance(8 * hour);
    expect(await who.refresh(lateViewer)).toEqual({ ended: 'Session expired' });
  });
});

describe('a new password', () => {
  test('needs the present one, ends all other sessions and lets the present one go on', async () => {
    const [one, two] = [await signIn(), await signIn()];
    const ada = await as(one.token);
    await id.told();
    const wrong = await errorOf(changePassword(ada, { current: 'nope', password: 'another long password' }));
    expect(wrong).toBeInstanceOf(AuthenticationError);
    expect(await changePassword(ada, { current: password, password: 'another long password' })).toEqual({
      sessionsEnded: 1,
    });
    expect(await id.told()).toEqual(['password.changed', 'session.ended']);
    expect(await id.authenticate(bearer(one.token))).toMatchObject({ name: 'Ada' });
    expect(await errorOf(id.authenticate(bearer(two.token)))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(signIn())).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(signIn({ password: 'another long password' }))).toBeNull();
  });

  test('follows the policy, and wrong present ones are counted', async () => {
    const ada = await as((await signIn()).token);
    for (const bad of ['short', 'x'.repeat(1025)])
      expect(await errorOf(changePassword(ada, { current: password, password: bad }))).toBeInstanceOf(InputError);
    for (let attempt = 0; attempt < 5; attempt += 1)
      await errorOf(changePassword(ada, { current: 'nope', password: 'another long password' }));
    const right = changePassword(ada, { current: password, password: 'another long password' });
    expect(await errorOf(right)).toBeInstanceOf(ThrottledError);
  });

  test('that is demanded stands before everything else, for passwords but not for keys', async () => {
    const account = await createAccount(id.system, {
      name: 'fresh',
      password,
      mustChangePassword: true,
      permissions: ['account:read'],
    });
    const { token } = await signIn({ name: 'fresh' });
    const fresh = await as(token);
    expect(await findProfile(fresh)).toMatchObject({ account: { id: account.id }, mustChangePassword: true });
    for (const work of [
      () => listAccounts(fresh, {}, page),
      () => listSessions(fresh, {}, page),
      () => endAllSessionsOf(fresh, {}),
    ])
      expect(await errorOf(work())).toMatchObject({ code: 'FORBIDDEN', message: 'Change your password first.' });
    expect(await errorOf(changePassword(fresh, { current: password, password }))).toBeInstanceOf(ForbiddenError);
    await changePassword(fresh, { current: password, password: 'another long password' });
    const free = await as(token);
    expect((await listAccounts(free, {}, page)).items.length).toBeGreaterThan(0);
  });
});
