import type { JobProperties } from '#kernel/job.ts';
import { classNamed } from '#resolvers/platform/jobs/classes.ts';
import { flagsOf, jobEvents, jobGlobalId } from '#resolvers/platform/jobs/events.ts';
import {
  ageOf,
  findJobs,
  type JobListInput,
  listJobs,
  listLog,
  outputOf,
  readJob,
  type SeenJob,
} from '#resolvers/platform/jobs/find.ts';
import { highStateOf, type Job, type JobError, type Lease, type Progress } from '#resolvers/platform/jobs/job.ts';
import type { JobLogLine } from '#resolvers/platform/jobs/log.ts';
import { watchJobs } from '#resolvers/platform/jobs/watch.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { orderInput } from '#schema/filter.ts';
import { node } from '#schema/node.ts';
import { jobFilterInput, jobInputs } from '#schema/platform/job-inputs.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Job: SeenJob;
    JobEnqueueing: Job;
    JobFlags: ReturnType<typeof flagsOf>;
    JobLease: Lease;
    JobProgress: Progress;
    JobFailure: JobError;
    JobProperties: JobProperties;
    JobLogLine: JobLogLine;
  }
}

/** Jobs as they are read and watched. */
export function jobs(builder: Builder): void {
  jobInputs(builder);
  parts(builder);
  properties(builder);
  node(builder, 'Job', {
    description: 'One piece of work, in the queue or in the journal.',
    find: findJobs,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'The name of its class; `UnauthorizedJob` for one that is masked.' }),
      masked: t.boolean({
        description: 'Whether the viewer may know of it, and not more.',
        resolve: (job) => job.masked ?? false,
      }),
      args: t.field({
        type: 'JSON',
        nullable: true,
        description: 'What it was given; null where it is masked.',
        resolve: (job) => (job.masked ? null : job.args),
      }),
      state: t.field({ type: 'JobState' as never, description: 'Where it is.', resolve: (job) => job.state as never }),
      highState: t.field({
        type: 'JobHighState' as never,
        nullable: true,
        description: 'The same more coarsely; null for a job that is complete.',
        resolve: (job) => highStateOf(job.state) as never,
      }),
      flags: t.field({ type: 'JobFlags', description: 'What was noticed or asked for.', resolve: flagsOf }),
      properties: t.expose('properties', {
        type: 'JobProperties',
        description: 'How it is run, beside its arguments.',
      }),
      attemptsLeft: t.exposeInt('attemptsLeft', { description: 'Failures and losses that it may still have.' }),
      trial: t.exposeInt('trial', { description: 'How often it was started.' }),
      progress: t.expose('progress', { type: 'JobProgress', description: 'How far its run is.' }),
      enqueued: t.field({ type: 'JobEnqueueing', description: 'How it came into the queue.', resolve: (job) => job }),
      lease: t.expose('lease', { type: 'JobLease', nullable: true, description: 'Who runs it now.' }),
      startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When its last run began.' }),
      finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
      queryAt: t.expose('queryAt', { type: 'DateTime', nullable: true, description: 'It is not started before.' }),
      inactiveAt: t.expose('inactiveAt', {
        type: 'DateTime',
        nullable: true,
        description: 'From then on it may not put itself off any more.',
      }),
      runtime: t.exposeFloat('runtime', { description: 'Seconds of all its runs.' }),
      zombieAt: t.expose('zombieAt', { type: 'DateTime', nullable: true, description: 'When it was found silent.' }),
      wallAt: t.expose('wallAt', { type: 'DateTime', nullable: true, description: 'When it had run for too long.' }),
      killedAt: t.expose('killedAt', { type: 'DateTime', nullable: true, description: 'When its end was asked for.' }),
      removedAt: t.expose('removedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When its removal was asked for.',
      }),
      lastError: t.expose('lastError', { type: 'JobFailure', nullable: true, description: 'Why its last run failed.' }),
      sources: t.stringList({
        nullable: true,
        description: 'What it worked on, as it said itself; null where it is masked.',
        resolve: (job) => (job.masked ? null : [...job.sources]),
      }),
      logCount: t.exposeInt('logCount', { description: 'Lines in its log.' }),
      journaled: t.exposeBoolean('journaled', { description: 'Whether it lies in the journal.' }),
      stdout: t.string({
        nullable: true,
        description: 'What it wrote to its standard output, as far as that is kept.',
        resolve: (job, _, ctx) => outputOf(ctx, job),
      }),
      age: t.float({ description: 'Seconds since it was enqueued.', resolve: (job, _, ctx) => ageOf(ctx, job) }),
      class: t.field({
        type: 'JobClass',
        nullable: true,
        description: 'What it is a job of; null when there is no such class that the viewer may run.',
        resolve: (job, _, ctx) => classNamed(ctx, job.name),
      }),
      parent: t.field({
        type: 'Job',
        nullable: true,
        description: 'The job that it was restarted from.',
        resolve: (job, _, ctx) => (job.parentId ? ctx.load(findJobs, job.parentId) : null),
      }),
      child: t.field({
        type: 'Job',
        nullable: true,
        description: 'The job that was restarted from it.',
        resolve: (job, _, ctx) => (job.childId ? ctx.load(findJobs, job.childId) : null),
      }),
      log: connection(builder, t as never, 'JobLogLine', {
        description: 'The lines of its log, in their order.',
        args: { filter: t.arg({ type: 'JobLogFilter' as never, description: 'Which ones.' }) as never },
        resolve: (job: SeenJob, args: object, page, ctx) => listLog(ctx, job, args, page),
      }),
    }),
  });
  lookups(builder);
  feed(builder, 'jobChanged', {
    description: 'What happens to jobs.',
    needs: 'job:read',
    args: (arg) => ({ filter: arg({ type: jobFilterInput(builder) as never, description: 'Of which jobs.' }) }),
    events: jobEvents,
    select: (ctx, args) => watchJobs(ctx, args as never),
  });
}

