import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { collectionFacts, collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionDefaults, collectionFields } from '#resolvers/threat/collections/input.ts';
import {
  type CollectionKey,
  collectionByKey,
  collectionKey,
  quoteCollection,
} from '#resolvers/threat/collections/keys.ts';
import { writeCollections } from '#resolvers/threat/collections/write.ts';
import { given } from '#resolvers/threat/input.ts';

const collectionReplace = z.object({ by: collectionKey, ...collectionFields });
const collectionUpdate = collectionReplace.partial({ title: true });
export type CollectionReplace = z.input<typeof collectionReplace>;
export type CollectionUpdate = z.input<typeof collectionUpdate>;

/** Changes what is given and leaves the rest. */
export async function updateCollection(ctx: Context, input: CollectionUpdate): Promise<TaxiiCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(collectionUpdate, input);
  return changeCollection(ctx, by, given(change));
}

/** Sets everything that can change; what is not given gets its default. */
export async function replaceCollection(ctx: Context, input: CollectionReplace): Promise<TaxiiCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, ...change } = parse(collectionReplace, input);
  return changeCollection(ctx, by, { ...collectionDefaults, ...given(change) });
}

const changeCollection = (
  ctx: Context,
  by: CollectionKey,
  change: Partial<TaxiiCollection>,
): Promise<TaxiiCollection> =>
  ctx.atomically(async (ctx) => {
    const before = await lockCollection(ctx, by);
    const [after] = await writeCollections(ctx, [{ before, after: { ...before, ...change } }]);
    return after ?? before;
  });

/**
 * The collection that a mutation is about, locked.
 * @throws NotFoundError, ForbiddenError for who does not administer it.
 */
export async function lockCollection(ctx: Context, by: CollectionKey): Promise<TaxiiCollection> {
  const named = await collectionByKey(ctx, by);
  if (named) allow(ctx, 'threat:admin', collectionFacts(named));
  const [collection] = named ? await ctx.use(collectionStore).lock([named.id]) : [];
  if (!collection) throw new NotFoundError(`Collection not found: ${quoteCollection(by)}.`, ['by']);
  return collection;
}
