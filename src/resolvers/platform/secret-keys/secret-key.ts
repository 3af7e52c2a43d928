import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { signInName } from '#resolvers/platform/sign-in/check.ts';
import { type Attempt, countFailedAttempt, requireUnthrottled } from '#resolvers/platform/sign-in/throttle.ts';

/** A new secret key: 32 random bytes in URL-safe base64, 44 characters. */
export const makeSecretKey = (): string => `${randomBytes(32).toString('base64url')}=`;

export const secretKeyForm = /^[\w-]{43}=$/;

/** Compared with where there is no key, so that the same is done. */
const dummy = hashSecret(makeSecretKey());

/**
 * The account of a name or email, when this is its secret key.
 * @throws AuthenticationError, the same for an unknown name and a wrong key; only who has the right key hears that the
 * account is inactive. ThrottledError after too many failures, also for the right key.
 */
export async function checkSecretKey(
  ctx: Context,
  given: { readonly name: string; readonly secretKey: string; readonly address: string | null },
): Promise<Account> {
  const name = signInName(given.name);
  const found = await ctx.use(accountStore).findForSignIn(name);
  const attempt: Attempt = { name, address: given.address, accountId: found?.account.id ?? null };
  await requireUnthrottled(ctx, attempt);
  const isRight = sameText(hashSecret(given.secretKey), found?.secretKeyHash ?? dummy);
  if (!found?.secretKeyHash || !isRight) {
    await countFailedAttempt(ctx, attempt);
    throw new AuthenticationError('Invalid email/secret_key');
  }
  if (!found.account.isActive) throw new AuthenticationError('User account is disabled.');
  return found.account;
}

const sameText = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