function lookups(builder: Builder): void {
  const order = orderInput(builder, 'Job', {
    ENQUEUED: 'By when they were enqueued.',
    NAME: 'By name.',
    STATE: 'By the name of their state.',
    PRIORITY: 'By priority.',
    STARTED: 'By when their last run began.',
    FINISHED: 'By when they ended.',
    RUNTIME: 'By how long they ran.',
  });
  builder.queryFields((t) => ({
    job: t.field({
      type: 'Job',
      nullable: true,
      description: describeField({ description: 'One job, from the queue or the journal.', needs: 'job:read' }),
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => readJob(ctx, { id }),
    }),
    jobs: connection(builder, t, 'Job', {
      description: describeField({
        description: 'Jobs of the queue, the newest first unless another order is asked for.',
        needs: 'job:read',
      }),
      args: {
        filter: t.arg({ type: jobFilterInput(builder) as never, description: 'Which ones.' }),
        unauthorized: t.arg({
          type: 'JobUnauthorized' as never,
          description: 'What becomes of those that the viewer may not read; HIDE unless said.',
        }),
        orderBy: t.arg({ type: [order], description: 'In which order.' }),
      },
      resolve: (_, args, page, ctx) => listJobs(ctx, args as JobListInput, page),
    }),
  }));
}

