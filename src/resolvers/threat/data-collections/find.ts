import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import {
  type DataCollection,
  type DataCollectionQuery,
  dataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';
import { dataCollectionByKey, dataCollectionKey, serviceKey } from '#resolvers/threat/keys.ts';
import { findService } from '#resolvers/threat/services/find.ts';

/** The data collections with these row ids that the viewer may read. */
export async function findDataCollections(ctx: Context, ids: readonly string[]): Promise<(DataCollection | null)[]> {
  const collections = await ctx.use(dataCollectionStore).getMany(ids);
  return collections.map((collection) => (collection && canReadData(ctx, collection) ? collection : null));
}

/** The data collection, or null when none that the viewer may read has this key. */
export async function findDataCollection(
  ctx: Context,
  by: z.input<typeof dataCollectionKey>,
): Promise<DataCollection | null> {
  const collection = await dataCollectionByKey(ctx, parse(dataCollectionKey, by, ['by']));
  return collection && canReadData(ctx, collection) ? collection : null;
}

const listInput = z.object({ service: serviceKey.nullish() });

/** The data collections that the viewer may read: all, or those of a service that he sees. */
export async function listDataCollections(
  ctx: Context,
  input: z.input<typeof listInput>,
  page: PageRequest,
): Promise<Page<DataCollection>> {
  const { service: key } = parse(listInput, input);
  if (!key) return ctx.use(dataCollectionStore).page(query(ctx, page));
  const service = await findService(ctx, key);
  return service ? listDataCollectionsOf(ctx, service.id, page) : emptyPage;
}

/** The data collections of a service that the viewer may read: asked for many services at once, they take one read. */
export const listDataCollectionsOf = (
  ctx: Context,
  serviceId: string,
  page: PageRequest,
): Promise<Page<DataCollection>> => ctx.load(pagesOfServices, serviceId, JSON.stringify(page));

const pagesOfServices = (ctx: Context, ids: readonly string[], variant: string): Promise<Page<DataCollection>[]> =>
  ctx.use(dataCollectionStore).pagesOfServices(ids, query(ctx, JSON.parse(variant) as PageRequest));

const query = (ctx: Context, page: PageRequest): DataCollectionQuery => ({
  visibility: visible(ctx, 'threat:read'),
  page,
});
