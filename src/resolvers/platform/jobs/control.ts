import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { JobStateError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse, rowId } from '#kernel/input.ts';
import { insert } from '#resolvers/platform/jobs/enqueue.ts';
import {
  jobFacts,
  jobKilled,
  jobKillRequested,
  jobRemoved,
  jobRemoveRequested,
  jobRestarted,
  tellJob,
} from '#resolvers/platform/jobs/events.ts';
import { isFinal, type Job, type JobChange, jobStore, type NewJob, pending } from '#resolvers/platform/jobs/job.ts';
import { enqueuerOf } from '#resolvers/platform/jobs/viewer.ts';
import { requireVisible } from '#resolvers/platform/rights/self.ts';

const One = z.object({ id: rowId('Job') });
const Removal = One.extend({
  hard: z
    .boolean('hard must be true or false.')
    .nullish()
    .transform((hard) => hard ?? false),
});

/** Asks for the end of a running job: its worker ends it within a second, and it never runs again. */
export async function killJob(ctx: Context, input: z.input<typeof One>): Promise<Job> {
  const { id } = parse(One, input);
  return changing(ctx, id, async (ctx, job) => {
    if (job.state !== 'RUNNING')
      throw new JobStateError(`Only a running job can be killed; this one is ${spoken(job)}.`, ['id']);
    if (job.killedAt !== null) throw new JobStateError('This job is being killed already.', ['id']);
    const killed = await update(ctx, job, { killedAt: now(ctx) });
    tellJob(ctx, jobKillRequested, killed, job.state);
    return killed;
  });
}

/**
 * Moves a job to the journal: at once when it does not run, else when its run ends, in whatever state.
 * @param input.hard ends the run as well, and moves the job now. Needs system:control.
 */
export async function removeJob(ctx: Context, input: z.input<typeof Removal>): Promise<Job> {
  const { id, hard } = parse(Removal, input);
  if (hard) allow(ctx, 'system:control');
  return changing(ctx, id, async (ctx, job) => {
    if (job.removedAt !== null && !hard)
      throw new JobStateError('This job is being removed already: it leaves the queue when its run ends.', ['id']);
    const at = now(ctx);
    if (job.state !== 'RUNNING') return archive(ctx, await update(ctx, job, { removedAt: at }), job);
    const removed = await update(ctx, job, { removedAt: job.removedAt ?? at });
    if (job.removedAt === null) tellJob(ctx, jobRemoveRequested, removed, job.state);
    return hard ? archive(ctx, await cut(ctx, removed, at), job) : removed;
  });
}

/** Ends a run from outside: with the lease goes whatever its worker still writes. */
async function cut(ctx: Context, job: Job, at: string): Promise<Job> {
  const killed = await update(ctx, job, {
    state: 'KILLED',
    killedAt: job.killedAt ?? at,
    finishedAt: at,
    runtime:
      job.runtime + (job.startedAt === null ? 0 : Math.max(Date.parse(at) - Date.parse(job.startedAt), 0) / 1000),
    lastError: { code: 'KILLED', message: 'The job was removed while it ran.', stack: [], at },
  });
  tellJob(ctx, jobKilled, killed, job.state);
  return killed;
}

/**
 * Runs a job again: one that waits for its time does so next; a stopped one goes to the journal, and a new one with the
 * same arguments and properties takes its place.
 * @returns the job that will run, and the one it was restarted from, where that is another.
 */
export async function restartJob(ctx: Context, input: z.input<typeof One>): Promise<{ job: Job; parent: Job | null }> {
  const { id } = parse(One, input);
  return changing(ctx, id, async (ctx, job) => {
    if ((job.state === 'FAILED' || job.state === 'DEFERRED') && job.queryAt !== null) {
      const next = await update(ctx, job, { queryAt: null });
      tellJob(ctx, jobRestarted, next, job.state);
      return { job: next, parent: null };
    }
    if (!isFinal(job.state))
      throw new JobStateError(
        `Only a job that stopped, or waits for its time, can be restarted; this one is ${spoken(job)}.`,
        ['id'],
      );
    return replace(ctx, job);
  });
}

async function replace(ctx: Context, job: Job): Promise<{ job: Job; parent: Job }> {
  const fresh: NewJob = {
    id: newId(),
    name: job.name,
    args: job.args,
    argsHash: job.argsHash,
    properties: job.properties,
    trial: job.trial,
    enqueuedAt: now(ctx),
    enqueuedBy: enqueuerOf(ctx),
    enqueuedHost: job.enqueuedHost,
    parentId: job.id,
  };
  const old = await update(ctx, job, { childId: fresh.id });
  tellJob(ctx, jobRestarted, old, job.state);
  const parent = await archive(ctx, old, job);
  await insert(ctx, [fresh]);
  return { job: pending(fresh), parent };
}

/** Works on a job of the queue that the viewer may run, with the row for itself. */
async function changing<T>(ctx: Context, id: string, work: (ctx: Context, job: Job) => Promise<T>): Promise<T> {
  requireVisible(ctx, 'job:execute');
  return ctx.atomically(async (ctx) => {
    const [job] = await ctx.use(jobStore).lock([id]);
    if (!job) throw new NotFoundError('job not found in the queue', ['id']);
    allow(ctx, 'job:execute', jobFacts(job.name));
    return work(ctx, job);
  });
}

async function update(ctx: Context, job: Job, change: JobChange): Promise<Job> {
  return (await storeOf(ctx).update(job.id, change)) as Job;
}

const storeOf = (ctx: Context) => ctx.use(jobStore);

async function archive(ctx: Context, job: Job, before: Job): Promise<Job> {
  const [archived] = await storeOf(ctx).archive([job.id]);
  tellJob(ctx, jobRemoved, archived as Job, before.state);
  return archived as Job;
}

const spoken = (job: Job): string => job.state.toLowerCase();
const now = (ctx: Context): string => new Date(ctx.clock.now()).toISOString();
