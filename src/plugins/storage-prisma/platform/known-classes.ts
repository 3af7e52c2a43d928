import type { Session } from '#plugins/storage-prisma/session.ts';
import type { KnownClass, KnownClassStore } from '#resolvers/platform/jobs/known-classes.ts';

export class PrismaKnownClasses implements KnownClassStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async remember(classes: readonly KnownClass[], now: string) {
    // A row that is new has no other version of itself before it.
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ name: string; fresh: boolean }[]>`
        INSERT INTO job_class AS known (name, fingerprint, first_seen_at)
        SELECT name, fingerprint, ${now}::timestamptz
        FROM unnest(
          ${classes.map(({ name }) => name)}::text[], ${classes.map(({ fingerprint }) => fingerprint)}::text[]
        ) AS declared(name, fingerprint)
        ORDER BY name
        ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint
        WHERE known.fingerprint <> excluded.fingerprint
        RETURNING name, xmax = 0 AS fresh`,
    );
    const named = (fresh: boolean) => rows.filter((row) => row.fresh === fresh).map(({ name }) => name);
    return { registered: named(true), changed: named(false) };
  }

  async firstSeen(names: readonly string[]): Promise<(string | null)[]> {
    const rows = await this.#session.run((db) => db.knownJobClass.findMany({ where: { name: { in: [...names] } } }));
    const found = new Map(rows.map((row) => [row.name, row.firstSeenAt.toISOString()]));
    return names.map((name) => found.get(name) ?? null);
  }
}
