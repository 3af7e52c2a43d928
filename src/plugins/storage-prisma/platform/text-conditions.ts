import { foldLogic, type Logic, sqlLike, type TextMatch } from '#kernel/filter.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';

const { sql, join } = Prisma;

/** A condition on a text column. @param folded the same text without regard to case. */
export function textInSql(match: TextMatch, column: Prisma.Sql, folded: Prisma.Sql): Prisma.Sql {
  return allOf([
    ...(match.eq == null ? [] : [sql`${column} IS NOT DISTINCT FROM ${match.eq}`]),
    ...(match.ne == null ? [] : [sql`${column} IS DISTINCT FROM ${match.ne}`]),
    ...(match.in == null ? [] : [sql`(${column} IS NOT NULL AND ${column} = ANY (${[...match.in]}::text[]))`]),
    ...(match.like == null ? [] : [sql`(${column} IS NOT NULL AND ${folded} LIKE ${sqlLike(match.like)} ESCAPE '\\')`]),
  ]);
}

export const allOf = (parts: readonly Prisma.Sql[]): Prisma.Sql =>
  parts.length === 0 ? sql`TRUE` : sql`(${join([...parts], ' AND ')})`;

const anyOf = (parts: readonly Prisma.Sql[]): Prisma.Sql =>
  parts.length === 0 ? sql`FALSE` : sql`(${join([...parts], ' OR ')})`;

/** A filter as a condition. Its terms never come out as NULL, so that `not` means what it says. */
export const logicInSql = <Terms>(filter: Logic<Terms>, terms: (terms: Terms) => Prisma.Sql): Prisma.Sql =>
  foldLogic<Terms, Prisma.Sql>(filter, { terms, and: allOf, or: anyOf, not: (part) => sql`NOT ${part}` });
