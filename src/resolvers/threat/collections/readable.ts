import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { ScopeGrant, Visibility } from '#kernel/permission.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';

/** The collections whose objects a viewer reads: for lists over all of them. By row id; those that are gone may be among them. */
export type ReadableCollections = readonly string[] | 'all';

/** The same answer as `canRead` of each collection, for all at once. */
export const readableCollections = (ctx: Context): Promise<ReadableCollections> => ctx.load(readable, '');

const readable = async (ctx: Context, keys: readonly string[]): Promise<ReadableCollections[]> => {
  const found = await findReadable(ctx);
  return keys.map(() => found);
};

async function findReadable(ctx: Context): Promise<ReadableCollections> {
  if (ctx.viewer.mustChangePassword) return [];
  const visibility = visible(ctx, 'threat:read');
  if (visibility === 'all') return 'all';
  const store = ctx.use(collectionStore);
  const [granted, open] = await Promise.all([grantedIds(ctx, visibility), store.listOpen()]);
  return [...new Set([...granted, ...open.flatMap(({ id, isPublic }) => (isPublic ? id : []))])];
}

/** What each of the lists of grants covers. */
async function grantedIds(ctx: Context, visibility: Exclude<Visibility, 'all'>): Promise<readonly string[]> {
  if (visibility === 'none') return [];
  const [first = [], ...others] = await Promise.all(visibility.allOf.map((grants) => coveredIds(ctx, grants)));
  return first.filter((id) => others.every((ids) => ids.includes(id)));
}

async function coveredIds(ctx: Context, grants: readonly ScopeGrant[]): Promise<readonly string[]> {
  const named = (kind: string) => grants.flatMap((grant) => (grant.kind === kind ? grant.value : []));
  const roots = named('apiRoot');
  const inRoots = roots.length > 0 ? await ctx.use(collectionStore).idsInRoots(roots) : [];
  return [...named('collection'), ...inRoots];
}
