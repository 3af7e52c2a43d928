import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type { NewReset, PasswordReset, ResetPurpose, ResetStore } from '#resolvers/platform/password-resets/reset.ts';

interface Row extends PasswordReset {
  readonly tokenHash: string;
  readonly mailedAt: readonly string[];
}

/** By account. */
const resetTable = defineTable<Row>('password_reset');
/** Accounts by the hash of the token. */
const hashTable = defineTable<string>('password_reset_hash');

export class MemoryResets implements ResetStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  issue({ mailedAt, ...reset }: NewReset, { since, most }: { readonly since: string; readonly most: number }) {
    return this.#session.run((tables) => {
      const before = tables(resetTable).get(reset.accountId);
      const recent = (before?.mailedAt ?? []).filter((at) => at > since);
      if (recent.length >= most) return false;
      if (before) tables(hashTable).delete(before.tokenHash);
      tables(hashTable).set(reset.tokenHash, reset.accountId);
      tables(resetTable).set(reset.accountId, { ...reset, usedAt: null, mailedAt: [...recent, mailedAt] });
      return true;
    });
  }

  findByHash(tokenHash: string): Promise<PasswordReset | null> {
    return this.#session.run((tables) => {
      const row = tables(resetTable).get(tables(hashTable).get(tokenHash) ?? '');
      if (!row) return null;
      const { accountId, purpose, expiresAt, usedAt } = row;
      return { accountId, purpose, expiresAt, usedAt };
    });
  }

  consume(tokenHash: string, purpose: ResetPurpose, now: string): Promise<string | null> {
    return this.#session.run((tables) => {
      const row = tables(resetTable).get(tables(hashTable).get(tokenHash) ?? '');
      if (row?.purpose !== purpose || row.usedAt !== null || row.expiresAt <= now) return null;
      tables(resetTable).set(row.accountId, { ...row, usedAt: now });
      return row.accountId;
    });
  }

  async revoke(accountId: string, at: string): Promise<void> {
    await this.#session.run((tables) => {
      const row = tables(resetTable).get(accountId);
      if (row?.usedAt === null) tables(resetTable).set(accountId, { ...row, usedAt: at });
    });
  }

  async forget(accountId: string): Promise<void> {
    await this.#session.run((tables) => {
      const row = tables(resetTable).get(accountId);
      if (row) tables(hashTable).delete(row.tokenHash);
      tables(resetTable).delete(accountId);
    });
  }
}
