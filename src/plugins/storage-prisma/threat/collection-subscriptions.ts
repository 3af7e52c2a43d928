import { type Page, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, instantColumns, type Stored, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type {
  CollectionSubscription,
  SubscriptionQuery,
  SubscriptionStatus,
  SubscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';

const { sql, join } = Prisma;

type Row = Stored<CollectionSubscription>;

const columns = sql`s.id, s.data_collection_id AS "dataCollectionId", s.collection_taxii_id AS "collectionTaxiiId",
  s.service_id AS "serviceId", s.owner_id AS "ownerId", s.status, s.response_type AS "responseType",
  s.content_bindings AS "contentBindings", ${instantColumns(sql`s`)}`;

const toSubscription = (row: Row): CollectionSubscription => {
  const { id, dataCollectionId, collectionTaxiiId, serviceId, ownerId, status, responseType, contentBindings } = row;
  const { createdAt, updatedAt } = withInstants(row);
  return {
    ...{ id, dataCollectionId, collectionTaxiiId, serviceId, ownerId, status, responseType, contentBindings },
    createdAt,
    updatedAt,
  };
};

const keys: readonly SqlKey[] = [{ type: 'uuid', sql: sql`s.id` }];
const position = ({ id }: { readonly id: string }) => [id];

export class PrismaSubscriptions implements SubscriptionStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(CollectionSubscription | null)[]> {
    const rows = await this.#session.select<Row>(
      sql`SELECT ${columns} FROM collection_subscription AS s WHERE s.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toSubscription));
  }

  async pages(
    dataCollectionIds: readonly (string | null)[],
    query: SubscriptionQuery,
  ): Promise<Page<CollectionSubscription>[]> {
    const named = dataCollectionIds.filter((id) => id !== null);
    const [ofAll, below] = [
      named.length < dataCollectionIds.length ? await this.#pageOfAll(query) : null,
      named.length > 0 ? await this.#pagesBelow(named, query) : [],
    ];
    const byCollection = new Map(named.map((id, index) => [id, below[index]]));
    return dataCollectionIds.map((id) => (id === null ? ofAll : byCollection.get(id)) as Page<CollectionSubscription>);
  }

  async #pageOfAll(query: SubscriptionQuery): Promise<Page<CollectionSubscription>> {
    const { bounds, tail } = pageInSql(keys, query.page);
    const from = sql`FROM collection_subscription AS s WHERE ${matches(query)}`;
    const rows = await this.#session.select<Row>(sql`SELECT ${columns} ${from} AND ${bounds} ${tail}`);
    return toPage(query.page, rows.map(toSubscription), position, async () => {
      const [row] = await this.#session.select<{ count: number }>(sql`SELECT count(*)::int AS count ${from}`);
      return row?.count ?? 0;
    });
  }

  async #pagesBelow(ids: readonly string[], query: SubscriptionQuery): Promise<Page<CollectionSubscription>[]> {
    const of = (parent: Prisma.Sql) =>
      sql`FROM collection_subscription AS s WHERE s.data_collection_id = ${parent} AND ${matches(query)}`;
    const pages = await pagesBelow<Row>(this.#session, ids, query.page, {
      rows: (parent, { bounds, tail }) => sql`SELECT ${columns} ${of(parent)} AND ${bounds} ${tail}`,
      count: (parent) => sql`SELECT count(*) AS count ${of(parent)}`,
      keys,
      position,
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, ...rest }) => ({ node: toSubscription(node), ...rest })),
    }));
  }

  async insert(subscription: CollectionSubscription): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO collection_subscription (id, data_collection_id, collection_taxii_id, service_id, owner_id, status,
          response_type, content_bindings, created_at, updated_at)
        SELECT id, "dataCollectionId", "collectionTaxiiId", "serviceId", "ownerId", status, "responseType",
          "contentBindings", "createdAt", "updatedAt"
        FROM json_to_record(${JSON.stringify(subscription)}::json) AS row(id uuid, "dataCollectionId" uuid,
          "collectionTaxiiId" uuid, "serviceId" uuid, "ownerId" uuid, status text, "responseType" text,
          "contentBindings" jsonb, "createdAt" timestamptz, "updatedAt" timestamptz)`,
    );
  }

  async lock(id: string): Promise<CollectionSubscription | null> {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`
        SELECT ${columns} FROM collection_subscription AS s WHERE s.id = ANY (${uuids([id])}::uuid[]) FOR UPDATE`,
    );
    return row ? toSubscription(row) : null;
  }

  async setStatus(id: string, status: SubscriptionStatus, at: string): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE collection_subscription SET status = ${status}, updated_at = ${at}::timestamptz WHERE id = ${id}::uuid`,
    );
  }

  async countEndedBefore(instant: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM collection_subscription AS s WHERE ${endedBefore(instant)}`,
    );
    return row?.count ?? 0;
  }

  deleteEndedBefore(instant: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM collection_subscription WHERE id IN (
          SELECT s.id FROM collection_subscription AS s WHERE ${endedBefore(instant)}
          ORDER BY s.updated_at, s.id LIMIT ${limit}
        )`,
    );
  }

  async deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void> {
    await this.#session.run((db) =>
      db.collectionSubscription.deleteMany({ where: { dataCollectionId: { in: uuids(dataCollectionIds) } } }),
    );
  }

  async deleteOfServices(serviceIds: readonly string[]): Promise<void> {
    await this.#session.run((db) =>
      db.collectionSubscription.deleteMany({ where: { serviceId: { in: uuids(serviceIds) } } }),
    );
  }
}

const endedBefore = (instant: string): Prisma.Sql =>
  sql`s.status = 'UNSUBSCRIBED' AND s.updated_at < ${instant}::timestamptz`;

function matches({ filter, seen }: SubscriptionQuery): Prisma.Sql {
  const own = seen.ownerId === null ? sql`FALSE` : byId(sql`s.owner_id`)([seen.ownerId]);
  return join(
    [
      sql`(${own} OR ${visibleInSql(seen.visibility, { collection: byId(sql`s.collection_taxii_id`) })})`,
      ...(filter.serviceId === undefined ? [] : [byId(sql`s.service_id`)([filter.serviceId])]),
      ...(filter.status === undefined ? [] : [sql`s.status = ${filter.status}`]),
    ],
    ' AND ',
  );
}
