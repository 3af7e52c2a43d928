import type { Session } from '#plugins/storage-prisma/session.ts';
import {
  countFailure,
  type ThrottleKey,
  type ThrottleState,
  type ThrottleStore,
} from '#resolvers/platform/sign-in/throttle.ts';

/** Rows without meaning that each failure clears away: more than it adds, so they never pile up. */
const swept = 10;

export class PrismaThrottle implements ThrottleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async waitUntil(keys: readonly string[]): Promise<number> {
    const { _max } = await this.#session.run((db) =>
      db.throttle.aggregate({ where: { key: { in: [...keys] } }, _max: { until: true } }),
    );
    return Number(_max.until ?? 0);
  }

  hit(keys: readonly ThrottleKey[], now: number, window: number): Promise<ThrottleState[]> {
    const names = keys.map(({ key }) => key);
    return this.#session.together(async (db) => {
      await db.$executeRaw`
        DELETE FROM throttle WHERE key IN (
          SELECT key FROM throttle WHERE stale_at <= ${now}::bigint AND NOT key = ANY (${names}::text[])
          ORDER BY stale_at LIMIT ${swept}::int FOR UPDATE SKIP LOCKED
        )`;
      // Rows are made, and locked, in the order of their keys: so two callers never wait for each other in a circle.
      await db.$executeRaw`
        INSERT INTO throttle (key, failures, since, until, stale_at)
        SELECT key, 0, ${now}::bigint, 0, 0 FROM unnest(${names}::text[]) AS wanted(key) ORDER BY key
        ON CONFLICT (key) DO NOTHING`;
      const found = await db.$queryRaw<{ key: string; failures: number; since: bigint; until: bigint }[]>`
        SELECT key, failures, since, until FROM throttle WHERE key = ANY (${names}::text[]) ORDER BY key FOR UPDATE`;
      const before = new Map(
        found.map((row) => [row.key, { ...row, since: Number(row.since), until: Number(row.until) }]),
      );
      const rows = keys.map((key) => countFailure(before.get(key.key) ?? null, key, now, window));
      await db.$executeRaw`
        UPDATE throttle SET failures = next.failures, since = next.since, until = next.until, stale_at = next.stale_at
        FROM unnest(
          ${names}::text[], ${rows.map(({ failures }) => failures)}::int[],
          ${rows.map(({ since }) => BigInt(since))}::bigint[], ${rows.map(({ until }) => BigInt(until))}::bigint[],
          ${rows.map(({ since, until }) => BigInt(Math.max(since, until) + window))}::bigint[]
        ) AS next(key, failures, since, until, stale_at)
        WHERE throttle.key = next.key`;
      return rows.map(({ key, failures, until }) => ({ key, failures, until }));
    });
  }

  async forget(key: string): Promise<void> {
    await this.#session.run((db) => db.throttle.deleteMany({ where: { key } }));
  }
}
