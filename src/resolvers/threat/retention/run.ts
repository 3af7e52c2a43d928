import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import { appendSwept } from '#resolvers/threat/retention/events.ts';
import { type DuePolicy, duePolicies, type SweptCounts } from '#resolvers/threat/retention/policies.ts';
import { completeInterrupted } from '#resolvers/threat/statuses/interrupted.ts';

const nothing: SweptCounts = {
  statuses: 0,
  resultSets: 0,
  contentBlocks: 0,
  supersededVersions: 0,
  inboxMessages: 0,
  endedSubscriptions: 0,
  interruptedStatuses: 0,
};

const runInput = z.object({ dryRun: z.boolean().nullish() });
export type RetentionRun = z.input<typeof runInput>;

/** Removes what has been kept for long enough; a dry run only counts it. */
export async function runRetention(ctx: Context, input: RetentionRun): Promise<SweptCounts> {
  allow(ctx, 'threat:admin');
  const { dryRun } = parse(runInput, input);
  return dryRun ? countDue(ctx) : sweep(ctx, ctx.signal, async (_, work) => work());
}

async function countDue(ctx: Context): Promise<SweptCounts> {
  const counts = await Promise.all(
    duePolicies(ctx).map(async (policy) => [policy.kind, await policy.count(ctx, policy.before)] as const),
  );
  return { ...nothing, ...Object.fromEntries(counts) };
}

/**
 * The job that does it every hour. What cannot be removed now does not keep the rest.
 * @throws Error naming what could not be removed.
 */
export async function sweepThreat({ ctx, log, signal }: InlineRun): Promise<void> {
  const failed: string[] = [];
  await sweep(ctx, signal, async (name, work) => {
    try {
      const count = await work();
      log.info(`${name}: ${count}`);
      return count;
    } catch (error) {
      signal.throwIfAborted();
      failed.push(name);
      log.error(`${name} could not be swept.`, error);
      return 0;
    }
  });
  if (failed.length > 0) throw new Error(`Could not be swept: ${failed.join(', ')}.`);
}

/** @param attempt does the work of one kind, whose name it is told. */
async function sweep(
  ctx: Context,
  signal: AbortSignal,
  attempt: (name: string, work: () => Promise<number>) => Promise<number>,
): Promise<SweptCounts> {
  const counts: Record<string, number> = {
    interruptedStatuses: await attempt('interruptedStatuses', () => completeInterrupted(ctx)),
  };
  for (const policy of duePolicies(ctx))
    counts[policy.kind] = await attempt(policy.kind, () => sweepOne(ctx, signal, policy));
  const swept = { ...nothing, ...counts };
  if (Object.values(swept).some((count) => count > 0))
    await ctx.atomically(async (ctx) => {
      appendSwept(ctx, swept);
    });
  return swept;
}

async function sweepOne(ctx: Context, signal: AbortSignal, policy: DuePolicy): Promise<number> {
  let count = 0;
  for (let more = await policy.sweep(ctx, policy.before); more > 0; more = await policy.sweep(ctx, policy.before)) {
    count += more;
    signal.throwIfAborted();
  }
  return count;
}
