import type { EventTopic, StoredEvent } from '#kernel/event.ts';
import { type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import { anyOfEntry } from '#plugins/facts.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import type { EventConditions } from '#plugins/storage-prisma/platform/event-conditions.ts';
import { selectEvents, toEvent } from '#plugins/storage-prisma/platform/event-rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

const { sql } = Prisma;

const newestFirst: readonly SqlKey[] = [{ type: 'integer', sql: sql`e.sequence`, descending: true }];

export const placeInLog = ({ sequence }: StoredEvent): Position => [String(sequence)];

/**
 * A page, newest first. Where names or subjects narrow it, each of them is read by its own index and what they give is
 * merged: the cost does not grow with the log.
 */
export function pageOf({ where, by }: EventConditions, request: PageRequest): Prisma.Sql {
  const { bounds, tail } = pageInSql(newestFirst, request);
  if (!by) return sql`FROM event AS e WHERE ${where} AND ${bounds} ${tail}`;
  const column = sql`e.${by.column}`;
  return sql`
    FROM ${by.keys} CROSS JOIN LATERAL (
      ${newestAt(column, sql`key`, sql`${by.where} AND ${bounds}`, request, request.limit + request.offset + 1)}
    ) AS e ${tail}`;
}

/**
 * The newest rows with one value of a column. Not `=`: then the planner would take the column for a constant, and may
 * walk the whole log by its numbers in search of a value that is rare. This order only the column's own index has.
 */
function newestAt(
  column: Prisma.Sql,
  key: Prisma.Sql,
  where: Prisma.Sql,
  { direction }: PageRequest,
  limit: number,
): Prisma.Sql {
  const way = direction === 'forward' ? sql`DESC` : sql`ASC`;
  return sql`
    SELECT * FROM event AS e WHERE ${column} >= ${key} AND ${column} <= ${key} AND ${where}
    ORDER BY ${column} ${way}, e.sequence ${way} LIMIT ${limit}`;
}

/** @param topics all of one form. */
export async function pagesAbout(
  session: Session,
  topics: readonly EventTopic[],
  { where }: EventConditions,
  request: PageRequest,
): Promise<Page<StoredEvent>[]> {
  const keys = topics.map(keyOf);
  const column = topics.some((topic) => 'place' in topic) ? sql`(e.facts[1])` : sql`e.subject`;
  const asked = sql`unnest(${[...new Set(keys)]}::text[]) AS asked(key)`;
  const { bounds } = pageInSql(newestFirst, request);
  const found = newestAt(column, sql`asked.key`, sql`${where} AND ${bounds}`, request, request.limit + 1);
  const rows = await selectEvents<{ key: string }>(
    session,
    sql`FROM ${asked} CROSS JOIN LATERAL (${found} OFFSET ${request.offset}) AS e`,
    sql`asked.key,`,
  );
  const byKey = Map.groupBy(rows, ({ key }) => key);
  let counts: Promise<ReadonlyMap<string, number>> | null = null;
  const countAll = async () => {
    const counted = await session.run(
      (db) => db.$queryRaw<{ key: string; count: bigint }[]>`
        SELECT asked.key, about.count FROM ${asked} CROSS JOIN LATERAL (
          SELECT count(*) AS count FROM event AS e WHERE ${column} = asked.key AND ${where}
        ) AS about`,
    );
    return new Map(counted.map(({ key, count }) => [key, Number(count)]));
  };
  return keys.map((key) =>
    toPage(request, (byKey.get(key) ?? []).map(toEvent), placeInLog, async () => {
      counts ??= countAll();
      return (await counts).get(key) ?? 0;
    }),
  );
}

const keyOf = (topic: EventTopic): string =>
  'subject' in topic ? topic.subject : anyOfEntry(topic.place.kind, topic.place.value);
