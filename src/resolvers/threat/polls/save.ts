import { type Context, microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import type { BlockPlace } from '#resolvers/threat/content-blocks/content-block.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { appendResultSetCreated } from '#resolvers/threat/polls/events.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import type { FixedWindow } from '#resolvers/threat/polls/window.ts';
import type { PollService } from '#resolvers/threat/services/service.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** A poll whose further parts are to be had later. */
export interface Saved {
  readonly service: PollService;
  readonly collection: DataCollection;
  readonly window: FixedWindow;
  readonly endStated: boolean;
  readonly subscriptionId: string | null;
}

/**
 * Keeps a poll as a result set.
 * @param firstEnd where its first part ends, when that was delivered.
 * @returns the result id.
 */
export function keepResultSet(ctx: Context, poll: Saved, firstEnd: BlockPlace | null): Promise<string> {
  const now = ctx.clock.now();
  const set = {
    id: newId(),
    dataCollectionId: poll.collection.id,
    wanted: poll.window.wanted,
    begin: poll.window.begin,
    end: poll.window.end,
    endStated: poll.endStated,
    partSize: poll.service.maxResultSize,
    maxResultCount: poll.service.maxResultCount,
    subscriptionId: poll.subscriptionId,
    createdAt: microseconds(now),
    expiresAt: microseconds(now + ctx.use(threatSettings).retention.resultSets),
  };
  return ctx.atomically(async (ctx) => {
    const store = ctx.use(resultSetStore);
    await store.insert(set);
    if (firstEnd) await store.keepEnds(set.id, [{ part: 1, last: firstEnd }]);
    appendResultSetCreated(ctx, set.id, poll);
    return set.id;
  });
}
