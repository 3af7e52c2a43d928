import type {
  AppendedEvent,
  EventFilter,
  EventLogStore,
  EventVisibility,
  LogState,
  Retention,
  StoredEvent,
} from '#kernel/event.ts';
import { isUuid } from '#kernel/id.ts';
import { type PageRequest, toPage } from '#kernel/page.ts';
import { factEntries } from '#plugins/facts.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { conditionsOf, type EventConditions } from '#plugins/storage-prisma/platform/event-conditions.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

const { sql } = Prisma;

/** Rows of a kind that `trim` deletes at once: whoever wants the database meanwhile waits for a moment only. */
const trimBatch = 10_000;

/**
 * The event log. Appending writes to an outbox inside the change's transaction; `event_number` (see the migrations)
 * moves committed rows from there to the table that readers know.
 */
export class PrismaEventLog implements EventLogStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async append(events: readonly AppendedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const rows = JSON.stringify(events.map(toRow));
    // The turn is taken here, when the transaction holds every lock of its changes: a later change of the same rows
    // takes a later one.
    await this.#session.run(
      (db) => db.$executeRaw`
        WITH turn AS MATERIALIZED (SELECT nextval('event_turn') AS turn, pg_notify('gatehouse_appended', ''))
        INSERT INTO event_outbox (
          turn, position, id, name, subject, scope, facts, account, actor, occurred_at, data, before, after,
          traceparent, tx, retain, truncated
        )
        SELECT turn.turn, row.position, row.id, row.name, row.subject, row.scope::json, row.facts, row.account,
          row.actor::json, row.occurred_at, row.data::json, row.before::json, row.after::json, row.traceparent, row.tx,
          row.retain, row.truncated
        FROM turn, json_to_recordset(${rows}::json) AS row(
          position int, id uuid, name text, subject text, scope text, facts text[], account text, actor text,
          occurred_at timestamptz, data text, before text, after text, traceparent text, tx uuid, retain text,
          truncated boolean
        )`,
    );
  }

  async number(limit: number): Promise<number> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ moved: number }[]>`SELECT event_number(${limit}::int) AS moved`,
    );
    return rows[0]?.moved ?? 0;
  }

  async read(after: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#select(sql`FROM event AS e WHERE sequence > ${after} ORDER BY sequence LIMIT ${limit}`);
    return rows.map(toEvent);
  }

  async getMany(ids: readonly string[]): Promise<(StoredEvent | null)[]> {
    const rows = await this.#select(sql`FROM event AS e WHERE id = ANY (${ids.filter(isUuid)}::uuid[])`);
    const found = new Map(rows.map((row) => [row.id, toEvent(row)]));
    return ids.map((id) => found.get(id.toLowerCase()) ?? null);
  }

  async page(filter: EventFilter, visibility: EventVisibility, request: PageRequest) {
    const conditions = conditionsOf(filter, visibility);
    const rows = await this.#select(pageOf(conditions, request));
    return toPage(
      request,
      rows.map(toEvent),
      (event) => [String(event.sequence)],
      () => this.#count(conditions),
    );
  }

  async #count({ where }: EventConditions): Promise<number> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ count: bigint }[]>`SELECT count(*) AS count FROM event AS e WHERE ${where}`,
    );
    return Number(rows[0]?.count ?? 0);
  }

  async state(): Promise<LogState> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<StateRow[]>`
        SELECT epoch, head, floor, ${instant(sql`e.occurred_at`)} AS oldest
        FROM event_log LEFT JOIN LATERAL (
          SELECT occurred_at FROM event WHERE sequence >= floor ORDER BY sequence LIMIT 1
        ) AS e ON TRUE`,
    );
    const [row] = rows;
    if (!row) throw new Error('The table event_log has lost its row: restore the database from a backup.');
    return { epoch: row.epoch, head: Number(row.head), floor: Number(row.floor), oldestAt: row.oldest };
  }

  async countUnnumbered(): Promise<number> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ count: bigint }[]>`
        SELECT count(*) AS count FROM event_outbox WHERE xid >= (SELECT settled FROM event_log)`,
    );
    return Number(rows[0]?.count ?? 0);
  }

  async committed(units: readonly string[]): Promise<string[]> {
    const wanted = units.filter(isUuid);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ tx: string }[]>`
        SELECT tx FROM event WHERE tx = ANY (${wanted}::uuid[])
        UNION SELECT tx FROM event_outbox WHERE tx = ANY (${wanted}::uuid[])`,
    );
    return rows.map(({ tx }) => tx);
  }

  async trim({ live, audit }: { readonly live: string | null; readonly audit: string | null }): Promise<number> {
    const old = (kind: Prisma.Sql, before: string | null) => sql`(
      SELECT sequence FROM event WHERE retain = ${kind} AND occurred_at < ${before}::timestamptz
      ORDER BY occurred_at LIMIT ${trimBatch}
    )`;
    // The log's own row, for which numbering waits, is locked when all are deleted.
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ floor: bigint }[]>`
        WITH deleted AS (
          DELETE FROM event WHERE sequence IN (${old(sql`'LIVE'`, live)} UNION ALL ${old(sql`'AUDIT'`, audit)})
          RETURNING sequence
        )
        UPDATE event_log SET floor = GREATEST(floor, (SELECT max(sequence) + 1 FROM deleted)) RETURNING floor`,
    );
    return Number(rows[0]?.floor ?? 1);
  }

  async renewEpoch(): Promise<string> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ epoch: string }[]>`
        UPDATE event_log SET epoch = event_epoch(), settled = 0
        RETURNING epoch, pg_notify('gatehouse_numbered', '')::text AS told`,
    );
    return rows[0]?.epoch ?? '';
  }

  listen(topic: 'appended' | 'numbered', wake: () => void): Promise<() => Promise<void>> {
    return this.#session.listen(`gatehouse_${topic}`, wake);
  }

  #select(from: Prisma.Sql): Promise<EventRow[]> {
    return this.#session.select<EventRow>(
      sql`
        SELECT e.sequence, e.id, e.name, e.subject, e.scope, e.actor, ${instant(sql`e.occurred_at`)} AS "occurredAt",
          e.data, e.before, e.after, e.traceparent, e.tx, e.retain, e.truncated, (SELECT epoch FROM event_log) AS epoch
        ${from}`,
    );
  }
}

