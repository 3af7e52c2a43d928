import { randomBytes } from 'node:crypto';
import { newId } from '#kernel/id.ts';
import type { SessionConfig } from '#plugins/auth-lucia/config.ts';
import { blankCookie, sessionCookie } from '#plugins/auth-lucia/cookie.ts';
import { extension, keepSessions } from '#plugins/auth-lucia/lucia.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { type SessionIssuer, sessionStore } from '#resolvers/platform/sessions/session.ts';

/** Tells clients until when their session is good, whenever that changes. */
export const expiryHeader = 'x-session-expires-at';

/** Begins sessions with a token of 32 random bytes, of which only a hash is kept. */
export function createSessionIssuer(config: SessionConfig): SessionIssuer {
  return {
    async issue(ctx, accountId, label) {
      const token = `gs_${randomBytes(32).toString('base64url')}`;
      const now = ctx.clock.now();
      const endsAt = new Date(now + config.absolute).toISOString();
      const session = await keepSessions(ctx.use(sessionStore), ctx.clock, config).begin({
        id: newId(),
        accountId,
        tokenHash: hashSecret(token),
        label,
        userAgent: ctx.request.userAgent,
        address: ctx.request.address,
        createdAt: new Date(now).toISOString(),
        ...extension({ endsAt }, now, config),
        endsAt,
      });
      return { session, token };
    },
    sendCookie(ctx, token, session) {
      const { headers } = ctx.response;
      headers.append('set-cookie', sessionCookie(config.cookie, token, session.expiresAt, ctx.request.secure));
      headers.set(expiryHeader, session.expiresAt);
    },
    clearCookie(ctx) {
      ctx.response.headers.append('set-cookie', blankCookie(config.cookie, ctx.request.secure));
    },
  };
}
