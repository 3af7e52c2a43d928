import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, parse } from '#kernel/input.ts';
import { canRead, expectReadable, refuseUnchanged, unknownTo } from '#resolvers/threat/access.ts';
import { orNull } from '#resolvers/threat/api-roots/find.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionByKey, collectionKey } from '#resolvers/threat/collections/keys.ts';
import { readInstant } from '#resolvers/threat/instant.ts';
import type { VersionChoice } from '#resolvers/threat/objects/delete.ts';
import { readVersions } from '#resolvers/threat/objects/match.ts';
import { type StixFilter, type StixObject, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { isStixId } from '#resolvers/threat/objects/validate.ts';

/** The versions with these row ids, of collections that the viewer reads. */
export async function findObjects(ctx: Context, ids: readonly string[]): Promise<(StixObject | null)[]> {
  const objects = await ctx.use(stixObjectStore).getMany(ids);
  const collectionIds = [...new Set(objects.flatMap((object) => object?.collectionId ?? []))];
  const collections = await ctx.use(collectionStore).getMany(collectionIds);
  const readable = new Set(collections.flatMap((one) => (one && canRead(ctx, one) ? one.id : [])));
  return objects.map((object) => (object && readable.has(object.collectionId) ? object : null));
}

const versionKey = z.object({
  collection: collectionKey,
  stixId: z.string('stixId must be a text.'),
  version: z.string('version must be an instant.').nullish(),
});

const stixObjectKey = oneKey({ id: idText, version: versionKey });
export type StixObjectKey = z.input<typeof stixObjectKey>;

/**
 * The version with this key, the last one of its object where none is said; null when there is none.
 * @throws AuthenticationError for anonymous in place of null, unless it was asked for by its global id.
 */
export async function findObject(ctx: Context, by: StixObjectKey): Promise<StixObject | null> {
  refuseUnchanged(ctx);
  const key = parse(stixObjectKey, by, ['by']);
  if ('id' in key) {
    const id = rowIdOf('StixObject', key.id);
    return id === null ? null : ctx.load(findObjects, id);
  }
  return orNull(async () => {
    const collection = expectReadable(ctx, await collectionByKey(ctx, key.version.collection));
    const { stixId, version: text } = key.version;
    const version = text == null ? undefined : readInstant(text);
    const sayable = version !== null && isStixId(stixId);
    const keys = sayable ? [{ collectionId: collection.id, stixId, version }] : [];
    const [object] = await ctx.use(stixObjectStore).getByVersion(keys);
    if (object) return object;
    throw unknownTo(ctx, 'Object not found.', 'threat:read');
  });
}

/**
 * Asks whether a collection that the viewer reads holds any version of an object.
 * @throws NotFoundError when it does not, for anonymous AuthenticationError.
 */
export async function expectObject(ctx: Context, collection: TaxiiCollection, stixId: string): Promise<void> {
  if (!(await holdsObject(ctx, collection, stixId))) throw unknownTo(ctx, 'Object not found.', 'threat:read');
}

/** Whether a collection holds any version of an object, in one read for many collections. */
export const holdsObject = async (ctx: Context, { id }: TaxiiCollection, stixId: string): Promise<boolean> =>
  isStixId(stixId) && ctx.load(holdingCollections, id, stixId);

const holdingCollections = (ctx: Context, ids: readonly string[], stixId: string): Promise<boolean[]> =>
  ctx.use(stixObjectStore).holding(ids, stixId);

/** The most versions of one object that a plain list holds. */
const mostVersions = 1000;

/**
 * The chosen versions of an object, the last unless said, in the order in which they were added; null when the collection
 * holds none at all, or the viewer may not read it.
 */
export async function findVersions(
  ctx: Context,
  collection: TaxiiCollection,
  stixId: string,
  { versions, specVersions }: VersionChoice,
): Promise<readonly StixObject[] | null> {
  if (!canRead(ctx, collection) || !isStixId(stixId)) return null;
  const filter = { stixIds: [stixId], versions: readVersions(versions), specVersions: specVersions ?? undefined };
  const objects = await ctx.load(versionLists, collection.id, JSON.stringify(filter));
  return objects.length > 0 || (await holdsObject(ctx, collection, stixId)) ? objects : null;
}

/** For lists of collections: one read for all of them. */
async function versionLists(ctx: Context, ids: readonly string[], filter: string): Promise<StixObject[][]> {
  const page = { limit: mostVersions, direction: 'forward', after: null, before: null, offset: 0 } as const;
  const query = { filter: JSON.parse(filter) as StixFilter, page };
  const pages = await ctx.use(stixObjectStore).pages(
    ids.map((id) => [id]),
    query,
    Number.MAX_SAFE_INTEGER,
  );
  return pages.map(({ items }) => items.map(({ node }) => node));
}
