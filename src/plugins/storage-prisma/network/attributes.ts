import { type Page, type Position, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import * as values from '#plugins/storage-prisma/network/attribute-values.ts';
import { SqlSelection } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { byPlace, inOrder, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Attribute, AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { Step } from '#resolvers/network/attributes/selection.ts';
import type {
  AttributeFilter,
  AttributeName,
  AttributeStore,
  AttributeValue,
  CarriedValue,
  DefinitionsWanted,
  ValueFilter,
} from '#resolvers/network/attributes/store.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';

const { sql, join } = Prisma;

type AttributeRow = Omit<Attribute, 'createdAt' | 'updatedAt' | 'constraints'> &
  Attribute['constraints'] & { readonly createdAt: Date; readonly updatedAt: Date };
type Query = Pick<ListQuery<AttributeFilter>, 'filter' | 'visibility'>;

const columns = sql`a.id, a.site_id AS "siteId", a.resource, a.name, a.description, a.required, a.display, a.multi,
  a.allow_empty AS "allowEmpty", a.pattern, a.valid_values AS "validValues", a.created_at AS "createdAt",
  a.updated_at AS "updatedAt"`;

/** How a definition crosses into SQL as JSON. */
const recordOf = sql`record(id uuid, "siteId" uuid, resource text, name text, description text, required boolean,
  display boolean, multi boolean, "allowEmpty" boolean, pattern text, "validValues" text[], "createdAt" timestamptz,
  "updatedAt" timestamptz)`;

const toJson = (attributes: readonly Attribute[]): string =>
  JSON.stringify(attributes.map(({ constraints, ...rest }) => ({ ...rest, ...constraints })));

export class PrismaAttributes implements AttributeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Attribute | null)[]> {
    return inOrder(ids, await this.#select(sql`a.id = ANY (${uuids(ids)}::uuid[])`));
  }

  async match(names: readonly AttributeName[], visibility: Visibility): Promise<(readonly Attribute[])[]> {
    const places = names.map(({ siteId, resource, name }, place) => ({ place, site: siteId, resource, name }));
    const asked = JSON.stringify(places.filter(({ name }) => storable(name)));
    const matching = sql`
      SELECT ${columns} FROM attribute AS a
      WHERE a.resource = asked.resource AND a.name = asked.name AND ${visibleAttribute(visibility)}`;
    // One Site and all Sites are two ways into the table, each with its own index.
    const rows = await this.#session.run(
      (db) => db.$queryRaw<(AttributeRow & { place: number })[]>`
        SELECT asked.place, found.*
        FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid, resource text, name text)
        CROSS JOIN LATERAL (
          (${matching} AND a.site_id = asked.site)
          UNION ALL
          (${matching} AND asked.site IS NULL ORDER BY a.id LIMIT 2)
        ) AS found`,
    );
    return byPlace(names, rows, toAttribute);
  }

  async pages(siteIds: readonly (string | null)[], query: ListQuery<AttributeFilter>): Promise<Page<Attribute>[]> {
    const inSites = siteIds.filter((siteId) => siteId !== null);
    const pages = inSites.length > 0 ? await this.#pagesOfSites(inSites, query) : [];
    const everywhere = inSites.length < siteIds.length ? await this.#pageOfAll(query) : null;
    let next = 0;
    return siteIds.map((siteId) => (siteId === null ? everywhere : pages[next++]) as Page<Attribute>);
  }

  async #pagesOfSites(siteIds: readonly string[], query: ListQuery<AttributeFilter>): Promise<Page<Attribute>[]> {
    const matches = conditions(query);
    const pages = await pagesBelow<AttributeRow>(this.#session, siteIds, query.page, {
      rows: (site, { bounds, tail }) =>
        sql`SELECT ${columns} FROM attribute AS a WHERE a.site_id = ${site} AND ${matches} AND ${bounds} ${tail}`,
      count: (site) => sql`SELECT count(*) AS count FROM attribute AS a WHERE a.site_id = ${site} AND ${matches}`,
      keys: keysOf(query.order),
      position: (row) => positionOf(query.order, row),
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toAttribute(node), position })),
    }));
  }

  async #pageOfAll(query: ListQuery<AttributeFilter>): Promise<Page<Attribute>> {
    const { bounds, tail } = pageInSql(keysOf(query.order), query.page);
    return toPage(
      query.page,
      await this.#select(sql`${conditions(query)} AND ${bounds} ${tail}`),
      (attribute) => positionOf(query.order, attribute),
      async () => (await this.count([null], query))[0] ?? 0,
    );
  }

  async count(siteIds: readonly (string | null)[], query: Query): Promise<number[]> {
    const asked = JSON.stringify(siteIds.map((site, place) => ({ place, site })));
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ place: number; count: bigint }[]>`
        SELECT asked.place, counted.count FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid)
        CROSS JOIN LATERAL (
          SELECT count(*) AS count FROM attribute AS a
          WHERE (asked.site IS NULL OR a.site_id = asked.site) AND ${conditions(query)}
        ) AS counted`,
    );
    const counts = new Map(rows.map(({ place, count }) => [place, Number(count)]));
    return siteIds.map((_, place) => counts.get(place) ?? 0);
  }

  hold(wanted: readonly DefinitionsWanted[]): Promise<Attribute[]> {
    const ways = wanted.map(
      ({ siteId, resource, names }) => sql`(a.site_id = ${siteId}::uuid AND a.resource = ${resource}
        AND (a.required OR a.name = ANY (${names.filter(storable)}::text[])))`,
    );
    return ways.length === 0
      ? Promise.resolve([])
      : this.#select(sql`(${join(ways, ' OR ')}) ORDER BY a.id FOR KEY SHARE`);
  }

  async lock(ids: readonly string[]): Promise<(Attribute | null)[]> {
    return inOrder(ids, await this.#select(sql`a.id = ANY (${uuids(ids)}::uuid[]) ORDER BY a.id FOR UPDATE`));
  }

  async insertMany(attributes: readonly Attribute[]): Promise<(Attribute | null)[]> {
    // In the order of their keys, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO attribute (id, site_id, resource, name, description, required, display, multi, allow_empty, pattern,
          valid_values, created_at, updated_at)
        SELECT id, "siteId", resource, name, description, required, display, multi, "allowEmpty", pattern,
          "validValues", "createdAt", "updatedAt"
        FROM json_to_recordset(${toJson(attributes)}::json) AS ${recordOf}
        ORDER BY "siteId", resource, name COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return attributes.map((attribute) => (ids.has(attribute.id) ? attribute : null));
  }

  async updateMany(attributes: readonly Attribute[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE attribute AS a SET description = record.description, required = record.required,
          display = record.display, multi = record.multi, allow_empty = record."allowEmpty", pattern = record.pattern,
          valid_values = record."validValues", updated_at = record."updatedAt"
        FROM json_to_recordset(${toJson(attributes)}::json) AS ${recordOf} WHERE a.id = record.id`,
    );
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.attribute.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  usage = (ids: readonly string[], visibility: Visibility): Promise<number[]> =>
    values.usage(this.#session, ids, visibility);

  carriedTwice = (ids: readonly string[]): Promise<string[]> => values.carriedTwice(this.#session, ids);

  getValues = (ids: readonly string[]): Promise<(AttributeValue | null)[]> => values.getValues(this.#session, ids);

  valuesOf = (targetIds: readonly string[]): Promise<CarriedValue[]> => values.valuesOf(this.#session, targetIds);

  valuePages = (siteIds: readonly (string | null)[], query: ListQuery<ValueFilter>): Promise<Page<AttributeValue>[]> =>
    values.valuePages(this.#session, siteIds, query);

  replaceValues = (targetIds: readonly string[], rows: readonly AttributeValue[]): Promise<void> =>
    values.replaceValues(this.#session, targetIds, rows);

  carriers: AttributeStore['carriers'] = (wanted) => values.carriers(this.#session, wanted);

  distinctValues: AttributeStore['distinctValues'] = (names) => values.distinctValues(this.#session, names);

  select(resource: AttributeResource, steps: readonly Step[]): SqlSelection {
    return new SqlSelection(this, resource, steps);
  }

  async #select(rest: Prisma.Sql): Promise<Attribute[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<AttributeRow[]>`SELECT ${columns} FROM attribute AS a WHERE ${rest}`,
    );
    return rows.map(toAttribute);
  }
}

function toAttribute(row: AttributeRow): Attribute {
  const { id, siteId, resource, name, description, required, display, multi, ...rest } = withInstants(row);
  const { allowEmpty, pattern, validValues, createdAt, updatedAt } = rest;
  const constraints = { allowEmpty, pattern, validValues };
  return { id, siteId, resource, name, description, required, display, multi, constraints, createdAt, updatedAt };
}

const visibleAttribute = (visibility: Visibility): Prisma.Sql =>
  visibleInSite(visibility, 'attribute', sql`a.site_id`, {});

function conditions({ filter, visibility }: Query): Prisma.Sql {
  const { name, resource, required, display, multi } = filter;
  const parts = [
    visibleAttribute(visibility),
    ...(name === undefined ? [] : [storable(name) ? sql`a.name = ${name}` : sql`FALSE`]),
    ...(resource === undefined ? [] : [sql`a.resource = ${resource}`]),
    ...(required === undefined ? [] : [sql`a.required = ${required}`]),
    ...(display === undefined ? [] : [sql`a.display = ${display}`]),
    ...(multi === undefined ? [] : [sql`a.multi = ${multi}`]),
  ];
  return join(parts, ' AND ');
}

function keysOf({ by, direction }: Order): SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`a.id`, descending };
  return by === 'CREATED' ? [id] : [{ type: 'text', sql: sql`a.name`, descending }, id];
}

const positionOf = ({ by }: Order, { id, name }: Pick<Attribute, 'id' | 'name'>): Position =>
  by === 'CREATED' ? [id] : [name, id];
