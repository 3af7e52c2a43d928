import type { Session } from '#plugins/storage-prisma/session.ts';
import {
  firstWait,
  longestWait,
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
    const instant = BigInt(now);
    return this.#session.together(async (db) => {
      await db.$executeRaw`
        DELETE FROM throttle WHERE key IN (
          SELECT key FROM throttle WHERE stale_at <= ${instant} AND NOT key = ANY (${keys.map(({ key }) => key)}::text[])
          ORDER BY stale_at LIMIT ${swept} FOR UPDATE SKIP LOCKED
        )`;
      // In the order of keys, so that two callers never wait for each other in a circle.
      const rows = await db.$queryRaw<{ key: string; failures: number; until: bigint }[]>`
        WITH hit AS (
          SELECT * FROM unnest(${keys.map(({ key }) => key)}::text[], ${keys.map(({ limit }) => limit)}::int[])
            AS hit(key, most) ORDER BY key
        )
        INSERT INTO throttle (key, failures, since, until, stale_at)
        SELECT key, 1, ${instant}, CASE WHEN most <= 1 THEN ${instant} + ${firstWait}::int ELSE 0 END,
          ${instant} + ${window}::int + CASE WHEN most <= 1 THEN ${firstWait}::int ELSE 0 END
        FROM hit
        ON CONFLICT (key) DO UPDATE SET (failures, since, until, stale_at) = (
          SELECT next.failures, next.since, next.until, greatest(next.since, next.until) + ${window}::int
          FROM (
            SELECT count.failures, count.since,
              CASE WHEN count.failures < hit.most THEN 0
                ELSE ${instant} + least(${firstWait}::bigint << least(count.failures - hit.most, 30), ${longestWait}::bigint)
              END AS until
            FROM hit, LATERAL (
              SELECT
                CASE WHEN throttle.stale_at <= ${instant} THEN 1 ELSE throttle.failures + 1 END AS failures,
                CASE WHEN throttle.stale_at <= ${instant} THEN ${instant} ELSE throttle.since END AS since
            ) AS count
            WHERE hit.key = throttle.key
          ) AS next
        )
        RETURNING key, failures, until`;
      const found = new Map(rows.map((row) => [row.key, { ...row, until: Number(row.until) }]));
      return keys.flatMap(({ key }) => found.get(key) ?? []);
    });
  }

  async forget(key: string): Promise<void> {
    await this.#session.run((db) => db.throttle.deleteMany({ where: { key } }));
  }
}
