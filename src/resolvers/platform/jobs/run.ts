import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { jobCookieStore, lastRuntimeKey } from '#resolvers/platform/jobs/cookies.ts';
import {
  jobInactivated,
  jobProgressed,
  jobRemoved,
  jobStarted,
  stateEvents,
  tellFlagged,
  tellJob,
  tellLost,
} from '#resolvers/platform/jobs/events.ts';
import {
  type Claim,
  type Held,
  type Job,
  type JobState,
  jobStore,
  type Progress,
} from '#resolvers/platform/jobs/job.ts';
import { jobLogStore, type NewLogLine } from '#resolvers/platform/jobs/log.ts';
import { endOf, type RunOutcome } from '#resolvers/platform/jobs/outcome.ts';
import { jobSettings } from '#resolvers/platform/jobs/settings.ts';

/*
 * What a worker does to jobs. Each function is one unit of work with its events and lines; of racing workers exactly one
 * does it. They are called with a context of the gateway's own.
 */

/** A job that this worker runs now, and what it must name on every later write. */
export interface RunningJob extends Held {
  readonly job: Job;
}

/**
 * Starts the first job that may start.
 * @returns null when there is none. Jobs that turn out to be inactive, or without a handler, are ended on the way.
 */
export async function startNextJob(
  ctx: Context,
  who: Pick<Claim, 'worker' | 'running' | 'exceptProjects' | 'forcedOnly'>,
): Promise<RunningJob | null> {
  for (;;) {
    const found = await ctx.atomically((ctx) => claim(ctx, who));
    if (found !== 'ENDED') return found;
  }
}

async function claim(
  ctx: Context,
  who: Pick<Claim, 'worker' | 'running' | 'exceptProjects' | 'forcedOnly'>,
): Promise<RunningJob | 'ENDED' | null> {
  const fence = newId();
  const { lease } = ctx.use(jobSettings);
  const claimed = await ctx.use(jobStore).claimNext({ ...who, lease, fence, now: now(ctx) });
  if (!claimed) return null;
  const { job, from } = claimed;
  if (job.state === 'INACTIVE') {
    await write(ctx, { id: job.id, fence: null }, ended(job.state));
    tellJob(ctx, jobInactivated, job, from);
    return 'ENDED';
  }
  const declared = ctx.use(catalogue).jobs.get(job.name);
  const fault = declared ? declared.fault : `No listed plugin declares the job class ${job.name}.`;
  if (fault !== null) {
    await settle(ctx, { id: job.id, fence }, job, { kind: 'LOAD', message: fault }, from);
    return 'ENDED';
  }
  await write(ctx, { id: job.id, fence }, 'start execution');
  tellJob(ctx, jobStarted, job, from);
  return { id: job.id, fence, job };
}

/**
 * Ends a run.
 * @returns the job as it is then; null, and nothing changed, when another worker has it by now.
 */
export async function endRun(ctx: Context, held: Held, outcome: RunOutcome): Promise<Job | null> {
  return ctx.atomically(async (ctx) => {
    const [job] = await ctx.use(jobStore).lock([held.id]);
    return job?.lease?.fence === held.fence ? settle(ctx, held, job, outcome, 'RUNNING') : null;
  });
}

/** Ends the run of a locked job in the caller's unit of work. */
async function settle(ctx: Context, held: Held, job: Job, outcome: RunOutcome, from: JobState): Promise<Job | null> {
  const store = ctx.use(jobStore);
  const { change, journal } = endOf(job, outcome, ctx.clock.now());
  await write(ctx, held, ended(change.state ?? job.state));
  const finished = await store.finish(held, change);
  if (!finished) return null;
  const [archived] = journal ? await store.archive([held.id]) : [];
  const after = archived ?? finished;
  if (outcome.kind === 'LOST') tellLost(ctx, after, from, job.lease?.worker ?? null);
  tellJob(ctx, stateEvents[after.state], after, from);
  if (job.removedAt !== null) tellJob(ctx, jobRemoved, after, after.state);
  if (after.state === 'COMPLETE')
    await ctx.use(jobCookieStore).set(after.name, lastRuntimeKey, after.runtime - job.runtime);
  return after;
}

/** Holds leases for longer. @returns the jobs that are still held, as they are; the others are to be given up. */
export const renewLeases = (ctx: Context, held: readonly Held[]): Promise<Job[]> =>
  held.length === 0 ? Promise.resolve([]) : ctx.use(jobStore).renew(held, ctx.use(jobSettings).lease);

/** Ends the jobs of workers that are gone. @returns those that this call ended. */
export async function loseExpired(ctx: Context): Promise<Job[]> {
  const lost: Job[] = [];
  for (;;) {
    const next = await ctx.atomically(async (ctx) => {
      const fence = newId();
      const { lease } = ctx.use(jobSettings);
      const [job] = await ctx.use(jobStore).takeExpired({ fence, lease }, 1);
      if (!job) return null;
      const message = `Its worker ${job.lease?.worker ?? ''} is gone.`;
      return settle(ctx, { id: job.id, fence }, job, { kind: 'LOST', message }, 'RUNNING');
    });
    if (!next) return lost;
    lost.push(next);
  }
}

/** The most running jobs that are looked at together. */
const flagBatch = 500;

/** Marks running jobs that are silent, or run, for too long: each once. @returns those that this call marked. */
export async function flagOverdueJobs(ctx: Context): Promise<{ zombies: readonly Job[]; overtime: readonly Job[] }> {
  return ctx.atomically(async (ctx) => {
    const { zombies, overtime } = await ctx.use(jobStore).flagOverdue(now(ctx), flagBatch);
    for (const job of zombies) tellFlagged(ctx, job, 'ZOMBIE');
    for (const job of overtime) {
      await write(ctx, { id: job.id, fence: null }, 'successfully set non-stop job');
      tellFlagged(ctx, job, 'NONSTOP');
    }
    return { zombies, overtime };
  });
}

const longestMessage = 1000;

/** Keeps a sign of life, with one line in the job's log. @returns the job; null when another worker has it by now. */
export async function keepProgress(ctx: Context, held: Held, progress: Progress): Promise<Job | null> {
  const message = progress.message?.slice(0, longestMessage).toWellFormed() ?? null;
  const value = progress.value === null ? null : Math.min(Math.max(progress.value, 0), 1);
  return ctx.atomically(async (ctx) => {
    const job = await ctx.use(jobStore).progress(held, { value, message }, now(ctx));
    if (!job) return null;
    const percent = value === null ? '' : ` ${Math.round(value * 100)}%`;
    await write(ctx, held, `progress${percent}${message === null ? '' : `: ${message}`}`, 'DEBUG');
    tellJob(ctx, jobProgressed, job, 'RUNNING');
    return job;
  });
}

/** Keeps lines of a run. @returns false when another worker has the job by now. */
export const keepLines = (ctx: Context, held: Held, lines: readonly NewLogLine[]): Promise<boolean> =>
  ctx.use(jobLogStore).append(held, lines);

function write(
  ctx: Context,
  job: { readonly id: string; readonly fence: string | null },
  message: string,
  level: NewLogLine['level'] = 'INFO',
): Promise<boolean> {
  return ctx.use(jobLogStore).append(job, [{ at: now(ctx), level, message, exception: null }]);
}

const ended = (state: JobState): string => `done execution with [${state.toLowerCase()}]`;
const now = (ctx: Context): string => new Date(ctx.clock.now()).toISOString();
