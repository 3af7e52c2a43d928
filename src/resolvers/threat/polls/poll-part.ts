import type { Context } from '#kernel/context.ts';
import type { ContentBlock } from '#resolvers/threat/content-blocks/content-block.ts';
import { type BlockWindow, contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';

/** How many blocks a poll found, as far as they were counted. */
export interface RecordCount {
  readonly count: number;
  /** Whether there are more than that. */
  readonly partial: boolean;
}

/** An answer to a poll, or a part of one. */
export interface PollPart {
  readonly dataCollection: DataCollection;
  /** What the other parts are asked for by; null where there are none. */
  readonly resultId: string | null;
  /** From 1. */
  readonly part: number;
  /** Whether further blocks follow. */
  readonly more: boolean;
  /** Null where nobody counted. */
  readonly recordCount: RecordCount | null;
  /** As it was asked for. */
  readonly begin: string | null;
  /** A feed's is always told, so that the next poll can begin there. */
  readonly end: string | null;
  readonly subscriptionId: string | null;
  /** In the order of labels; none where only the count was asked for. */
  readonly contentBlocks: readonly ContentBlock[];
  /** What else there is to say. */
  readonly message: string | null;
}

/** The answer is not ready yet: it is fulfilled later. */
export interface PollPending {
  readonly resultId: string;
  /** Seconds. */
  readonly estimatedWait: number;
  readonly willPush: false;
}

export const isPending = (answer: PollPart | PollPending): answer is PollPending => 'estimatedWait' in answer;

/** How long a storage that is not ready is given. */
const estimatedWait = 300;

export const pending = (resultId: string): PollPending => ({ resultId, estimatedWait, willPush: false });

/** Counts a window up to a cap, which is what is announced at most. */
export async function countUpTo(ctx: Context, window: BlockWindow, cap: number): Promise<RecordCount> {
  const found = await ctx.use(contentBlockStore).count(window, cap + 1);
  return capped(found, cap);
}

export const capped = (found: number, cap: number): RecordCount => ({
  count: Math.min(found, cap),
  partial: found > cap,
});
