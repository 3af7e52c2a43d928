import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { parse } from '#kernel/input.ts';
import { refuseUnchanged } from '#resolvers/threat/access.ts';
import { collectionKey } from '#resolvers/threat/collections/keys.ts';
import { stixObjectAdded, stixObjectDeleted } from '#resolvers/threat/objects/events.ts';
import { stixMatch } from '#resolvers/threat/objects/filter.ts';
import { readableIds } from '#resolvers/threat/objects/list.ts';

const watchInput = z.object({
  collections: z.array(collectionKey).max(1000, 'Give 1000 collections at most.').nullish(),
  match: stixMatch.omit({ version: true }).nullish(),
});
export type ObjectWatch = z.input<typeof watchInput>;

/** What an event says of its version. */
interface Facts {
  readonly collection: string;
  readonly stixId: string;
  readonly type: string;
  readonly specVersion: string;
}

/**
 * The versions that come into collections: the named ones, or all that the viewer reads.
 * @throws NotFoundError for a named one that he does not read, for anonymous AuthenticationError.
 */
export async function watchAdditions(ctx: Context, input: ObjectWatch): Promise<FeedSelection> {
  return watchVersions(ctx, stixObjectAdded.name, input);
}

/** The same for versions that are deleted. */
export async function watchDeletions(ctx: Context, input: Pick<ObjectWatch, 'collections'>): Promise<FeedSelection> {
  return watchVersions(ctx, stixObjectDeleted.name, input);
}

async function watchVersions(ctx: Context, name: string, input: ObjectWatch): Promise<FeedSelection> {
  refuseUnchanged(ctx);
  const { collections: keys, match } = parse(watchInput, input);
  const collections = keys ? new Set(await readableIds(ctx, keys)) : null;
  const among = (values: readonly string[] | null | undefined, value: string) => !values || values.includes(value);
  return {
    names: [name],
    matches({ data }) {
      const { collection, stixId, type, specVersion } = data as Facts;
      return (
        (!collections || collections.has(collection)) &&
        among(match?.id, stixId) &&
        among(match?.type, type) &&
        among(match?.specVersion, specVersion)
      );
    },
  };
}
