import type { Context } from '#kernel/context.ts';
import { NotFoundError, UnavailableError } from '#kernel/errors.ts';
import { expectReadableData } from '#resolvers/threat/access.ts';
import { type DataCollection, dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { type DataCollectionKey, dataCollectionByKey, dataCollectionsByKeys } from '#resolvers/threat/keys.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';

const notFound = 'Requested collection was not found';

/**
 * The data collection that a call is about, as one of a service where it goes to one: to that it must be attached.
 * @throws NotFoundError for one that the viewer does not read.
 */
export async function servedCollection(
  ctx: Context,
  key: DataCollectionKey,
  service: TaxiiService | null,
): Promise<DataCollection> {
  const collection = expectReadableData(ctx, await dataCollectionByKey(ctx, key), notFound);
  if (!service) return collection;
  const [services = []] = await ctx.use(dataCollectionStore).servicesOf([collection.id]);
  if (!services.includes(service.id)) throw new NotFoundError(notFound, ['dataCollection']);
  return collection;
}

/**
 * Data collections that a call names.
 * @throws NotFoundError where the viewer does not read one.
 */
export async function readableCollections(ctx: Context, keys: readonly DataCollectionKey[]): Promise<DataCollection[]> {
  const collections = await dataCollectionsByKeys(ctx, keys);
  return collections.map((collection) => expectReadableData(ctx, collection, notFound));
}

/** @throws UnavailableError */
export function refuseUnavailable({ available }: DataCollection): void {
  if (!available) throw new UnavailableError('The collection is not available');
}
