import { createHash } from 'node:crypto';
import { type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, storable, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import {
  cidrOf,
  type IndicatorObservable,
  type IndicatorRows,
  type ObservableFilter,
  type ObservableStore,
} from '#resolvers/threat/observables/observable.ts';

const { sql, join } = Prisma;

type Row = Omit<IndicatorObservable, 'cidr' | 'validFrom' | 'validUntil'> & {
  readonly validFrom: string | null;
  readonly validUntil: string | null;
};
type Match = 'COVERING' | 'WITHIN';

const columns = sql`o.id, o.collection_id AS "collectionId", o.stix_id AS "stixId", o.object_id AS "objectId", o.kind, o.value,
  o.hash_algorithm AS "hashAlgorithm", o.valid_from::text AS "validFrom", o.valid_until::text AS "validUntil", o.revoked`;

const toObservable = ({ validFrom, validUntil, ...row }: Row): IndicatorObservable => ({
  id: row.id,
  collectionId: row.collectionId,
  stixId: row.stixId,
  objectId: row.objectId,
  kind: row.kind,
  value: row.value,
  hashAlgorithm: row.hashAlgorithm,
  cidr: cidrOf(row),
  validFrom: validFrom === null ? null : toInstant(validFrom),
  validUntil: validUntil === null ? null : toInstant(validUntil),
  revoked: row.revoked,
});

/** Values may be longer than an index takes. */
const digestOf = (value: string): string => createHash('sha256').update(value).digest('hex');

/** Rows of one statement. */
const batch = 5000;

export class PrismaObservables implements ObservableStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(IndicatorObservable | null)[]> {
    const rows = await this.#session.select<Row>(
      sql`SELECT ${columns} FROM indicator_observable AS o WHERE o.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toObservable));
  }

  async replaceFor(indicators: readonly IndicatorRows[]): Promise<void> {
    const collectionIds = indicators.map(({ collectionId }) => collectionId);
    const stixIds = indicators.map(({ stixId }) => stixId);
    const rows = indicators.flatMap((indicator) => indicator.rows);
    await this.#session.together(async (db) => {
      await db.$executeRaw`
        DELETE FROM indicator_observable AS o
        USING unnest(${collectionIds}::uuid[], ${stixIds}::text[]) AS key(collection_id, stix_id)
        WHERE o.collection_id = key.collection_id AND o.stix_id = key.stix_id`;
      for (let from = 0; from < rows.length; from += batch) {
        const given = JSON.stringify(
          rows.slice(from, from + batch).map((row) => ({ ...row, digest: digestOf(row.value) })),
        );
        await db.$executeRaw`
          INSERT INTO indicator_observable (id, collection_id, stix_id, object_id, kind, value, digest, hash_algorithm,
            cidr, valid_from, valid_until, revoked)
          SELECT id, "collectionId", "stixId", "objectId", kind, value, decode(digest, 'hex'), "hashAlgorithm", cidr,
            "validFrom", "validUntil", revoked
          FROM json_to_recordset(${given}::json) AS row(id uuid, "collectionId" uuid, "stixId" text, "objectId" uuid,
            kind text, value text, digest text, "hashAlgorithm" text, cidr inet, "validFrom" timestamptz,
            "validUntil" timestamptz, revoked boolean)`;
      }
    });
  }

  async deleteOf(collectionIds: readonly string[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM indicator_observable WHERE collection_id = ANY (${uuids(collectionIds)}::uuid[])`,
    );
  }

  async page(filter: ObservableFilter, request: PageRequest): Promise<Page<IndicatorObservable>> {
    const { rows, count, keys, position } = waysTo(filter);
    const found = await this.#session.select<Row>(rows(pageInSql(keys, request)));
    return toPage(request, found.map(toObservable), position, async () => {
      const [counted] = await this.#session.select<{ count: string | number }>(count);
      return Number(counted?.count ?? 0);
    });
  }

  async pagesOfCidrs(
    cidrs: readonly string[],
    match: Match,
    filter: Omit<ObservableFilter, 'values' | 'cidr'>,
    request: PageRequest,
  ): Promise<Page<IndicatorObservable>[]> {
    const { keys, position } = orderOf(match);
    const matches = conditions(filter);
    const pages = await pagesBelow<Row>(this.#session, cidrs, request, {
      type: 'text',
      rows: (cidr, page) => select(columns, inet(cidr), match, [], sql`${matches} AND ${page.bounds} ${page.tail}`),
      count: (cidr) => select(counting, inet(cidr), match, [], matches),
      keys,
      position: (row) => position(toObservable(row)),
    });
    return pages.map(toObservables);
  }

  async pagesOfObjects(
    objects: Parameters<ObservableStore['pagesOfObjects']>[0],
    request: PageRequest,
  ): Promise<Page<IndicatorObservable>[]> {
    const { keys, position } = orderOf(null);
    const ofObject = (id: Prisma.Sql, what: Prisma.Sql) => sql`
      SELECT ${what} FROM json_to_recordset(${JSON.stringify(objects)}::json) AS s(id uuid, "collectionId" uuid, "stixId" text)
      JOIN indicator_observable AS o
        ON o.collection_id = s."collectionId" AND o.stix_id = s."stixId" AND o.object_id = s.id
      WHERE s.id = ${id}`;
    const ids = objects.map(({ id }) => id);
    const pages = await pagesBelow<Row>(this.#session, ids, request, {
      rows: (id, { bounds, tail }) => sql`${ofObject(id, columns)} AND ${bounds} ${tail}`,
      count: (id) => ofObject(id, counting),
      keys,
      position: (row) => position(toObservable(row)),
    });
    return pages.map(toObservables);
  }
}

