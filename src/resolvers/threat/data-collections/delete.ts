import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { detachBatch, detachBlocks } from '#resolvers/threat/content-blocks/detach.ts';
import {
  type DataCollection,
  dataCollectionFacts,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import { appendDataCollectionEvent, dataCollectionDeleted } from '#resolvers/threat/data-collections/events.ts';
import { lockDataCollection } from '#resolvers/threat/data-collections/lock.ts';
import { attachedServices } from '#resolvers/threat/data-collections/services.ts';
import { dataCollectionKey } from '#resolvers/threat/keys.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';

const dataCollectionDelete = z.object({ by: dataCollectionKey });
export type DataCollectionDelete = z.input<typeof dataCollectionDelete>;

const everything = { begin: null, end: null };

/**
 * Deletes a data collection, its result sets and subscriptions, and the blocks that no other one holds. Blocks go in
 * batches, each complete in itself: when it is interrupted, what it has not done is left as it was.
 * @returns its row id.
 */
export async function deleteDataCollection(ctx: Context, input: DataCollectionDelete): Promise<string> {
  allowSomewhere(ctx, 'threat:admin');
  const { by } = parse(dataCollectionDelete, input);
  const lock = async (ctx: Context): Promise<DataCollection> => {
    const collection = await lockDataCollection(ctx, by);
    allow(ctx, 'threat:admin', dataCollectionFacts(collection));
    return collection;
  };
  for (let left = true; left; ) {
    left = await ctx.atomically(async (ctx) => {
      const collection = await lock(ctx);
      if (collection.volume <= detachBatch) return false;
      await detachBlocks(ctx, collection, everything);
      return true;
    });
  }
  return ctx.atomically(async (ctx) => {
    const collection = await lock(ctx);
    await removeDataCollections(ctx, [collection]);
    return collection.id;
  });
}

/** Deletes data collections that the unit of work has locked. */
export async function removeDataCollections(ctx: Context, collections: readonly DataCollection[]): Promise<void> {
  const ids = collections.map(({ id }) => id);
  const attached = await attachedServices(ctx, collections);
  for (const collection of collections) {
    while ((await detachBlocks(ctx, collection, everything)).length === detachBatch);
  }
  await ctx.find(resultSetStore)?.deleteOfDataCollections(ids);
  await ctx.use(subscriptionStore).deleteOfDataCollections(ids);
  await ctx.use(dataCollectionStore).deleteMany(ids);
  for (const [index, collection] of collections.entries()) {
    const services = attached[index] ?? [];
    appendDataCollectionEvent(ctx, dataCollectionDeleted, { collection, services }, null);
  }
}
