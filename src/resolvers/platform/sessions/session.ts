import type { Context } from '#kernel/context.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';

/** That somebody signed in and is not gone yet. Instants are ISO 8601 in UTC with milliseconds. */
export interface Session {
  readonly id: string;
  readonly accountId: string;
  /** What its owner calls it. */
  readonly label: string | null;
  readonly userAgent: string | null;
  readonly address: string | null;
  readonly createdAt: string;
  /** When its end was last put off. */
  readonly extendedAt: string;
  readonly expiresAt: string;
  /** The instant beyond which it is never extended. */
  readonly endsAt: string;
}

export type NewSession = Session & {
  /** SHA-256 of its token, in base64url. The token itself is kept nowhere. */
  readonly tokenHash: string;
};

/** What the platform asks of the storage of sessions. */
export interface SessionStore {
  getMany(ids: readonly string[]): Promise<(Session | null)[]>;
  findByHash(tokenHash: string): Promise<Session | null>;
  /** Those of one account that have not expired at the instant, newest first. Positions are the id. */
  page(accountId: string, now: string, request: PageRequest): Promise<Page<Session>>;
  insert(session: NewSession): Promise<Session>;
  /**
   * Moves the end of a session forward, never back. Of racing callers with the same `extendedAt` the first one wins.
   * Answers the session as it is then; null when it is gone.
   */
  extend(id: string, extendedAt: string, next: Pick<Session, 'extendedAt' | 'expiresAt'>): Promise<Session | null>;
  /** Ends those that are there, and answers them. */
  end(ids: readonly string[]): Promise<Session[]>;
  /** Ends all of an account but one, and answers them. */
  endAll(accountId: string, except: string | null): Promise<Session[]>;
  /** Ends what exceeds `keep` of an account, the oldest first, and forgets its expired ones. Answers what it ended. */
  trim(accountId: string, keep: number, now: string): Promise<Session[]>;
  /** Forgets sessions that expired before the instant; at most `limit`. Answers how many. */
  forget(before: string, limit: number): Promise<number>;
}

export const sessionStore = definePort<SessionStore>('platform.sessions');

/** Begins sessions, and knows how they travel. A plugin that takes its place also reads their tokens. */
export interface SessionIssuer {
  /** Begins a session of an account in the caller's unit of work. The token is shown this once. */
  issue(ctx: Context, accountId: string, label: string | null): Promise<{ session: Session; token: string }>;
  /** Puts the cookie of a session in the answer. */
  sendCookie(ctx: Context, token: string, session: Session): void;
  /** Makes the client forget the cookie. */
  clearCookie(ctx: Context): void;
}

export const sessionIssuer = definePort<SessionIssuer>('platform.sessionIssuer');

/** The kind of credential that a session is. */
export const sessionCredential = 'SESSION';
