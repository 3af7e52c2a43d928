import { isUuid } from '#kernel/id.ts';
import type { ScopeGrant, Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';

const { sql, join } = Prisma;

/** For each kind of scope that a row knows: the condition under which one of the values covers it. */
export type Covering<Condition> = Readonly<Record<string, (values: readonly string[]) => Condition>>;

/** What a viewer may see, as a condition of a statement. Grants of kinds that the rows do not know show none of them. */
export function visibleInSql(visibility: Visibility, covering: Covering<Prisma.Sql>): Prisma.Sql {
  if (visibility === 'all') return sql`TRUE`;
  if (visibility === 'none') return sql`FALSE`;
  const lists = visibility.allOf.map((grants) => {
    const ways = coveredBy(grants, covering);
    return ways.length === 0 ? sql`FALSE` : sql`(${join(ways, ' OR ')})`;
  });
  return lists.length === 0 ? sql`TRUE` : join(lists, ' AND ');
}

function coveredBy<Condition>(grants: readonly ScopeGrant[], covering: Covering<Condition>): Condition[] {
  return [...Map.groupBy(grants, ({ kind }) => kind)].flatMap(([kind, list]) => {
    const condition = Object.hasOwn(covering, kind) ? covering[kind] : undefined;
    return condition ? [condition(list.map(({ value }) => value))] : [];
  });
}

/** Covering by a column of row ids. */
export const byId =
  (column: Prisma.Sql) =>
  (values: readonly string[]): Prisma.Sql =>
    sql`${column} = ANY (${values.filter(isUuid)}::uuid[])`;
