import type { Retention, StoredEvent } from '#kernel/event.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

const { sql, empty } = Prisma;

export interface EventRow extends Omit<StoredEvent, 'sequence' | 'retain'> {
  readonly sequence: bigint | string;
  readonly retain: string;
}

/**
 * Reads numbered events.
 * @param from the rest of the statement, with `e` for the table.
 * @param more columns before those of the events.
 */
export const selectEvents = <More = unknown>(
  session: Session,
  from: Prisma.Sql,
  more: Prisma.Sql = empty,
): Promise<(EventRow & More)[]> =>
  session.select<EventRow & More>(
    sql`
      SELECT ${more} e.sequence, e.id, e.name, e.subject, e.scope, e.actor, ${instant(sql`e.occurred_at`)} AS "occurredAt",
        e.data, e.before, e.after, e.traceparent, e.tx, e.retain, e.truncated, (SELECT epoch FROM event_log) AS epoch
      ${from}`,
  );

export const toEvent = (row: EventRow): StoredEvent => ({
  sequence: Number(row.sequence),
  epoch: row.epoch,
  id: row.id,
  name: row.name,
  subject: row.subject,
  scope: row.scope,
  actor: row.actor,
  occurredAt: row.occurredAt,
  data: row.data,
  before: row.before,
  after: row.after,
  traceparent: row.traceparent,
  tx: row.tx,
  retain: row.retain as Retention,
  truncated: row.truncated,
});

export const instant = (column: Prisma.Sql) =>
  sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
