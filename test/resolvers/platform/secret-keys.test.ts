import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthenticationError, ForbiddenError, ThrottledError, UnavailableError } from '#kernel/errors.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount, createAccountAndKey } from '#resolvers/platform/accounts/create.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createAuthToken, verifyAuthToken } from '#resolvers/platform/auth-tokens/auth-tokens.ts';
import { findProfile } from '#resolvers/platform/profile.ts';
import { updateProfile } from '#resolvers/platform/profile-update.ts';
import { rotateSecretKey } from '#resolvers/platform/secret-keys/rotate.ts';
import { changePassword } from '#resolvers/platform/sign-in/change-password.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const password = 'tall grass and rain';
const minute = 60_000;

let id: Identity;
const open = async (auth: Record<string, unknown> = {}) => {
  id = await openIdentity({ auth }, [storageMemory, secretBoxPlugin]);
};
beforeEach(() => open());
afterEach(() => id.gateway.dispose());

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const ada = () =>
  createAccountAndKey(id.system, { name: 'Ada', email: 'ada@x.org', password, permissions: ['zoo:read'] });
const token = async (name: string, secretKey: string, address = '10.0.0.1') =>
  (await createAuthToken(id.context(await id.authenticate({}), address), { name, secretKey })).token;
const withToken = (name: string, text: string, scheme = 'AuthToken') =>
  id.authenticate({ authorization: `${scheme} ${name}:${text}` });
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('a secret key', () => {
  test('is shown when the account is made, is kept as a hash alone, and makes tokens for ten minutes', async () => {
    const { account, secretKey } = await ada();
    expect(secretKey).toMatch(/^[\w-]{43}=$/);
    expect(JSON.stringify(await id.tellings())).not.toContain(secretKey);
    const text = await token('ADA@x.org', secretKey);
    expect(text).toMatch(/^gt_/);
    for (const [name, scheme] of [
      ['Ada', 'AuthToken'],
      ['ada@X.org', 'authtoken'],
    ] as const) {
      const viewer = await withToken(name, text, scheme);
      expect(viewer).toMatchObject({ id: account.id, credential: { kind: 'AUTH_TOKEN', id: null } });
      expect(viewer.credential?.expiresAt).toBe(id.clock.now() + 10 * minute);
      expect(viewer.rights.covers('zoo:read')).toBe(true);
    }
    expect(await verifyAuthToken(id.context(await id.authenticate({})), text)).toBe(true);
    id.clock.advance(10 * minute - 1);
    expect((await withToken('ada', text)).id).toBe(account.id);
    id.clock.advance(1);
    expect(await errorOf(withToken('ada', text))).toMatchObject({ message: 'Invalid/expired auth_token.' });
    expect(await errorOf(verifyAuthToken(id.system, text))).toBeInstanceOf(AuthenticationError);
  });

  test('is rotated by its owner: the earlier key and every earlier token are dead at once', async () => {
    const { secretKey } = await ada();
    const text = await token('Ada', secretKey);
    const { token: session } = await login(id.system, { name: 'Ada', password });
    const own = id.context(await id.authenticate({ authorization: `Bearer ${session}` }));
    await id.told();
    const rotated = await rotateSecretKey(own, {});
    expect([rotated.secretKey === secretKey, rotated.account?.name, await id.told()]).toEqual([
      false,
      'Ada',
      ['secretKey.rotated'],
    ]);
    expect(await errorOf(withToken('Ada', text))).toMatchObject({ message: 'Invalid/expired auth_token.' });
    expect(await errorOf(token('Ada', secretKey))).toMatchObject({ message: 'Invalid email/secret_key' });
    expect((await withToken('Ada', await token('Ada', rotated.secretKey))).name).toBe('Ada');
  });

  test('of another person nobody rotates, of a service whoever may update it and holds what it holds', async () => {
    const { account } = await ada();
    const service = await createAccount(id.system, { name: 'bot', kind: 'SERVICE', permissions: ['role:read'] });
    const { ctx: admin } = await id.person(['*']);
    const { ctx: keeper } = await id.person(['account:update']);
    const { ctx: stranger } = await id.person();
    expect(await errorOf(rotateSecretKey(admin, { account: { id: account.id } }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(rotateSecretKey(id.system, { account: { id: account.id } }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(rotateSecretKey(stranger, { account: { id: service.id } }))).toMatchObject({
      message: 'Needs account:update.',
    });
    expect(await errorOf(rotateSecretKey(keeper, { account: { name: 'bot' } }))).toMatchObject({
      message: 'Nobody grants more than they hold: you lack role:read.',
    });
    const { secretKey } = await rotateSecretKey(admin, { account: { name: 'bot' } });
    expect((await withToken('bot', await token('bot', secretKey))).id).toBe(service.id);
  });

  test('is no way around a key that was narrowed', async () => {
    const { account } = await ada();
    const { key } = await createApiKey(id.system, {
      account: { id: account.id },
      name: 'narrow',
      permissions: ['role:read'],
    });
    const ctx = id.context(await id.authenticate({ authorization: `Bearer ${key}` }));
    expect(await errorOf(rotateSecretKey(ctx, {}))).toMatchObject({ message: 'Needs apiKey:write.' });
    expect(
      await errorOf(updateProfile(ctx, { etag: account.etag, email: 'evil@x.org', current: password })),
    ).toMatchObject({ message: 'Nobody grants more than they hold: you lack zoo:read.' });
  });

  test('gives one answer for what is wrong, waits after five, and tells only its owner that he is inactive', async () => {
    const { account, secretKey } = await ada();
    const bot = await createAccountAndKey(id.system, { name: 'bot', kind: 'SERVICE' });
    await updateAccount(id.system, { by: { name: 'bot' }, etag: bot.account.etag, isActive: false });
    expect(await errorOf(token('bot', bot.secretKey))).toMatchObject({ message: 'User account is disabled.' });
    for (const [name, key] of [
      ['nobody', secretKey],
      ['Ada', bot.secretKey],
      ['bot', secretKey],
      ['A%', secretKey],
      ['ada\u0000', secretKey],
      ['Ada', ''],
      ['admin', ''],
    ] as const)
      expect(await errorOf(token(name, key, `10.1.0.${name.length}`))).toMatchObject({
        message: 'Invalid email/secret_key',
      });
    for (let tries = 0; tries < 5; tries += 1) await errorOf(token('Ada', 'wrong'));
    const waits = await errorOf(token('Ada', secretKey));
    expect([waits instanceof ThrottledError, waits.retryAfter]).toEqual([true, 1]);
    // One count for all that proves the same account.
    expect(await errorOf(login(id.context(await id.authenticate({})), { name: 'ada', password }))).toBeInstanceOf(
      ThrottledError,
    );
    expect((await withToken('Ada', await token('Ada', secretKey, '10.0.0.9'))).id).toBe(account.id);
  });

  test('is refused in the place of a token, with the remedy, unless the config takes it', async () => {
    const { secretKey } = await ada();
    expect(await errorOf(withToken('Ada', secretKey))).toMatchObject({
      message: expect.stringContaining('POST /api/authenticate/'),
    });
    await id.gateway.dispose();
    await open({ token: { acceptSecretKey: true } });
    const again = await ada();
    expect((await withToken('Ada', again.secretKey)).credential).toEqual({
      kind: 'SECRET_KEY',
      id: null,
      expiresAt: null,
    });
    expect(await errorOf(withToken('Ada', secretKey))).toMatchObject({ message: 'Invalid email/secret_key' });
  });
});

describe('an auth token', () => {
  test('is of its own account, as it was made, and dies with the account', async () => {
    const { account, secretKey } = await ada();
    const other = await createAccountAndKey(id.system, { name: 'bob' });
    const text = await token('Ada', secretKey);
    const bad = [
      ['bob', text],
      ['nobody', text],
      ['', text],
      ['Ada', ''],
      ['Ada', 'gt_'],
      ['Ada', text.slice(0, -1)],
      ['Ada', `${text}x`],
      ['Ada', text.replace('gt_', 'gs_')],
      ['Ada', `gt_${Buffer.from(JSON.stringify([other.account.id, 0, 0])).toString('base64url')}.${text.slice(-43)}`],
    ] as const;
    for (const [name, given] of bad) expect(await errorOf(withToken(name, given))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(id.authenticate({ authorization: `AuthToken ${text}` }))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(id.authenticate({ authorization: 'AuthToken' }))).toBeInstanceOf(AuthenticationError);
    const off = await updateAccount(id.system, { by: { name: 'Ada' }, etag: account.etag, isActive: false });
    expect(await errorOf(withToken('Ada', text))).toMatchObject({ message: 'Account deactivated.' });
    expect(await errorOf(verifyAuthToken(id.system, text))).toBeInstanceOf(AuthenticationError);
    await deleteAccount(id.system, { by: { name: 'Ada' }, etag: off.account.etag });
    expect(await errorOf(withToken('Ada', text))).toMatchObject({ message: 'Invalid/expired auth_token.' });
  });

  test('asked for without one is the credential of the request', async () => {
    const { secretKey } = await ada();
    const anonymous = id.context(await id.authenticate({}));
    expect(await errorOf(verifyAuthToken(anonymous, null))).toMatchObject({ message: 'Invalid/expired auth_token.' });
    expect(await errorOf(verifyAuthToken(anonymous, ''))).toBeInstanceOf(AuthenticationError);
    expect(await verifyAuthToken(id.context(await withToken('Ada', await token('Ada', secretKey))), null)).toBe(true);
  });

  test('is not made where there is no secret to prove it with', async () => {
    await id.gateway.dispose();
    id = await openIdentity();
    const { secretKey } = await ada();
    expect(await errorOf(token('Ada', secretKey))).toBeInstanceOf(UnavailableError);
    expect(await errorOf(withToken('Ada', 'gt_x.y'))).toBeInstanceOf(AuthenticationError);
  });
});

describe('HTTP Basic', () => {
  test('takes name or email and password, in UTF-8, whatever the form of its letters', async () => {
    const { account } = await createAccountAndKey(id.system, { name: 'Zoë', password: 'très très long: é' });
    for (const text of ['Zoë:très très long: é', 'zoe\u0308:tre\u0300s tre\u0300s long: e\u0301']) {
      const viewer = await id.authenticate(basic(text));
      expect(viewer).toMatchObject({ id: account.id, credential: { kind: 'BASIC', id: null, expiresAt: null } });
    }
  });

  test('refuses what is wrong or malformed, and is never anonymous', async () => {
    await ada();
    for (const text of ['Ada:wrong', 'nobody:x', 'Ada:', ':', 'Ada'])
      expect(await errorOf(id.authenticate(basic(text)))).toBeInstanceOf(AuthenticationError);
    for (const authorization of [
      'Basic',
      'Basic !!!',
      'Basic QWRh/w',
      `Basic ${Buffer.from([0xff, 58]).toString('base64')}`,
    ])
      expect(await errorOf(id.authenticate({ authorization }))).toBeInstanceOf(AuthenticationError);
  });

  test('remembers a right pair for a minute, and not beyond any change of the account', async () => {
    const { account } = await ada();
    let checks = 0;
    const { passwordHasher } = await import('#resolvers/platform/sign-in/passwords.ts');
    const hasher = id.system.use(passwordHasher) as { verify: (hash: string, text: string) => Promise<boolean> };
    const verify = hasher.verify;
    hasher.verify = (hash, text) => {
      checks += 1;
      return verify(hash, text);
    };
    try {
      const right = () => id.authenticate(basic(`Ada:${password}`));
      for (let times = 0; times < 3; times += 1) await right();
      expect(checks).toBe(1);
      expect(await errorOf(id.authenticate(basic('Ada:wrong')))).toBeInstanceOf(AuthenticationError);
      expect(checks).toBe(2);
      await right();
      id.clock.advance(minute);
      await right();
      expect(checks).toBe(3);
      const next = await updateAccount(id.system, {
        by: { name: 'Ada' },
        etag: account.etag,
        password: 'another long one',
      });
      expect(await errorOf(right())).toBeInstanceOf(AuthenticationError);
      await id.authenticate(basic('Ada:another long one'));
      await updateAccount(id.system, { by: { name: 'Ada' }, etag: next.account.etag, isActive: false });
      expect(await errorOf(id.authenticate(basic('Ada:another long one')))).toBeInstanceOf(AuthenticationError);
    } finally {
      hasher.verify = verify;
    }
  });

  test('waits for a demanded change of password, and is throttled as every sign-in', async () => {
    await createAccount(id.system, { name: 'new', password, mustChangePassword: true });
    const viewer = await id.authenticate(basic(`new:${password}`));
    expect(viewer.mustChangePassword).toBe(true);
    await changePassword(id.context(viewer), { current: password, password: 'quite another one' });
    for (let tries = 0; tries < 5; tries += 1) await errorOf(id.authenticate(basic('new:wrong')));
    expect(await errorOf(id.authenticate(basic('new:quite another one')))).toBeInstanceOf(ThrottledError);
  });

  test('is no credential where the config turns it off, and no challenge either', async () => {
    await id.gateway.dispose();
    await open({ basic: { enabled: false } });
    await ada();
    expect(await errorOf(id.authenticate(basic(`Ada:${password}`)))).toMatchObject({
      message: 'The credential is of no kind that this gateway accepts.',
    });
    const answer = await id.ask('{ roleNames }', { authorization: 'Bearer gs_x' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse", AuthToken');
  });
});

describe('one’s own profile', () => {
  test('takes another name for people at once, and another email with the password', async () => {
    await ada();
    const { token: session } = await login(id.system, { name: 'Ada', password });
    const ctx = id.context(await id.authenticate({ authorization: `Bearer ${session}` }));
    const etag = async () => (await findAccount(id.system, { name: 'Ada' }))?.etag ?? '';
    await id.told();
    const named = await updateProfile(ctx, { etag: await etag(), realName: 'Ada L.' });
    expect([named.changed, named.profile?.account.realName, await id.told()]).toEqual([
      true,
      'Ada L.',
      ['account.updated'],
    ]);
    expect(await updateProfile(ctx, { etag: await etag(), realName: 'Ada L.', email: 'Ada@x.org' })).toMatchObject({
      changed: false,
    });
    expect(await errorOf(updateProfile(ctx, { etag: 'old', email: 'bad' }))).toMatchObject({
      message: 'Changed since you read it: etag old is not current.',
    });
    expect(await errorOf(updateProfile(ctx, { etag: await etag(), email: 'new@x.org' }))).toMatchObject({
      message: 'Another email needs the current password.',
    });
    expect(
      await errorOf(updateProfile(ctx, { etag: await etag(), email: 'new@x.org', current: 'wrong' })),
    ).toBeInstanceOf(AuthenticationError);
    const mailed = await updateProfile(ctx, { etag: await etag(), email: 'New@x.org', current: password });
    expect(mailed.profile?.account.email).toBe('new@x.org');
    await createAccount(id.system, { name: 'bob', email: 'bob@x.org' });
    expect(
      await errorOf(updateProfile(ctx, { etag: await etag(), email: 'bob@x.org', current: password })),
    ).toMatchObject({ message: 'name or email exists' });
    expect(await errorOf(updateProfile(id.context(await id.authenticate({})), { etag: 'x' }))).toBeInstanceOf(
      AuthenticationError,
    );
    expect((await findProfile(ctx))?.account.name).toBe('Ada');
  });
});
