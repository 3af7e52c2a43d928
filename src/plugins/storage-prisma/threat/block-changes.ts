import { toInstant } from '#plugins/storage-prisma/rows.ts';
import type { Statements } from '#plugins/storage-prisma/session.ts';
import { type BlockRow, toBinding } from '#plugins/storage-prisma/threat/block-windows.ts';
import type { BlockPlace, ContentBlockStore, DetachedBlock } from '#resolvers/threat/content-blocks/content-block.ts';

/** The most bytes of contents, roughly, that one INSERT carries. */
const insertBytes = 8 * 1024 * 1024;
const insertRows = 1000;
export type Added = Parameters<ContentBlockStore['add']>[0][number];
type RemovedRow = Omit<BlockRow, 'content' | 'contentIsXml' | 'message' | 'createdAt'>;

/** Cuts what is to be inserted into statements of a moderate size. */
export function* portions(blocks: readonly Added[]): Generator<readonly Added[]> {
  let some: Added[] = [];
  let length = 0;
  for (const added of blocks) {
    if (some.length === insertRows || (some.length > 0 && length + added.block.content.length > insertBytes)) {
      yield some;
      some = [];
      length = 0;
    }
    some.push(added);
    length += added.block.content.length;
  }
  if (some.length > 0) yield some;
}

export async function insert(db: Statements, blocks: readonly Added[]): Promise<void> {
  const rows = blocks.map(({ block: { contentBinding, ...block } }) => ({
    ...block,
    binding: contentBinding?.binding ?? null,
    subtype: contentBinding?.subtypes[0] ?? null,
  }));
  const attachments = blocks.flatMap(({ block, dataCollectionIds }) =>
    dataCollectionIds.map((holder) => ({ block: block.id, holder })),
  );
  await db.$executeRaw`
    INSERT INTO content_block (id, timestamp_label, binding, subtype, content, content_is_xml, message, inbox_message_id,
      created_at)
    SELECT id, "timestampLabel", binding, subtype, content, "contentIsXml", message, "inboxMessageId", "createdAt"
    FROM json_to_recordset(${JSON.stringify(rows)}::json) AS row(id uuid, "timestampLabel" timestamptz, binding text,
      subtype text, content text, "contentIsXml" boolean, message text, "inboxMessageId" uuid, "createdAt" timestamptz)`;
  await db.$executeRaw`
    INSERT INTO content_block_attachment (block_id, data_collection_id, timestamp_label, binding, subtype, bytes)
    SELECT b.id, row.holder, b.timestamp_label, b.binding, b.subtype, octet_length(b.content)
    FROM json_to_recordset(${JSON.stringify(attachments)}::json) AS row(block uuid, holder uuid)
    JOIN content_block AS b ON b.id = row.block`;
}

/**
 * Deletes the blocks that no data collection holds any more. The blocks are locked before anybody looks for other holders:
 * two units that take one block out of two data collections would else each leave it to the other.
 */
export async function removed(
  db: Statements,
  taken: readonly { readonly id: string; readonly dataCollectionId: string }[],
): Promise<DetachedBlock[]> {
  if (taken.length === 0) return [];
  const holders = Map.groupBy(taken, ({ id }) => id);
  const ids = [...holders.keys()];
  const rows = await db.$queryRaw<RemovedRow[]>`
    SELECT b.id, b.timestamp_label::text AS "timestampLabel", b.binding, b.subtype, b.inbox_message_id AS "inboxMessageId"
    FROM content_block AS b WHERE b.id = ANY (${ids}::uuid[]) ORDER BY b.id FOR UPDATE`;
  const gone = await db.$queryRaw<{ id: string }[]>`
    DELETE FROM content_block AS b WHERE b.id = ANY (${ids}::uuid[])
      AND NOT EXISTS (SELECT FROM content_block_attachment AS a WHERE a.block_id = b.id)
    RETURNING b.id`;
  const deleted = new Set(gone.map(({ id }) => id));
  return rows
    .map((row) => ({
      id: row.id,
      timestampLabel: toInstant(row.timestampLabel),
      contentBinding: toBinding(row),
      inboxMessageId: row.inboxMessageId,
      dataCollectionIds: (holders.get(row.id) ?? []).map(({ dataCollectionId }) => dataCollectionId).sort(),
      deleted: deleted.has(row.id),
    }))
    .sort((one, other) => (place(one) < place(other) ? -1 : 1));
}

const place = ({ timestampLabel, id }: BlockPlace): string => `${timestampLabel}${id}`;
