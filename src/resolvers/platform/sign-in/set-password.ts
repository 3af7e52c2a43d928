import type { Context } from '#kernel/context.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { passwordChanged, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';

/**
 * Gives a locked account the password that its owner chose, so that none is demanded of him any more. Tokens for a
 * password are worth nothing then. Its sessions are for the caller to end.
 */
export async function setPassword(ctx: Context, before: Account, passwordHash: string): Promise<void> {
  const updatedAt = new Date(ctx.clock.now()).toISOString();
  const change = { passwordHash, mustChangePassword: false, etag: newEtag(), updatedAt };
  const account = await ctx.use(accountStore).update(before.id, before.etag, change);
  if (typeof account === 'string') throw new Error(`A locked account could not be changed: ${account}.`);
  await ctx.use(resetStore).revoke(before.id, updatedAt);
  tellAccount(ctx, passwordChanged, before, account, ['password']);
}
