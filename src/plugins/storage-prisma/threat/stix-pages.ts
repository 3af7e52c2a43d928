import { type Page, type PageRequest, type Position, pageOf, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { toVersion, versionColumns } from '#plugins/storage-prisma/threat/stix-columns.ts';
import type { StixFilter, StixList, StixQuery, StixVersion } from '#resolvers/threat/objects/stix-object.ts';

const { sql, join } = Prisma;

/** The most values of a filter that are looked up one by one; beyond, one walk compares with all of them. */
const mostBranches = 16;

/** What of a version a page shows, and how much it may show of it. */
export interface Shown<Row> {
  readonly columns: Prisma.Sql;
  toRow(row: never): Row;
  /** Bytes of the bodies of a page; null where they are not shown. */
  readonly maxBytes: number | null;
}

/**
 * The page of each list, in one statement. A selection of several kinds is several walks of an index, each of which ends
 * after a page, put together: nothing sorts a collection.
 */
export async function stixPages<Row extends StixVersion>(
  session: Session,
  lists: readonly StixList[],
  query: StixQuery,
  { columns, toRow, maxBytes }: Shown<Row>,
): Promise<Page<Row>[]> {
  const { page } = query;
  const end = page.offset + Math.max(page.limit, 1);
  const direction = page.direction === 'forward' ? sql`ASC` : sql`DESC`;
  const fits = maxBytes === null ? sql`TRUE` : sql`(c.bytes <= ${maxBytes} OR c.nth = ${page.offset + 1})`;
  const rows = await session.select<Row & { place: number; rest: number }>(sql`
    WITH found AS MATERIALIZED (
      SELECT s.place, k.* FROM ${placed(lists)} CROSS JOIN LATERAL (${walks(query, end + 1, direction)}) AS k
    ), ordered AS (
      SELECT f.*, row_number() OVER (PARTITION BY place ORDER BY date_added ${direction}, stix_id ${direction},
        version ${direction}, collection_id ${direction})::int AS nth FROM found AS f
    ), cut AS (
      SELECT o.*, sum(size) OVER (PARTITION BY place ORDER BY nth) AS bytes,
        count(*) OVER (PARTITION BY place)::int AS rest
      FROM ordered AS o WHERE nth > ${page.offset} AND nth <= ${end + 1}
    )
    SELECT c.place, c.rest, row.* FROM cut AS c
    CROSS JOIN LATERAL (SELECT ${columns} FROM stix_object AS o WHERE o.id = c.id OFFSET 0) AS row
    WHERE c.nth <= ${end} AND ${fits} ORDER BY c.place, c.nth`);
  const byPlace = Map.groupBy(rows, (row) => row.place);
  const count = counter(session, lists, query.filter);
  return lists.map((list, place) => {
    const found = byPlace.get(place) ?? [];
    const kept = found.slice(0, page.limit);
    const more = (found[0]?.rest ?? 0) > kept.length;
    const shown = kept.map((row) => toRow(row as never));
    return pageOf<Row>(
      page,
      shown,
      more,
      (row) => positionIn(list, row),
      () => count(place),
    );
  });
}

/** Where a version stands in a list. */
export const positionIn = (list: StixList, { dateAdded, stixId, version, collectionId }: StixVersion): Position =>
  list === 'all' || list.length > 1 ? [dateAdded, stixId, version, collectionId] : [dateAdded, stixId, version];

/** `s`: the collections of each list. One in which nothing ever was has no ledger, and nothing to show. */
function placed(lists: readonly StixList[]): Prisma.Sql {
  const named = lists.flatMap((list, place) => (list === 'all' ? [] : list.map((id) => ({ place, id }))));
  const all = lists.flatMap((list, place) => (list === 'all' ? [place] : []));
  const rows = sql`unnest(${named.map(({ place }) => place)}::int[], ${named.map(({ id }) => id)}::uuid[]) AS s(place, id)`;
  if (all.length === 0) return rows;
  return sql`(
    SELECT s.place, s.id FROM ${rows}
    UNION ALL SELECT a.place, l.collection_id FROM unnest(${all}::int[]) AS a(place) CROSS JOIN stix_ledger AS l
  ) AS s`;
}

/** The first `limit` versions of the collection `s.id`. */
function walks({ filter, page }: StixQuery, limit: number, direction: Prisma.Sql): Prisma.Sql {
  const bounds = [
    ...(filter.addedAfter === undefined ? [] : [sql`o.date_added > ${filter.addedAfter}::timestamptz`]),
    ...(page.after ? [beyond(page.after, sql`>`)] : []),
    ...(page.before ? [beyond(page.before, sql`<`)] : []),
  ];
  const branches = conditions(filter).map((wanted) => {
    const all = join([sql`o.collection_id = s.id`, ...wanted, ...bounds], ' AND ');
    // An object has few versions: they are read by its id and sorted, whatever the planner thinks of the list.
    const fence = filter.stixIds === undefined ? sql`` : sql`OFFSET 0`;
    const rows = sql`SELECT o.id, o.date_added, o.stix_id, o.version, o.collection_id, o.size FROM stix_object AS o
      WHERE ${all} ${fence}`;
    return sql`(SELECT * FROM (${rows}) AS o
      ORDER BY o.date_added ${direction}, o.stix_id ${direction}, o.version ${direction} LIMIT ${limit})`;
  });
  return branches.length === 0 ? noWalk : join(branches, ' UNION ');
}

const noWalk = sql`SELECT o.id, o.date_added, o.stix_id, o.version, o.collection_id, o.size FROM stix_object AS o WHERE FALSE`;

function beyond([dateAdded, stixId, version, collectionId]: Position, compare: Prisma.Sql): Prisma.Sql {
  const place = sql`${dateAdded}::timestamptz, ${stixId}::text, ${version}::timestamptz`;
  return collectionId === undefined
    ? sql`(o.date_added, o.stix_id, o.version) ${compare} (${place})`
    : sql`(o.date_added, o.stix_id, o.version, o.collection_id) ${compare} (${place}, ${collectionId}::uuid)`;
}

/** Conditions that hold each for some of the rows of a filter and that an index can answer in order. */
function conditions(filter: StixFilter): Prisma.Sql[][] {
  const { stixIds, types, specVersions } = filter;
  const splitTypes = split(sql`o.type`, types);
  // One index in the order of the list begins with the type, another one with the version of the specification.
  const splitSpecs =
    types === undefined ? split(sql`o.spec_version`, specVersions) : one(sql`o.spec_version`, specVersions);
  const ids = one(sql`o.stix_id`, stixIds);
  return selectors(filter).flatMap((selector) =>
    splitTypes.flatMap((type) => splitSpecs.flatMap((spec) => ids.map((id) => [selector, ...type, ...spec, ...id]))),
  );
}

function selectors({ versions }: Pick<StixFilter, 'versions'>): Prisma.Sql[] {
  if (versions === 'all') return [sql`TRUE`];
  return [
    ...(versions.last ? [sql`o.is_last`] : []),
    ...(versions.first ? [sql`o.is_first`] : []),
    ...(versions.instants.length > 0 ? [sql`o.version = ANY (${versions.instants}::timestamptz[])`] : []),
  ];
}

const one = (column: Prisma.Sql, values: readonly string[] | undefined): Prisma.Sql[][] =>
  values === undefined ? [[]] : [[sql`${column} = ANY (${storableOnly(values)}::text[])`]];

const split = (column: Prisma.Sql, values: readonly string[] | undefined): Prisma.Sql[][] =>
  values === undefined || values.length > mostBranches
    ? one(column, values)
    : storableOnly(values).map((value) => [sql`${column} = ${value}`]);

/** What PostgreSQL cannot hold is the value of nothing. */
const storableOnly = (values: readonly string[]): string[] =>
  [...new Set(values)].filter((value) => !value.includes('\u0000') && value.isWellFormed());

/** The condition of a whole filter on rows `o`. */
export function filterInSql(filter: StixFilter): Prisma.Sql {
  const kinds = selectors(filter);
  const rest = [
    one(sql`o.stix_id`, filter.stixIds),
    one(sql`o.type`, filter.types),
    one(sql`o.spec_version`, filter.specVersions),
  ];
  return join(
    [
      kinds.length === 0 ? sql`FALSE` : sql`(${join(kinds, ' OR ')})`,
      ...rest.flat(2),
      ...(filter.addedAfter === undefined ? [] : [sql`o.date_added > ${filter.addedAfter}::timestamptz`]),
    ],
    ' AND ',
  );
}

/** Counts all lists together when one of them is counted. */
function counter(session: Session, lists: readonly StixList[], filter: StixFilter) {
  let counts: Promise<Map<number, number>> | null = null;
  const countAll = async () => {
    const rows = await session.select<{ place: number; count: number }>(sql`
      SELECT s.place, count(*)::int AS count FROM ${placed(lists)}
      JOIN stix_object AS o ON o.collection_id = s.id WHERE ${filterInSql(filter)} GROUP BY s.place`);
    return new Map(rows.map((row) => [row.place, row.count]));
  };
  return async (place: number): Promise<number> => {
    counts ??= countAll();
    return (await counts).get(place) ?? 0;
  };
}

/** An object in a collection. */
export interface SiblingsOf {
  readonly collectionId: string;
  readonly stixId: string;
}

const siblingKeys: readonly SqlKey[] = [
  { type: 'instant', sql: sql`o.date_added` },
  { type: 'text', sql: sql`o.stix_id` },
  { type: 'instant', sql: sql`o.version` },
];

/** A page of the versions of each object, in one statement; counting all of them costs another when one is counted. */
export async function siblingPages(
  session: Session,
  objects: readonly SiblingsOf[],
  page: PageRequest,
): Promise<Page<StixVersion>[]> {
  const places = sql`unnest(${objects.map((_, place) => place)}::int[],
    ${objects.map(({ collectionId }) => collectionId)}::uuid[], ${objects.map(({ stixId }) => stixId)}::text[])
    AS s(place, id, stix_id)`;
  // An object has few versions: they are read by its id and sorted.
  const versions = sql`SELECT * FROM stix_object AS o WHERE o.collection_id = s.id AND o.stix_id = s.stix_id OFFSET 0`;
  const { bounds, tail } = pageInSql(siblingKeys, page);
  const rows = await session.select<StixVersion & { place: number }>(sql`
    SELECT s.place, row.* FROM ${places}
    CROSS JOIN LATERAL (SELECT ${versionColumns} FROM (${versions}) AS o WHERE ${bounds} ${tail}) AS row`);
  const byPlace = Map.groupBy(rows, (row) => row.place);
  let counts: Promise<Map<number, number>> | null = null;
  const countAll = async () => {
    const counted = await session.select<{ place: number; count: number }>(sql`
      SELECT s.place, count(*)::int AS count FROM ${places} CROSS JOIN LATERAL (${versions}) AS o GROUP BY s.place`);
    return new Map(counted.map((row) => [row.place, row.count]));
  };
  return objects.map(({ collectionId }, place) =>
    toPage<StixVersion>(
      page,
      (byPlace.get(place) ?? []).map(toVersion),
      (row) => positionIn([collectionId], row),
      async () => {
        counts ??= countAll();
        return (await counts).get(place) ?? 0;
      },
    ),
  );
}

export const shownVersions = { columns: versionColumns, maxBytes: null };
