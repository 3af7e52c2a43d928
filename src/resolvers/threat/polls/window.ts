import type { Context } from '#kernel/context.ts';
import { InputError, UnsupportedContentError } from '#kernel/errors.ts';
import { type ContentBinding, formatBinding, overlap } from '#resolvers/threat/content-blocks/binding.ts';
import { type BlockWindow, contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';

/** What a poll asks of a data collection. */
export interface Asked {
  readonly begin: string | null;
  readonly end: string | null;
  readonly contentBindings: readonly ContentBinding[];
  /** Whether it carries a query expression, which nobody here understands. */
  readonly query: boolean;
}

/** A window with an end. */
export type FixedWindow = BlockWindow & { readonly end: string };

/**
 * The window of a poll. Where no end was asked for it is the newest committed label and never the clock: a push under way
 * may hold an earlier one.
 * @throws InputError at `beginExclusive` for a begin after the end, at `query` for a query; UnsupportedContentError.
 */
export async function windowOf(ctx: Context, collection: DataCollection, asked: Asked): Promise<FixedWindow> {
  const { begin, end } = asked;
  if (begin !== null && end !== null && begin > end)
    throw InputError.at(
      ['beginExclusive'],
      'Exclusive begin timestamp label is later than inclusive end timestamp label',
    );
  if (asked.query) throw InputError.at(['query'], 'Query expressions are not supported');
  const wanted = overlap(collection, asked.contentBindings);
  if (wanted !== 'ALL' && wanted.length === 0) throw unsupported(collection);
  const window = { dataCollectionId: collection.id, begin, wanted };
  if (end !== null) return { ...window, end };
  const [newest = null] = await ctx.use(contentBlockStore).newestLabels([collection.id]);
  const latest = [newest, begin, collection.createdAt].filter((label) => label !== null).sort();
  return { ...window, end: latest.at(-1) ?? collection.createdAt };
}

export const unsupported = ({ supportedContent }: DataCollection): UnsupportedContentError =>
  new UnsupportedContentError(
    'The data collection supports none of the requested content bindings',
    supportedContent.map(formatBinding),
    ['contentBindings'],
  );
