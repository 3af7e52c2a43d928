import { type Page, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { visibleCircuit } from '#plugins/storage-prisma/network/circuits.ts';
import { visibleDevice } from '#plugins/storage-prisma/network/devices.ts';
import { visibleInterface } from '#plugins/storage-prisma/network/interface-scopes.ts';
import { visibleNetwork } from '#plugins/storage-prisma/network/network-scopes.ts';
import { visibleProtocol } from '#plugins/storage-prisma/network/protocols.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { byPlace, inOrder, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { type AttributeResource, attributeResources, kindOfResource } from '#resolvers/network/attributes/attribute.ts';
import type {
  AttributeName,
  AttributeStore,
  AttributeValue,
  CarriedValue,
  ValueFilter,
} from '#resolvers/network/attributes/store.ts';
import type { ListQuery } from '#resolvers/network/list.ts';

const { sql, join } = Prisma;

type ValueRow = Omit<AttributeValue, 'createdAt' | 'updatedAt'> & {
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const columns = sql`v.id, v.attribute_id AS "attributeId", v.site_id AS "siteId", v.resource,
  v.target_id AS "targetId", v.name, v.value, v.position, v.created_at AS "createdAt", v.updated_at AS "updatedAt"`;

export async function usage(session: Session, ids: readonly string[], visibility: Visibility): Promise<number[]> {
  const rows = await session.run(
    (db) => db.$queryRaw<{ id: string; count: bigint }[]>`
      SELECT v.attribute_id AS id, count(DISTINCT v.target_id) AS count FROM attribute_value AS v
      WHERE v.attribute_id = ANY (${uuids(ids)}::uuid[]) AND ${visibleValue(visibility)} GROUP BY v.attribute_id`,
  );
  const counts = new Map(rows.map(({ id, count }) => [id, Number(count)]));
  return ids.map((id) => counts.get(id.toLowerCase()) ?? 0);
}

export async function carriedTwice(session: Session, ids: readonly string[]): Promise<string[]> {
  const rows = await session.run(
    (db) => db.$queryRaw<{ id: string }[]>`
      SELECT asked.id::text AS id FROM unnest(${uuids(ids)}::uuid[]) AS asked(id) WHERE EXISTS (
        SELECT FROM attribute_value AS v WHERE v.attribute_id = asked.id GROUP BY v.target_id HAVING count(*) > 1
      )`,
  );
  return rows.map(({ id }) => id);
}

export async function getValues(session: Session, ids: readonly string[]): Promise<(AttributeValue | null)[]> {
  const rows = await session.run((db) => db.attributeValue.findMany({ where: { id: { in: uuids(ids) } } }));
  return inOrder(
    ids,
    rows.map((row) => toValue(row as ValueRow)),
  );
}

export function valuesOf(session: Session, targetIds: readonly string[]): Promise<CarriedValue[]> {
  return session.select<CarriedValue>(
    sql`
      SELECT v.target_id AS "targetId", v.name, v.value, a.multi FROM attribute_value AS v
      JOIN attribute AS a ON a.id = v.attribute_id
      WHERE v.target_id = ANY (${uuids(targetIds)}::uuid[]) ORDER BY v.target_id, v.name, v.position`,
  );
}

export async function valuePages(
  session: Session,
  siteIds: readonly (string | null)[],
  query: ListQuery<ValueFilter>,
): Promise<Page<AttributeValue>[]> {
  const matches = conditions(query);
  const keys: SqlKey[] = [{ type: 'uuid', sql: sql`v.id`, descending: query.order.direction === 'DESC' }];
  const position = ({ id }: { readonly id: string }) => [id];
  const inSites = siteIds.filter((siteId) => siteId !== null);
  const pages =
    inSites.length === 0
      ? []
      : await pagesBelow<ValueRow>(session, inSites, query.page, {
          rows: (site, { bounds, tail }) =>
            sql`SELECT ${columns} FROM attribute_value AS v WHERE v.site_id = ${site} AND ${matches} AND ${bounds} ${tail}`,
          count: (site) =>
            sql`SELECT count(*) AS count FROM attribute_value AS v WHERE v.site_id = ${site} AND ${matches}`,
          keys,
          position,
        });
  const ofSites = pages.map((page) => ({
    ...page,
    items: page.items.map(({ node, position }) => ({ node: toValue(node), position })),
  }));
  const everywhere = inSites.length < siteIds.length ? await pageOfAll() : null;
  let next = 0;
  return siteIds.map((siteId) => (siteId === null ? everywhere : ofSites[next++]) as Page<AttributeValue>);

  async function pageOfAll(): Promise<Page<AttributeValue>> {
    const { bounds, tail } = pageInSql(keys, query.page);
    const rows = await session.run(
      (db) => db.$queryRaw<ValueRow[]>`
        SELECT ${columns} FROM attribute_value AS v WHERE ${matches} AND ${bounds} ${tail}`,
    );
    return toPage(query.page, rows.map(toValue), position, async () => {
      const [counted] = await session.run(
        (db) => db.$queryRaw<{ count: bigint }[]>`SELECT count(*) AS count FROM attribute_value AS v WHERE ${matches}`,
      );
      return Number(counted?.count ?? 0);
    });
  }
}

export async function replaceValues(
  session: Session,
  targetIds: readonly string[],
  values: readonly AttributeValue[],
): Promise<void> {
  await session.run(
    (db) => db.$executeRaw`
      WITH given AS (
        SELECT * FROM json_to_recordset(${JSON.stringify(values)}::json) AS record(
          id uuid, "attributeId" uuid, "siteId" uuid, resource text, "targetId" uuid, name text, value text,
          position int, "createdAt" timestamptz, "updatedAt" timestamptz
        )
      ), gone AS (
        DELETE FROM attribute_value AS v WHERE v.target_id = ANY (${uuids(targetIds)}::uuid[]) AND NOT EXISTS (
          SELECT FROM given
          WHERE given."targetId" = v.target_id AND given."attributeId" = v.attribute_id AND given.value = v.value
        )
      )
      INSERT INTO attribute_value (id, attribute_id, site_id, resource, target_id, name, value, position, created_at,
        updated_at)
      SELECT id, "attributeId", "siteId", resource, "targetId", name, value, position, "createdAt", "updatedAt"
      FROM given ORDER BY id
      ON CONFLICT (target_id, attribute_id, value) DO UPDATE
      SET position = excluded.position, updated_at = excluded.updated_at
      WHERE attribute_value.position <> excluded.position`,
  );
}

export async function carriers(
  session: Session,
  wanted: Parameters<AttributeStore['carriers']>[0],
): Promise<string[][]> {
  if (wanted.length === 0) return [];
  const places = wanted.map(({ values, name, ...rest }, place) => ({
    ...rest,
    place,
    name: storable(name) ? name : '',
    values: values.filter(storable),
  }));
  const rows = await session.run(
    (db) => db.$queryRaw<{ place: number; id: string }[]>`
      SELECT DISTINCT asked.place, v.target_id AS id FROM json_to_recordset(${JSON.stringify(places)}::json)
        AS asked(place int, "siteId" uuid, resource text, name text, values text[])
      JOIN attribute_value AS v ON v.resource = asked.resource AND v.name = asked.name
        AND v.value = ANY (asked.values) AND (asked."siteId" IS NULL OR v.site_id = asked."siteId")`,
  );
  return byPlace(wanted, rows, ({ id }) => id);
}

export async function distinctValues(session: Session, names: readonly AttributeName[]): Promise<string[][]> {
  if (names.length === 0) return [];
  const places = names.map((name, place) => ({ ...name, place })).filter(({ name }) => storable(name));
  const rows = await session.run(
    (db) => db.$queryRaw<{ place: number; value: string }[]>`
      SELECT DISTINCT asked.place, v.value FROM json_to_recordset(${JSON.stringify(places)}::json)
        AS asked(place int, "siteId" uuid, resource text, name text)
      JOIN attribute_value AS v ON v.resource = asked.resource AND v.name = asked.name
        AND (asked."siteId" IS NULL OR v.site_id = asked."siteId")`,
  );
  return byPlace(names, rows, ({ value }) => value);
}

function toValue(row: ValueRow): AttributeValue {
  const { id, attributeId, siteId, resource, targetId, name, value, position, createdAt, updatedAt } =
    withInstants(row);
  return { id, attributeId, siteId, resource, targetId, name, value, position, createdAt, updatedAt };
}

function conditions({ filter, visibility }: Pick<ListQuery<ValueFilter>, 'filter' | 'visibility'>): Prisma.Sql {
  const { name, value, resource, targetId, attributeId } = filter;
  const text = (column: Prisma.Sql, wanted: string | undefined) =>
    wanted === undefined ? [] : [storable(wanted) ? sql`${column} = ${wanted}` : sql`FALSE`];
  const parts = [
    visibleValue(visibility),
    ...text(sql`v.name`, name),
    ...text(sql`v.value`, value),
    ...(resource === undefined ? [] : [sql`v.resource = ${resource}`]),
    ...(targetId === undefined ? [] : [sql`v.target_id = ANY (${uuids([targetId])}::uuid[])`]),
    ...(attributeId === undefined ? [] : [sql`v.attribute_id = ANY (${uuids([attributeId])}::uuid[])`]),
  ];
  return join(parts, ' AND ');
}

/** The thing of a value, where it is kept here and the viewer may see it. */
const visibleThings: Readonly<Record<AttributeResource, (visibility: Visibility) => Prisma.Sql>> = {
  DEVICE: (visibility) => sql`device AS d WHERE d.id = v.target_id AND ${visibleDevice(visibility)}`,
  NETWORK: (visibility) => sql`network AS n WHERE n.id = v.target_id AND ${visibleNetwork(visibility)}`,
  INTERFACE: (visibility) => sql`network_interface AS i WHERE i.id = v.target_id AND ${visibleInterface(visibility)}`,
  CIRCUIT: (visibility) => sql`circuit AS c WHERE c.id = v.target_id AND ${visibleCircuit(visibility)}`,
  PROTOCOL: (visibility) => sql`protocol AS p WHERE p.id = v.target_id AND ${visibleProtocol(visibility)}`,
};

/**
 * A value is seen by who sees its thing: by grants on Site and kind, and on devices themselves, which need no look at
 * the thing, or by others.
 */
function visibleValue(visibility: Visibility): Prisma.Sql {
  if (visibility === 'all') return sql`TRUE`;
  const ways = attributeResources.map(
    (resource) =>
      sql`(v.resource = ${resource} AND (
        ${visibleInSite(visibility, kindOfResource[resource], sql`v.site_id`, {
          ...(resource === 'DEVICE' && { device: (values) => sql`v.target_id = ANY (${uuids(values)}::uuid[])` }),
        })}
        OR EXISTS (SELECT FROM ${visibleThings[resource](visibility)})
      ))`,
  );
  return sql`(${join(ways, ' OR ')})`;
}
