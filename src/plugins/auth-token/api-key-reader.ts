import { networkSet } from '#kernel/addresses.ts';
import type { Clock } from '#kernel/clock.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import type { CredentialReader, Principal } from '#kernel/viewer.ts';
import { type ApiKey, type ApiKeyStore, apiKeyCredential, hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { bearerToken } from '#resolvers/platform/authentication/request.ts';

/** How often the use of a key is written down, in milliseconds. */
const useInterval = 60_000;

/** Reads `Authorization: Bearer gk_…`. */
export function createApiKeyReader(keys: ApiKeyStore, clock: Clock): CredentialReader {
  const whyNot = (key: ApiKey): string | null => {
    if (key.revokedAt !== null) return 'Key revoked';
    return key.expiresAt !== null && Date.parse(key.expiresAt) <= clock.now() ? 'Key expired' : null;
  };
  return {
    name: 'bearer',
    async read(request) {
      const token = bearerToken(request, 'gk_');
      if (token === null) return null;
      // Looking for a hash tells nothing about the key by its time.
      const key = await keys.findByHash(hashSecret(token));
      if (!key) throw new AuthenticationError('The API key is not known.');
      const reason = whyNot(key);
      if (reason !== null) throw new AuthenticationError(`${reason}.`);
      if (key.addresses.length > 0 && !networkSet(key.addresses).contains(request.clientAddress))
        throw new AuthenticationError('The API key is not accepted from this address.');
      await recordUse(keys, key, clock.now());
      return principalOf(key);
    },
    async renew(principal) {
      const [key = null] = await keys.getMany([principal.credential.id ?? '']);
      const reason = key ? whyNot(key) : 'Key revoked';
      return key && reason === null ? { principal: principalOf(key) } : { ended: reason ?? 'Key revoked' };
    },
  };
}

async function recordUse(keys: ApiKeyStore, key: ApiKey, now: number): Promise<void> {
  if (key.lastUsedAt !== null && Date.parse(key.lastUsedAt) > now - useInterval) return;
  await keys.recordUse(key.id, new Date(now).toISOString(), new Date(now - useInterval).toISOString());
}

const principalOf = (key: ApiKey): Principal => ({
  accountId: key.accountId,
  credential: {
    kind: apiKeyCredential,
    id: key.id,
    expiresAt: key.expiresAt === null ? null : Date.parse(key.expiresAt),
  },
  ...(key.permissions && { permissions: key.permissions }),
});
