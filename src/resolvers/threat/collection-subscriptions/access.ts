import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { isUuid } from '#kernel/id.ts';
import { canAdmin } from '#resolvers/threat/access.ts';
import {
  type CollectionSubscription,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';

/** Whether a subscription is the viewer's: his own, one of nobody that he can name, or one that he administers. */
export function isMine(ctx: Context, { ownerId, collectionTaxiiId }: CollectionSubscription): boolean {
  if (ctx.viewer.mustChangePassword) return false;
  return ownerId === null || ownerId === ctx.viewer.id || canAdmin(ctx, { collection: collectionTaxiiId });
}

/** The subscription of the viewer with this id; null when he has none. */
export async function ownSubscription(ctx: Context, id: string): Promise<CollectionSubscription | null> {
  const [subscription] = isUuid(id) ? await ctx.use(subscriptionStore).getMany([id]) : [];
  return subscription && isMine(ctx, subscription) ? subscription : null;
}

export const subscriptionNotFound = () => new NotFoundError('Requested subscription was not found', ['subscriptionId']);
