import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse, sought } from '#kernel/input.ts';
import { expectErasable } from '#resolvers/threat/access.ts';
import type { TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { collectionByKey, collectionKey } from '#resolvers/threat/collections/keys.ts';
import { stixObjectDeleted, tellVersions } from '#resolvers/threat/objects/events.ts';
import { followRemoval, lockCollection } from '#resolvers/threat/objects/keep.ts';
import { readVersions } from '#resolvers/threat/objects/match.ts';
import { type StixRemoval, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { isStixId } from '#resolvers/threat/objects/validate.ts';

/** Which versions of one object. */
export interface VersionChoice {
  /** `first`, `last`, `all` or instants; all unless given. */
  readonly versions?: readonly string[] | null | undefined;
  readonly specVersions?: readonly string[] | null | undefined;
}

const texts = (name: string) => z.array(sought(name)).max(1000, `${name} may not name more than 1000.`).nullish();

const removal = z.object({
  collection: collectionKey,
  stixId: z.string('stixId must be a text.'),
  versions: texts('versions'),
  specVersions: texts('specVersions'),
});
export type StixObjectDelete = z.input<typeof removal>;

/** Deletes an object from a collection for good: all versions unless chosen. One that is unknown is none. */
export async function deleteObject(ctx: Context, input: StixObjectDelete): Promise<{ readonly deletedCount: number }> {
  const { collection: key } = parse(removal.pick({ collection: true }), input);
  const collection = expectErasable(ctx, await collectionByKey(ctx, key));
  const { stixId, ...choice } = parse(removal, input);
  return { deletedCount: await deleteObjectFrom(ctx, collection, stixId, choice) };
}

/** The same for a collection from which the viewer may delete. @returns how many versions are gone. */
export async function deleteObjectFrom(
  ctx: Context,
  collection: TaxiiCollection,
  stixId: string,
  { versions, specVersions }: VersionChoice,
): Promise<number> {
  if (!isStixId(stixId)) return 0;
  const filter = { versions: readVersions(versions, 'all'), specVersions: specVersions ?? undefined };
  const { removed } = await removeFrom(ctx, collection.id, (ctx) =>
    ctx.use(stixObjectStore).deleteVersions(collection.id, stixId, filter),
  );
  return removed.length;
}

/** Removes versions from a collection, with its counts, observables and events. */
export function removeFrom(
  ctx: Context,
  collectionId: string,
  remove: (ctx: Context) => Promise<StixRemoval>,
): Promise<StixRemoval> {
  return ctx.atomically(async (ctx) => {
    const collection = await lockCollection(ctx, collectionId);
    const removal = await remove(ctx);
    await followRemoval(ctx, collectionId, removal);
    tellVersions(ctx, stixObjectDeleted, collection, removal.removed);
    return removal;
  });
}
