import type { Context } from '#kernel/context.ts';
import {
  type BlockWindow,
  contentBlockStore,
  type DetachedBlock,
} from '#resolvers/threat/content-blocks/content-block.ts';
import { appendRemoved } from '#resolvers/threat/content-blocks/events.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';

/** How many blocks are taken out in one step. */
export const detachBatch = 5000;

/**
 * Keeps volumes and tells of blocks that were taken out, in the unit of work that did it.
 * @param collections all that they were taken out of, locked.
 */
export async function settleDetached(
  ctx: Context,
  blocks: readonly DetachedBlock[],
  collections: readonly DataCollection[],
): Promise<void> {
  if (blocks.length === 0) return;
  const lost = new Map<string, number>();
  for (const id of blocks.flatMap(({ dataCollectionIds }) => dataCollectionIds)) lost.set(id, (lost.get(id) ?? 0) - 1);
  await ctx.use(dataCollectionStore).addToVolumes([...lost].map(([id, by]) => ({ id, by })));
  const messageIds = [...new Set(blocks.flatMap(({ inboxMessageId }) => inboxMessageId ?? []))];
  const messages = messageIds.length === 0 ? [] : await ctx.use(inboxMessageStore).getMany(messageIds);
  appendRemoved(
    ctx,
    blocks,
    new Map(collections.map((collection) => [collection.id, collection])),
    new Map(messages.flatMap((message) => (message ? [[message.id, message.service]] : []))),
  );
}

/** Takes a batch of blocks, `detachBatch` at most, out of a data collection that the unit of work has locked. */
export async function detachBlocks(
  ctx: Context,
  collection: DataCollection,
  window: Pick<BlockWindow, 'begin' | 'end'>,
): Promise<DetachedBlock[]> {
  const blocks = await ctx.use(contentBlockStore).detach({ ...window, dataCollectionId: collection.id }, detachBatch);
  await settleDetached(ctx, blocks, [collection]);
  return blocks;
}
