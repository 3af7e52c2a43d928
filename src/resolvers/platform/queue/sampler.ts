import type { Context } from '#kernel/context.ts';
import { eventLog } from '#kernel/event.ts';
import { type JobState, jobStore } from '#resolvers/platform/jobs/job.ts';
import { sampleStore } from '#resolvers/platform/queue/sample.ts';
import { queueSettings } from '#resolvers/platform/queue/settings.ts';

/** How many looks are taken at the queue within the time of one sample: the highest is kept. */
const looks = 4;

/** Keeps how many jobs of each state the queue holds, whenever something happened that changed that. */
export async function sampleQueue(ctx: Context, signal: AbortSignal): Promise<void> {
  const { sampleResolution } = ctx.use(queueSettings);
  let wake = () => {};
  let isDue = true;
  const stop = await ctx.use(eventLog).listen('numbered', () => {
    isDue = true;
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  let known = '';
  try {
    while (!signal.aborted) {
      if (!isDue) await new Promise<void>((resolve) => (wake = resolve));
      if (signal.aborted) return;
      isDue = false;
      known = await takeSample(ctx, sampleResolution, known);
      await new Promise<void>((resolve) => {
        wake = () => signal.aborted && resolve();
        ctx.clock.after(sampleResolution / looks, resolve);
      });
    }
  } finally {
    await stop();
  }
}

/** @param known what the sample before it said. @returns what this one says; nothing is kept when that is the same. */
async function takeSample(ctx: Context, resolution: number, known: string): Promise<string> {
  const counts = await ctx.use(jobStore).countByState();
  const count = (state: JobState) => counts[state] ?? 0;
  const states = {
    pending: count('PENDING'),
    deferred: count('DEFERRED'),
    failed: count('FAILED'),
    running: count('RUNNING'),
    error: count('ERROR'),
    inactive: count('INACTIVE'),
    killed: count('KILLED'),
  };
  const said = JSON.stringify(states);
  const total = Object.values(states).reduce((sum, one) => sum + one, 0);
  // An empty queue at the start is no change.
  if (said === known || (known === '' && total === 0)) return said;
  const now = ctx.clock.now();
  await ctx.use(sampleStore).record({
    at: new Date(now - (now % resolution)).toISOString(),
    ...states,
    total,
  });
  return said;
}
