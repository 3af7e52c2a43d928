import type { Context } from '#kernel/context.ts';
import type { FeedSelection, PresentItem } from '#kernel/feed.ts';
import type { Following, FollowStart } from '#kernel/follow.ts';
import { jobEvents } from '#resolvers/platform/jobs/events.ts';
import { queueSettings } from '#resolvers/platform/queue/settings.ts';
import { type QueueSummaryRow, requireSummary, summarizeQueue } from '#resolvers/platform/queue/summary.ts';

export const summaryType = 'QueueSummary';

/** What the queue holds, as one viewer sees it. */
export interface ToldSummary {
  readonly rows: readonly QueueSummaryRow[];
}

interface Place {
  readonly epoch: string;
  readonly sequence: number;
  /** What was told last, and when; null before the first. */
  readonly told: { readonly text: string; readonly at: number } | null;
}

/** What the queue holds now, and whenever that is another for this viewer. */
export async function watchSummary(ctx: Context): Promise<FeedSelection> {
  requireSummary(ctx);
  return {
    names: jobEvents.map(({ name }) => name),
    follow: async (_, start) => following(start),
  };
}

const following = ({ at }: FollowStart): Following<Place> => ({
  start: { epoch: at.epoch, sequence: at.sequence, told: null },
  at: ({ epoch, sequence }) => ({ epoch, sequence }),
  moved: (place, { epoch, sequence }) => ({ ...place, epoch, sequence }),
  async next(ctx, place, head) {
    const passed = { ...place, sequence: Math.max(head, place.sequence) };
    const now = ctx.clock.now();
    const due = place.told ? place.told.at + ctx.use(queueSettings).summaryInterval : now;
    if (due > now) return { items: [], after: passed, again: due - now };
    const rows = await summarizeQueue(ctx);
    const text = JSON.stringify(rows);
    if (text === place.told?.text) return { items: [], after: passed };
    const after = { ...passed, told: { text, at: now } };
    const { epoch, sequence } = after;
    const item: PresentItem = {
      item: 'Present',
      type: summaryType,
      at: { epoch, sequence },
      state: { rows } satisfies ToldSummary,
    };
    return { items: [{ item, after }], after };
  },
});
