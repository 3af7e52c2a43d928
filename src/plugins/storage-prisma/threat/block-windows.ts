import type { PageRequest } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { storable, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { WantedContent } from '#resolvers/threat/content-blocks/binding.ts';
import type {
  BlockPlace,
  BlockScope,
  BlockWindow,
  ContentBlock,
} from '#resolvers/threat/content-blocks/content-block.ts';

const { sql, join, empty } = Prisma;

export interface BlockRow extends Omit<ContentBlock, 'contentBinding'> {
  readonly binding: string | null;
  readonly subtype: string | null;
}

/** Columns of blocks `b`. */
export const blockColumns = sql`b.id, b.timestamp_label::text AS "timestampLabel", b.binding, b.subtype, b.content,
  b.content_is_xml AS "contentIsXml", b.message, b.inbox_message_id AS "inboxMessageId", b.created_at::text AS "createdAt"`;

export const toBlock = (row: BlockRow): ContentBlock => ({
  id: row.id,
  timestampLabel: toInstant(row.timestampLabel),
  contentBinding: toBinding(row),
  content: row.content,
  contentIsXml: row.contentIsXml,
  message: row.message,
  inboxMessageId: row.inboxMessageId,
  createdAt: toInstant(row.createdAt),
});

export const toBinding = ({ binding, subtype }: Pick<BlockRow, 'binding' | 'subtype'>) =>
  binding === null ? null : { binding, subtypes: subtype === null ? [] : [subtype] };

/** Attachments `a` of a data collection within a window. */
export function inWindow(dataCollectionId: Prisma.Sql, window: Omit<BlockWindow, 'dataCollectionId'>): Prisma.Sql {
  const { begin, end, wanted } = window;
  return join(
    [
      sql`a.data_collection_id = ${dataCollectionId}`,
      ...(begin === null ? [] : [sql`a.timestamp_label > ${begin}::timestamptz`]),
      ...(end === null ? [] : [sql`a.timestamp_label <= ${end}::timestamptz`]),
      wantedInSql(wanted),
    ],
    ' AND ',
  );
}

function wantedInSql(wanted: WantedContent): Prisma.Sql {
  if (wanted === 'ALL') return sql`TRUE`;
  const ways = wanted
    .filter(({ binding }) => storable(binding))
    .map(({ binding, subtypes }) =>
      subtypes.length === 0
        ? sql`a.binding = ${binding}`
        : sql`(a.binding = ${binding} AND a.subtype = ANY (${subtypes.filter(storable)}::text[]))`,
    );
  return ways.length === 0 ? sql`FALSE` : sql`(${join(ways, ' OR ')})`;
}

export const beyondPlace = (place: BlockPlace | null): Prisma.Sql =>
  place === null
    ? sql`TRUE`
    : sql`(a.timestamp_label, a.block_id) > (${place.timestampLabel}::timestamptz, ${place.id}::uuid)`;

const windowKeys: readonly SqlKey[] = [
  { type: 'instant', sql: sql`a.timestamp_label` },
  { type: 'uuid', sql: sql`a.block_id` },
];
const messageKeys: readonly SqlKey[] = [{ type: 'uuid', sql: sql`a.block_id` }];

/** Scopes that differ in the parent only, and how their rows are read: `a` with block_id, timestamp_label and bytes. */
export interface ScopeGroup {
  readonly kind: BlockScope['kind'];
  readonly parents: readonly string[];
  /** The rows below a parent: a FROM clause and a WHERE clause. */
  from(parent: Prisma.Sql): Prisma.Sql;
  /** What a page adds to it. */
  page(request: PageRequest): { bounds: Prisma.Sql; tail: Prisma.Sql };
}

export const parentOf = (scope: BlockScope): string =>
  scope.kind === 'dataCollection' ? scope.window.dataCollectionId : scope.id;

/** @param scopes of one kind, alike but for the parent. */
export function scopeGroup(scopes: readonly BlockScope[]): ScopeGroup {
  const [first] = scopes;
  const parents = [...new Set(uuids(scopes.map(parentOf)))];
  if (first?.kind === 'dataCollection') {
    const { window } = first;
    return {
      kind: 'dataCollection',
      parents,
      from: (parent) => sql`FROM content_block_attachment AS a WHERE ${inWindow(parent, window)}`,
      page: (request) => pageInSql(windowKeys, request),
    };
  }
  const held = first?.heldBy ?? null;
  const holders =
    held === null
      ? empty
      : sql`AND EXISTS (SELECT FROM content_block_attachment AS h
          WHERE h.block_id = k.id AND h.data_collection_id = ANY (${uuids(held)}::uuid[]))`;
  return {
    kind: 'inboxMessage',
    parents,
    from: (parent) => sql`FROM (
        SELECT k.id AS block_id, k.timestamp_label, octet_length(k.content) AS bytes FROM content_block AS k
        WHERE k.inbox_message_id = ${parent} ${holders}
      ) AS a WHERE TRUE`,
    page: (request) => pageInSql(messageKeys, request),
  };
}

/** Equal for scopes that can be read together. */
export const groupKey = (scope: BlockScope): string =>
  JSON.stringify(
    scope.kind === 'dataCollection' ? { ...scope.window, dataCollectionId: null } : { heldBy: scope.heldBy },
  );
