import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { serviceKey } from '#resolvers/threat/keys.ts';
import { appendServiceEvent } from '#resolvers/threat/services/events.ts';
import { serviceGlobalId, serviceStore, type TaxiiService } from '#resolvers/threat/services/service.ts';
import { lockService } from '#resolvers/threat/services/update.ts';

const serviceDelete = z.object({ by: serviceKey });
export type ServiceDelete = z.input<typeof serviceDelete>;

/**
 * Deletes a service with the subscriptions that were made at it. Data collections and inbox messages stay.
 * @returns its global id.
 */
export async function deleteService(ctx: Context, input: ServiceDelete): Promise<string> {
  allow(ctx, 'threat:admin');
  const { by } = parse(serviceDelete, input);
  return ctx.atomically(async (ctx) => {
    const service = await lockService(ctx, by);
    await removeServices(ctx, [service]);
    return serviceGlobalId(service);
  });
}

/** Deletes services that the unit of work has locked. */
export async function removeServices(ctx: Context, services: readonly TaxiiService[]): Promise<void> {
  const ids = services.map(({ id }) => id);
  await ctx.use(subscriptionStore).deleteOfServices(ids);
  await ctx.use(dataCollectionStore).removeServices(ids);
  await ctx.use(serviceStore).deleteMany(ids);
  for (const service of services) appendServiceEvent(ctx, service, null);
}
