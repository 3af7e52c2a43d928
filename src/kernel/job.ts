import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import type { JsonObject } from '#kernel/json.ts';
import { definePort } from '#kernel/port.ts';

/**
 * Words. *Job*: one piece of work. *Job class*: its declaration by a plugin. *Queue*: all jobs that are not in the
 * *journal*, the archive. *Project*: the first dotted part of a job's name. *Lease*: a worker's claim on a running job.
 * *Fence*: the lease's token, checked on every later write. *Trial*: one run of a job.
 */

const whole = (name: string) => z.int(`${name} must be a whole number.`).max(2 ** 31 - 1, `${name} is too large.`);
const positive = (name: string) => whole(name).min(1, `${name} must be above 0.`);

/** What may be said of a job beside its arguments. An explicit null where none is allowed is a fault. */
export const jobOptions = z.strictObject({
  attempts: positive('attempts').optional().describe('How often a job may fail or be lost.'),
  priority: whole('priority')
    .min(-(2 ** 31), 'priority is too small.')
    .optional()
    .describe('Higher goes first.'),
  force: z
    .boolean('force must be true or false.')
    .optional()
    .describe('Whether it goes before all others, and on a busy machine as well.'),
  maxParallel: positive('maxParallel')
    .nullable()
    .optional()
    .describe('How many of its name run on one worker; null: any number.'),
  worker: z
    .string('worker must be a text.')
    .regex(/^[^\s@]{1,128}@[^\s@]{1,253}$/, 'worker must be name@host.')
    .nullable()
    .optional()
    .describe('The only worker that may run it, as name@host; null: any.'),
  deferTime: positive('deferTime').optional().describe('Seconds that it waits after it put itself off.'),
  deferMax: positive('deferMax').optional().describe('Seconds after its first start in which it may put itself off.'),
  errorTime: positive('errorTime').optional().describe('Seconds that it waits after a failure.'),
  wallTime: positive('wallTime').nullable().optional().describe('Seconds that a run may take; null: any time.'),
  onWallTime: z
    .enum(['END', 'FLAG'], 'onWallTime must be END or FLAG.')
    .optional()
    .describe('Whether a run that takes longer is ended, or only marked.'),
  zombieTime: positive('zombieTime').optional().describe('Seconds that a run may be silent before it is marked.'),
  progressInterval: positive('progressInterval')
    .optional()
    .describe('Seconds between two signs of life that are kept.'),
  onLost: z
    .enum(['RETRY', 'KILL'], 'onLost must be RETRY or KILL.')
    .optional()
    .describe('Whether a job whose worker is lost is tried again, or killed.'),
});

export type JobOptions = z.output<typeof jobOptions>;

/** The properties of a job, settled when it is enqueued and never changed after. Times are in seconds. */
export interface JobProperties {
  /** How often it may fail or be lost, the first run included. */
  readonly attempts: number;
  /** Higher goes first. */
  readonly priority: number;
  /** Goes before all others, whatever their priority, also on a machine that is too busy. */
  readonly force: boolean;
  /** How many of its name may run on one worker; null: any number. */
  readonly maxParallel: number | null;
  /** The only worker that may run it, as `name@host`; null: any. */
  readonly worker: string | null;
  /** How long it waits after it deferred itself. */
  readonly deferTime: number;
  /** How long after its first start it may still defer itself. */
  readonly deferMax: number;
  /** How long it waits after a failure. */
  readonly errorTime: number;
  /** How long a run may take; null: for ever. */
  readonly wallTime: number | null;
  readonly onWallTime: 'END' | 'FLAG';
  /** How long a run may be silent before it is called a zombie. */
  readonly zombieTime: number;
  /** How often progress is kept, at most. */
  readonly progressInterval: number;
  /** What happens when its worker is lost. */
  readonly onLost: 'RETRY' | 'KILL';
}

