import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Maintenance, ModeStore, Modes } from '#resolvers/platform/system/mode.ts';

/** No project has an empty name. */
const keyOf = (project: string | null): string => project ?? '';

interface Row {
  /** Null for the row of the halt. */
  readonly project: string | null;
  readonly at: Date;
  readonly by: string | null;
}

export class PrismaModes implements ModeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(): Promise<Modes> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`
        SELECT * FROM (
          SELECT project, since AS at, by FROM maintenance UNION ALL SELECT NULL, at, NULL FROM halt
        ) AS rows ORDER BY project COLLATE "C"`,
    );
    const entered = rows.flatMap(({ project, at, by }) =>
      project === null ? [] : { project, since: at.toISOString(), by: by ?? '' },
    );
    const global = entered.find(({ project }) => project === '');
    return {
      global: global ? { since: global.since, by: global.by } : null,
      projects: entered.filter(({ project }) => project !== ''),
      haltAt: rows.find(({ project }) => project === null)?.at.toISOString() ?? null,
    };
  }

  async enter(project: string | null, { since, by }: Maintenance): Promise<boolean> {
    const { count } = await this.#session.run((db) =>
      db.maintenance.createMany({ data: [{ project: keyOf(project), since, by }], skipDuplicates: true }),
    );
    return count > 0;
  }

  async leave(project: string | null): Promise<boolean> {
    const { count } = await this.#session.run((db) =>
      db.maintenance.deleteMany({ where: { project: keyOf(project) } }),
    );
    return count > 0;
  }

  async halt(at: string): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO halt (id, at) VALUES (1, ${at}::timestamptz) ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
    );
  }
}
