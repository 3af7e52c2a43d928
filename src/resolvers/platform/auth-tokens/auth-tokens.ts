import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, UnavailableError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { accountOfToken, authTokens } from '#resolvers/platform/auth-tokens/auth-token.ts';
import { checkSecretKey } from '#resolvers/platform/secret-keys/secret-key.ts';

const AuthTokenCreate = z.object({
  name: z.string('name must be a text.'),
  secretKey: z.string('secretKey must be a text.'),
});

/**
 * Makes a token for a name or email and its secret key.
 * @throws AuthenticationError for a wrong pair, ThrottledError after too many of them.
 */
export async function createAuthToken(
  ctx: Context,
  input: z.input<typeof AuthTokenCreate>,
): Promise<{ token: string; expiresAt: string }> {
  const { name, secretKey } = parse(AuthTokenCreate, input);
  const tokens = ctx.find(authTokens);
  if (!tokens) throw new UnavailableError('This gateway makes no auth tokens. List the plugin auth-token.');
  const account = await checkSecretKey(ctx, { name, secretKey, address: ctx.request.address });
  const { token, expiresAt } = tokens.make(account);
  return { token, expiresAt: new Date(expiresAt).toISOString() };
}

/**
 * Whether a token is good; without one, whether the request came with a credential that is.
 * @throws AuthenticationError where it is not, or there is neither.
 */
export async function verifyAuthToken(ctx: Context, token: string | null): Promise<true> {
  const isGood =
    token === null ? ctx.viewer.id !== null : (await accountOfToken(ctx, token))?.account.isActive === true;
  if (!isGood) throw new AuthenticationError('Invalid/expired auth_token.');
  return true;
}
