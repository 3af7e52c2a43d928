import { microseconds } from '#kernel/context.ts';
import { isUuid } from '#kernel/id.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';

const { sql } = Prisma;

/** The rows with these ids in their order, null for what is missing. */
export function inOrder<Row extends { readonly id: string }>(
  ids: readonly string[],
  rows: readonly Row[],
): (Row | null)[] {
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id.toLowerCase()) ?? null);
}

/** The ids that can be ids of rows at all. */
export const uuids = (ids: readonly string[]): string[] => ids.filter(isUuid);

/** Instants as Prisma's models give them, or as `instantColumns` do. */
interface Instants {
  readonly createdAt: Date | string;
  readonly updatedAt: Date | string;
}

/** A thing as the database gives it. */
export type Stored<Thing> = Omit<Thing, keyof Instants> & Instants;

/** The columns of the instants of table `t`, as text: a list has hundreds of them, and nobody counts with them. */
export const instantColumns = (t: Prisma.Sql) =>
  sql`${t}.created_at::text AS "createdAt", ${t}.updated_at::text AS "updatedAt"`;

/** A row with its instants as the domain writes them. */
export const withInstants = <Row extends Instants>(row: Row) => ({
  ...row,
  createdAt: toInstant(row.createdAt),
  updatedAt: toInstant(row.updatedAt),
});

/** @param value as text in the database's own form, in UTC, where every session is: `2026-03-01 09:30:00.25+00`. */
export function toInstant(value: Date | string): string {
  if (typeof value !== 'string') return microseconds(value.getTime());
  return `${value.slice(0, 10)}T${value.slice(11, 19)}.${value.slice(20, -3).padEnd(6, '0')}Z`;
}

/** Whether PostgreSQL can hold a text at all: what it cannot hold is the name of nothing. */
export const storable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/** The condition that a column holds this text; every row passes where none is asked for. */
export function sameText(column: Prisma.Sql, text: string | undefined): Prisma.Sql {
  if (text === undefined) return sql`TRUE`;
  return storable(text) ? sql`${column} = ${text}` : sql`FALSE`;
}

/** Answers keys in their order from rows that tell the place of theirs. */
export function byPlace<Row extends { readonly place: number }, Value>(
  keys: readonly unknown[],
  rows: readonly Row[],
  toValue: (row: Row) => Value,
): Value[][] {
  const groups = Map.groupBy(rows, (row) => row.place);
  return keys.map((_, place) => (groups.get(place) ?? []).map(toValue));
}

/** The things whose key one before them has. */
export function repeated<Thing>(things: readonly Thing[], keyOf: (thing: Thing) => string): Thing[] {
  const seen = new Set<string>();
  return things.filter((thing) => {
    const key = keyOf(thing);
    return seen.has(key) || !seen.add(key);
  });
}

/** What counters change by in all, as two lists beside each other. */
export function sumsById(
  changes: readonly { readonly id: string; readonly by: number }[],
): readonly [ids: string[], sums: number[]] {
  const sums = new Map<string, number>();
  for (const { id, by } of changes) sums.set(id, (sums.get(id) ?? 0) + by);
  return [[...sums.keys()], [...sums.values()]];
}
