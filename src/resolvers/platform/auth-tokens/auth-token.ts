import type { Context } from '#kernel/context.ts';
import { definePort } from '#kernel/port.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';

/** What a token says of itself. */
export interface AuthTokenClaims {
  readonly accountId: string;
  /** Of the secret key that it was made with. */
  readonly keyVersion: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Makes and reads short-lived tokens. They are kept nowhere: a code over what they say proves them. */
export interface AuthTokens {
  /** @throws UnavailableError while there is no key to prove tokens with. */
  make(account: Pick<Account, 'id' | 'keyVersion'>): { readonly token: string; readonly expiresAt: number };
  /** What a token says that was made here and has not expired; null for any other text. */
  read(token: string): AuthTokenClaims | null;
}

export const authTokens = definePort<AuthTokens>('platform.authTokens');

/** The kind of credential that an auth token is. */
export const authTokenCredential = 'AUTH_TOKEN';

/** The account of a token, while it is there and has the secret key that the token was made with. */
export async function accountOfToken(
  ctx: Context,
  token: string,
): Promise<{ readonly account: Account; readonly claims: AuthTokenClaims } | null> {
  const claims = ctx.find(authTokens)?.read(token);
  if (!claims) return null;
  const [account] = await ctx.use(accountStore).getMany([claims.accountId]);
  return account?.keyVersion === claims.keyVersion ? { account, claims } : null;
}
