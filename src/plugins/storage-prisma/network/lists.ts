import { type Page, type Position, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { byPlace, inOrder, storable, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ListQuery, ListScope, Order } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

const { sql } = Prisma;

/** How the things of one table are read in lists. All parts speak of one alias. */
export interface ListedTable<Kind extends string, Filter, Row, Thing> {
  /** `circuit AS c` */
  readonly from: Prisma.Sql;
  readonly columns: Prisma.Sql;
  /** The condition under which a row is below the Site or thing with this id. */
  below(kind: Kind, id: Prisma.Sql): Prisma.Sql;
  matches(query: Query<Filter>): Promise<Prisma.Sql>;
  keys(order: Order): SqlKey[];
  position(order: Order, thing: Thing): Position;
  toThing(row: Row): Thing;
}

export type Query<Filter> = Pick<ListQuery<Filter>, 'filter' | 'visibility'>;

/** One page for each scope, with a statement for each kind of scope. */
export async function listedPages<Kind extends string, Filter, Row extends object, Thing>(
  session: Session,
  table: ListedTable<Kind, Filter, Row, Thing>,
  scopes: readonly ListScope<Kind>[],
  query: ListQuery<Filter>,
): Promise<Page<Thing>[]> {
  const pages = new Map<ListScope<Kind>, Page<Thing>>();
  for (const [kind, group] of Map.groupBy(scopes, (scope) => scope.kind)) {
    if (kind === 'all') {
      const page = await pageOfAll(session, table, query);
      for (const scope of group) pages.set(scope, page);
    } else {
      const found = await pagesOfKind(session, table, kind as Kind, group.map(idOf), query);
      group.forEach((scope, index) => {
        pages.set(scope, found[index] as Page<Thing>);
      });
    }
  }
  return scopes.map((scope) => pages.get(scope) as Page<Thing>);
}

const idOf = (scope: ListScope<string>): string => ('id' in scope ? scope.id : '');

async function pagesOfKind<Kind extends string, Filter, Row extends object, Thing>(
  session: Session,
  table: ListedTable<Kind, Filter, Row, Thing>,
  kind: Kind,
  ids: readonly string[],
  query: ListQuery<Filter>,
): Promise<Page<Thing>[]> {
  const matches = await table.matches(query);
  const pages = await pagesBelow<Row>(session, ids, query.page, {
    rows: (id, { bounds, tail }) =>
      sql`SELECT ${table.columns} FROM ${table.from} WHERE ${table.below(kind, id)} AND ${matches} AND ${bounds} ${tail}`,
    count: (id) => sql`SELECT count(*) AS count FROM ${table.from} WHERE ${table.below(kind, id)} AND ${matches}`,
    keys: table.keys(query.order),
    position: (row) => table.position(query.order, table.toThing(row)),
  });
  return pages.map((page) => ({
    ...page,
    items: page.items.map(({ node, position }) => ({ node: table.toThing(node), position })),
  }));
}

async function pageOfAll<Kind extends string, Filter, Row extends object, Thing>(
  session: Session,
  table: ListedTable<Kind, Filter, Row, Thing>,
  query: ListQuery<Filter>,
): Promise<Page<Thing>> {
  const { bounds, tail } = pageInSql(table.keys(query.order), query.page);
  const matches = await table.matches(query);
  const rows = await session.select<Row>(
    sql`SELECT ${table.columns} FROM ${table.from} WHERE ${matches} AND ${bounds} ${tail}`,
  );
  return toPage(
    query.page,
    rows.map((row) => table.toThing(row)),
    (thing) => table.position(query.order, thing),
    async () => (await listedCount(session, table, [{ kind: 'all' }], query))[0] ?? 0,
  );
}

/** How many each scope has, with a statement for each kind of scope. */
export async function listedCount<Kind extends string, Filter, Row, Thing>(
  session: Session,
  table: ListedTable<Kind, Filter, Row, Thing>,
  scopes: readonly ListScope<Kind>[],
  query: Query<Filter>,
): Promise<number[]> {
  const counts = new Map<ListScope<Kind>, number>();
  const matches = await table.matches(query);
  for (const [kind, group] of Map.groupBy(scopes, (scope) => scope.kind)) {
    const asked = JSON.stringify(group.map((scope, place) => ({ place, id: kind === 'all' ? null : idOf(scope) })));
    const below = kind === 'all' ? sql`TRUE` : table.below(kind as Kind, sql`asked.id`);
    const rows = await session.run(
      (db) => db.$queryRaw<{ place: number; count: bigint }[]>`
        SELECT asked.place, counted.count FROM json_to_recordset(${asked}::json) AS asked(place int, id uuid)
        CROSS JOIN LATERAL (
          SELECT count(*) AS count FROM ${table.from} WHERE ${below} AND ${matches}
        ) AS counted`,
    );
    for (const { place, count } of rows) counts.set(group[place] as ListScope<Kind>, Number(count));
  }
  return scopes.map((scope) => counts.get(scope) ?? 0);
}

/**
 * The visible things with each natural key, two at most, in one statement.
 * @param column holds the key, compared by code points.
 * @param parts.filter shows everything.
 */
export async function listedMatches<Filter, Row extends object, Thing>(
  session: Session,
  table: ListedTable<'site', Filter, Row, Thing>,
  parts: {
    readonly keys: readonly NaturalKey[];
    readonly column: Prisma.Sql;
    readonly visibility: Visibility;
    readonly everything: Filter;
  },
): Promise<Thing[][]> {
  const places = parts.keys.map(({ siteId, key }, place) => ({ place, site: siteId, key }));
  const asked = JSON.stringify(places.filter(({ key }) => storable(key)));
  const seen = await table.matches({ filter: parts.everything, visibility: parts.visibility });
  const matching = sql`
    SELECT ${table.columns} FROM ${table.from} WHERE ${parts.column} = asked.key COLLATE "C" AND ${seen}`;
  const [id] = table.keys({ by: 'CREATED', direction: 'ASC' });
  // One Site and all Sites are two ways into the table, each with its own index.
  const rows = await session.select<Row & { place: number }>(
    sql`
      SELECT asked.place, found.* FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid, key text)
      CROSS JOIN LATERAL (
        (${matching} AND ${table.below('site', sql`asked.site`)})
        UNION ALL
        (${matching} AND asked.site IS NULL ORDER BY ${id?.sql} LIMIT 2)
      ) AS found`,
  );
  return byPlace(parts.keys, rows, (row) => table.toThing(row));
}

/** The things with these ids, locked until the unit ends: in the order of ids, so that two callers never wait for each other. */
export async function lockedThings<Row extends object, Thing extends { readonly id: string }>(
  session: Session,
  table: ListedTable<never, never, Row, Thing>,
  ids: readonly string[],
  strength: 'SHARE' | 'UPDATE',
): Promise<(Thing | null)[]> {
  const [id] = table.keys({ by: 'CREATED', direction: 'ASC' });
  const lock = strength === 'SHARE' ? sql`FOR SHARE` : sql`FOR UPDATE`;
  const rows = await session.run(
    (db) => db.$queryRaw<Row[]>`
      SELECT ${table.columns} FROM ${table.from} WHERE ${id?.sql} = ANY (${uuids(ids)}::uuid[]) ORDER BY ${id?.sql} ${lock}`,
  );
  return inOrder(ids, rows.map(table.toThing));
}
