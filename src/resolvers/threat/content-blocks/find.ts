import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { rowIdOf } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import { contentBindings } from '#resolvers/threat/content-blocks/binding.ts';
import {
  type BlockScope,
  type ContentBlock,
  contentBlockStore,
} from '#resolvers/threat/content-blocks/content-block.ts';
import { timestampLabel } from '#resolvers/threat/content-blocks/label.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey } from '#resolvers/threat/keys.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** The blocks with these row ids, as far as the viewer reads a data collection that holds them. */
export async function findContentBlocks(ctx: Context, ids: readonly string[]): Promise<(ContentBlock | null)[]> {
  const [blocks, holders] = await Promise.all([ctx.use(contentBlockStore).getMany(ids), heldReadably(ctx, ids)]);
  return blocks.map((block, index) => ((holders[index] ?? []).length > 0 ? block : null));
}

/** The block with this id; null when the viewer reads none. */
export async function findContentBlock(ctx: Context, id: string): Promise<ContentBlock | null> {
  const row = rowIdOf('ContentBlock', id);
  return row === null ? null : ctx.load(findContentBlocks, row);
}

/** The data collections that hold each block and that the viewer reads, in the order of names. */
export async function heldReadably(ctx: Context, blockIds: readonly string[]): Promise<DataCollection[][]> {
  const holders = await ctx.use(contentBlockStore).holdersOf(blockIds);
  const ids = [...new Set(holders.flat())];
  const found = ids.length === 0 ? [] : await ctx.use(dataCollectionStore).getMany(ids);
  const readable = new Map(
    found.flatMap((collection) => (collection && canReadData(ctx, collection) ? [[collection.id, collection]] : [])),
  );
  return holders.map((list) =>
    list.flatMap((id) => readable.get(id) ?? []).sort((one, other) => (one.name < other.name ? -1 : 1)),
  );
}

const selection = {
  beginExclusive: timestampLabel().nullish(),
  endInclusive: timestampLabel().nullish(),
  contentBindings: contentBindings.nullish(),
};
const selectionInput = z.object(selection);
export type BlockSelection = z.input<typeof selectionInput>;

const listInput = z.object({ dataCollection: dataCollectionKey, ...selection });
export type BlockList = z.input<typeof listInput>;

/** The blocks of a data collection, by label. @throws NotFoundError for one that the viewer does not read. */
export async function listContentBlocks(
  ctx: Context,
  input: BlockList,
  page: PageRequest,
): Promise<Page<ContentBlock>> {
  const { dataCollection, ...given } = parse(listInput, input);
  const collection = await servedCollection(ctx, dataCollection, null);
  return only(await pages(ctx, [toScope(collection.id, given)], page));
}

/** Those of a data collection that the viewer reads: asked for many at once, they take one read. */
export const listContentBlocksOf = (
  ctx: Context,
  dataCollectionId: string,
  input: BlockSelection,
  page: PageRequest,
): Promise<Page<ContentBlock>> => ctx.load(pagesOfCollections, dataCollectionId, JSON.stringify({ input, page }));

function pagesOfCollections(ctx: Context, ids: readonly string[], variant: string): Promise<Page<ContentBlock>[]> {
  const { input, page } = JSON.parse(variant) as { input: BlockSelection; page: PageRequest };
  const given = parse(selectionInput, input);
  return pages(
    ctx,
    ids.map((id) => toScope(id, given)),
    page,
  );
}

function toScope(dataCollectionId: string, given: z.output<typeof selectionInput>): BlockScope {
  const { beginExclusive = null, endInclusive = null, contentBindings } = given;
  const wanted = contentBindings?.length ? contentBindings : 'ALL';
  return { kind: 'dataCollection', window: { dataCollectionId, begin: beginExclusive, end: endInclusive, wanted } };
}

export const pages = (ctx: Context, scopes: readonly BlockScope[], page: PageRequest): Promise<Page<ContentBlock>[]> =>
  ctx.use(contentBlockStore).pages(scopes, page, ctx.use(threatSettings).maxPageBytes);

function only<T>(values: readonly T[]): T {
  return values[0] as T;
}
