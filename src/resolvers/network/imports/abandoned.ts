import { setTimeout as pause } from 'node:timers/promises';
import { type Context, microseconds } from '#kernel/context.ts';
import type { Task } from '#kernel/plugin.ts';
import { applyTimeout } from '#resolvers/network/imports/import.ts';
import { importStore } from '#resolvers/network/imports/inventory-import.ts';
import { recordEnd } from '#resolvers/network/imports/record.ts';

/** Milliseconds after which an import that tells nothing cannot run any more: its transaction would have ended. */
const silence = applyTimeout + 300_000;

/** How many are ended at once. */
const batch = 100;

/**
 * Ends imports of processes that stopped in the middle: they have written nothing.
 * @returns how many.
 */
export async function endAbandonedImports(ctx: Context): Promise<number> {
  const found = await ctx.use(importStore).silent(microseconds(ctx.clock.now() - silence), batch);
  let count = 0;
  for (const one of found) if (await recordEnd(ctx, one, 'FAILED', one, [])) count += 1;
  return count;
}

/** Looks for them at the start and then every minute. */
export const abandonedImportsTask: Task = {
  name: 'network.imports.abandoned',
  async run(ctx, signal) {
    while (!signal.aborted) {
      await endAbandonedImports(ctx);
      await pause(60_000, undefined, { signal, ref: false }).catch(() => undefined);
    }
  },
};