export const standardProperties: JobProperties = {
  attempts: 1,
  priority: 0,
  force: false,
  maxParallel: 15,
  worker: null,
  deferTime: 300,
  deferMax: 3600,
  errorTime: 600,
  wallTime: null,
  onWallTime: 'END',
  zombieTime: 1800,
  progressInterval: 5,
  onLost: 'RETRY',
};

/** A kind of job, declared by a plugin. */
export interface JobClass<Args = unknown> {
  /** At least two dotted parts; the first is the project. */
  readonly name: string;
  readonly title: string;
  /** Who answers for it. */
  readonly author: string;
  /** What it does, for people. */
  readonly doc: string;
  /** Five fields of cron. A job that is started by its schedule has no arguments. */
  readonly schedule: string | null;
  /** The zone in which the schedule is read. */
  readonly timezone: string;
  readonly tags: readonly string[];
  readonly args: z.ZodType<Args>;
  /** Event patterns: each event that matches enqueues one job with the arguments `{ eventId }`. */
  readonly on: readonly string[];
  /** THREAD: in a thread of its own, from a module. INLINE: on the main thread, for trusted work that never blocks it. */
  readonly isolation: 'THREAD' | 'INLINE';
  /** With whose rights it runs: those of the system, or of who enqueued it. */
  readonly runAs: 'SYSTEM' | 'ENQUEUER';
  readonly properties: JobOptions;
  /** A module that exports `run`, or, for INLINE, the function itself. What it returns must be JSON, or nothing. */
  readonly handler: URL | ((run: InlineRun<Args>) => unknown);
}

export type JobDeclaration<Args> = Pick<JobClass<Args>, 'name' | 'title' | 'author' | 'handler'> &
  Partial<Omit<JobClass<Args>, 'name' | 'title' | 'author' | 'handler'>>;

/** Declares a kind of job. It is checked when the gateway starts, with everything else that its plugin declares. */
export function defineJob<Args = JsonObject>(declaration: JobDeclaration<Args>): JobClass<Args> {
  return {
    doc: '',
    schedule: null,
    timezone: 'UTC',
    tags: [],
    args: z.record(z.string(), z.unknown()) as never,
    on: [],
    isolation: declaration.handler instanceof URL ? 'THREAD' : 'INLINE',
    runAs: 'SYSTEM',
    properties: {},
    ...declaration,
  };
}

/** A job class with the plugin that declares it and what its plugin and the users of the gateway say of it. */
export interface DeclaredJob {
  readonly plugin: string;
  // biome-ignore lint/suspicious/noExplicitAny: a class of any arguments
  readonly class: JobClass<any>;
  /** The JSON Schema of its arguments. */
  readonly argsSchema: JsonObject;
  /** What plugins ship for it beside the declaration; it goes before the declaration. */
  readonly shipped: JobOptions;
  /** Why it cannot be run on this node; null when it can. */
  readonly fault: string | null;
}

export const projectOf = (jobName: string): string => jobName.split('.', 1)[0] ?? '';

/** A job to be put in the queue. */
export interface JobWish<Args = unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: a class of any arguments
  readonly class: JobClass<Args> | JobClass<any>;
  readonly args?: Args;
  readonly options?: JobOptions;
}

/** What became of a wish: a new job, or the one with this name and these arguments that is in the queue already. */
export interface Enqueued {
  /** Row id. */
  readonly id: string;
  readonly isNew: boolean;
}

/**
 * Puts jobs of a domain's own classes in the queue. No right is asked: the behaviour that calls has asked its own. The
 * viewer of the context is who enqueued them.
 */
export interface Enqueue {
  /**
   * All in one insert and one unit of work: the caller's, where one is open. Answers in the order of the wishes.
   * @throws InputError for arguments or options that do not fit, NotFoundError for a class that no plugin declares.
   */
  put(ctx: Context, wishes: readonly JobWish[]): Promise<Enqueued[]>;
}

export const enqueue = definePort<Enqueue>('enqueue');
