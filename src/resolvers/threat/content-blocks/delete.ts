import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError, NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { expectErasableData } from '#resolvers/threat/access.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { detachBatch, detachBlocks } from '#resolvers/threat/content-blocks/detach.ts';
import { timestampLabel } from '#resolvers/threat/content-blocks/label.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { dataCollectionByKey, dataCollectionKey } from '#resolvers/threat/keys.ts';

const deleteInput = z.object({
  dataCollection: dataCollectionKey,
  beginExclusive: timestampLabel(),
  endInclusive: timestampLabel().nullish(),
  withInboxMessages: z.boolean().nullish(),
});
export type ContentBlocksDelete = z.input<typeof deleteInput>;

/** What a deletion did. */
export interface BlocksDeleted {
  /** Blocks that were taken out of the data collection. */
  readonly detached: number;
  /** Of those, the ones that no other data collection held. */
  readonly deleted: number;
  readonly messagesDeleted: number;
}

/**
 * Takes the blocks of a window out of a data collection and deletes those that no other holds; with messages, also the
 * inbox messages none of whose blocks remain. Done in batches, each complete in itself.
 */
export async function deleteContentBlocks(ctx: Context, input: ContentBlocksDelete): Promise<BlocksDeleted> {
  const { dataCollection, beginExclusive: begin, endInclusive, withInboxMessages } = parse(deleteInput, input);
  const collection = expectErasableData(ctx, await dataCollectionByKey(ctx, dataCollection));
  if (endInclusive && begin > endInclusive) throw InputError.at(['beginExclusive'], 'The begin is later than the end.');
  // Without an end it is what is there now: blocks that come meanwhile stay.
  const [newest] = await ctx.use(contentBlockStore).newestLabels([collection.id]);
  const window = { begin, end: endInclusive ?? newest ?? begin };
  let sum: BlocksDeleted = { detached: 0, deleted: 0, messagesDeleted: 0 };
  for (let more = true; more; ) {
    const batch = await deleteBatch(ctx, collection, window, withInboxMessages ?? false);
    sum = {
      detached: sum.detached + batch.detached,
      deleted: sum.deleted + batch.deleted,
      messagesDeleted: sum.messagesDeleted + batch.messagesDeleted,
    };
    more = batch.detached === detachBatch;
  }
  return sum;
}

const deleteBatch = (
  ctx: Context,
  { id }: DataCollection,
  window: { readonly begin: string; readonly end: string },
  withMessages: boolean,
): Promise<BlocksDeleted> =>
  ctx.atomically(async (ctx) => {
    const [collection] = await ctx.use(dataCollectionStore).lock([id]);
    if (!collection) throw new NotFoundError('Data collection not found.');
    const blocks = await detachBlocks(ctx, collection, window);
    const gone = blocks.filter(({ deleted }) => deleted);
    const messages = [...new Set(gone.flatMap(({ inboxMessageId }) => inboxMessageId ?? []))];
    return {
      detached: blocks.length,
      deleted: gone.length,
      messagesDeleted:
        withMessages && messages.length > 0 ? await ctx.use(inboxMessageStore).deleteEmptied(messages) : 0,
    };
  });
