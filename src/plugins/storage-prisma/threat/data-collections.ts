import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
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
import type { Session } from '#plugins/storage-prisma/session.ts';
import { Table } from '#plugins/storage-prisma/threat/table.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type {
  DataCollection,
  DataCollectionQuery,
  DataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';

const { sql } = Prisma;

type Row = Stored<DataCollection>;

const columns = sql`c.id, c.taxii_id AS "taxiiId", c.name, c.type, c.description,
  c.accept_all_content AS "acceptAllContent", c.supported_content AS "supportedContent", c.available, c.volume,
  ${instantColumns(sql`c`)}`;

const keys: readonly SqlKey[] = [{ type: 'text', sql: sql`c.name` }];

const seen = (visibility: Visibility) => visibleInSql(visibility, { collection: byId(sql`c.taxii_id`) });

/** `row`: collections as JSON. */
const given = (collections: readonly DataCollection[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(collections)}::json) AS row(id uuid, "taxiiId" uuid, name text, type text,
    description text, "acceptAllContent" boolean, "supportedContent" jsonb, available boolean, volume int,
    "createdAt" timestamptz, "updatedAt" timestamptz)`;

export class PrismaDataCollections implements DataCollectionStore {
  readonly #session: Session;
  readonly #table: Table<Row, DataCollection>;

  constructor(session: Session) {
    this.#session = session;
    this.#table = new Table<Row, DataCollection>(session, {
      ...{ from: sql`data_collection AS c`, id: sql`c.id`, columns, keys },
      position: positionOf,
      toThing: toCollection,
    });
  }

  getMany(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#table.getMany(ids);
  }

  async getByTaxiiId(taxiiIds: readonly string[]): Promise<(DataCollection | null)[]> {
    const found = await this.#table.find(sql`c.taxii_id = ANY (${uuids(taxiiIds)}::uuid[])`);
    const byTaxiiId = new Map(found.map((collection) => [collection.taxiiId, collection]));
    return taxiiIds.map((id) => byTaxiiId.get(id.toLowerCase()) ?? null);
  }

  async getByName(names: readonly string[]): Promise<(DataCollection | null)[]> {
    const found = await this.#table.find(sql`c.name = ANY (${names.filter(storable)}::text[])`);
    const byName = new Map(found.map((collection) => [collection.name, collection]));
    return names.map((name) => byName.get(name) ?? null);
  }

  page({ visibility, page }: DataCollectionQuery): Promise<Page<DataCollection>> {
    return this.#table.page(seen(visibility), page);
  }

  pagesOfServices(
    serviceIds: readonly string[],
    { visibility, page }: DataCollectionQuery,
  ): Promise<Page<DataCollection>[]> {
    return this.#table.pagesBelow(
      serviceIds,
      page,
      (service) => sql`
        FROM data_collection_service AS attached JOIN data_collection AS c ON c.id = attached.data_collection_id
        WHERE attached.service_id = ${service} AND ${seen(visibility)}`,
    );
  }

  async ofServices(serviceIds: readonly string[]): Promise<(readonly DataCollection[])[]> {
    const rows = await this.#session.select<Row & { readonly serviceId: string }>(
      sql`SELECT attached.service_id AS "serviceId", ${columns}
        FROM data_collection_service AS attached JOIN data_collection AS c ON c.id = attached.data_collection_id
        WHERE attached.service_id = ANY (${uuids(serviceIds)}::uuid[]) ORDER BY c.name`,
    );
    const groups = Map.groupBy(rows, ({ serviceId }) => serviceId);
    return serviceIds.map((id) => (groups.get(id) ?? []).map(toCollection));
  }

  async insertMany(collections: readonly DataCollection[]): Promise<(DataCollection | null)[]> {
    // In the order of names, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO data_collection (id, taxii_id, name, type, description, accept_all_content, supported_content,
          available, volume, created_at, updated_at)
        SELECT id, "taxiiId", name, type, description, "acceptAllContent", "supportedContent",
          available, volume, "createdAt", "updatedAt"
        FROM ${given(collections)} ORDER BY name COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return collections.map((collection) => (ids.has(collection.id) ? collection : null));
  }

  hold(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#table.lockMany(ids, sql`FOR SHARE`);
  }

  lock(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#table.lockMany(ids, sql`FOR UPDATE`);
  }

  async updateMany(collections: readonly DataCollection[]): Promise<readonly DataCollection[]> {
    const ids = collections.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, collections);
        if (taken.size > 0) return collections.filter(({ id }) => taken.has(id));
        // Names that go round among these are out of the way first: the index looks at each row by itself.
        if (collections.length > 1)
          await db.$executeRaw`UPDATE data_collection SET name = id::text WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE data_collection AS c SET name = row.name, type = row.type, description = row.description,
            accept_all_content = row."acceptAllContent", supported_content = row."supportedContent",
            available = row.available, updated_at = row."updatedAt"
          FROM ${given(collections)} WHERE c.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a name between the look and the write; which one is not known.
      if (isTaken(error)) return collections.slice(0, 1);
      throw error;
    }
  }

  async addToVolumes(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void> {
    const [ids, counts] = sumsById(changes);
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE data_collection AS c SET volume = c.volume + change.by
        FROM unnest(${ids}::uuid[], ${counts}::int[]) AS change(id, by) WHERE c.id = change.id`,
    );
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.dataCollection.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  async servicesOf(ids: readonly string[]): Promise<(readonly string[])[]> {
    const rows = await this.#session.run((db) =>
      db.dataCollectionService.findMany({ where: { dataCollectionId: { in: uuids(ids) } } }),
    );
    const groups = Map.groupBy(rows, ({ dataCollectionId }) => dataCollectionId);
    return ids.map((id) => (groups.get(id) ?? []).map(({ serviceId }) => serviceId));
  }

  async replaceServices(
    attachments: readonly { readonly id: string; readonly serviceIds: readonly string[] }[],
  ): Promise<void> {
    const rows = attachments.flatMap(({ id, serviceIds }) =>
      serviceIds.map((serviceId) => ({ dataCollectionId: id, serviceId })),
    );
    await this.#session.together(async (db) => {
      await db.dataCollectionService.deleteMany({
        where: { dataCollectionId: { in: attachments.map(({ id }) => id) } },
      });
      await db.dataCollectionService.createMany({ data: rows, skipDuplicates: true });
    });
  }

  async removeServices(serviceIds: readonly string[]): Promise<void> {
    await this.#session.run((db) =>
      db.dataCollectionService.deleteMany({ where: { serviceId: { in: uuids(serviceIds) } } }),
    );
  }

  async allIds(): Promise<string[]> {
    const rows = await this.#session.run((db) => db.dataCollection.findMany({ select: { id: true } }));
    return rows.map(({ id }) => id);
  }
}

const positionOf = ({ name }: Pick<DataCollection, 'name'>) => [name];

const toCollection = (row: Row): DataCollection => {
  const { id, taxiiId, name, type, description, acceptAllContent, supportedContent, available, volume } = row;
  const { createdAt, updatedAt } = withInstants(row);
  return {
    id,
    taxiiId,
    name,
    type,
    description,
    acceptAllContent,
    supportedContent,
    available,
    volume,
    createdAt,
    updatedAt,
  };
};

/** The ids of those whose name a collection has that is not among them, or one before them is to have. */
async function takenByOthers(
  db: Prisma.TransactionClient,
  collections: readonly DataCollection[],
): Promise<Set<string>> {
  const twice = repeated(collections, ({ name }) => name);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(collections)} JOIN data_collection AS c ON c.name = row.name
    WHERE c.id <> ALL (${collections.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
