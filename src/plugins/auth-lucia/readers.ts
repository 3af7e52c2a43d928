import type { Clock } from '#kernel/clock.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { CredentialReader, CredentialRequest, Principal } from '#kernel/viewer.ts';
import type { SessionConfig } from '#plugins/auth-lucia/config.ts';
import { blankCookie, readCookie, sessionCookie } from '#plugins/auth-lucia/cookie.ts';
import { expiryHeader } from '#plugins/auth-lucia/issuer.ts';
import { keepSessions } from '#plugins/auth-lucia/lucia.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { bearerToken } from '#resolvers/platform/authentication/request.ts';
import { type Session, type SessionStore, sessionCredential } from '#resolvers/platform/sessions/session.ts';

const tokenForm = /^gs_[\w-]{43}$/;

/** The readers of session tokens: in an Authorization header, and in the cookie. */
export function createSessionReaders(
  store: SessionStore,
  clock: Clock,
  config: SessionConfig,
): readonly CredentialReader[] {
  const read = async (request: CredentialRequest, token: string) => {
    const found = tokenForm.test(token)
      ? await keepSessions(store, clock, config).validate(hashSecret(token))
      : 'UNKNOWN';
    if (found === 'UNKNOWN') throw new AuthenticationError('Session ended. Sign in again.');
    if (found === 'EXPIRED') throw new AuthenticationError('Session expired. Sign in again.');
    if (found.extended) request.responseHeaders?.set(expiryHeader, found.session.expiresAt);
    return found;
  };
  const renew: CredentialReader['renew'] = async ({ credential }) => {
    const [session = null] = await store.getMany([credential.id ?? '']);
    if (!session) return { ended: 'Session ended' };
    return Date.parse(session.expiresAt) <= clock.now()
      ? { ended: 'Session expired' }
      : { principal: principalOf(session) };
  };

  const bearer: CredentialReader = {
    name: 'bearer',
    async read(request) {
      const token = bearerToken(request, 'gs_');
      return token === null ? null : principalOf((await read(request, token)).session);
    },
    renew,
  };

  const cookie: CredentialReader = {
    name: 'cookie',
    async read(request) {
      const token = readCookie(request.header('cookie'), config.cookie);
      if (token === null || token === '') return null;
      const secure = request.secure ?? false;
      try {
        const { session, extended } = await read(request, token);
        if (extended)
          request.responseHeaders?.append('set-cookie', sessionCookie(config.cookie, token, session.expiresAt, secure));
        return principalOf(session);
      } catch (error) {
        // No script can remove the cookie: without this a browser could not even sign in again.
        if (error instanceof AuthenticationError)
          request.responseHeaders?.append('set-cookie', blankCookie(config.cookie, secure));
        throw error;
      }
    },
    renew,
  };
  return [bearer, cookie];
}

const principalOf = (session: Session): Principal => ({
  accountId: session.accountId,
  credential: { kind: sessionCredential, id: session.id, expiresAt: Date.parse(session.expiresAt) },
  byPassword: true,
});
