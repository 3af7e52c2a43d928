import { type Context, microseconds } from '#kernel/context.ts';
import { storageFacts } from '#kernel/storage.ts';
import { tellCompleted } from '#resolvers/threat/statuses/events.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

/** Milliseconds between two signs of life of a request whose objects are slow to come. */
export const heartbeat = 30_000;
/** Milliseconds after which a request that is silent is taken for dead: it gave no sign of life for so many times. */
const silence = 10 * heartbeat;
/** How many are completed at once. */
const batch = 100;

/**
 * Completes statuses whose request was given up by a process that stopped: what was not done counts as failure.
 * @returns how many.
 */
export const completeInterrupted = (ctx: Context): Promise<number> => completeSilent(ctx, ctx.clock.now() - silence);

/**
 * The same before this process takes any request: in a storage of its own, all that are pending are of one that is gone.
 */
export async function completeLeft(ctx: Context): Promise<number> {
  return ctx.find(storageFacts)?.shared === false ? completeSilent(ctx, ctx.clock.now() + 1) : 0;
}

async function completeSilent(ctx: Context, since: number): Promise<number> {
  let count = 0;
  for (;;) {
    const done = await ctx.atomically(async (ctx) => {
      const now = microseconds(ctx.clock.now());
      const statuses = await ctx.use(taxiiStatusStore).takeStale(microseconds(since), now, batch);
      await tellCompleted(ctx, statuses);
      return statuses.length;
    });
    count += done;
    if (done < batch) return count;
  }
}
