import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { appendApiRootEvent } from '#resolvers/threat/api-roots/events.ts';
import { apiRootKey } from '#resolvers/threat/api-roots/keys.ts';
import { lockApiRoot } from '#resolvers/threat/api-roots/update.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { removalTimeout, removeCollections } from '#resolvers/threat/collections/remove.ts';
import { flag } from '#resolvers/threat/input.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

const apiRootDelete = z.object({ by: apiRootKey, force: flag('force').nullish() });
export type ApiRootDelete = z.input<typeof apiRootDelete>;

/**
 * Deletes an API root: with `force` also one that has collections, and these with what they hold.
 * @returns its row id.
 * @throws ConflictError with the counts.
 */
export async function deleteApiRoot(ctx: Context, input: ApiRootDelete): Promise<string> {
  allowSomewhere(ctx, 'threat:admin');
  const { by, force } = parse(apiRootDelete, input);
  return ctx.atomically(
    async (ctx) => {
      const root = await lockApiRoot(ctx, by);
      await removeApiRoots(ctx, [root], force ?? false);
      return root.id;
    },
    { timeout: removalTimeout },
  );
}

/** Deletes API roots that the unit of work has locked, with an event for each thing. The caller has checked rights. */
export async function removeApiRoots(ctx: Context, roots: readonly TaxiiApiRoot[], force: boolean): Promise<void> {
  const ids = roots.map(({ id }) => id);
  const collections = await ctx.use(collectionStore).lockInRoots(ids);
  if (collections.length > 0 && !force) {
    const objects = collections.reduce((sum, { objectCount }) => sum + objectCount, 0);
    throw new ConflictError(
      `It has ${collections.length} ${collections.length === 1 ? 'collection' : 'collections'} with ${objects} ${objects === 1 ? 'version' : 'versions'} of objects. Delete them first, or give force: true.`,
      ['by'],
    );
  }
  await removeCollections(ctx, collections, true);
  await ctx.use(taxiiStatusStore).forgetRooms({ apiRootIds: ids, collectionIds: [] });
  await ctx.use(apiRootStore).deleteMany(ids);
  for (const root of roots) appendApiRootEvent(ctx, root, null);
}
