import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { canRead, refuseUnchanged } from '#resolvers/threat/access.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { type CollectionKey, collectionKey, readableByKeys } from '#resolvers/threat/collections/keys.ts';
import { readableCollections } from '#resolvers/threat/collections/readable.ts';
import { filterOf, type StixSelection, someOf, stixSelection } from '#resolvers/threat/objects/filter.ts';
import { holdsObject } from '#resolvers/threat/objects/find.ts';
import {
  type StixFilter,
  type StixList,
  type StixObject,
  type StixQuery,
  type StixVersion,
  stixObjectStore,
} from '#resolvers/threat/objects/stix-object.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

const objectList = stixSelection.extend({
  collections: z.array(collectionKey).max(1000, 'Give 1000 collections at most.').nullish(),
});
export type ObjectList = z.input<typeof objectList>;

/**
 * Objects of the collections that are named, or of all that the viewer reads.
 * @throws NotFoundError for a named one that he does not read, for anonymous AuthenticationError.
 */
export async function listObjects(ctx: Context, input: ObjectList, page: PageRequest): Promise<Page<StixObject>> {
  refuseUnchanged(ctx);
  const list = parse(objectList, input);
  const over = list.collections ? await readableIds(ctx, list.collections) : await readableCollections(ctx);
  return pageOfObjects(ctx, over, { filter: filterOf(list), page });
}

/** The row ids of collections. @throws NotFoundError as `listObjects`. */
export const readableIds = async (ctx: Context, keys: readonly CollectionKey[]): Promise<string[]> =>
  (await readableByKeys(ctx, keys)).map(({ id }) => id);

/** A page of objects of collections that the viewer reads: the one way in which they are listed, for every door. */
export async function pageOfObjects(ctx: Context, over: StixList, query: StixQuery): Promise<Page<StixObject>> {
  const [page] = await ctx.use(stixObjectStore).pages([over], query, ctx.use(threatSettings).maxPageBytes);
  return page ?? emptyPage;
}

/** The same without bodies. */
export async function pageOfVersions(ctx: Context, over: StixList, query: StixQuery): Promise<Page<StixVersion>> {
  const [page] = await ctx.use(stixObjectStore).versionPages([over], query);
  return page ?? emptyPage;
}

/** The objects of one collection; none of one that the viewer does not read. */
export function listObjectsOf(
  ctx: Context,
  collection: TaxiiCollection,
  selection: StixSelection,
  page: PageRequest,
): Promise<Page<StixObject>> {
  const query = JSON.stringify({ filter: filterOf(parse(stixSelection, selection)), page });
  return canRead(ctx, collection) ? ctx.load(objectPages, collection.id, query) : Promise.resolve(emptyPage);
}

/** What one collection holds, without bodies; nothing of one that the viewer does not read. */
export function listManifestOf(
  ctx: Context,
  collection: TaxiiCollection,
  selection: StixSelection,
  page: PageRequest,
): Promise<Page<StixVersion>> {
  return versionsOf(ctx, collection, filterOf(parse(stixSelection, selection)), page);
}

const versionList = stixSelection.pick({ addedAfter: true }).extend({ specVersions: someOf('specVersions') });
export type VersionList = z.input<typeof versionList>;

/**
 * All versions of an object in a collection, in the order in which they were added; null when it holds none at all, or
 * the viewer may not read it.
 */
export async function listVersionsOf(
  ctx: Context,
  collection: TaxiiCollection,
  stixId: string,
  selection: VersionList,
  page: PageRequest,
): Promise<Page<StixVersion> | null> {
  if (!canRead(ctx, collection)) return null;
  const { addedAfter, specVersions } = parse(versionList, selection);
  const filter: StixFilter = {
    stixIds: [stixId],
    versions: 'all',
    specVersions: specVersions ?? undefined,
    addedAfter: addedAfter ?? undefined,
  };
  const versions = await versionsOf(ctx, collection, filter, page);
  return versions.items.length > 0 || (await holdsObject(ctx, collection, stixId)) ? versions : null;
}

function versionsOf(
  ctx: Context,
  collection: TaxiiCollection,
  filter: StixFilter,
  page: PageRequest,
): Promise<Page<StixVersion>> {
  const query = JSON.stringify({ filter, page });
  return canRead(ctx, collection) ? ctx.load(versionPages, collection.id, query) : Promise.resolve(emptyPage);
}

/** For lists of collections: one read for all of them. */
const objectPages = (ctx: Context, ids: readonly string[], query: string): Promise<Page<StixObject>[]> =>
  ctx.use(stixObjectStore).pages(
    ids.map((id) => [id]),
    JSON.parse(query) as StixQuery,
    ctx.use(threatSettings).maxPageBytes,
  );

const versionPages = (ctx: Context, ids: readonly string[], query: string): Promise<Page<StixVersion>[]> =>
  ctx.use(stixObjectStore).versionPages(
    ids.map((id) => [id]),
    JSON.parse(query) as StixQuery,
  );

/** All versions of the object of which this is one, in its collection, which the viewer reads. */
export const listSiblings = (
  ctx: Context,
  { collectionId, stixId }: StixVersion,
  page: PageRequest,
): Promise<Page<StixVersion>> => ctx.load(pagesOfSiblings, `${collectionId} ${stixId}`, JSON.stringify(page));

const pagesOfSiblings = (ctx: Context, keys: readonly string[], page: string): Promise<Page<StixVersion>[]> =>
  ctx.use(stixObjectStore).siblingPages(
    keys.map((key) => ({ collectionId: key.slice(0, 36), stixId: key.slice(37) })),
    JSON.parse(page) as PageRequest,
  );
