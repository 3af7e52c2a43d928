import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { background } from '#kernel/background.ts';
import { AuthenticationError, InputError } from '#kernel/errors.ts';
import { createLogger } from '#kernel/log.ts';
import type { BackgroundWork } from '#plugins/background.ts';
import { mailNone } from '#plugins/mail-none.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { requestPasswordReset } from '#resolvers/platform/password-resets/request.ts';
import { resetPassword } from '#resolvers/platform/password-resets/use.ts';
import { changePassword } from '#resolvers/platform/sign-in/change-password.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';
import { letterBox } from '../../support/post.ts';

const password = 'tall grass and rain';
const next = 'world-of-words';
const hour = 3_600_000;

let id: Identity;
let post: ReturnType<typeof letterBox>;
beforeEach(async () => {
  post = letterBox();
  id = await openIdentity({}, [storageMemory, post.plugin]);
});
afterEach(() => id.gateway.dispose());

const settled = () => (id.system.use(background) as BackgroundWork).settled();
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const anonymous = async () => id.context(await id.authenticate({}));
const ask = async (email: string) => {
  expect(await requestPasswordReset(await anonymous(), { email })).toEqual({ requested: true });
  await settled();
};
const reset = async (token: string, text = next) => resetPassword(await anonymous(), { token, password: text });
const signIn = async (text: string) => login(await anonymous(), { name: 'Ada', password: text });
const refusal = { message: 'The token is not good, or was used already. Ask for another one.' };
const make = (over: Partial<Parameters<typeof createAccount>[1]> = {}): Promise<Account> =>
  createAccount(id.system, { name: 'Ada', email: 'ada@x.org', password, ...over });

describe('a first password', () => {
  test('is chosen with the token that is mailed when an account is made without one', async () => {
    await make({ password: null });
    await settled();
    expect(post.mails).toMatchObject([{ to: 'ada@x.org', subject: 'Choose a password' }]);
    expect(await errorOf(signIn(next))).toBeInstanceOf(AuthenticationError);
    const token = post.token();
    expect(token).toMatch(/^gr_[\w-]{43}$/);
    expect(await errorOf(id.authenticate({ authorization: `Bearer ${token}` }))).toBeInstanceOf(AuthenticationError);
    expect(await reset(token)).toEqual({ sessionsEnded: 0 });
    const { token: session } = await signIn(next);
    expect(await errorOf(reset(token))).toMatchObject(refusal);
    expect(await errorOf(reset(session))).toMatchObject(refusal);
    const events = await id.tellings();
    expect(events.map(({ name }) => name)).toEqual([
      'platform.account.created',
      'platform.password.changed',
      'platform.session.started',
    ]);
    for (const secret of [token, session, next]) expect(JSON.stringify(events)).not.toContain(secret);
  });

  test('is not chosen once somebody gave the account another', async () => {
    const account = await make({ password: null });
    await settled();
    await updateAccount(id.system, { by: { name: 'Ada' }, etag: account.etag, password });
    expect(await errorOf(reset(post.token()))).toMatchObject(refusal);
    expect((await signIn(password)).account.id).toBe(account.id);
  });

  test('is mailed to nobody who needs none', async () => {
    await make();
    await createAccount(id.system, { name: 'no-mail' });
    await createAccount(id.system, { name: 'bot', kind: 'SERVICE', email: 'bot@x.org' });
    await createAccount(id.system, { name: 'off', email: 'off@x.org', isActive: false });
    await settled();
    expect(post.mails).toEqual([]);
  });
});

