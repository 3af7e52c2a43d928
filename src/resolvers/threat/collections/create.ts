import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { apiRootFacts, apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { apiRootByKey, apiRootKey, quoteApiRoot } from '#resolvers/threat/api-roots/keys.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionDefaults, collectionFields } from '#resolvers/threat/collections/input.ts';
import { insertCollections } from '#resolvers/threat/collections/write.ts';
import { given, givenTaxiiId } from '#resolvers/threat/input.ts';

const collectionCreate = z.object({ ...collectionFields, apiRoot: apiRootKey, taxiiId: givenTaxiiId.nullish() });
export type CollectionCreate = z.input<typeof collectionCreate>;

/** Makes a collection in an API root. */
export async function createCollection(ctx: Context, input: CollectionCreate): Promise<TaxiiCollection> {
  allowSomewhere(ctx, 'threat:admin');
  const { taxiiId, apiRoot, title, ...rest } = parse(collectionCreate, input);
  return ctx.atomically(async (ctx) => {
    const named = await apiRootByKey(ctx, apiRoot);
    if (named) allow(ctx, 'threat:admin', apiRootFacts(named));
    const [root] = named ? await ctx.use(apiRootStore).hold([named.id]) : [];
    if (!root) throw new NotFoundError(`API root not found: ${quoteApiRoot(apiRoot)}.`, ['apiRoot']);
    const now = microseconds(ctx.clock.now());
    const collection: TaxiiCollection = {
      ...{ id: taxiiId ?? newId(), apiRootId: root.id, title, ...collectionDefaults, ...given(rest) },
      ...{ objectCount: 0, createdAt: now, updatedAt: now },
    };
    const [made] = await insertCollections(ctx, [collection]);
    return made ?? collection;
  });
}
