import { z } from 'zod';
import { allow, visibleExactly } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { parse, rowId } from '#kernel/input.ts';
import type { LogLevel } from '#kernel/job-run.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { jobFacts } from '#resolvers/platform/jobs/events.ts';
import { jobFilter, keptFilter, oneOf } from '#resolvers/platform/jobs/filter.ts';
import { type Job, jobOrders, jobStore } from '#resolvers/platform/jobs/job.ts';
import { type JobLogLine, jobLogStore, logLevels } from '#resolvers/platform/jobs/log.ts';
import { requireVisible } from '#resolvers/platform/rights/self.ts';

/** A job as a viewer sees it. */
export interface SeenJob extends Job {
  /** True where he may know that it is there, and not more. */
  readonly masked?: true;
}

/** What a job is called whose name is not for the viewer. */
export const maskedName = 'UnauthorizedJob';

const masked = (job: Job): SeenJob => ({
  ...job,
  name: maskedName,
  args: {},
  argsHash: null,
  progress: { ...job.progress, message: null },
  lastError: null,
  sources: [],
  logCount: 0,
  masked: true,
});

export const mayRead = (ctx: Context, name: string): boolean =>
  !ctx.viewer.mustChangePassword && ctx.viewer.rights.covers('job:read', jobFacts(name));

/** The jobs with these ids that the viewer may read, from the queue or the journal. */
export async function findJobs(ctx: Context, ids: readonly string[]): Promise<(SeenJob | null)[]> {
  const jobs = await ctx.use(jobStore).getMany(ids);
  return jobs.map((job) => (job && mayRead(ctx, job.name) ? job : null));
}

const One = z.object({ id: rowId('Job') });

/** One job, from the queue or the journal. @throws NotFoundError, or ForbiddenError for one that he may not read. */
export async function readJob(ctx: Context, input: z.input<typeof One>): Promise<SeenJob> {
  const { id } = parse(One, input);
  requireVisible(ctx, 'job:read');
  const [job] = await ctx.use(jobStore).getMany([id]);
  if (!job) throw new NotFoundError('job not found', ['id']);
  allow(ctx, 'job:read', jobFacts(job.name));
  return job;
}

const List = z.object({
  filter: jobFilter.nullish(),
  unauthorized: z.enum(['HIDE', 'MASK'], 'unauthorized must be HIDE or MASK.').nullish(),
  orderBy: z
    .array(
      z.object({
        by: z.enum(jobOrders, `A list of jobs is ordered by ${jobOrders.join(', ')}.`),
        direction: z
          .enum(['ASC', 'DESC'])
          .nullish()
          .transform((direction) => direction ?? 'ASC'),
      }),
    )
    .max(jobOrders.length, 'An order names each key once.')
    .nullish(),
});

export type JobListInput = z.input<typeof List>;

/**
 * Jobs of the queue, or of the journal, newest first unless another order is asked for. Those that the viewer may not
 * read are left out, or, with MASK, shown without their names and contents; that needs queue:read.
 */
export async function listJobs(ctx: Context, input: JobListInput, page: PageRequest): Promise<Page<SeenJob>> {
  const { filter, unauthorized, orderBy } = parse(List, input);
  const isMasking = unauthorized === 'MASK';
  if (isMasking) allow(ctx, 'queue:read');
  else requireVisible(ctx, 'job:read');
  const { journaled, ...rest } = filter ?? {};
  const found = await ctx.use(jobStore).page(
    {
      filter: keptFilter(rest),
      journaled: journaled ?? false,
      visibility: await visibleExactly(ctx, 'job:read'),
      maskedName: isMasking ? maskedName : null,
      orderBy: orderBy ?? [],
    },
    page,
  );
  return {
    ...found,
    items: found.items.map(({ node, position }) => ({
      node: mayRead(ctx, node.name) ? node : masked(node),
      position,
    })),
  };
}

const LogOf = z.object({
  levels: oneOf(logLevels as readonly [LogLevel, ...LogLevel[]], 'levels'),
  after: z.int('after must be a whole number.').min(0).nullish(),
});

type LogArguments = { readonly filter?: z.input<typeof LogOf> | null };

/** Lines of the log of a job that the viewer sees, in their order. */
export async function listLog(
  ctx: Context,
  job: SeenJob,
  { filter }: LogArguments,
  page: PageRequest,
): Promise<Page<JobLogLine>> {
  if (job.masked) return emptyPage;
  const { levels, after } = parse(LogOf, filter ?? {}, ['filter']);
  const wanted = JSON.stringify([{ ...(levels && { levels }), ...(after != null && { after }) }, page]);
  return ctx.load(logsOfJobs, job.id, wanted);
}

const logsOfJobs = (ctx: Context, ids: readonly string[], wanted: string): Promise<Page<JobLogLine>[]> => {
  const [filter, page] = JSON.parse(wanted);
  return ctx.use(jobLogStore).pages(ids, filter, page);
};

const outputs = (ctx: Context, ids: readonly string[]) => ctx.use(jobLogStore).outputs(ids);

/** What its run wrote to the standard output, as far as it is kept. */
export const outputOf = async (ctx: Context, job: SeenJob): Promise<string | null> =>
  job.masked ? null : ctx.load(outputs, job.id);

/** Seconds since it was enqueued. */
export const ageOf = (ctx: Context, job: Job): number =>
  Math.max(ctx.clock.now() - Date.parse(job.enqueuedAt), 0) / 1000;
