import { type Context, microseconds } from '#kernel/context.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { settleDetached } from '#resolvers/threat/content-blocks/detach.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { removeFrom } from '#resolvers/threat/objects/delete.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { type ThreatSettings, threatSettings } from '#resolvers/threat/settings.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

/** What is kept for a time. */
type KeptKind = keyof ThreatSettings['retention'];

/** How many of each kind a sweep removed. */
export type SweptCounts = Readonly<Record<KeptKind, number>> & {
  /** Statuses of requests that were given up, which it completed. A dry run does not look for them. */
  readonly interruptedStatuses: number;
};

/** How what has been kept for long enough is found and removed. */
interface RetentionPolicy {
  readonly kind: KeptKind;
  /** How many there are from before an instant. */
  count(ctx: Context, before: string): Promise<number>;
  /** Removes some of them in one unit of work, with its events. Answers how many: 0 when none is left. */
  sweep(ctx: Context, before: string): Promise<number>;
}

/** What is removed at once: whoever wants the storage meanwhile waits for a moment only. */
const batch = 1000;

const policies: readonly RetentionPolicy[] = [
  {
    kind: 'statuses',
    count: (ctx, before) => ctx.use(taxiiStatusStore).countCompleted(before),
    sweep: (ctx, before) => ctx.use(taxiiStatusStore).deleteCompleted(before, batch),
  },
  {
    kind: 'resultSets',
    count: async (ctx) => ctx.find(resultSetStore)?.countExpired(nowOf(ctx)) ?? 0,
    sweep: async (ctx) => ctx.find(resultSetStore)?.deleteExpired(nowOf(ctx), batch) ?? 0,
  },
  {
    kind: 'contentBlocks',
    count: (ctx, before) => ctx.use(contentBlockStore).countKeptBefore(before),
    sweep: sweepBlocks,
  },
  {
    kind: 'supersededVersions',
    count: (ctx, before) => ctx.use(stixObjectStore).countSuperseded(before),
    sweep: sweepVersions,
  },
  {
    kind: 'inboxMessages',
    count: (ctx, before) => ctx.use(inboxMessageStore).countCameBefore(before),
    async sweep(ctx, before) {
      const ids = await ctx.use(inboxMessageStore).cameBefore(before, batch);
      if (ids.length > 0) await ctx.use(inboxMessageStore).deleteMany(ids);
      return ids.length;
    },
  },
  {
    kind: 'endedSubscriptions',
    count: (ctx, before) => ctx.use(subscriptionStore).countEndedBefore(before),
    sweep: (ctx, before) => ctx.use(subscriptionStore).deleteEndedBefore(before, batch),
  },
];

const nowOf = (ctx: Context): string => microseconds(ctx.clock.now());

/** A policy with the instant from before which nothing is kept any more. */
export interface DuePolicy extends RetentionPolicy {
  readonly before: string;
}

/** The policies that remove anything. Result sets know themselves when their time is over. */
export function duePolicies(ctx: Context): DuePolicy[] {
  const { retention } = ctx.use(threatSettings);
  return policies.flatMap((policy) => {
    const kept = retention[policy.kind];
    return kept === null ? [] : [{ ...policy, before: microseconds(Math.max(ctx.clock.now() - kept, 0)) }];
  });
}

function sweepBlocks(ctx: Context, before: string): Promise<number> {
  return ctx.atomically(async (ctx) => {
    const kept = await ctx.use(contentBlockStore).keptBefore(before, batch);
    if (kept.length === 0) return 0;
    const holders = [...new Set(kept.flatMap(({ dataCollectionIds }) => dataCollectionIds))];
    const collections = await ctx.use(dataCollectionStore).lock(holders);
    const removed = await ctx.use(contentBlockStore).deleteMany(kept.map(({ id }) => id));
    await settleDetached(
      ctx,
      removed,
      collections.filter((collection) => collection !== null),
    );
    return kept.length;
  });
}

async function sweepVersions(ctx: Context, before: string): Promise<number> {
  const store = ctx.use(stixObjectStore);
  const collectionId = await store.nextSuperseded(before);
  if (collectionId === null) return 0;
  const { removed } = await removeFrom(ctx, collectionId, (ctx) =>
    ctx.use(stixObjectStore).deleteSuperseded(collectionId, before, batch),
  );
  return removed.length;
}
