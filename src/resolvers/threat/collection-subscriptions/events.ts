import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import {
  type CollectionSubscription,
  subscriptionFacts,
  subscriptionGlobalId,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';

const data = z.object({
  collectionSubscription: z.object({
    id: z.string(),
    subscriptionId: z.string(),
    status: z.string(),
    responseType: z.string(),
  }),
  /** TAXII id of the data collection. */
  collection: z.string(),
});

const subscriptionEvent = (verb: 'created' | 'paused' | 'resumed' | 'unsubscribed', description: string) =>
  defineEvent(`threat.collectionSubscription.${verb}`, data, {
    description,
    subject: 'CollectionSubscription',
    seenWith: 'threat:admin',
    seenByOwner: true,
  });

export const subscriptionCreated = subscriptionEvent('created', 'Somebody subscribed to a data collection.');
export const subscriptionPaused = subscriptionEvent('paused', 'A subscription was paused: it cannot be polled by.');
export const subscriptionResumed = subscriptionEvent('resumed', 'A subscription is active again.');
export const subscriptionUnsubscribed = subscriptionEvent('unsubscribed', 'A subscription was ended, for good.');

export type SubscriptionEvent = typeof subscriptionCreated;

export const subscriptionEvents: readonly SubscriptionEvent[] = [
  subscriptionCreated,
  subscriptionPaused,
  subscriptionResumed,
  subscriptionUnsubscribed,
];

export function appendSubscription(ctx: Context, event: SubscriptionEvent, subscription: CollectionSubscription): void {
  const { id, status, responseType, collectionTaxiiId } = subscription;
  ctx.events.append(
    event,
    {
      collectionSubscription: { id: subscriptionGlobalId(id), subscriptionId: id, status, responseType },
      collection: collectionTaxiiId,
    },
    { subject: subscriptionGlobalId(id), scope: subscriptionFacts(subscription) },
  );
}
