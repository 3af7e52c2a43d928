import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { signInRules } from '#resolvers/platform/rules.ts';
import { currentSession, endAllSessions } from '#resolvers/platform/sessions/end.ts';
import { checkPassword } from '#resolvers/platform/sign-in/check.ts';
import { newPassword, password, passwordHasher, requireUnlikeOwner } from '#resolvers/platform/sign-in/passwords.ts';
import { setPassword } from '#resolvers/platform/sign-in/set-password.ts';

const passwordChange = (minLength: number) => z.object({ current: password, password: newPassword(minLength) });
export type PasswordChangeInput = z.input<ReturnType<typeof passwordChange>>;

/**
 * Gives one's own account a new password and ends all its other sessions. What demanded the change is satisfied.
 * @throws AuthenticationError when `current` is not the password; wrong ones count as failed sign-ins.
 */
export async function changePassword(ctx: Context, input: PasswordChangeInput): Promise<{ sessionsEnded: number }> {
  // The one thing that an account may do while a change is demanded.
  if (ctx.viewer.id === null) throw new AuthenticationError('Sign in: this concerns your own account.');
  const given = parse(passwordChange(ctx.use(signInRules).passwordMinLength), input);
  const [own] = await ctx.use(accountStore).getMany([ctx.viewer.id]);
  if (own?.kind !== 'HUMAN') throw new ForbiddenError('A SERVICE account has no password.');
  requireUnlikeOwner(given.password, own);
  if (given.password === given.current && own.mustChangePassword)
    throw new ForbiddenError('The new password must be another one.', ['password']);
  await checkPassword(ctx, { name: own.name, password: given.current, address: ctx.request.address });
  const passwordHash = await ctx.use(passwordHasher).hash(given.password);
  return ctx.atomically(async (ctx) => {
    const locked = await ctx.use(accountStore).lock(own.id);
    if (!locked?.account.isActive) throw new AuthenticationError('Account deactivated');
    await setPassword(ctx, locked.account, passwordHash);
    const ended = await endAllSessions(ctx, own.id, 'Password changed', currentSession(ctx));
    return { sessionsEnded: ended.length };
  });
}
