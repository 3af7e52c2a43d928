import { ConflictError, ThrottledError, UnavailableError } from '#kernel/errors.ts';
import { secretKeyRotated } from '#resolvers/platform/accounts/events.ts';
import { createAuthToken, verifyAuthToken } from '#resolvers/platform/auth-tokens/auth-tokens.ts';
import { rotateSecretKey } from '#resolvers/platform/secret-keys/rotate.ts';
import type { Builder } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';

/** Secret keys, and the short-lived tokens that they are exchanged for. */
export function secretKeys(builder: Builder): void {
  builder.queryField('authTokenVerify', (t) =>
    t.boolean({
      description:
        'True for a good auth token; without one, for a request that came with a good credential. Else UNAUTHENTICATED. Anonymous may ask.',
      args: { token: t.arg.string({ description: 'The token; the credential of the request unless said.' }) },
      extensions: { personal: true },
      resolve: (_, { token }, ctx) => verifyAuthToken(ctx, token ?? null),
    }),
  );
  mutation(builder, 'secretKeyRotate', {
    description:
      'Gives one’s own account a new secret key, or with account:update a SERVICE account. Auth tokens made with the one before are dead at once.',
    emits: [secretKeyRotated],
    errors: [ConflictError],
    input: (t) => ({ account: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }) }),
    resolve: (ctx, input) => rotateSecretKey(ctx, input as never),
    success: (t) => ({
      secretKey: t.exposeString('secretKey', { description: 'The key itself. It is shown this once.' }),
      account: t.expose('account', {
        type: 'Account',
        nullable: true,
        description: 'Whose it is; null for a viewer who may not read it.',
      }),
    }),
  });
  mutation(builder, 'authTokenCreate', {
    description: 'Makes a short-lived token for a name or an email and its secret key. Anonymous may ask.',
    errors: [ThrottledError, UnavailableError],
    input: (t) => ({
      name: t.string({ required: true, description: 'Name or email, exactly, without regard to case.' }),
      secretKey: t.string({ required: true, description: 'The secret key.' }),
    }),
    resolve: (ctx, input) => createAuthToken(ctx, input),
    success: (t) => ({
      token: t.exposeString('token', { description: 'For `Authorization: AuthToken <name>:<token>`.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends.' }),
    }),
  });
}
