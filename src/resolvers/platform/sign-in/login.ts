import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, UnavailableError } from '#kernel/errors.ts';
import { line, parse } from '#kernel/input.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { tellEnded, tellStarted } from '#resolvers/platform/sessions/events.ts';
import { type Session, sessionIssuer, sessionStore } from '#resolvers/platform/sessions/session.ts';
import { checkPassword } from '#resolvers/platform/sign-in/check.ts';
import { password } from '#resolvers/platform/sign-in/passwords.ts';

/** The most sessions of one account. */
const mostSessions = 50;

const Login = z.object({
  name: z.string('name must be a text.'),
  password,
  label: line('label', { max: 100 }).nullish(),
  cookie: z
    .boolean('cookie must be true or false.')
    .nullish()
    .transform((cookie) => cookie ?? true),
});
export type LoginInput = z.input<typeof Login>;

export interface LoginAnswer {
  readonly token: string;
  readonly session: Session;
  readonly account: Account;
}

/**
 * Begins a session for a name or email and its password.
 * @throws AuthenticationError, always the same, for an unknown name, a wrong password and an account that may not sign
 * in; ThrottledError after too many of them.
 */
export async function login(ctx: Context, input: LoginInput): Promise<LoginAnswer> {
  const { name, password, label, cookie } = parse(Login, input);
  const issuer = ctx.find(sessionIssuer);
  if (!issuer) throw new UnavailableError('This gateway keeps no sessions. Send another credential with each request.');
  const { account } = await checkPassword(ctx, { name, password, address: ctx.request.address });
  const answer = await ctx.atomically(async (ctx) => {
    const accounts = ctx.use(accountStore);
    // Sign-ins to one account go one by one from here on, so that together they keep within the most.
    await accounts.recordLogin(account.id, new Date(ctx.clock.now()).toISOString());
    const [present] = await accounts.getMany([account.id]);
    if (!present?.isActive) throw new AuthenticationError('Wrong name or password.');
    const { session, token } = await issuer.issue(ctx, account.id, label ?? null);
    const now = new Date(ctx.clock.now()).toISOString();
    tellEnded(ctx, await ctx.use(sessionStore).trim(account.id, mostSessions, now), 'Too many sessions');
    tellStarted(ctx, session);
    return { token, session, account: present };
  });
  if (cookie) issuer.sendCookie(ctx, answer.token, answer.session);
  return answer;
}
