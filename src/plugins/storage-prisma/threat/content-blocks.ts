import { type Page, type PageRequest, type Position, pageOf } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { inOrder, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { type Added, insert, portions, removed } from '#plugins/storage-prisma/threat/block-changes.ts';
import {
  type BlockRow,
  beyondPlace,
  blockColumns,
  groupKey,
  inWindow,
  parentOf,
  type ScopeGroup,
  scopeGroup,
  toBlock,
} from '#plugins/storage-prisma/threat/block-windows.ts';
import type {
  BlockPlace,
  BlockScope,
  BlockSlice,
  BlockWindow,
  ContentBlock,
  ContentBlockStore,
  DetachedBlock,
  Portion,
  PortionEnds,
} from '#resolvers/threat/content-blocks/content-block.ts';

const { sql } = Prisma;

/** How many places are read at once on the way through a window. */
const walkRows = 10_000;

export class PrismaContentBlocks implements ContentBlockStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  add(blocks: readonly Added[]): Promise<void> {
    return this.#session.together(async (db) => {
      for (const some of portions(blocks)) await insert(db, some);
    });
  }

  async getMany(ids: readonly string[]): Promise<(ContentBlock | null)[]> {
    const rows = await this.#session.select<BlockRow>(
      sql`SELECT ${blockColumns} FROM content_block AS b WHERE b.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toBlock));
  }

  async holdersOf(ids: readonly string[]): Promise<(readonly string[])[]> {
    const rows = await this.#session.select<{ block: string; holder: string }>(sql`
      SELECT block_id AS block, data_collection_id AS holder FROM content_block_attachment
      WHERE block_id = ANY (${uuids(ids)}::uuid[]) ORDER BY block_id, data_collection_id`);
    const groups = Map.groupBy(rows, ({ block }) => block);
    return ids.map((id) => (groups.get(id.toLowerCase()) ?? []).map(({ holder }) => holder));
  }

  async newestLabels(dataCollectionIds: readonly string[]): Promise<(string | null)[]> {
    const rows = await this.#session.select<{ id: string; label: string }>(sql`
      SELECT asked.id, newest.timestamp_label::text AS label
      FROM unnest(${uuids(dataCollectionIds)}::uuid[]) AS asked(id)
      CROSS JOIN LATERAL (
        SELECT a.timestamp_label FROM content_block_attachment AS a WHERE a.data_collection_id = asked.id
        ORDER BY a.timestamp_label DESC LIMIT 1
      ) AS newest`);
    const labels = new Map(rows.map(({ id, label }) => [id, toInstant(label)]));
    return dataCollectionIds.map((id) => labels.get(id.toLowerCase()) ?? null);
  }

  async read(window: BlockWindow, after: BlockPlace | null, { count, bytes }: Portion): Promise<BlockSlice> {
    const rows = await this.#session.select<BlockRow & { found: number }>(sql`
      SELECT ${blockColumns}, k.found FROM (
        SELECT a.*, row_number() OVER w AS number, sum(a.bytes) OVER w AS total, count(*) OVER ()::int AS found
        FROM (
          SELECT a.block_id, a.timestamp_label, a.bytes FROM content_block_attachment AS a
          WHERE ${inWindow(sql`${window.dataCollectionId}::uuid`, window)} AND ${beyondPlace(after)}
          ORDER BY a.timestamp_label, a.block_id LIMIT ${count + 1}
        ) AS a WINDOW w AS (ORDER BY a.timestamp_label, a.block_id)
      ) AS k JOIN content_block AS b ON b.id = k.block_id
      WHERE k.number <= ${count} AND (k.number = 1 OR k.total <= ${bytes}::bigint)
      ORDER BY k.number`);
    return { blocks: rows.map(toBlock), more: (rows[0]?.found ?? 0) > rows.length };
  }

  async readUpTo(window: BlockWindow, after: BlockPlace | null, last: BlockPlace): Promise<BlockSlice> {
    const within = sql`${inWindow(sql`${window.dataCollectionId}::uuid`, window)} AND ${beyondPlace(after)}`;
    const rows = await this.#session.select<BlockRow>(sql`
      SELECT ${blockColumns} FROM content_block_attachment AS a JOIN content_block AS b ON b.id = a.block_id
      WHERE ${within} AND (a.timestamp_label, a.block_id) <= (${last.timestampLabel}::timestamptz, ${last.id}::uuid)
      ORDER BY a.timestamp_label, a.block_id`);
    const further = await this.#places(window, last, 1);
    return { blocks: rows.map(toBlock), more: further.length > 0 };
  }

  async walk(window: BlockWindow, after: BlockPlace | null, portion: Portion, most: number): Promise<PortionEnds> {
    const ends: BlockPlace[] = [];
    let filled = { count: 0, bytes: 0 };
    let place = after;
    for (;;) {
      const places = await this.#places(window, place, walkRows);
      for (const next of places) {
        const isFull = filled.count === portion.count || filled.bytes + next.bytes > portion.bytes;
        if (filled.count > 0 && isFull) {
          if (place) ends.push(place);
          if (ends.length === most) return { ends, more: true };
          filled = { count: 0, bytes: 0 };
        }
        filled = { count: filled.count + 1, bytes: filled.bytes + next.bytes };
        place = { timestampLabel: next.timestampLabel, id: next.id };
      }
      if (places.length < walkRows) return { ends: filled.count > 0 && place ? [...ends, place] : ends, more: false };
    }
  }

  async #places(
    window: BlockWindow,
    after: BlockPlace | null,
    limit: number,
  ): Promise<(BlockPlace & { readonly bytes: number })[]> {
    const rows = await this.#session.select<BlockPlace & { readonly bytes: number }>(sql`
      SELECT a.block_id AS id, a.timestamp_label::text AS "timestampLabel", a.bytes FROM content_block_attachment AS a
      WHERE ${inWindow(sql`${window.dataCollectionId}::uuid`, window)} AND ${beyondPlace(after)}
      ORDER BY a.timestamp_label, a.block_id LIMIT ${limit}`);
    return rows.map((row) => ({ ...row, timestampLabel: toInstant(row.timestampLabel) }));
  }

  async count(window: BlockWindow, cap: number): Promise<number> {
    // In order, so that it walks the index of the window and not the table of all windows.
    const [row] = await this.#session.select<{ count: number }>(sql`
      SELECT count(*)::int AS count FROM (
        SELECT FROM content_block_attachment AS a
        WHERE ${inWindow(sql`${window.dataCollectionId}::uuid`, window)}
        ORDER BY a.timestamp_label, a.block_id LIMIT ${cap}
      ) AS few`);
    return row?.count ?? 0;
  }

  async pages(scopes: readonly BlockScope[], request: PageRequest, bytes: number): Promise<Page<ContentBlock>[]> {
    const pages = new Map<BlockScope, Page<ContentBlock>>();
    for (const group of Map.groupBy(scopes, groupKey).values()) {
      const found = await this.#pagesOfGroup(scopeGroup(group), request, bytes);
      for (const scope of group) pages.set(scope, found(parentOf(scope)));
    }
    return scopes.map((scope) => pages.get(scope) as Page<ContentBlock>);
  }

  async #pagesOfGroup(
    { kind, parents, from, page }: ScopeGroup,
    request: PageRequest,
    bytes: number,
  ): Promise<(parent: string) => Page<ContentBlock>> {
    const { bounds, tail } = page(request);
    const direction = request.direction === 'forward' ? sql`ASC` : sql`DESC`;
    const order =
      kind === 'dataCollection'
        ? sql`ORDER BY a.timestamp_label ${direction}, a.block_id ${direction}`
        : sql`ORDER BY a.block_id ${direction}`;
    const all = sql`unnest(${parents}::uuid[]) AS parent(id)`;
    const rows = await this.#session.select<BlockRow & { parent: string; found: number }>(sql`
      SELECT parent.id AS parent, k.found, ${blockColumns} FROM ${all}
      CROSS JOIN LATERAL (
        SELECT a.*, row_number() OVER w AS number, sum(a.bytes) OVER w AS total, count(*) OVER ()::int AS found
        FROM (SELECT a.block_id, a.timestamp_label, a.bytes ${from(sql`parent.id`)} AND ${bounds} ${tail}) AS a
        WINDOW w AS (${order})
      ) AS k JOIN content_block AS b ON b.id = k.block_id
      WHERE k.number <= ${Math.max(request.limit, 1)} AND (k.number = 1 OR k.total <= ${bytes}::bigint)
      ORDER BY parent.id, k.number`);
    const byParent = Map.groupBy(rows, (row) => row.parent);
    let counts: Promise<Map<string, number>> | null = null;
    const countAll = async () => {
      const counted = await this.#session.select<{ parent: string; count: number }>(sql`
        SELECT parent.id AS parent, child.count FROM ${all}
        CROSS JOIN LATERAL (SELECT count(*)::int AS count ${from(sql`parent.id`)}) AS child`);
      return new Map(counted.map(({ parent, count }) => [parent, count]));
    };
    const position = ({ timestampLabel, id }: ContentBlock): Position =>
      kind === 'dataCollection' ? [timestampLabel, id] : [id];
    return (parent) => {
      const found = byParent.get(parent.toLowerCase()) ?? [];
      const kept = found.slice(0, request.limit).map(toBlock);
      return pageOf(request, kept, (found[0]?.found ?? 0) > kept.length, position, async () => {
        counts ??= countAll();
        return (await counts).get(parent.toLowerCase()) ?? 0;
      });
    };
  }

  detach(window: Omit<BlockWindow, 'wanted'>, limit: number): Promise<DetachedBlock[]> {
    const within = inWindow(sql`${window.dataCollectionId}::uuid`, { ...window, wanted: 'ALL' });
    return this.#session.together(async (db) => {
      const taken = await db.$queryRaw<{ id: string }[]>`
        DELETE FROM content_block_attachment AS d USING (
          SELECT a.block_id FROM content_block_attachment AS a WHERE ${within}
          ORDER BY a.timestamp_label, a.block_id LIMIT ${limit}
        ) AS few
        WHERE d.data_collection_id = ${window.dataCollectionId}::uuid AND d.block_id = few.block_id
        RETURNING d.block_id AS id`;
      return removed(
        db,
        taken.map(({ id }) => ({ id, dataCollectionId: window.dataCollectionId })),
      );
    });
  }

  async keptBefore(instant: string, limit: number) {
    const rows = await this.#session.select<{ id: string; holders: string[] }>(sql`
      SELECT b.id, ARRAY(
        SELECT a.data_collection_id::text FROM content_block_attachment AS a WHERE a.block_id = b.id
      ) AS holders
      FROM content_block AS b WHERE b.created_at < ${instant}::timestamptz ORDER BY b.created_at, b.id LIMIT ${limit}`);
    return rows.map(({ id, holders }) => ({ id, dataCollectionIds: holders }));
  }

  async countKeptBefore(instant: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM content_block WHERE created_at < ${instant}::timestamptz`,
    );
    return row?.count ?? 0;
  }

  deleteMany(ids: readonly string[]): Promise<DetachedBlock[]> {
    return this.#session.together(async (db) => {
      const taken = await db.$queryRaw<{ id: string; dataCollectionId: string }[]>`
        DELETE FROM content_block_attachment WHERE block_id = ANY (${uuids(ids)}::uuid[])
        RETURNING block_id AS id, data_collection_id AS "dataCollectionId"`;
      return removed(db, taken);
    });
  }
}
