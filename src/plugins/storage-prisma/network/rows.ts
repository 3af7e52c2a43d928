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

interface Instants {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A row with its instants as the domain writes them. */
export const withInstants = <Row extends Instants>(row: Row) => ({
  ...row,
  createdAt: microseconds(row.createdAt.getTime()),
  updatedAt: microseconds(row.updatedAt.getTime()),
});

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
