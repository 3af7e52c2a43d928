import { z } from 'zod';
import type { Clock } from '#kernel/clock.ts';
import { UnavailableError } from '#kernel/errors.ts';
import type { SecretBox } from '#kernel/secret-box.ts';
import type { AuthTokens } from '#resolvers/platform/auth-tokens/auth-token.ts';

/** What the code over a token is for. */
const purpose = 'platform.authToken';

const form = /^gt_([\w-]{1,300})\.([\w-]{43})$/;
const Payload = z.tuple([z.uuid(), z.int().min(0), z.int().min(0)]);

/**
 * Tokens are `gt_<payload>.<code>`: account, version of its secret key and the instant of making as a JSON list, and the
 * code of the gateway's secret over that, each in base64url.
 * @param life milliseconds.
 */
export function createAuthTokens(box: SecretBox | null, clock: Clock, life: number): AuthTokens {
  return {
    make({ id, keyVersion }) {
      if (!box)
        throw new UnavailableError('This gateway has no secret to make tokens with. List the plugin secret-box.');
      const now = clock.now();
      const payload = Buffer.from(JSON.stringify([id, keyVersion, now])).toString('base64url');
      return { token: `gt_${payload}.${box.sign(payload, purpose)}`, expiresAt: now + life };
    },
    read(token) {
      const [, payload = '', code = ''] = form.exec(token) ?? [];
      if (!box?.isSigned(payload, code, purpose)) return null;
      const [accountId, keyVersion, issuedAt] = Payload.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      return clock.now() < issuedAt + life ? { accountId, keyVersion, expiresAt: issuedAt + life } : null;
    },
  };
}