const counting = sql`count(*) AS count`;
const inet = (text: Prisma.Sql | string): Prisma.Sql => sql`${text}::inet`;

const toObservables = (page: Page<Row>): Page<IndicatorObservable> => ({
  ...page,
  items: page.items.map(({ node, position }) => ({ node: toObservable(node), position })),
});

/** How the rows of a filter are read and counted. */
function waysTo(filter: ObservableFilter): {
  readonly rows: (page: { bounds: Prisma.Sql; tail: Prisma.Sql }) => Prisma.Sql;
  readonly count: Prisma.Sql;
  readonly keys: readonly SqlKey[];
  readonly position: (row: IndicatorObservable) => Position;
} {
  const { values, cidr } = filter;
  const matches = conditions(filter);
  const match = cidr?.match ?? null;
  const from = (what: Prisma.Sql, rest: Prisma.Sql) =>
    values || cidr
      ? select(what, cidr ? inet(cidr.text) : null, match, values ?? [], rest)
      : sql`SELECT ${what} FROM indicator_observable AS o WHERE ${rest}`;
  return {
    rows: ({ bounds, tail }) => from(columns, sql`${matches} AND ${bounds} ${tail}`),
    count: from(counting, matches),
    ...orderOf(match),
  };
}

const byId: SqlKey = { type: 'uuid', sql: sql`o.id` };
const byCidr: SqlKey = { type: 'network', sql: sql`o.cidr` };

const orderOf = (match: Match | null) =>
  match === 'WITHIN'
    ? { keys: [byCidr, byId], position: (row: IndicatorObservable): Position => [row.cidr ?? '', row.id] }
    : { keys: [byId], position: (row: IndicatorObservable): Position => [row.id] };

/**
 * What lies in a prefix comes from its range of the index, in order. What covers it, or has one of the values, are few
 * rows: they are read first, since the planner may otherwise walk through all rows in the order asked for.
 */
function select(
  what: Prisma.Sql,
  cidr: Prisma.Sql | null,
  match: Match | null,
  values: NonNullable<ObservableFilter['values']>,
  rest: Prisma.Sql,
): Prisma.Sql {
  if (cidr && match === 'WITHIN')
    return sql`SELECT ${what} FROM indicator_observable AS o WHERE o.cidr >= ${cidr}
      AND o.cidr <= set_masklen(broadcast(${cidr}), CASE family(${cidr}) WHEN 4 THEN 32 ELSE 128 END) AND ${rest}`;
  const parts = [
    ...(cidr ? [sql`SELECT held.* FROM indicator_observable AS held WHERE held.cidr >>= ${cidr}`] : []),
    ...(values.length > 0 || !cidr ? [havingValue(values)] : []),
  ];
  return sql`WITH o AS MATERIALIZED (${join(parts, ' UNION ALL ')}) SELECT ${what} FROM o WHERE ${rest}`;
}

/** Arrays tell the planner how many there are: of a record set it expects a hundred. */
function havingValue(values: NonNullable<ObservableFilter['values']>): Prisma.Sql {
  const asked = values.filter(({ value }) => storable(value));
  return sql`
    SELECT held.* FROM unnest(
      ${asked.map(({ kind }) => kind)}::text[], ${asked.map(({ value }) => value)}::text[],
      ${asked.map(({ value }) => digestOf(value))}::text[]
    ) AS asked(kind, value, digest)
    JOIN indicator_observable AS held
      ON held.digest = decode(asked.digest, 'hex') AND held.kind = asked.kind AND held.value = asked.value`;
}

function conditions({
  kind,
  collectionIds,
  includeRevoked,
  activeAt,
}: Omit<ObservableFilter, 'values' | 'cidr'>): Prisma.Sql {
  const parts = [
    ...(collectionIds === 'all' ? [] : [sql`o.collection_id = ANY (${uuids(collectionIds)}::uuid[])`]),
    ...(kind === undefined ? [] : [sql`o.kind = ${kind}`]),
    ...(includeRevoked ? [] : [sql`NOT o.revoked`]),
    ...(activeAt === undefined
      ? []
      : [
          sql`(o.valid_from IS NULL OR o.valid_from <= ${activeAt}::timestamptz)`,
          sql`(o.valid_until IS NULL OR o.valid_until > ${activeAt}::timestamptz)`,
        ]),
  ];
  return parts.length === 0 ? sql`TRUE` : join(parts, ' AND ');
}
