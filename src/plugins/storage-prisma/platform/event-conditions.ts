import { type EventFilter, type EventVisibility, matchesName } from '#kernel/event.ts';
import type { ScopeGrant, Visibility } from '#kernel/permission.ts';
import { allOfEntry, anyOfEntry } from '#plugins/facts.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';

const { sql, join } = Prisma;

/** What a page of events asks for, in SQL over the alias `e`. */
export interface EventConditions {
  readonly where: Prisma.Sql;
  readonly by: EventKeys | null;
}

/** A column and its few values, as a list `keys(key)`: among their rows are all that are asked for. */
export interface EventKeys {
  readonly column: Prisma.Sql;
  readonly keys: Prisma.Sql;
  /**
   * What is asked beyond the value of the column. It says nothing of the column itself: the planner would count the
   * same condition twice, and think that few rows are left where there are many.
   */
  readonly where: Prisma.Sql;
}

export function conditionsOf(filter: EventFilter, visibility: EventVisibility): EventConditions {
  const all = (name: Prisma.Sql, rest: EventFilter) =>
    sql`${visibleEvents(visibility, name)} AND ${matchingEvents(rest)}`;
  const where = all(sql`e.name`, filter);
  const { names: _, ...unnamed } = filter;
  const { subjects, ...unsubjected } = filter;
  if (subjects) {
    const keys = sql`unnest(${[...new Set(subjects)]}::text[]) AS keys(key)`;
    return { where, by: { column: sql`subject`, keys, where: all(sql`e.name`, unsubjected) } };
  }
  const keys = namesToRead(filter, visibility);
  return { where, by: keys && { column: sql`name`, keys, where: all(sql`key`, unnamed) } };
}

/** @param name what stands for the name of the event. */
function visibleEvents(rules: EventVisibility, name: Prisma.Sql): Prisma.Sql {
  if (rules === 'all') return sql`TRUE`;
  const ways = rules.flatMap(({ names, visibility, owner }) => {
    if (names.length === 0) return [];
    const seen = seenByRight(visibility);
    const owned = owner === null ? sql`FALSE` : ownedBy(owner);
    return [sql`(${name} = ANY (${[...names]}::text[]) AND (${seen} OR ${owned}))`];
  });
  return ways.length === 0 ? sql`FALSE` : sql`(${join(ways, ' OR ')})`;
}

const ownedBy = (owner: string): Prisma.Sql =>
  sql`(e.facts @> ${[anyOfEntry('account', owner)]}::text[] AND e.scope->>'account' = ${owner})`;

function seenByRight(visibility: Visibility): Prisma.Sql {
  if (visibility === 'all') return sql`TRUE`;
  if (visibility === 'none') return sql`FALSE`;
  return visibility.allOf.length === 0 ? sql`TRUE` : join(visibility.allOf.map(coveredBy), ' AND ');
}

/** A grant on one member of an any-of fact is enough; an all-of fact needs one for each member, and a member. */
function coveredBy(grants: readonly ScopeGrant[]): Prisma.Sql {
  const entries = grants.map(({ kind, value }) => anyOfEntry(kind, value));
  const members = grants.map(({ kind, value }) => allOfEntry(kind, value));
  return sql`(e.facts && ${entries}::text[] OR e.facts && ${members}::text[] AND EXISTS (
    SELECT FROM json_each(e.scope) AS fact
    WHERE json_typeof(fact.value) = 'object' AND json_array_length(fact.value->'all') > 0 AND NOT EXISTS (
      SELECT FROM json_array_elements_text(fact.value->'all') AS member
      WHERE fact.key || '/' || member <> ALL (${entries}::text[])
    )
  ))`;
}

function matchingEvents({ names, subjects, scope, actor, from, to }: EventFilter): Prisma.Sql {
  const facts = scope?.flatMap(({ kind, value }) => [anyOfEntry(kind, value), allOfEntry(kind, value)]);
  const parts = [
    sql`TRUE`,
    ...(names ? [nameMatches(sql`e.name`, names)] : []),
    ...(subjects ? [sql`e.subject = ANY (${[...subjects]}::text[])`] : []),
    ...(facts ? [sql`e.facts && ${facts}::text[]`] : []),
    ...(actor === undefined ? [] : [sql`e.account = ${actor}`]),
    ...(from === undefined ? [] : [sql`e.occurred_at >= ${from}::timestamptz`]),
    ...(to === undefined ? [] : [sql`e.occurred_at < ${to}::timestamptz`]),
  ];
  return join(parts, ' AND ');
}

function nameMatches(column: Prisma.Sql, patterns: readonly string[]): Prisma.Sql {
  if (patterns.includes('*')) return sql`TRUE`;
  const prefixes = patterns.filter(isPrefix).map((pattern) => pattern.slice(0, -1));
  const names = patterns.filter((pattern) => !isPrefix(pattern));
  return sql`(${column} = ANY (${names}::text[]) OR EXISTS (
    SELECT FROM unnest(${prefixes}::text[]) AS prefix WHERE starts_with(${column}, prefix)
  ))`;
}

const isPrefix = (pattern: string): boolean => pattern.endsWith('.*');

/** Every name in the log, by steps from one to the next through the index. */
const namesInLog = sql`(
  WITH RECURSIVE step AS (
    (SELECT name FROM event ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT name FROM event WHERE event.name > step.name ORDER BY name LIMIT 1) FROM step WHERE step.name IS NOT NULL
  )
  SELECT name FROM step WHERE name IS NOT NULL
)`;

/** The names among which all events asked for are, as a list `keys(key)`; null where that is any name. */
function namesToRead({ names }: EventFilter, visibility: EventVisibility): Prisma.Sql | null {
  const patterns = names?.includes('*') ? undefined : names;
  if (visibility !== 'all') {
    const seen = [...new Set(visibility.flatMap((rule) => rule.names))];
    return listed(seen.filter((name) => patterns?.some((pattern) => matchesName(pattern, name)) ?? true));
  }
  if (!patterns) return null;
  if (!patterns.some(isPrefix)) return listed([...new Set(patterns)]);
  return sql`(SELECT name FROM ${namesInLog} AS known WHERE ${nameMatches(sql`known.name`, patterns)}) AS keys(key)`;
}

const listed = (names: readonly string[]): Prisma.Sql => sql`unnest(${[...names]}::text[]) AS keys(key)`;
