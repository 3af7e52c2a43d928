import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { CredentialReader, Principal } from '#kernel/viewer.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { accountOfToken, authTokenCredential } from '#resolvers/platform/auth-tokens/auth-token.ts';
import { schemeValue } from '#resolvers/platform/authentication/request.ts';
import { checkSecretKey, secretKeyForm } from '#resolvers/platform/secret-keys/secret-key.ts';
import { signInName } from '#resolvers/platform/sign-in/check.ts';

interface KeyedPrincipal extends Principal {
  /** Of the secret key behind it: with another one it is none any more. */
  readonly keyVersion: number;
}

const refused = () => new AuthenticationError('Invalid/expired auth_token.');

/**
 * Reads `Authorization: AuthToken <name or email>:<auth token>`.
 * @param context of the gateway itself.
 * @param acceptSecretKey whether a secret key may stand in the place of the token.
 */
export function createAuthTokenReader(context: () => Context, acceptSecretKey: boolean): CredentialReader {
  return {
    name: 'authToken',
    challenge: 'AuthToken',
    async read(request) {
      const value = schemeValue(request, 'authtoken');
      if (value === null) return null;
      const colon = value.indexOf(':');
      if (colon < 1) throw new AuthenticationError('Send the name and the token: AuthToken name:token.');
      const name = value.slice(0, colon);
      const secret = value.slice(colon + 1);
      const ctx = context();
      if (secretKeyForm.test(secret)) {
        if (!acceptSecretKey)
          throw new AuthenticationError(
            'A secret key is no auth token. Make one of it: authTokenCreate, or POST /api/authenticate/.',
          );
        const account = await checkSecretKey(ctx, { name, secretKey: secret, address: request.clientAddress });
        return principalOf(account, 'SECRET_KEY', null);
      }
      const found = await accountOfToken(ctx, secret);
      if (!found || !isNamed(found.account, signInName(name))) throw refused();
      return principalOf(found.account, authTokenCredential, found.claims.expiresAt);
    },
    async renew(principal) {
      const { accountId, credential, keyVersion } = principal as KeyedPrincipal;
      const ctx = context();
      const [account] = await ctx.use(accountStore).getMany([accountId]);
      if (account && account.keyVersion !== keyVersion) return { ended: 'Secret key rotated' };
      const isOver = credential.expiresAt !== null && credential.expiresAt <= ctx.clock.now();
      return isOver ? { ended: 'Token expired' } : { principal };
    },
  };
}

const isNamed = (account: Account, name: string): boolean =>
  signInName(account.name) === name || account.email === name;

const principalOf = ({ id, keyVersion }: Account, kind: string, expiresAt: number | null): KeyedPrincipal => ({
  accountId: id,
  credential: { kind, id: null, expiresAt },
  keyVersion,
});
