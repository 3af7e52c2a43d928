import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, UnavailableError } from '#kernel/errors.ts';
import type { CredentialReader, Principal } from '#kernel/viewer.ts';
import { accountOfClaims } from '#plugins/auth-jwt/account.ts';
import type { IssuerRules } from '#plugins/auth-jwt/issuer.ts';
import { bearerToken } from '#resolvers/platform/authentication/request.ts';

/** How long the keys of an issuer count, and how soon an unknown key may make them be asked for again. */
const keySetOptions = { cacheMaxAge: 600_000, cooldownDuration: 30_000, timeoutDuration: 5000 };

const form = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * Reads `Authorization: Bearer` with a JSON Web Token (RFC 7519), checked after RFC 8725: the issuer is one of the
 * config, and its keys, algorithms and audience alone decide.
 * @param skew milliseconds that clocks may differ.
 * @param context of the gateway itself.
 */
export function createJwtReader(
  issuers: readonly IssuerRules[],
  skew: number,
  context: () => Context,
): CredentialReader {
  const known = new Map(
    issuers.map((rules) => [rules.issuer, { rules, keys: createRemoteJWKSet(new URL(rules.jwksUri), keySetOptions) }]),
  );
  return {
    name: 'jwt',
    async read(request) {
      const token = bearerToken(request, '');
      if (token === null || !form.test(token)) return null;
      const issuer = known.get(issuerOf(token));
      if (!issuer) throw new AuthenticationError('The token is of an issuer that this gateway does not know.');
      const ctx = context();
      const claims = await verify(token, issuer, { skew, now: ctx.clock.now() });
      const { rules } = issuer;
      return {
        accountId: await accountOfClaims(ctx, claims, rules),
        credential: { kind: 'JWT', id: null, expiresAt: claims.exp * 1000 + skew },
        roles: rolesOf(claims, rules),
      };
    },
    async renew(principal) {
      const isOver = (principal.credential.expiresAt ?? 0) <= context().clock.now();
      return isOver ? { ended: 'Token expired' } : { principal };
    },
  };
}

/** Read before the signature is checked, only to know whose keys check it. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw new AuthenticationError('The token cannot be read.');
  }
}

type Claims = JWTPayload & { readonly iss: string; readonly sub: string; readonly exp: number };

async function verify(
  token: string,
  { rules, keys }: { readonly rules: IssuerRules; readonly keys: JWTVerifyGetKey },
  { skew, now }: { readonly skew: number; readonly now: number },
): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: rules.issuer,
      audience: rules.audience,
      algorithms: rules.algorithms,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: skew / 1000,
      currentDate: new Date(now),
    });
    if (payload.sub === '') throw new AuthenticationError('The token names nobody.');
    return payload as Claims;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new AuthenticationError('Token expired.');
    if (error instanceof errors.JWKSTimeout || !isOfToken(error))
      throw new UnavailableError('The keys of the issuer cannot be fetched now. Try again.');
    throw error instanceof AuthenticationError ? error : new AuthenticationError('The token is not good.');
  }
}

/** Whether the token is at fault, not the way to the keys. */
const isOfToken = (error: unknown): boolean =>
  error instanceof AuthenticationError ||
  (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC' && error.code !== 'ERR_JWKS_INVALID');

function rolesOf(claims: JWTPayload, { roleClaim, roleMap }: IssuerRules): Principal['roles'] {
  const given = roleClaim === undefined ? [] : [claims[roleClaim]].flat();
  return given.flatMap((value) =>
    typeof value === 'string' && Object.hasOwn(roleMap, value) ? (roleMap[value] ?? []) : [],
  );
}
