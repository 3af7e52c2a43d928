import type { Page, PageRequest } from '#kernel/page.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import {
  instantColumns,
  repeated,
  type Stored,
  storable,
  sumsById,
  uuids,
  withInstants,
} from '#plugins/storage-prisma/rows.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
import { Table } from '#plugins/storage-prisma/threat/table.ts';
import type {
  CollectionAlias,
  CollectionScope,
  CollectionStore,
  OpenCollection,
  TaxiiCollection,
} from '#resolvers/threat/collections/collection.ts';

const { sql } = Prisma;

type Row = Stored<TaxiiCollection>;

const columns = sql`c.id, c.api_root_id AS "apiRootId", c.title, c.description, c.alias, c.is_public AS "isPublic",
  c.is_public_write AS "isPublicWrite", c.object_count AS "objectCount", ${instantColumns(sql`c`)}`;

const keys: readonly SqlKey[] = [
  { type: 'text', sql: sql`c.title` },
  { type: 'uuid', sql: sql`c.id` },
];

/** `row`: collections as JSON. */
const given = (collections: readonly TaxiiCollection[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(collections)}::json) AS row(id uuid, "apiRootId" uuid, title text,
    description text, alias text, "isPublic" boolean, "isPublicWrite" boolean, "objectCount" int,
    "createdAt" timestamptz, "updatedAt" timestamptz)`;

export class PrismaCollections implements CollectionStore {
  readonly #session: Session;
  readonly #table: Table<Row, TaxiiCollection>;

  constructor(session: Session) {
    this.#session = session;
    this.#table = new Table<Row, TaxiiCollection>(session, {
      ...{ from: sql`taxii_collection AS c`, id: sql`c.id`, columns, keys },
      position: positionOf,
      toThing: withInstants,
    });
  }

  getMany(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.#table.getMany(ids);
  }

  async getByAlias(wanted: readonly CollectionAlias[]): Promise<(TaxiiCollection | null)[]> {
    const asked = wanted.filter(({ apiRootId, alias }) => uuids([apiRootId]).length > 0 && storable(alias));
    const found = await this.#table.find(sql`(c.api_root_id, c.alias) IN (
      SELECT * FROM unnest(${asked.map(({ apiRootId }) => apiRootId)}::uuid[], ${asked.map(({ alias }) => alias)}::text[])
    )`);
    const byKey = new Map(found.map((collection) => [keyOf(collection), collection]));
    return wanted.map((key) => byKey.get(keyOf(key)) ?? null);
  }

  page(scope: CollectionScope, page: PageRequest): Promise<Page<TaxiiCollection>> {
    const within = scope.kind === 'all' ? sql`TRUE` : sql`c.api_root_id = ANY (${uuids(scope.ids)}::uuid[])`;
    return this.#table.page(within, page);
  }

  pagesOfRoots(apiRootIds: readonly string[], page: PageRequest): Promise<Page<TaxiiCollection>[]> {
    return this.#table.pagesBelow(
      apiRootIds,
      page,
      (root) => sql`FROM taxii_collection AS c WHERE c.api_root_id = ${root}`,
    );
  }

  async insertMany(collections: readonly TaxiiCollection[]): Promise<(TaxiiCollection | null)[]> {
    // In the order of aliases, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO taxii_collection (id, api_root_id, title, description, alias, is_public, is_public_write,
          object_count, created_at, updated_at)
        SELECT id, "apiRootId", title, description, alias, "isPublic", "isPublicWrite",
          "objectCount", "createdAt", "updatedAt"
        FROM ${given(collections)} ORDER BY "apiRootId", alias COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    // Of two with one id the first was made.
    return collections.map((collection) => (ids.delete(collection.id) ? collection : null));
  }

  hold(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.#table.lockMany(ids, sql`FOR KEY SHARE`);
  }

  lock(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.#table.lockMany(ids, sql`FOR UPDATE`);
  }

  lockInRoots(apiRootIds: readonly string[]): Promise<TaxiiCollection[]> {
    return this.#table.lock(sql`c.api_root_id = ANY (${uuids(apiRootIds)}::uuid[])`, sql`FOR UPDATE`);
  }

  async updateMany(collections: readonly TaxiiCollection[]): Promise<readonly TaxiiCollection[]> {
    const ids = collections.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, collections);
        if (taken.size > 0) return collections.filter(({ id }) => taken.has(id));
        // Aliases that go round among these are out of the way first: the index looks at each row by itself.
        if (collections.length > 1)
          await db.$executeRaw`UPDATE taxii_collection SET alias = NULL WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE taxii_collection AS c SET title = row.title, description = row.description, alias = row.alias,
            is_public = row."isPublic", is_public_write = row."isPublicWrite", updated_at = row."updatedAt"
          FROM ${given(collections)} WHERE c.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took an alias between the look and the write; which one is not known.
      if (isTaken(error)) return collections.slice(0, 1);
      throw error;
    }
  }

  async addToCounts(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void> {
    const [ids, counts] = sumsById(changes);
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE taxii_collection AS c SET object_count = c.object_count + change.by
        FROM unnest(${ids}::uuid[], ${counts}::int[]) AS change(id, by) WHERE c.id = change.id`,
    );
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.taxiiCollection.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  async idsInRoots(apiRootIds: readonly string[]): Promise<string[]> {
    const rows = await this.#session.select<{ id: string }>(
      sql`SELECT id FROM taxii_collection WHERE api_root_id = ANY (${uuids(apiRootIds)}::uuid[])`,
    );
    return rows.map(({ id }) => id);
  }

  async listOpen(): Promise<readonly OpenCollection[]> {
    return this.#session.select<OpenCollection>(sql`
      SELECT id, is_public AS "isPublic", is_public_write AS "isPublicWrite" FROM taxii_collection
      WHERE is_public OR is_public_write`);
  }
}

const positionOf = ({ title, id }: Pick<TaxiiCollection, 'title' | 'id'>) => [title, id];

const keyOf = ({ apiRootId, alias }: { readonly apiRootId: string; readonly alias: string | null }): string =>
  `${apiRootId.toLowerCase()}/${alias}`;

/** The ids of those whose alias a collection of their root has that is not among them, or one before them is to have. */
async function takenByOthers(db: Statements, collections: readonly TaxiiCollection[]): Promise<Set<string>> {
  const twice = repeated(
    collections.filter(({ alias }) => alias !== null),
    keyOf,
  );
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(collections)}
    JOIN taxii_collection AS c ON c.api_root_id = row."apiRootId" AND c.alias = row.alias
    WHERE c.id <> ALL (${collections.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
