import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import {
  type CollectionSubscription,
  responseTypes,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { appendSubscription, subscriptionCreated } from '#resolvers/threat/collection-subscriptions/events.ts';
import { contentBindings, overlap } from '#resolvers/threat/content-blocks/binding.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { refuseUnavailable, servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey, type ServiceKey, serviceKey } from '#resolvers/threat/keys.ts';
import { unsupported } from '#resolvers/threat/polls/window.ts';
import { type CollectionManagementService, serviceStore } from '#resolvers/threat/services/service.ts';
import { useService } from '#resolvers/threat/services/use.ts';

const subscribeInput = z.object({
  service: serviceKey,
  dataCollection: dataCollectionKey,
  responseType: z.enum(responseTypes).nullish(),
  contentBindings: contentBindings.nullish(),
});
export type SubscribeInput = z.input<typeof subscribeInput>;

/**
 * Makes a new active subscription, whatever others there are. It belongs to the account, or without one to whoever knows
 * its id.
 * @throws NotFoundError, UnavailableError, UnsupportedContentError, InputError for a service without subscriptions.
 */
export async function subscribe(ctx: Context, input: SubscribeInput): Promise<CollectionSubscription> {
  const given = parse(subscribeInput, input);
  const service = await subscriptionService(ctx, given.service);
  const collection = await servedCollection(ctx, given.dataCollection, service);
  refuseUnavailable(collection);
  const bindings = given.contentBindings ?? [];
  const wanted = overlap(collection, bindings);
  if (wanted !== 'ALL' && wanted.length === 0) throw unsupported(collection);
  const now = microseconds(ctx.clock.now());
  const subscription: CollectionSubscription = {
    id: newId(),
    dataCollectionId: collection.id,
    collectionTaxiiId: collection.taxiiId,
    serviceId: service.id,
    ownerId: ctx.viewer.id,
    status: 'ACTIVE',
    responseType: given.responseType ?? 'FULL',
    contentBindings: bindings,
    createdAt: now,
    updatedAt: now,
  };
  return ctx.atomically(async (ctx) => {
    // Held, so that neither is deleted before the subscription stands.
    const [heldService] = await ctx.use(serviceStore).hold([service.id]);
    const [held] = await ctx.use(dataCollectionStore).hold([collection.id]);
    if (!heldService || !held) throw new NotFoundError('Requested collection was not found', ['dataCollection']);
    await ctx.use(subscriptionStore).insert(subscription);
    appendSubscription(ctx, subscriptionCreated, subscription);
    return subscription;
  });
}

/** A collection management service that keeps subscriptions. */
export async function subscriptionService(ctx: Context, key: ServiceKey): Promise<CollectionManagementService> {
  const service = await useService(ctx, key, 'COLLECTION_MANAGEMENT');
  if (!service.subscriptionSupported) throw InputError.at(['service'], `${service.serviceId} takes no subscriptions.`);
  return service;
}