const newestFirst: readonly SqlKey[] = [{ type: 'integer', sql: sql`e.sequence`, descending: true }];

/**
 * A page, newest first. Where names or subjects narrow it, each of them is read by its own index and what they give is
 * merged: the cost does not grow with the log.
 */
function pageOf({ where, by }: EventConditions, request: PageRequest): Prisma.Sql {
  const { bounds, tail } = pageInSql(newestFirst, request);
  if (!by) return sql`FROM event AS e WHERE ${where} AND ${bounds} ${tail}`;
  const column = sql`e.${by.column}`;
  const direction = request.direction === 'forward' ? sql`DESC` : sql`ASC`;
  // Not `=`: then the planner would take the column for a constant, and may walk the whole log by its numbers in
  // search of a value that is rare. This order only the column's own index has.
  return sql`
    FROM ${by.keys} CROSS JOIN LATERAL (
      SELECT * FROM event AS e WHERE ${column} >= key AND ${column} <= key AND ${by.where} AND ${bounds}
      ORDER BY ${column} ${direction}, e.sequence ${direction} LIMIT ${request.limit + request.offset + 1}
    ) AS e ${tail}`;
}

const toRow = (event: AppendedEvent, position: number) => ({
  position,
  id: event.id,
  name: event.name,
  subject: event.subject,
  // Doubly encoded: the database keeps the inner text as it is, whatever characters are escaped in it.
  scope: JSON.stringify(event.scope),
  facts: factEntries(event.scope),
  account: event.actor.account,
  actor: JSON.stringify(event.actor),
  occurred_at: event.occurredAt,
  data: JSON.stringify(event.data ?? null),
  before: event.before == null ? null : JSON.stringify(event.before),
  after: event.after == null ? null : JSON.stringify(event.after),
  traceparent: event.traceparent,
  tx: event.tx,
  retain: event.retain,
  truncated: event.truncated,
});

interface EventRow extends Omit<StoredEvent, 'sequence' | 'retain'> {
  readonly sequence: bigint | string;
  readonly retain: string;
}

const toEvent = (row: EventRow): StoredEvent => ({
  ...row,
  sequence: Number(row.sequence),
  retain: row.retain as Retention,
});

interface StateRow {
  readonly epoch: string;
  readonly head: bigint;
  readonly floor: bigint;
  readonly oldest: string | null;
}

const instant = (column: Prisma.Sql) => sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
