import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { collectionKey } from '#resolvers/threat/collections/keys.ts';
import { removalTimeout, removeCollections } from '#resolvers/threat/collections/remove.ts';
import { lockCollection } from '#resolvers/threat/collections/update.ts';
import { flag } from '#resolvers/threat/input.ts';

const collectionDelete = z.object({ by: collectionKey, force: flag('force').nullish() });
export type CollectionDelete = z.input<typeof collectionDelete>;

/**
 * Deletes a collection: with `force` also one that holds objects, and these.
 * @returns its row id.
 * @throws ConflictError with the count.
 */
export async function deleteCollection(ctx: Context, input: CollectionDelete): Promise<string> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, force } = parse(collectionDelete, input);
  return ctx.atomically(
    async (ctx) => {
      const collection = await lockCollection(ctx, by);
      await removeCollections(ctx, [collection], force ?? false);
      return collection.id;
    },
    { timeout: removalTimeout },
  );
}
