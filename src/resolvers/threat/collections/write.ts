import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { appendCollectionEvent, toCollectionSnapshot } from '#resolvers/threat/collections/events.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { changedFields } from '#resolvers/threat/snapshot.ts';

/**
 * Inserts collections with their events, however many. The caller has checked rights and content, holds their roots, and
 * opened the transaction.
 * @throws ConflictError for an id that is taken, also by a data collection, or an alias in its root.
 */
export async function insertCollections(
  ctx: Context,
  collections: readonly TaxiiCollection[],
): Promise<TaxiiCollection[]> {
  await refuseIdsOfData(ctx, collections);
  const made = await ctx.use(collectionStore).insertMany(collections);
  const kept = await Promise.all(
    made.map(async (collection, index) => collection ?? (await refuseTaken(ctx, collections[index]))),
  );
  for (const collection of kept) appendCollectionEvent(ctx, null, collection);
  return kept;
}

/** Permissions name both kinds of collections by the same ids: a grant on one is none on the other. */
async function refuseIdsOfData(ctx: Context, collections: readonly TaxiiCollection[]): Promise<void> {
  const found = await ctx.use(dataCollectionStore).getByTaxiiId(collections.map(({ id }) => id));
  const data = found.find((one) => one !== null);
  if (data) throw new ConflictError(`A data collection ${data.taxiiId} exists already.`, ['taxiiId']);
}

/**
 * Writes collections that the unit of work has locked, with an event for each that changed.
 * @returns them as they are now.
 * @throws ConflictError for an alias that another one of the root has.
 */
export async function writeCollections(
  ctx: Context,
  changes: readonly { readonly before: TaxiiCollection; readonly after: TaxiiCollection }[],
): Promise<TaxiiCollection[]> {
  const updatedAt = microseconds(ctx.clock.now());
  const pairs = changes.map(({ before, after }) =>
    changedFields(toCollectionSnapshot(before), toCollectionSnapshot(after)).length > 0
      ? { before, after: { ...after, updatedAt } }
      : { before, after: before },
  );
  const real = pairs.filter(({ before, after }) => before !== after);
  const [conflict] = await ctx.use(collectionStore).updateMany(real.map(({ after }) => after));
  if (conflict) throw aliasTaken(conflict);
  for (const { before, after } of real) appendCollectionEvent(ctx, before, after);
  return pairs.map(({ after }) => after);
}

async function refuseTaken(ctx: Context, collection: TaxiiCollection | undefined): Promise<never> {
  if (!collection) throw new Error('Each insertion has its collection.');
  const [there] = await ctx.use(collectionStore).getMany([collection.id]);
  if (there) throw new ConflictError(`A collection ${collection.id} exists already.`, ['taxiiId']);
  throw aliasTaken(collection);
}

const aliasTaken = ({ alias }: TaxiiCollection): ConflictError =>
  new ConflictError(`A collection of this API root has the alias ${alias} already.`, ['alias']);