describe('a password that was forgotten', () => {
  test('is replaced once, ends every session, and leaves the rest of the account', async () => {
    await make({ permissions: ['role:read'], mustChangePassword: true });
    const sessions = [await signIn(password), await signIn(password)];
    await ask('ADA@x.org');
    expect(post.mails).toMatchObject([{ to: 'ada@x.org', subject: 'Choose a new password' }]);
    await id.told();
    const tries = await Promise.allSettled(Array.from({ length: 4 }, () => reset(post.token())));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toEqual([
      { status: 'fulfilled', value: { sessionsEnded: 2 } },
    ]);
    expect(await id.told()).toEqual(['password.changed', 'session.ended', 'session.ended']);
    for (const { token } of sessions)
      expect(await errorOf(id.authenticate({ authorization: `Bearer ${token}` }))).toBeInstanceOf(AuthenticationError);
    expect(await errorOf(signIn(password))).toBeInstanceOf(AuthenticationError);
    expect((await signIn(next)).account).toMatchObject({ permissions: ['role:read'], mustChangePassword: false });
  });

  test('keeps its token when the new one is refused', async () => {
    await make();
    await ask('ada@x.org');
    expect(await errorOf(reset(post.token(), 'short'))).toBeInstanceOf(InputError);
    await updateAccount(id.system, {
      by: { name: 'Ada' },
      etag: (await findAccount(id.system, { name: 'Ada' }))?.etag ?? '',
      name: 'a-long-enough-name',
    });
    expect(await errorOf(reset(post.token(), 'A-Long-Enough-Name'))).toBeInstanceOf(InputError);
    expect(await reset(post.token())).toEqual({ sessionsEnded: 0 });
  });

  test('waits eight hours for its token, and the last one counts alone', async () => {
    await make();
    await ask('ada@x.org');
    const first = post.token();
    id.clock.advance(2 * hour);
    await ask('ada@x.org');
    expect(await errorOf(reset(first))).toMatchObject(refusal);
    id.clock.advance(8 * hour);
    expect(await errorOf(reset(post.token()))).toMatchObject(refusal);
    expect(await errorOf(reset('gr_none'))).toMatchObject(refusal);
    expect(await errorOf(reset(''))).toMatchObject(refusal);
  });

  test('is mailed three times within an hour', async () => {
    await make();
    for (let times = 0; times < 5; times += 1) await ask('ada@x.org');
    expect(post.mails).toHaveLength(3);
    id.clock.advance(hour);
    await ask('ada@x.org');
    expect(post.mails).toHaveLength(4);
  });

  test('is asked for with one answer, before anything is looked up', async () => {
    await make();
    await make({ name: 'off', email: 'off@x.org', isActive: false });
    const ctx = await anonymous();
    let looks = 0;
    const watched = {
      ...ctx,
      use: (port: never) => {
        if ((port as { name: string }).name === accountStore.name) looks += 1;
        return ctx.use(port);
      },
    } as unknown as typeof ctx;
    for (const email of ['ada@x.org', 'nobody@x.org', 'off@x.org']) {
      const looked = looks;
      const answer = requestPasswordReset(watched, { email });
      expect(await answer).toEqual({ requested: true });
      await settled();
      expect(looks).toBe(looked + 1);
    }
    expect(post.mails.map(({ to }) => to)).toEqual(['ada@x.org']);
    expect(await errorOf(requestPasswordReset(ctx, { email: 'no mail' }))).toBeInstanceOf(InputError);
  });

  test.each([
    [
      'the password was changed',
      async (account: Account) => {
        const { token } = await signIn(password);
        const own = id.context(await id.authenticate({ authorization: `Bearer ${token}` }));
        await changePassword(own, { current: password, password: `${account.name} has another` });
      },
    ],
    [
      'the email was changed',
      (account: Account) =>
        updateAccount(id.system, { by: { id: account.id }, etag: account.etag, email: 'new@x.org' }),
    ],
    [
      'the account was deactivated',
      (account: Account) => updateAccount(id.system, { by: { id: account.id }, etag: account.etag, isActive: false }),
    ],
  ])('has no token any more once %s', async (_, change) => {
    const account = await make();
    await ask('ada@x.org');
    await change(account);
    expect(await errorOf(reset(post.token()))).toMatchObject(refusal);
  });
});

test('a gateway that sends no mail says so once, and makes no token', async () => {
  await id.gateway.dispose();
  const lines: string[] = [];
  const log = createLogger('silent');
  log.warn = ((...parts: unknown[]) => void lines.push(String(parts.at(-1)))) as typeof log.warn;
  log.child = (() => log) as unknown as typeof log.child;
  id = await openIdentity({}, [storageMemory, mailNone], () => true, log);
  await make({ password: null });
  await ask('ada@x.org');
  await ask('nobody@x.org');
  expect(lines.filter((line) => line.includes('mail'))).toEqual([
    'Nobody is sent a token for a password: this gateway sends no mail. List the plugin mail-smtp.',
  ]);
});
