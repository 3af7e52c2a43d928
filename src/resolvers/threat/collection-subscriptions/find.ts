import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { isMine } from '#resolvers/threat/collection-subscriptions/access.ts';
import {
  type CollectionSubscription,
  type SubscriptionVisibility,
  subscriptionStatuses,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { servedCollection } from '#resolvers/threat/data-collections/served.ts';
import { dataCollectionKey, serviceByKey, serviceKey } from '#resolvers/threat/keys.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import type { TaxiiService } from '#resolvers/threat/services/service.ts';

/** Which subscriptions a viewer is told of in lists: his own, and those that he administers. */
export const subscriptionSight = (ctx: Context): SubscriptionVisibility => ({
  ownerId: ctx.viewer.mustChangePassword ? null : ctx.viewer.id,
  visibility: visible(ctx, 'threat:admin'),
});

/** The subscriptions with these row ids that are the viewer's. */
export async function findSubscriptions(
  ctx: Context,
  ids: readonly string[],
): Promise<(CollectionSubscription | null)[]> {
  const found = await ctx.use(subscriptionStore).getMany(ids);
  return found.map((subscription) => (subscription && isMine(ctx, subscription) ? subscription : null));
}

const listInput = z.object({
  dataCollection: dataCollectionKey.nullish(),
  service: serviceKey.nullish(),
  status: z.enum(subscriptionStatuses).nullish(),
});
export type SubscriptionList = z.input<typeof listInput>;

/** The viewer's subscriptions; who administers sees all. @throws NotFoundError for a data collection he does not read. */
export async function listSubscriptions(
  ctx: Context,
  input: SubscriptionList,
  page: PageRequest,
): Promise<Page<CollectionSubscription>> {
  const { dataCollection, service: key, status } = parse(listInput, input);
  const collection = dataCollection ? await servedCollection(ctx, dataCollection, null) : null;
  const service = key ? await serviceByKey(ctx, key) : null;
  if (key && !service) return emptyPage;
  const filter = { ...(service && { serviceId: service.id }), ...(status && { status }) };
  const query = { filter, seen: subscriptionSight(ctx), page };
  const [found] = await ctx.use(subscriptionStore).pages([collection?.id ?? null], query);
  return found ?? emptyPage;
}

/** Those of a data collection: asked for many at once, they take one read. */
export const listSubscriptionsOf = (
  ctx: Context,
  dataCollectionId: string,
  page: PageRequest,
): Promise<Page<CollectionSubscription>> => ctx.load(pagesOf, dataCollectionId, JSON.stringify(page));

function pagesOf(
  ctx: Context,
  dataCollectionIds: readonly string[],
  variant: string,
): Promise<Page<CollectionSubscription>[]> {
  const page = JSON.parse(variant) as PageRequest;
  return ctx.use(subscriptionStore).pages(dataCollectionIds, { filter: {}, seen: subscriptionSight(ctx), page });
}

/** The poll services that serve what a subscription is to and that the viewer sees, by service id. */
export async function pollServicesOf(
  ctx: Context,
  { dataCollectionId }: CollectionSubscription,
): Promise<TaxiiService[]> {
  const services = await findServicesOf(ctx, { id: dataCollectionId });
  return services.filter(({ kind }) => kind === 'POLL');
}
