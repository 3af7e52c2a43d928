import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { defineEvent, eventLog } from '#kernel/event.ts';

export const eventLogTrimmed = defineEvent('platform.eventLog.trimmed', z.object({ floor: z.number().int() }), {
  description: 'Old events were deleted; streams resume from the floor on.',
  subject: null,
  seenWith: 'system:read',
});

export const eventLogRenewed = defineEvent('platform.eventLog.renewed', z.object({ epoch: z.string() }), {
  description: 'The log began a new life; cursors from before no longer count.',
  subject: null,
  seenWith: 'system:read',
});

/** How long events are kept, in milliseconds; null: for ever. */
export interface RetentionPeriods {
  readonly live: number;
  readonly audit: number | null;
}

/** Deletes what is older than its time. Answers the lowest number from which nothing is missing. */
export async function trimEventLog(ctx: Context, periods: RetentionPeriods): Promise<number> {
  allow(ctx, 'system:control');
  const now = ctx.clock.now();
  const before = {
    live: microseconds(now - periods.live),
    audit: periods.audit === null ? null : microseconds(now - periods.audit),
  };
  let { floor } = await ctx.use(eventLog).state();
  for (;;) {
    // Each step is a transaction of its own: others get their turn between two.
    const moved = await ctx.atomically(async (ctx) => {
      const next = await ctx.use(eventLog).trim(before);
      if (next > floor) ctx.events.append(eventLogTrimmed, { floor: next }, { scope: {} });
      return next;
    });
    if (moved <= floor) return moved;
    floor = moved;
  }
}

/** Begins a new life of the log: to be done after every restore. Answers the new epoch. */
export async function renewEventLog(ctx: Context): Promise<string> {
  allow(ctx, 'system:control');
  return ctx.atomically(async (ctx) => {
    const epoch = await ctx.use(eventLog).renewEpoch();
    ctx.events.append(eventLogRenewed, { epoch }, { scope: {} });
    return epoch;
  });
}
