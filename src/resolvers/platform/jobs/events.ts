import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { projectOf } from '#kernel/job.ts';
import type { Facts } from '#kernel/permission.ts';
import { type Job, type JobState, jobStates } from '#resolvers/platform/jobs/job.ts';

/** The most bytes of arguments that an event repeats. */
const mostArgs = 64 * 1024;

const id = z.string();
const instant = z.string().nullable();

/** A job as events keep it. Ids are global ids. */
export const JobSnapshot = z.object({
  id,
  name: z.string(),
  args: z.record(z.string(), z.unknown()).optional(),
  /** Set when the arguments are too large to be repeated. */
  argsOmitted: z.literal(true).optional(),
  state: z.enum(jobStates),
  priority: z.number().int(),
  attemptsLeft: z.number().int(),
  trial: z.number().int(),
  progress: z.object({ value: z.number().nullable(), message: z.string().nullable() }),
  enqueuedAt: z.string(),
  enqueuedBy: z.string(),
  parentId: id.nullable(),
  childId: id.nullable(),
  worker: z.string().nullable(),
  startedAt: instant,
  finishedAt: instant,
  queryAt: instant,
  runtime: z.number(),
  flags: z.object({ zombie: z.boolean(), nonstop: z.boolean(), removed: z.boolean(), killed: z.boolean() }),
  lastError: z.object({ code: z.string(), message: z.string(), at: z.string() }).nullable(),
  logCount: z.number().int(),
  journaled: z.boolean(),
});
export type JobSnapshot = z.output<typeof JobSnapshot>;

export const jobGlobalId = (id: string): string => toGlobalId('Job', id);

export const flagsOf = (job: Job) => ({
  zombie: job.zombieAt !== null,
  nonstop: job.wallAt !== null,
  removed: job.removedAt !== null,
  killed: job.killedAt !== null,
});

export function jobSnapshot(job: Job): JobSnapshot {
  const isSmall = Buffer.byteLength(JSON.stringify(job.args)) <= mostArgs;
  const { lastError } = job;
  return {
    id: jobGlobalId(job.id),
    name: job.name,
    ...(isSmall ? { args: { ...job.args } } : { argsOmitted: true }),
    state: job.state,
    priority: job.properties.priority,
    attemptsLeft: job.attemptsLeft,
    trial: job.trial,
    progress: { ...job.progress },
    enqueuedAt: job.enqueuedAt,
    enqueuedBy: job.enqueuedBy.name,
    parentId: job.parentId && jobGlobalId(job.parentId),
    childId: job.childId && jobGlobalId(job.childId),
    worker: job.lease?.worker ?? null,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    queryAt: job.queryAt,
    runtime: job.runtime,
    flags: flagsOf(job),
    lastError: lastError && { code: lastError.code, message: lastError.message, at: lastError.at },
    logCount: job.logCount,
    journaled: job.journaled,
  };
}

/** A state; null where there is none. */
const state = z.string().nullable();
const JobData = z.object({ job: JobSnapshot, from: state, to: state });
export type JobData = z.output<typeof JobData>;

const options = {
  subject: 'Job',
  seenWith: 'job:read',
  hookData: (event: { data: unknown }) => (event.data as JobData).job,
} as const;

const define = (verb: string, description: string) =>
  defineEvent(`platform.job.${verb}`, JobData, { ...options, description });

export const jobEnqueued = define('enqueued', 'A job was put in the queue.');
export const jobStarted = define('started', 'A worker began to run a job.');
export const jobProgressed = define('progressed', 'A running job said how far it is.');
export const jobDeferred = define('deferred', 'A job put itself off.');
export const jobFailed = define('failed', 'A run of a job failed; it is tried again.');
export const jobErrored = define('errored', 'A job failed for the last time.');
export const jobCompleted = define('completed', 'A job did what it was for.');
export const jobInactivated = define('inactivated', 'A job put itself off for too long.');
export const jobKilled = define('killed', 'A job ended because it was killed, or was lost for the last time.');
export const jobKillRequested = define('killRequested', 'Somebody asked to kill a running job.');
export const jobRemoveRequested = define('removeRequested', 'Somebody asked to remove a running job.');
export const jobRemoved = define('removed', 'A job was moved to the journal by hand.');
export const jobRestarted = define('restarted', 'Somebody asked to run a job again.');
export const jobLost = defineEvent('platform.job.lost', JobData.extend({ worker: z.string().nullable() }), {
  ...options,
  description: 'The worker or the thread that ran a job is gone.',
});
export const jobFlagged = defineEvent('platform.job.flagged', JobData.extend({ flag: z.string() }), {
  ...options,
  description: 'A running job is silent, or runs, for longer than it may.',
});
export const jobScheduleSkipped = defineEvent('platform.job.scheduleSkipped', JobData.extend({ tick: z.string() }), {
  ...options,
  description: 'A schedule was due while the job of the time before still waited.',
});

const ClassData = z.object({ jobClass: z.string(), plugin: z.string() });
const classOptions = { subject: null, seenWith: 'job:read' } as const;
export const jobClassRegistered = defineEvent('platform.jobClass.registered', ClassData, {
  ...classOptions,
  description: 'A job class is there that was not known before.',
});
export const jobClassChanged = defineEvent('platform.jobClass.changed', ClassData, {
  ...classOptions,
  description: 'The declaration of a job class is another than before.',
});

/** What happens to jobs themselves. */
export const jobEvents = [
  jobEnqueued,
  jobStarted,
  jobProgressed,
  jobDeferred,
  jobFailed,
  jobErrored,
  jobCompleted,
  jobInactivated,
  jobKilled,
  jobFlagged,
  jobKillRequested,
  jobRemoveRequested,
  jobRemoved,
  jobRestarted,
  jobLost,
  jobScheduleSkipped,
] as const;
export const jobClassEvents = [jobClassRegistered, jobClassChanged] as const;

/** The event that says that a job came to a state. */
export const stateEvents: Readonly<Record<JobState, EventDefinition<JobData>>> = {
  PENDING: jobEnqueued,
  RUNNING: jobStarted,
  COMPLETE: jobCompleted,
  DEFERRED: jobDeferred,
  FAILED: jobFailed,
  INACTIVE: jobInactivated,
  ERROR: jobErrored,
  KILLED: jobKilled,
};

/** What a check and an event know of a job. */
export const jobFacts = (name: string): Facts => ({ job: name, project: projectOf(name) });

const about = (job: Job) => ({ subject: jobGlobalId(job.id), scope: jobFacts(job.name) });

/** Appends that something happened to a job. @param from its state before, null for a new one. */
export const tellJob = (ctx: Context, event: EventDefinition<JobData>, job: Job, from: JobState | null): void =>
  ctx.events.append(event, { job: jobSnapshot(job), from, to: job.state }, about(job));

export const tellLost = (ctx: Context, job: Job, from: JobState, worker: string | null): void =>
  ctx.events.append(jobLost, { job: jobSnapshot(job), from, to: job.state, worker }, about(job));

export const tellFlagged = (ctx: Context, job: Job, flag: 'ZOMBIE' | 'NONSTOP'): void =>
  ctx.events.append(jobFlagged, { job: jobSnapshot(job), from: job.state, to: job.state, flag }, about(job));

/** @param tick the instant that the schedule was due. */
export const tellSkipped = (ctx: Context, waiting: Job, tick: string): void =>
  ctx.events.append(
    jobScheduleSkipped,
    { job: jobSnapshot(waiting), from: waiting.state, to: waiting.state, tick },
    about(waiting),
  );
