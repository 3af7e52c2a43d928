import type { Daemon as DaemonRow } from '#plugins/storage-prisma/generated/client.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type {
  Daemon,
  DaemonKind,
  DaemonMode,
  DaemonPhase,
  DaemonStore,
  Heartbeat,
} from '#resolvers/platform/system/daemon.ts';

const { sql } = Prisma;

/** How many a list shows. */
const most = 1000;

const columns = sql`id, run, kind, hostname, pid, started_at AS "startedAt", heartbeat_at AS "heartbeatAt", phase, mode`;
const heardOf = sql`coalesce(heartbeat_at, started_at)`;

export class PrismaDaemons implements DaemonStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async register(daemon: Daemon, over: string | null): Promise<boolean> {
    const { id, run, kind, hostname, pid, startedAt, heartbeatAt, phase, mode } = daemon;
    const count = await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO daemon (id, run, kind, hostname, pid, started_at, heartbeat_at, phase, mode)
        VALUES (
          ${id}, ${run}::uuid, ${kind}, ${hostname}, ${pid}::int, ${startedAt}::timestamptz, ${heartbeatAt}::timestamptz,
          ${phase}, ${mode}
        )
        ON CONFLICT (id) DO UPDATE SET run = excluded.run, kind = excluded.kind, hostname = excluded.hostname,
          pid = excluded.pid, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,
          phase = excluded.phase, mode = excluded.mode
        WHERE daemon.run = ${over}::uuid`,
    );
    return count > 0;
  }

  async beat(run: string, { heartbeatAt, phase, mode }: Heartbeat): Promise<boolean> {
    const { count } = await this.#session.run((db) =>
      db.daemon.updateMany({ where: { run, phase: { not: 'STOPPED' } }, data: { heartbeatAt, phase, mode } }),
    );
    return count > 0;
  }

  async list(): Promise<Daemon[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<DaemonRow[]>`
        SELECT * FROM (SELECT ${columns} FROM daemon ORDER BY ${heardOf} DESC LIMIT ${most}) AS newest
        ORDER BY kind COLLATE "C", id COLLATE "C"`,
    );
    return rows.map(toDaemon);
  }

  async takeSilent(since: string): Promise<Daemon[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<DaemonRow[]>`
        UPDATE daemon SET phase = 'STOPPED' WHERE phase <> 'STOPPED' AND ${heardOf} < ${since}::timestamptz
        RETURNING ${columns}`,
    );
    return rows.map(toDaemon);
  }

  forget(before: string): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`DELETE FROM daemon WHERE phase = 'STOPPED' AND ${heardOf} < ${before}::timestamptz`,
    );
  }
}

const toDaemon = (row: DaemonRow): Daemon => ({
  id: row.id,
  run: row.run,
  kind: row.kind as DaemonKind,
  hostname: row.hostname,
  pid: row.pid,
  startedAt: row.startedAt.toISOString(),
  heartbeatAt: row.heartbeatAt?.toISOString() ?? null,
  phase: row.phase as DaemonPhase,
  mode: row.mode as DaemonMode,
});