function parts(builder: Builder): void {
  builder.objectType('JobEnqueueing', {
    description: 'How a job came into the queue.',
    fields: (t) => ({
      at: t.field({ type: 'DateTime', description: 'When.', resolve: (job) => job.enqueuedAt }),
      by: t.string({
        description: 'Who did it; `system` for the gateway itself.',
        resolve: (job) => job.enqueuedBy.name,
      }),
      host: t.string({
        nullable: true,
        description: 'The machine that took it in.',
        resolve: (job) => job.enqueuedHost,
      }),
      parentId: t.id({
        nullable: true,
        description: 'The id of the job that it was restarted from.',
        resolve: (job) => job.parentId && jobGlobalId(job.parentId),
      }),
      childId: t.id({
        nullable: true,
        description: 'The id of the job that was restarted from it.',
        resolve: (job) => job.childId && jobGlobalId(job.childId),
      }),
    }),
  });
  builder.objectType('JobFlags', {
    description: 'What was noticed of a job, or asked for; a flag stays once it is set.',
    fields: (t) => ({
      zombie: t.exposeBoolean('zombie', { description: 'It was silent for longer than it may be.' }),
      nonstop: t.exposeBoolean('nonstop', { description: 'It ran for longer than it may.' }),
      removed: t.exposeBoolean('removed', { description: 'Its removal was asked for.' }),
      killed: t.exposeBoolean('killed', { description: 'Its end was asked for.' }),
    }),
  });
  builder.objectType('JobLease', {
    description: 'The claim of a worker on a running job.',
    fields: (t) => ({
      worker: t.exposeString('worker', { description: 'The worker, as name@host.' }),
      at: t.expose('at', { type: 'DateTime', description: 'Since when.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when, unless it is renewed.' }),
    }),
  });
  builder.objectType('JobProgress', {
    description: 'How far a run is, as it said itself.',
    fields: (t) => ({
      value: t.exposeFloat('value', { nullable: true, description: 'From 0 to 1; null where that is not known.' }),
      message: t.exposeString('message', { nullable: true, description: 'What it does.' }),
    }),
  });
  builder.objectType('JobFailure', {
    description: 'Why a run failed.',
    fields: (t) => ({
      code: t.exposeString('code', { description: '`EXCEPTION BAD_RESULT WALL_TIME LOAD LOST ABANDONED KILLED`.' }),
      message: t.exposeString('message', { description: 'What it said.' }),
      stack: t.stringList({ description: 'Where, innermost first.', resolve: ({ stack }) => [...stack] }),
      at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    }),
  });
  builder.objectType('JobLogLine', {
    description: 'A line of the log of a job.',
    fields: (t) => ({
      number: t.exposeInt('number', { description: 'From 1, without a hole in one job.' }),
      at: t.expose('at', { type: 'DateTime', description: 'When.' }),
      level: t.field({
        type: 'JobLogLevel' as never,
        description: 'How grave.',
        resolve: ({ level }) => level as never,
      }),
      message: t.exposeString('message', { description: 'What it says.' }),
      exception: t.exposeString('exception', { nullable: true, description: 'The exception that it is about.' }),
    }),
  });
}

function properties(builder: Builder): void {
  builder.objectType('JobProperties', {
    description: 'How a job is run. Times are in seconds.',
    fields: (t) => ({
      attempts: t.exposeInt('attempts', { description: 'How often it may fail or be lost.' }),
      priority: t.exposeInt('priority', { description: 'Higher goes first.' }),
      force: t.exposeBoolean('force', { description: 'Goes before all others, and on a busy machine as well.' }),
      maxParallel: t.exposeInt('maxParallel', {
        nullable: true,
        description: 'How many of its name run on one worker.',
      }),
      worker: t.exposeString('worker', { nullable: true, description: 'The only worker that may run it.' }),
      deferTime: t.exposeInt('deferTime', { description: 'How long it waits after it put itself off.' }),
      deferMax: t.exposeInt('deferMax', { description: 'How long after its first start it may put itself off.' }),
      errorTime: t.exposeInt('errorTime', { description: 'How long it waits after a failure.' }),
      wallTime: t.exposeInt('wallTime', { nullable: true, description: 'How long a run may take.' }),
      onWallTime: t.field({
        type: 'JobOnWallTime' as never,
        description: 'What happens then.',
        resolve: ({ onWallTime }) => onWallTime as never,
      }),
      zombieTime: t.exposeInt('zombieTime', { description: 'How long a run may be silent.' }),
      progressInterval: t.exposeInt('progressInterval', { description: 'How often its progress is kept, at most.' }),
      onLost: t.field({
        type: 'JobOnLost' as never,
        description: 'What happens when its worker is lost.',
        resolve: ({ onLost }) => onLost as never,
      }),
    }),
  });
}
