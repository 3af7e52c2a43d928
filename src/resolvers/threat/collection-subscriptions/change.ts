import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import { rowIdOf } from '#kernel/id.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { canReadData } from '#resolvers/threat/access.ts';
import { ownSubscription, subscriptionNotFound } from '#resolvers/threat/collection-subscriptions/access.ts';
import {
  type CollectionSubscription,
  type SubscriptionStatus,
  subscriptionStore,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import {
  appendSubscription,
  type SubscriptionEvent,
  subscriptionPaused,
  subscriptionResumed,
  subscriptionUnsubscribed,
} from '#resolvers/threat/collection-subscriptions/events.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { refuseUnavailable } from '#resolvers/threat/data-collections/served.ts';

export const subscriptionKey = oneKey({ id: idText, subscriptionId: sought('subscriptionId') });
type SubscriptionKey = z.output<typeof subscriptionKey>;

const changeInput = z.object({ by: subscriptionKey });
export type SubscriptionChange = z.input<typeof changeInput>;

export const changes = ['PAUSE', 'RESUME', 'UNSUBSCRIBE'] as const;
export type Change = (typeof changes)[number];

/** From which status each change leads where; from any other it changes nothing. */
const steps: Readonly<
  Record<
    Change,
    { readonly from: readonly SubscriptionStatus[]; readonly to: SubscriptionStatus; event: SubscriptionEvent }
  >
> = {
  PAUSE: { from: ['ACTIVE'], to: 'PAUSED', event: subscriptionPaused },
  RESUME: { from: ['PAUSED'], to: 'ACTIVE', event: subscriptionResumed },
  UNSUBSCRIBE: { from: ['ACTIVE', 'PAUSED'], to: 'UNSUBSCRIBED', event: subscriptionUnsubscribed },
};

/** What became of a subscription; of an unknown one that is to end, only its id. */
export interface Unsubscribed {
  readonly subscriptionId: string;
  readonly subscription: CollectionSubscription | null;
}

/** Lets a subscription rest. @throws NotFoundError, UnavailableError */
export const pauseSubscription = (ctx: Context, input: SubscriptionChange): Promise<CollectionSubscription> =>
  changeNamed(ctx, input, 'PAUSE');

/** Makes a paused subscription active; an ended one stays ended. @throws NotFoundError, UnavailableError */
export const resumeSubscription = (ctx: Context, input: SubscriptionChange): Promise<CollectionSubscription> =>
  changeNamed(ctx, input, 'RESUME');

/** Ends a subscription for good. One that is not the viewer's is as good as ended. @throws UnavailableError */
export async function unsubscribe(ctx: Context, input: SubscriptionChange): Promise<Unsubscribed> {
  const { by } = parse(changeInput, input);
  const found = await reachable(ctx, by);
  if (!found) return { subscriptionId: 'subscriptionId' in by ? by.subscriptionId : by.id, subscription: null };
  const subscription = await applyChange(ctx, found, 'UNSUBSCRIBE');
  return { subscriptionId: subscription.id, subscription };
}

async function changeNamed(ctx: Context, input: SubscriptionChange, change: Change): Promise<CollectionSubscription> {
  const { by } = parse(changeInput, input);
  const found = await reachable(ctx, by);
  if (!found) throw subscriptionNotFound();
  return applyChange(ctx, found, change);
}

/** The viewer's subscription, as long as he reads its data collection. @throws UnavailableError */
async function reachable(ctx: Context, by: SubscriptionKey): Promise<CollectionSubscription | null> {
  const id = 'subscriptionId' in by ? by.subscriptionId : rowIdOf('CollectionSubscription', by.id);
  const found = id === null ? null : await ownSubscription(ctx, id);
  const [collection] = found ? await ctx.use(dataCollectionStore).getMany([found.dataCollectionId]) : [];
  if (!found || !collection || !canReadData(ctx, collection)) return null;
  refuseUnavailable(collection);
  return found;
}

/** Does one step, once: what has been done before is not done, nor told, again. */
export function applyChange(
  ctx: Context,
  { id }: CollectionSubscription,
  change: Change,
): Promise<CollectionSubscription> {
  const { from, to, event } = steps[change];
  return ctx.atomically(async (ctx) => {
    const store = ctx.use(subscriptionStore);
    const subscription = await store.lock(id);
    if (!subscription) throw subscriptionNotFound();
    if (!from.includes(subscription.status)) return subscription;
    const updatedAt = microseconds(ctx.clock.now());
    await store.setStatus(id, to, updatedAt);
    const changed = { ...subscription, status: to, updatedAt };
    appendSubscription(ctx, event, changed);
    return changed;
  });
}
