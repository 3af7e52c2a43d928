import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { isUuid, rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, sought } from '#kernel/input.ts';
import { expectReadable } from '#resolvers/threat/access.ts';
import { apiRootKey, apiRootsByKeys, quoteApiRoot } from '#resolvers/threat/api-roots/keys.ts';
import {
  type CollectionAlias,
  collectionStore,
  type TaxiiCollection,
} from '#resolvers/threat/collections/collection.ts';

const alias = z.object({ apiRoot: apiRootKey, alias: sought('alias') });

/** Names a collection. */
export const collectionKey = oneKey({ id: idText, taxiiId: sought('taxiiId'), alias });
export type CollectionKey = z.output<typeof collectionKey>;

/** The collection with this key, whoever asks; null when there is none. Who answers from it asks for rights. */
export const collectionByKey = async (ctx: Context, key: CollectionKey): Promise<TaxiiCollection | null> =>
  (await collectionsByKeys(ctx, [key]))[0] ?? null;

/** The same for many, in their order, in four reads at most. */
export async function collectionsByKeys(
  ctx: Context,
  keys: readonly CollectionKey[],
): Promise<(TaxiiCollection | null)[]> {
  const store = ctx.use(collectionStore);
  const aliases = await aliasesOf(ctx, keys);
  const ids = keys.flatMap((key) => idIn(key) ?? []);
  const named = aliases.filter((entry) => entry !== null);
  const byId = new Map((ids.length > 0 ? await store.getMany(ids) : []).map((found) => [found?.id, found]));
  const byAlias = named.length > 0 ? await store.getByAlias(named) : [];
  return keys.map((key, index) => {
    const entry = aliases[index];
    return (entry ? byAlias[named.indexOf(entry)] : byId.get(idIn(key) ?? '')) ?? null;
  });
}

/** For each key that is an alias the row id of its root with it; null for the others, and where there is no such root. */
async function aliasesOf(ctx: Context, keys: readonly CollectionKey[]): Promise<(CollectionAlias | null)[]> {
  const given = keys.flatMap((key) => ('alias' in key ? key.alias : []));
  const roots =
    given.length > 0
      ? await apiRootsByKeys(
          ctx,
          given.map(({ apiRoot }) => apiRoot),
        )
      : [];
  return keys.map((key) => {
    const root = 'alias' in key ? roots[given.indexOf(key.alias)] : null;
    return root && 'alias' in key ? { apiRootId: root.id, alias: key.alias.alias } : null;
  });
}

function idIn(key: CollectionKey): string | null {
  if ('id' in key) return rowIdOf('TaxiiCollection', key.id);
  return 'taxiiId' in key && isUuid(key.taxiiId) ? key.taxiiId.toLowerCase() : null;
}

/** The collection that a segment of a URL names in its root: by UUID, or by alias. */
export async function collectionInRoot(
  ctx: Context,
  apiRootId: string,
  segment: string,
): Promise<TaxiiCollection | null> {
  const store = ctx.use(collectionStore);
  const [found] = isUuid(segment)
    ? await store.getMany([segment.toLowerCase()])
    : await store.getByAlias([{ apiRootId, alias: segment }]);
  return found?.apiRootId === apiRootId ? found : null;
}

/** A key as messages quote it. */
export const quoteCollection = (key: CollectionKey): string =>
  'alias' in key ? `${quoteApiRoot(key.alias.apiRoot)}/${key.alias.alias}` : Object.values(key).join('');

/**
 * The collections with these keys, once each, that the viewer reads.
 * @throws NotFoundError for the first that he does not read, for anonymous AuthenticationError.
 */
export async function readableByKeys(ctx: Context, keys: readonly CollectionKey[]): Promise<TaxiiCollection[]> {
  const found = await collectionsByKeys(ctx, keys);
  const readable = found.map((collection) => expectReadable(ctx, collection));
  return [...new Map(readable.map((collection) => [collection.id, collection])).values()];
}
