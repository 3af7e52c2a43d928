import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { parse } from '#kernel/input.ts';
import { type SubscriptionEvent, subscriptionEvents } from '#resolvers/threat/collection-subscriptions/events.ts';
import { servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey } from '#resolvers/threat/keys.ts';

const watchInput = z.object({ dataCollection: dataCollectionKey.nullish() });
export type SubscriptionWatch = z.input<typeof watchInput>;

/**
 * What becomes of the viewer's subscriptions, and of those that he administers.
 * @throws NotFoundError for a data collection that he does not read.
 */
export async function watchSubscriptions(ctx: Context, input: SubscriptionWatch): Promise<FeedSelection> {
  const { dataCollection } = parse(watchInput, input);
  const collection = dataCollection ? await servedCollection(ctx, dataCollection, null) : null;
  return {
    names: subscriptionEvents.map(({ name }) => name),
    personal: true,
    matches: ({ data }) =>
      !collection || (data as z.output<SubscriptionEvent['data']>).collection === collection.taxiiId,
  };
}
