import { hostname } from 'node:os';
import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { JobExistsError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse, sought } from '#kernel/input.ts';
import type { DeclaredJob, Enqueue, Enqueued, JobOptions } from '#kernel/job.ts';
import type { JsonObject } from '#kernel/json.ts';
import { canonicalJson, hashArgs, readJobInput } from '#resolvers/platform/jobs/args.ts';
import { jobEnqueued, jobFacts, tellJob } from '#resolvers/platform/jobs/events.ts';
import { type Job, jobStore, type NewJob, pending } from '#resolvers/platform/jobs/job.ts';
import { jobSettings, settleProperties } from '#resolvers/platform/jobs/settings.ts';
import { enqueuerOf } from '#resolvers/platform/jobs/viewer.ts';

const mostJobs = 10_000;

export interface JobEnqueueInput {
  readonly name: string;
  readonly args?: unknown;
  readonly options?: unknown;
}

const JobName = z.object({ name: sought('name') });
const Many = z.array(z.unknown()).max(mostJobs, `Enqueue ${mostJobs} jobs at once at most.`);

/** Puts a job in the queue. @throws JobExistsError when one of its name with equal arguments is there. */
export async function enqueueJob(ctx: Context, input: JobEnqueueInput): Promise<Job> {
  const [job] = await enqueueJobs(ctx, [input], []);
  return job as Job;
}

/** Puts jobs in the queue, all or none. @throws JobExistsError for the first that is there already. */
export async function enqueueManyJobs(ctx: Context, inputs: readonly JobEnqueueInput[]): Promise<Job[]> {
  parse(Many, inputs, ['inputs']);
  return enqueueJobs(ctx, inputs, ['inputs']);
}

async function enqueueJobs(ctx: Context, inputs: readonly JobEnqueueInput[], path: readonly string[]): Promise<Job[]> {
  const pathOf = (index: number) => (path.length === 0 ? [] : [...path, String(index)]);
  // Nothing is said of a class, its arguments or its jobs to who may not run it.
  const names = inputs.map((input, index) => parse(JobName, input, pathOf(index)).name);
  for (const name of new Set(names)) allow(ctx, 'job:execute', jobFacts(name));
  const wishes = inputs.map((input, index) => {
    const job = runnable(ctx, names[index] ?? '', pathOf(index));
    return { job, ...readJobInput(job.class.args, input, pathOf(index)) };
  });
  return ctx.atomically(async (ctx) => {
    const fresh = wishes.map((wish) => newJob(ctx, wish));
    const kept = await insert(ctx, fresh);
    const clash = kept.findIndex(({ isNew }) => !isNew);
    if (clash >= 0) throw alreadyThere(fresh[clash] as NewJob, kept[clash]?.id ?? '');
    return fresh.map(pending);
  });
}

/** What the kernel offers to domains: no right is asked, and a job that is there already is no failure. */
export const enqueuer: Enqueue = {
  async put(ctx, wishes) {
    const read = wishes.map((wish) => {
      const job = runnable(ctx, wish.class.name, []);
      return { job, ...readJobInput(job.class.args, wish) };
    });
    return ctx.atomically((ctx) =>
      insert(
        ctx,
        read.map((wish) => newJob(ctx, wish)),
      ),
    );
  },
};

/** The declared class of this name that can be run. */
function runnable(ctx: Context, name: string, prefix: readonly string[]): DeclaredJob {
  const job = ctx.use(catalogue).jobs.get(name);
  if (!job || job.fault !== null) throw new NotFoundError(`Unknown job "${name}".`, [...prefix, 'name']);
  return job;
}

const newJob = (
  ctx: Context,
  { job, args, options }: { job: DeclaredJob; args: JsonObject; options: JobOptions },
): NewJob => ({
  id: newId(),
  name: job.class.name,
  args,
  argsHash: hashArgs(args),
  properties: settleProperties(job, options, ctx.use(jobSettings)),
  trial: 0,
  enqueuedAt: new Date(ctx.clock.now()).toISOString(),
  enqueuedBy: enqueuerOf(ctx),
  enqueuedHost: hostname(),
  parentId: null,
});

/** Puts jobs in the queue in the caller's unit of work, and tells of those that are new. */
export async function insert(ctx: Context, fresh: readonly NewJob[]): Promise<Enqueued[]> {
  const ids = await ctx.use(jobStore).insertUnique(fresh);
  const kept = fresh.map((job, index) => ({ id: ids[index] ?? job.id, isNew: ids[index] === job.id }));
  for (const [index, job] of fresh.entries()) if (kept[index]?.isNew) tellJob(ctx, jobEnqueued, pending(job), null);
  return kept;
}

function alreadyThere({ name, args }: NewJob, id: string): JobExistsError {
  return new JobExistsError(`job [${name}] exists with args ${canonicalJson(args)}`, id);
}
