import type { JWTPayload } from 'jose';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { IssuerRules } from '#plugins/auth-jwt/issuer.ts';
import { vouchedAccount } from '#resolvers/platform/accounts/vouched.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';

/**
 * Row id of the account that checked claims mean: the one that the issuer's subject was linked to, else the one with the
 * email of the claim, which is linked then. So who changes his email at the issuer stays who he is.
 * @throws AuthenticationError when there is none and none is made.
 */
export async function accountOfClaims(
  ctx: Context,
  claims: JWTPayload & { readonly sub: string },
  rules: IssuerRules,
): Promise<string> {
  const identities = ctx.use(externalIdentityStore);
  const linked = await identities.find(rules.issuer, claims.sub);
  if (linked !== null) return linked;
  const email = claims[rules.accountClaim];
  if (typeof email !== 'string') throw new AuthenticationError(`The token has no claim ${rules.accountClaim}.`);
  // Anybody can claim an address at an issuer that does not ask for proof of it.
  if (rules.accountClaim === 'email' && claims.email_verified === false)
    throw new AuthenticationError('The issuer has not verified the email of the token.');
  const account = await vouchedAccount(ctx, email, rules);
  const identity = { issuer: rules.issuer, subject: claims.sub, accountId: account.id };
  if (await identities.link({ ...identity, createdAt: new Date(ctx.clock.now()).toISOString() })) return account.id;
  return (await identities.find(rules.issuer, claims.sub)) ?? account.id;
}
