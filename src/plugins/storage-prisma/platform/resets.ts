import type { Session } from '#plugins/storage-prisma/session.ts';
import type { NewReset, PasswordReset, ResetPurpose, ResetStore } from '#resolvers/platform/password-resets/reset.ts';

export class PrismaResets implements ResetStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async issue(reset: NewReset, { since, most }: { readonly since: string; readonly most: number }): Promise<boolean> {
    const { accountId, tokenHash, purpose, expiresAt, mailedAt } = reset;
    // One statement: who races for the row sees under its lock how many mails left.
    const issued = await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO password_reset AS known (account_id, token_hash, purpose, expires_at, mailed_at)
        VALUES (${accountId}::uuid, ${tokenHash}, ${purpose}, ${expiresAt}::timestamptz, ARRAY[${mailedAt}::timestamptz])
        ON CONFLICT (account_id) DO UPDATE SET
          token_hash = EXCLUDED.token_hash, purpose = EXCLUDED.purpose, expires_at = EXCLUDED.expires_at, used_at = NULL,
          mailed_at = ARRAY(SELECT at FROM unnest(known.mailed_at) AS at WHERE at > ${since}::timestamptz)
            || EXCLUDED.mailed_at
        WHERE (SELECT count(*) FROM unnest(known.mailed_at) AS at WHERE at > ${since}::timestamptz) < ${most}::int`,
    );
    return issued === 1;
  }

  async findByHash(tokenHash: string): Promise<PasswordReset | null> {
    const row = await this.#session.run((db) => db.passwordReset.findUnique({ where: { tokenHash } }));
    return (
      row && {
        accountId: row.accountId,
        purpose: row.purpose as ResetPurpose,
        expiresAt: row.expiresAt.toISOString(),
        usedAt: row.usedAt?.toISOString() ?? null,
      }
    );
  }

  async consume(tokenHash: string, purpose: ResetPurpose, now: string): Promise<string | null> {
    const [row] = await this.#session.run((db) =>
      db.passwordReset.updateManyAndReturn({
        where: { tokenHash, purpose, usedAt: null, expiresAt: { gt: now } },
        data: { usedAt: now },
        select: { accountId: true },
      }),
    );
    return row?.accountId ?? null;
  }

  async revoke(accountId: string, at: string): Promise<void> {
    await this.#session.run((db) =>
      db.passwordReset.updateMany({ where: { accountId, usedAt: null }, data: { usedAt: at } }),
    );
  }

  async forget(accountId: string): Promise<void> {
    await this.#session.run((db) => db.passwordReset.deleteMany({ where: { accountId } }));
  }
}
