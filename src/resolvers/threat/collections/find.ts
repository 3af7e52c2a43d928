import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import {
  canRead,
  canSeeCollection,
  canWrite,
  expectCollection,
  expectRoot,
  refuseUnchanged,
} from '#resolvers/threat/access.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { orNull } from '#resolvers/threat/api-roots/find.ts';
import { apiRootByKey, apiRootKey, quoteApiRoot } from '#resolvers/threat/api-roots/keys.ts';
import {
  type CollectionScope,
  collectionStore,
  type TaxiiCollection,
} from '#resolvers/threat/collections/collection.ts';
import {
  type CollectionKey,
  collectionByKey,
  collectionKey,
  collectionsByKeys,
} from '#resolvers/threat/collections/keys.ts';

/** The collections with these row ids that the viewer may know of. */
export async function findCollections(ctx: Context, ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
  const collections = await ctx.use(collectionStore).getMany(ids);
  return collections.map((collection) => (collection && canSeeCollection(ctx, collection) ? collection : null));
}

/**
 * The collection with this key, or null when there is none.
 * @throws AuthenticationError for anonymous, unless he reads it or adds to it.
 */
export const findCollection = (ctx: Context, by: z.input<typeof collectionKey>): Promise<TaxiiCollection | null> =>
  orNull(async () => expectCollection(ctx, await collectionByKey(ctx, parse(collectionKey, by, ['by']))));

const keyInRoot = oneKey({ id: idText, taxiiId: sought('taxiiId'), alias: sought('alias') });

/** The collection of an API root that the viewer sees; null when he may know of none. */
export async function findCollectionOf(
  ctx: Context,
  { id: apiRootId }: TaxiiApiRoot,
  by: z.input<typeof keyInRoot>,
): Promise<TaxiiCollection | null> {
  const key = parse(keyInRoot, by, ['by']);
  const whole: CollectionKey = 'alias' in key ? { alias: { apiRoot: { id: apiRootId }, alias: key.alias } } : key;
  const collection = await ctx.load(collectionsOfTexts, JSON.stringify(whole));
  return collection?.apiRootId === apiRootId && canSeeCollection(ctx, collection) ? collection : null;
}

const collectionsOfTexts = (ctx: Context, texts: readonly string[]): Promise<(TaxiiCollection | null)[]> =>
  collectionsByKeys(
    ctx,
    texts.map((text) => JSON.parse(text) as CollectionKey),
  );

const listInput = z.object({ apiRoot: apiRootKey.nullish() });

/**
 * The collections of an API root, all of them whatever the viewer may do with each; without one those of all roots that
 * he may see.
 * @throws NotFoundError for a root that there is not, for anonymous AuthenticationError unless it is public.
 */
export async function listCollections(
  ctx: Context,
  input: z.input<typeof listInput>,
  page: PageRequest,
): Promise<Page<TaxiiCollection>> {
  refuseUnchanged(ctx);
  const { apiRoot } = parse(listInput, input);
  return ctx.use(collectionStore).page(await scopeOf(ctx, apiRoot), page);
}

async function scopeOf(ctx: Context, key: z.output<typeof apiRootKey> | null | undefined): Promise<CollectionScope> {
  if (key) {
    const root = await apiRootByKey(ctx, key);
    if (!root && ctx.viewer.kind !== 'ANONYMOUS')
      throw new NotFoundError(`API root not found: ${quoteApiRoot(key)}.`, ['apiRoot']);
    return { kind: 'roots', ids: [expectRoot(ctx, root).id] };
  }
  if (ctx.viewer.kind !== 'ANONYMOUS') return { kind: 'all' };
  const roots = await ctx.use(apiRootStore).all();
  return { kind: 'roots', ids: roots.flatMap(({ id, isPublic }) => (isPublic ? id : [])) };
}

/** The collections of an API root that the viewer sees, as `listCollections` has them. */
export const collectionsOfRoot = (
  ctx: Context,
  { id }: TaxiiApiRoot,
  page: PageRequest,
): Promise<Page<TaxiiCollection>> => ctx.load(pagesOfRoots, id, JSON.stringify(page));

const pagesOfRoots = (ctx: Context, ids: readonly string[], variant: string): Promise<Page<TaxiiCollection>[]> =>
  ctx.use(collectionStore).pagesOfRoots(ids, JSON.parse(variant) as PageRequest);

/** The row ids of the collections with these keys, whoever asks. Who answers from them asks for rights. */
export async function namedCollections(ctx: Context, keys: readonly CollectionKey[]): Promise<string[]> {
  const found = await collectionsByKeys(ctx, keys);
  return [...new Set(found.flatMap((collection) => collection?.id ?? []))];
}

/** What the viewer may do with the objects of a collection. */
export const rightsOn = (
  ctx: Context,
  collection: TaxiiCollection,
): { readonly canRead: boolean; readonly canWrite: boolean } => ({
  canRead: canRead(ctx, collection),
  canWrite: canWrite(ctx, collection),
});
