import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { parse } from '#kernel/input.ts';
import { contentBinding, contentBindings, isWanted } from '#resolvers/threat/content-blocks/binding.ts';
import { contentBlockCreated } from '#resolvers/threat/content-blocks/events.ts';
import { readableCollections } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey } from '#resolvers/threat/keys.ts';

const watchInput = z.object({
  dataCollections: z.array(dataCollectionKey).max(1000, 'Name 1,000 data collections at most.').nullish(),
  contentBindings: contentBindings.nullish(),
});
export type BlockWatch = z.input<typeof watchInput>;

/**
 * Blocks that come into data collections, all that the viewer reads unless some are named.
 * @throws NotFoundError for one that he does not read: its stream would stay silent for ever.
 */
export async function watchContentBlocks(ctx: Context, input: BlockWatch): Promise<FeedSelection> {
  const { dataCollections: keys, contentBindings: bindings } = parse(watchInput, input);
  const named = keys ? await readableCollections(ctx, keys) : null;
  const taxiiIds = named && new Set(named.map(({ taxiiId }) => taxiiId));
  const wanted = bindings?.length ? bindings : 'ALL';
  return {
    names: [contentBlockCreated.name],
    matches: ({ data }: StoredEvent) => {
      const { collections, contentBlock } = data as z.output<(typeof contentBlockCreated)['data']>;
      return (
        (!taxiiIds || collections.some((taxiiId) => taxiiIds.has(taxiiId))) &&
        isWanted(
          wanted,
          contentBlock.contentBinding === null ? null : contentBinding.parse(contentBlock.contentBinding),
        )
      );
    },
  };
}
