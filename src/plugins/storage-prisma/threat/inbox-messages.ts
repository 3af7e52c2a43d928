import { type Page, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, sameText, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type { InboxMessage, InboxMessageQuery, InboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';

const { sql } = Prisma;

type Row = Omit<InboxMessage, 'recordCount'> & { readonly recordCount: string | bigint | null };

const columns = sql`m.id, m.service, m.message_id AS "messageId", m.content_block_count AS "contentBlockCount",
  m.stored_block_count AS "storedBlockCount", m.destination_collections AS "destinationCollections",
  m.collection_taxii_ids::text[] AS "collectionTaxiiIds", m.result_id AS "resultId", m.record_count AS "recordCount",
  m.partial_count AS "partialCount", m.source, m.has_raw AS "hasRaw", m.created_at::text AS "createdAt"`;

const toMessage = (row: Row): InboxMessage => ({
  id: row.id,
  service: row.service,
  messageId: row.messageId,
  contentBlockCount: row.contentBlockCount,
  storedBlockCount: row.storedBlockCount,
  destinationCollections: row.destinationCollections,
  collectionTaxiiIds: row.collectionTaxiiIds,
  resultId: row.resultId,
  recordCount: row.recordCount === null ? null : Number(row.recordCount),
  partialCount: row.partialCount,
  source: row.source,
  hasRaw: row.hasRaw,
  createdAt: toInstant(row.createdAt),
});

const keys: readonly SqlKey[] = [{ type: 'uuid', sql: sql`m.id` }];

export class PrismaInboxMessages implements InboxMessageStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(InboxMessage | null)[]> {
    const rows = await this.#session.select<Row>(
      sql`SELECT ${columns} FROM inbox_message AS m WHERE m.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toMessage));
  }

  async raws(ids: readonly string[]): Promise<(Uint8Array | null)[]> {
    const rows = await this.#session.run((db) =>
      db.inboxMessageRaw.findMany({ where: { messageId: { in: uuids(ids) } } }),
    );
    const found = new Map(rows.map(({ messageId, bytes }) => [messageId, bytes]));
    return ids.map((id) => found.get(id.toLowerCase()) ?? null);
  }

  async page({ service, visibility, page }: InboxMessageQuery): Promise<Page<InboxMessage>> {
    const { bounds, tail } = pageInSql(keys, page);
    const seen = visibleInSql(visibility, {
      collection: (values) => sql`m.collection_taxii_ids && ${uuids(values)}::uuid[]`,
    });
    const from = sql`FROM inbox_message AS m WHERE ${sameText(sql`m.service`, service ?? undefined)} AND ${seen}`;
    const rows = await this.#session.select<Row>(sql`SELECT ${columns} ${from} AND ${bounds} ${tail}`);
    return toPage(
      page,
      rows.map(toMessage),
      ({ id }) => [id],
      async () => {
        const [row] = await this.#session.select<{ count: number }>(sql`SELECT count(*)::int AS count ${from}`);
        return row?.count ?? 0;
      },
    );
  }

  async insert(message: InboxMessage, raw: Uint8Array | null): Promise<void> {
    await this.#session.together(async (db) => {
      await db.$executeRaw`
        INSERT INTO inbox_message (id, service, message_id, content_block_count, stored_block_count,
          destination_collections, collection_taxii_ids, result_id, record_count, partial_count, source, has_raw,
          created_at)
        SELECT id, service, "messageId", "contentBlockCount", "storedBlockCount",
          ${[...message.destinationCollections]}::text[], ${[...message.collectionTaxiiIds]}::uuid[], "resultId",
          "recordCount", "partialCount", nullif(source, 'null'::jsonb), "hasRaw", "createdAt"
        FROM json_to_record(${JSON.stringify(message)}::json) AS row(id uuid, service text, "messageId" text,
          "contentBlockCount" int, "storedBlockCount" int, "resultId" text, "recordCount" bigint,
          "partialCount" boolean, source jsonb, "hasRaw" boolean, "createdAt" timestamptz)`;
      if (raw) await db.inboxMessageRaw.create({ data: { messageId: message.id, bytes: Uint8Array.from(raw) } });
    });
  }

  async cameBefore(instant: string, limit: number): Promise<string[]> {
    const rows = await this.#session.select<{ id: string }>(sql`
      SELECT m.id FROM inbox_message AS m WHERE m.created_at < ${instant}::timestamptz
      ORDER BY m.created_at, m.id LIMIT ${limit}`);
    return rows.map(({ id }) => id);
  }

  async countCameBefore(instant: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM inbox_message WHERE created_at < ${instant}::timestamptz`,
    );
    return row?.count ?? 0;
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.inboxMessage.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  deleteEmptied(ids: readonly string[]): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM inbox_message AS m WHERE m.id = ANY (${uuids(ids)}::uuid[])
          AND NOT EXISTS (SELECT FROM content_block AS b WHERE b.inbox_message_id = m.id)`,
    );
  }
}
