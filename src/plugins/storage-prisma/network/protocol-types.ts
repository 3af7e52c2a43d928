import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import {
  type ListedTable,
  listedCount,
  listedMatches,
  listedPages,
  lockedThings,
  type Query,
} from '#plugins/storage-prisma/network/lists.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { inOrder, repeated, sameText, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import type {
  ProtocolType,
  ProtocolTypeFilter,
  ProtocolTypeScope,
  ProtocolTypeStore,
} from '#resolvers/network/protocol-types/protocol-type.ts';

const { sql } = Prisma;

type TypeRow = Omit<ProtocolType, 'createdAt' | 'updatedAt'> & { readonly createdAt: Date; readonly updatedAt: Date };

const columns = sql`t.id, t.site_id AS "siteId", t.name, t.description,
  t.required_attribute_ids AS "requiredAttributeIds", t.created_at AS "createdAt", t.updated_at AS "updatedAt"`;

const toType = (row: TypeRow): ProtocolType => {
  const { id, siteId, name, description, requiredAttributeIds, createdAt, updatedAt } = withInstants(row);
  return { id, siteId, name, description, requiredAttributeIds, createdAt, updatedAt };
};

const table: ListedTable<'site' | 'attribute', ProtocolTypeFilter, TypeRow, ProtocolType> = {
  from: sql`protocol_type AS t`,
  columns,
  below: (kind, id) => (kind === 'site' ? sql`t.site_id = ${id}` : sql`t.required_attribute_ids @> ARRAY[${id}]`),
  matches: async ({ filter: { name, description }, visibility }) =>
    sql`${visibleInSite(visibility, 'protocolType', sql`t.site_id`, {})}
      AND ${sameText(sql`t.name`, name)} AND ${sameText(sql`t.description`, description)}`,
  keys({ by, direction }) {
    const descending = direction === 'DESC';
    const id = { type: 'uuid', sql: sql`t.id`, descending } as const;
    return by === 'CREATED' ? [id] : [{ type: 'text', sql: sql`t.name`, descending }, id];
  },
  position: ({ by }, { id, name }) => (by === 'CREATED' ? [id] : [name, id]),
  toThing: toType,
};

/** `row`: types as JSON. */
const given = (types: readonly ProtocolType[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(types)}::json) AS row(id uuid, "siteId" uuid, name text, description text,
    "requiredAttributeIds" json, "createdAt" timestamptz, "updatedAt" timestamptz)`;

export class PrismaProtocolTypes implements ProtocolTypeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    const rows = await this.#session.run((db) => db.protocolType.findMany({ where: { id: { in: uuids(ids) } } }));
    return inOrder(ids, rows.map(toType));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly ProtocolType[])[]> {
    return listedMatches(this.#session, table, { keys, column: sql`t.name`, visibility, everything: {} });
  }

  pages(scopes: readonly ProtocolTypeScope[], query: ListQuery<ProtocolTypeFilter>): Promise<Page<ProtocolType>[]> {
    return listedPages(this.#session, table, scopes, query);
  }

  count(scopes: readonly ProtocolTypeScope[], query: Query<ProtocolTypeFilter>): Promise<number[]> {
    return listedCount(this.#session, table, scopes, query);
  }

  async insertMany(types: readonly ProtocolType[]): Promise<(ProtocolType | null)[]> {
    // In the order of their keys, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO protocol_type (id, site_id, name, description, required_attribute_ids, created_at, updated_at)
        SELECT id, "siteId", name, description,
          ARRAY(SELECT json_array_elements_text("requiredAttributeIds")::uuid), "createdAt", "updatedAt"
        FROM ${given(types)}
        ORDER BY "siteId", name COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return types.map((type) => (ids.has(type.id) ? type : null));
  }

  hold(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    return lockedThings(this.#session, table, ids, 'SHARE');
  }

  lock(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    return lockedThings(this.#session, table, ids, 'UPDATE');
  }

  async updateMany(types: readonly ProtocolType[]): Promise<readonly ProtocolType[]> {
    const ids = types.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, types);
        if (taken.size > 0) return types.filter(({ id }) => taken.has(id));
        // Names that go round among these types are out of the way first: the index looks at each row by itself.
        if (types.length > 1)
          await db.$executeRaw`UPDATE protocol_type SET name = id::text WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE protocol_type AS t SET name = row.name, description = row.description,
            required_attribute_ids = ARRAY(SELECT json_array_elements_text(row."requiredAttributeIds")::uuid),
            updated_at = row."updatedAt"
          FROM ${given(types)} WHERE t.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a name between the look and the write; which one is not known.
      if (isTaken(error)) return types.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.protocolType.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }
}

/** The ids of those whose name a type has that is not among them, or one before them is to have. */
async function takenByOthers(db: Prisma.TransactionClient, types: readonly ProtocolType[]): Promise<Set<string>> {
  const twice = repeated(types, ({ siteId, name }) => `${siteId}/${name}`);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(types)}
    JOIN protocol_type AS t ON t.site_id = row."siteId" AND t.name = row.name
    WHERE t.id <> ALL (${types.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
