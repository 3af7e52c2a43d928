import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Context, microseconds } from '#kernel/context.ts';
import type { Listener } from '#kernel/listener.ts';
import type { Task } from '#kernel/plugin.ts';
import { storageFacts } from '#kernel/storage.ts';
import { applyTimeout } from '#resolvers/network/imports/carry-out.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { importJob } from '#resolvers/network/imports/job.ts';
import { heartbeat } from '#resolvers/network/imports/progress.ts';
import { recordEnd } from '#resolvers/network/imports/record.ts';

/** Milliseconds after which an import that tells nothing cannot run any more: its transaction would have ended. */
const silence = applyTimeout + 300_000;
/** The same where imports give signs of life. */
const missedBeats = 6 * heartbeat;

/** How many are ended at once. */
const batch = 100;

/**
 * Ends imports of processes that stopped in the middle: they have written nothing.
 * @returns how many.
 */
export function endAbandonedImports(ctx: Context): Promise<number> {
  const longest = ctx.find(storageFacts)?.shared === true ? missedBeats : silence;
  return endSilent(ctx, ctx.clock.now() - longest);
}

/**
 * Before this process begins any: in a storage of its own all that run are of one that is gone.
 * @returns how many it ended.
 */
export async function endLeftImports(ctx: Context): Promise<number> {
  if (ctx.find(storageFacts)?.shared !== false) return 0;
  let count = 0;
  for (let ended = batch; ended > 0; count += ended) ended = await endSilent(ctx, ctx.clock.now() + 1);
  return count;
}

async function endSilent(ctx: Context, since: number): Promise<number> {
  const found = await ctx.use(importStore).silent(microseconds(since), batch);
  let count = 0;
  for (const one of found) if (await recordEnd(ctx, one, 'FAILED', one, [])) count += 1;
  return count;
}

/** Looks for them at the start and then every ten seconds. */
export const abandonedImportsTask: Task = {
  name: 'network.imports.abandoned',
  async run(ctx, signal) {
    while (!signal.aborted) {
      await endAbandonedImports(ctx);
      await pause(10_000, undefined, { signal, ref: false }).catch(() => undefined);
    }
  },
};

/** What the end of a job tells of one of ours. */
const endOfJob = z.object({
  job: z.object({ name: z.literal(importJob.name), args: z.object({ importId: z.string() }) }),
});

/** Ends imports whose job ended without doing so: it was removed while it waited, or its account is gone. */
export const endedJobsListener: Listener = {
  name: 'network.imports.jobs',
  events: ['platform.job.errored', 'platform.job.inactivated', 'platform.job.killed', 'platform.job.removed'],
  async handle(ctx, events) {
    const ids = events.flatMap(({ data }) => {
      const read = endOfJob.safeParse(data);
      return read.success ? [read.data.job.args.importId] : [];
    });
    if (ids.length === 0) return;
    for (const one of await ctx.use(importStore).getMany(ids))
      if (one && one.finishedAt === null) await recordEnd(ctx, one, 'FAILED', one, []);
  },
};
