import { definePort } from '#kernel/port.ts';

/** RESET: in place of a password that was forgotten. FIRST: for an account that never had one. */
export type ResetPurpose = 'RESET' | 'FIRST';

/** A token by which an account may get a password without the old one. Instants are ISO 8601 in UTC with milliseconds. */
export interface PasswordReset {
  readonly accountId: string;
  readonly purpose: ResetPurpose;
  readonly expiresAt: string;
  /** From then on it is worth nothing. */
  readonly usedAt: string | null;
}

export type NewReset = Omit<PasswordReset, 'usedAt'> & {
  /** SHA-256 of the token, in base64url. The token itself is kept nowhere. */
  readonly tokenHash: string;
  readonly mailedAt: string;
};

/** What the platform asks of the storage of password resets. */
export interface ResetStore {
  /**
   * Makes this the one token of its account, and remembers its mail. False, and all as it was, when `most` mails to the
   * account left after `since`: of racing callers no more than that many succeed.
   */
  issue(reset: NewReset, limit: { readonly since: string; readonly most: number }): Promise<boolean>;
  findByHash(tokenHash: string): Promise<PasswordReset | null>;
  /**
   * Uses up a token of this purpose that has not expired. Of any number of callers exactly one is answered with the row
   * id of its account; null for the others.
   */
  consume(tokenHash: string, purpose: ResetPurpose, now: string): Promise<string | null>;
  /** The token of the account, if any, is worth nothing any more. Its mails stay remembered. */
  revoke(accountId: string, at: string): Promise<void>;
  /** Forgets all about an account. */
  forget(accountId: string): Promise<void>;
}

export const resetStore = definePort<ResetStore>('platform.resets');
