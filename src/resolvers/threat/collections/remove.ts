import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { appendCollectionEvent } from '#resolvers/threat/collections/events.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { observableStore } from '#resolvers/threat/observables/observable.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

/** Milliseconds that a deletion of collections may take: everything in them goes in one transaction. */
export const removalTimeout = 600_000;

/**
 * Deletes collections that the unit of work has locked, with everything in them and one event for each collection. The
 * caller has checked rights.
 * @throws ConflictError for one that holds objects, unless forced.
 */
export async function removeCollections(
  ctx: Context,
  collections: readonly TaxiiCollection[],
  force: boolean,
): Promise<void> {
  const full = collections.find(({ objectCount }) => objectCount > 0);
  if (full && !force) {
    throw new ConflictError(
      `${full.title} holds ${full.objectCount} ${full.objectCount === 1 ? 'version' : 'versions'} of objects. Delete them first, or give force: true.`,
      ['by'],
    );
  }
  if (collections.length === 0) return;
  const ids = collections.map(({ id }) => id);
  await ctx.use(observableStore).deleteOf(ids);
  await ctx.use(stixObjectStore).deleteCollections(ids);
  await ctx.use(taxiiStatusStore).forgetRooms({ apiRootIds: [], collectionIds: ids });
  await ctx.use(collectionStore).deleteMany(ids);
  for (const collection of collections) appendCollectionEvent(ctx, collection, null);
}
