import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { MAX_PAGE, type PageRequest, type Position } from '#kernel/page.ts';
import { ownSubscription, subscriptionNotFound } from '#resolvers/threat/collection-subscriptions/access.ts';
import { applyChange } from '#resolvers/threat/collection-subscriptions/change.ts';
import {
  type CollectionSubscription,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { subscriptionSight } from '#resolvers/threat/collection-subscriptions/find.ts';
import { subscribe, subscriptionService } from '#resolvers/threat/collection-subscriptions/subscribe.ts';
import { contentBindings } from '#resolvers/threat/content-blocks/binding.ts';
import { refuseUnavailable, servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey, serviceKey } from '#resolvers/threat/keys.ts';

export const managementActions = ['SUBSCRIBE', 'PAUSE', 'RESUME', 'UNSUBSCRIBE', 'STATUS'] as const;

const managementInput = z.object({
  service: serviceKey,
  dataCollection: dataCollectionKey,
  action: z.enum(managementActions),
  subscriptionId: z.string().nullish(),
  responseType: z.enum(['FULL', 'COUNT_ONLY']).nullish(),
  contentBindings: contentBindings.nullish(),
});
export type SubscriptionManagement = z.input<typeof managementInput>;

/** What is told of a subscription: of one that is unknown and was to end, its id and that it is ended. */
export type ManagedSubscription =
  | CollectionSubscription
  | { readonly id: string; readonly status: 'UNSUBSCRIBED'; readonly dataCollectionId: string };

/**
 * One message about subscriptions to a data collection, as TAXII 1 has them. STATUS without an id tells all of the
 * viewer's; every other message tells one.
 * @throws NotFoundError, UnavailableError, UnsupportedContentError, InputError at `subscriptionId` where the action needs
 * one.
 */
export async function manageSubscription(
  ctx: Context,
  input: SubscriptionManagement,
): Promise<readonly ManagedSubscription[]> {
  const given = parse(managementInput, input);
  const { action, subscriptionId } = given;
  if (action === 'SUBSCRIBE') return [await subscribe(ctx, input)];
  const service = await subscriptionService(ctx, given.service);
  const collection = await servedCollection(ctx, given.dataCollection, service);
  refuseUnavailable(collection);
  if (!subscriptionId) {
    if (action === 'STATUS') return allOf(ctx, service.id, collection.id);
    throw InputError.at(['subscriptionId'], `Action "${action}" requires a subscription id`);
  }
  const found = await ownSubscription(ctx, subscriptionId);
  if (found && found.dataCollectionId !== collection.id) throw subscriptionNotFound();
  if (found) return [action === 'STATUS' ? found : await applyChange(ctx, found, action)];
  if (action !== 'UNSUBSCRIBE') throw subscriptionNotFound();
  return [{ id: subscriptionId, status: 'UNSUBSCRIBED', dataCollectionId: collection.id }];
}

/** The answer of the protocol has no pages. */
async function allOf(ctx: Context, serviceId: string, collectionId: string): Promise<CollectionSubscription[]> {
  const found: CollectionSubscription[] = [];
  for (let after: Position | null = null, more = true; more; ) {
    const page: PageRequest = { limit: MAX_PAGE, direction: 'forward', after, before: null, offset: 0 };
    const query = { filter: { serviceId }, seen: subscriptionSight(ctx), page };
    const [slice] = await ctx.use(subscriptionStore).pages([collectionId], query);
    found.push(...(slice?.items ?? []).map(({ node }) => node));
    after = slice?.items.at(-1)?.position ?? null;
    more = slice?.hasNextPage ?? false;
  }
  return found;
}
