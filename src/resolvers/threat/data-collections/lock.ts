import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { type DataCollectionKey, dataCollectionByKey } from '#resolvers/threat/keys.ts';

/**
 * The data collection that a call changes, exclusively until the unit of work ends.
 * @throws NotFoundError for one that the viewer does not read, too.
 */
export async function lockDataCollection(ctx: Context, by: DataCollectionKey): Promise<DataCollection> {
  const named = await dataCollectionByKey(ctx, by);
  const [collection] = named && canReadData(ctx, named) ? await ctx.use(dataCollectionStore).lock([named.id]) : [];
  if (!collection) throw new NotFoundError(`Data collection not found: ${describeKey(by)}.`, ['by']);
  return collection;
}
