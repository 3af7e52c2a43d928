import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { anonymousViewer } from '#kernel/viewer.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { signInRules } from '#resolvers/platform/rules.ts';
import { endAllSessions } from '#resolvers/platform/sessions/end.ts';
import { newPassword, passwordHasher, requireUnlikeOwner } from '#resolvers/platform/sign-in/passwords.ts';
import { setPassword } from '#resolvers/platform/sign-in/set-password.ts';

const PasswordReset = (passwordMinLength: number) =>
  z.object({ token: z.string('token must be a text.'), password: newPassword(passwordMinLength) });

const refused = () => new AuthenticationError('The token is not good, or was used already. Ask for another one.');

/**
 * Gives the account of a mailed token a new password and ends all that is signed in to it. A token serves once; a
 * password that is refused leaves it good.
 * @throws AuthenticationError for a token that is unknown, used, expired or replaced by another one.
 */
export async function resetPassword(
  ctx: Context,
  input: z.input<ReturnType<typeof PasswordReset>>,
): Promise<{ sessionsEnded: number }> {
  const { token, password } = parse(PasswordReset(ctx.use(signInRules).passwordMinLength), input);
  const tokenHash = hashSecret(token);
  const now = () => new Date(ctx.clock.now()).toISOString();
  const found = await ctx.use(resetStore).findByHash(tokenHash);
  if (!found || found.usedAt !== null || found.expiresAt <= now()) throw refused();
  const passwordHash = await ctx.use(passwordHasher).hash(password);
  // Whoever asks acts by the token alone: for all that is open it is a stranger who changes the password.
  return ctx.as(anonymousViewer()).atomically(async (ctx) => {
    const locked = await ctx.use(accountStore).lock(found.accountId);
    const account = locked?.account;
    const isFirst = found.purpose === 'FIRST';
    if (!account?.isActive || account.kind !== 'HUMAN' || (isFirst && locked?.passwordHash != null)) throw refused();
    if ((await ctx.use(resetStore).consume(tokenHash, found.purpose, now())) === null) throw refused();
    requireUnlikeOwner(password, account);
    await setPassword(ctx, account, passwordHash);
    const ended = await endAllSessions(ctx, account.id, 'Password reset');
    return { sessionsEnded: ended.length };
  });
}
