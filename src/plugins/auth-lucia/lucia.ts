import { type Adapter, type DatabaseSession, Lucia, TimeSpan } from 'lucia';
import type { Clock } from '#kernel/clock.ts';
import type { SessionConfig } from '#plugins/auth-lucia/config.ts';
import type { NewSession, Session, SessionStore } from '#resolvers/platform/sessions/session.ts';

declare module 'lucia' {
  interface Register {
    Lucia: SessionLucia;
    DatabaseSessionAttributes: { readonly row: Session };
  }
}

type SessionLucia = Lucia<{ readonly row: Session }>;

export interface SessionKeeper {
  /** Begins a session that is found by this hash of its token. */
  begin(session: NewSession): Promise<Session>;
  /** The session of a token's hash, extended when that is due. Tells an expired session from one that is not there. */
  validate(tokenHash: string): Promise<{ session: Session; extended: boolean } | 'EXPIRED' | 'UNKNOWN'>;
}

/**
 * lucia over the sessions of the platform. Made for one call, so that it can work in the caller's unit of work.
 *
 * lucia says when a session is good and when it is to be extended; how far, the adapter decides, because lucia knows no
 * absolute end. lucia's sessions are known by the hash of their token, its clock is the system's, and it extends in the
 * second half of its own span: so it is shown instants moved to the system's clock and a span whose half is reached
 * when the last extension is `refresh` ago.
 */
export function keepSessions(store: SessionStore, clock: Clock, config: SessionConfig): SessionKeeper {
  const onSystemClock = (instant: string) => new Date(Date.parse(instant) + Date.now() - clock.now());
  let seen: Session | null = null;
  let extended: Session | null = null;

  const adapter: Adapter = {
    async getSessionAndUser(tokenHash) {
      seen = await store.findByHash(tokenHash);
      if (!seen) return [null, null];
      const row: DatabaseSession = {
        id: tokenHash,
        userId: seen.accountId,
        expiresAt: onSystemClock(seen.expiresAt),
        attributes: { row: seen },
      };
      // Whether the account is good is for the platform to say, for every kind of credential alike.
      return [row, { id: seen.accountId, attributes: {} }];
    },
    async updateSessionExpiration() {
      if (seen && seen.expiresAt < seen.endsAt)
        extended = await store.extend(seen.id, seen.extendedAt, extension(seen, clock.now(), config));
    },
    async setSession({ id, attributes }) {
      await store.insert({ ...attributes.row, tokenHash: id });
    },
    // Expired sessions stay until their owner signs in again, so that his client hears why it was refused.
    async deleteSession() {},
    getUserSessions: async () => [],
    async deleteUserSessions() {},
    async deleteExpiredSessions() {},
  };
  const lucia: SessionLucia = new Lucia(adapter, {
    sessionExpiresIn: new TimeSpan(2 * (config.life - config.refresh), 'ms'),
    getSessionAttributes: ({ row }) => ({ row }),
  });

  return {
    async begin({ tokenHash, ...row }) {
      await lucia.createSession(row.accountId, { row }, { sessionId: tokenHash });
      return row;
    },
    async validate(tokenHash) {
      const { session } = await lucia.validateSession(tokenHash);
      if (!session) return seen ? 'EXPIRED' : 'UNKNOWN';
      return { session: extended ?? session.row, extended: session.fresh && extended !== null };
    },
  };
}

/** When a session ends after an extension now: a life later, never past its absolute end. */
export function extension(
  session: Pick<Session, 'endsAt'>,
  now: number,
  { life }: Pick<SessionConfig, 'life'>,
): Pick<Session, 'extendedAt' | 'expiresAt'> {
  const expiresAt = Math.min(now + life, Date.parse(session.endsAt));
  return { extendedAt: new Date(now).toISOString(), expiresAt: new Date(expiresAt).toISOString() };
}
