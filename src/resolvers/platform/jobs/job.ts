import type { Logic, TextMatch } from '#kernel/filter.ts';
import type { JobProperties } from '#kernel/job.ts';
import type { Json, JsonObject } from '#kernel/json.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

export const jobStates = [
  'PENDING',
  'RUNNING',
  'COMPLETE',
  'DEFERRED',
  'FAILED',
  'INACTIVE',
  'ERROR',
  'KILLED',
] as const;
export type JobState = (typeof jobStates)[number];
export type HighState = 'WAITING' | 'RUNNING' | 'STOPPED';

export const waitingStates: readonly JobState[] = ['PENDING', 'FAILED', 'DEFERRED'];
export const stoppedStates: readonly JobState[] = ['KILLED', 'INACTIVE', 'ERROR'];
const finalStates: readonly JobState[] = ['COMPLETE', ...stoppedStates];

export const isFinal = (state: JobState): boolean => finalStates.includes(state);

/** Null for COMPLETE. */
export function highStateOf(state: JobState): HighState | null {
  if (state === 'RUNNING') return 'RUNNING';
  if (waitingStates.includes(state)) return 'WAITING';
  return stoppedStates.includes(state) ? 'STOPPED' : null;
}

/** A worker's claim on a running job. Instants are those of the storage's clock. */
export interface Lease {
  /** `name@host`. */
  readonly worker: string;
  /** Its token: whoever writes with another one writes nothing. Never shown. */
  readonly fence: string;
  readonly at: string;
  readonly expiresAt: string;
}

export interface JobError {
  /** `EXCEPTION BAD_RESULT WALL_TIME LOAD LOST ABANDONED KILLED`. */
  readonly code: string;
  readonly message: string;
  readonly stack: readonly string[];
  readonly at: string;
}

/** How far a run is. `value` lies from 0 to 1. */
export interface Progress {
  readonly value: number | null;
  readonly message: string | null;
}

/** Who enqueued a job. */
export interface Enqueuer {
  /** Row id; null for the system and for anonymous. */
  readonly account: string | null;
  /** The name at that time. */
  readonly name: string;
  /** The permissions to which the credential narrowed the rights of the account; null where it did not. */
  readonly narrowedTo: readonly string[] | null;
}

/** One piece of work. Instants are ISO 8601 in UTC with milliseconds; times in seconds. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** SHA-256 of the canonical JSON of the arguments, in hex; null when there are none. */
  readonly argsHash: string | null;
  readonly state: JobState;
  readonly properties: JobProperties;
  /** Failures and losses that it may still have, the present run included. */
  readonly attemptsLeft: number;
  /** How often it was started, by earlier jobs that it was restarted from as well. */
  readonly trial: number;
  readonly progress: Progress;
  readonly enqueuedAt: string;
  readonly enqueuedBy: Enqueuer;
  /** Where the gateway ran that took it in. */
  readonly enqueuedHost: string | null;
  /** Row id of the job that it was restarted from, and of the one that was restarted from it. */
  readonly parentId: string | null;
  readonly childId: string | null;
  readonly lease: Lease | null;
  /** When its last run began. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** It is not started before. */
  readonly queryAt: string | null;
  /** From then on it may not defer itself any more. */
  readonly inactiveAt: string | null;
  /** Sum of its runs. */
  readonly runtime: number;
  /** The last sign of life of its run. */
  readonly heartbeatAt: string | null;
  readonly zombieAt: string | null;
  readonly wallAt: string | null;
  readonly killedAt: string | null;
  readonly removedAt: string | null;
  readonly lastError: JobError | null;
  readonly sources: readonly string[];
  /** How many lines its log has. */
  readonly logCount: number;
  /** Whether it lies in the journal. */
  readonly journaled: boolean;
}

/** A job on its way into the queue. */
export type NewJob = Pick<
  Job,
  | 'id'
  | 'name'
  | 'args'
  | 'argsHash'
  | 'properties'
  | 'trial'
  | 'enqueuedAt'
  | 'enqueuedBy'
  | 'enqueuedHost'
  | 'parentId'
>;

/** A job as it lies in the queue at first. */
export const pending = (job: NewJob): Job => ({
  ...job,
  state: 'PENDING',
  attemptsLeft: job.properties.attempts,
  progress: { value: null, message: null },
  childId: null,
  lease: null,
  startedAt: null,
  finishedAt: null,
  queryAt: null,
  inactiveAt: null,
  runtime: 0,
  heartbeatAt: null,
  zombieAt: null,
  wallAt: null,
  killedAt: null,
  removedAt: null,
  lastError: null,
  sources: [],
  logCount: 0,
  journaled: false,
});

/** What a change sets; what is absent stays. */
export type JobChange = Partial<
  Pick<
    Job,
    | 'state'
    | 'attemptsLeft'
    | 'trial'
    | 'progress'
    | 'finishedAt'
    | 'queryAt'
    | 'runtime'
    | 'zombieAt'
    | 'wallAt'
    | 'killedAt'
    | 'removedAt'
    | 'lastError'
    | 'childId'
  >
>;

/** Which job a worker asks for. */
export interface Claim {
  /** `name@host`. */
  readonly worker: string;
  /** How many jobs of each name run on it now. */
  readonly running: Readonly<Record<string, number>>;
  /** Projects of which nothing is started. */
  readonly exceptProjects: readonly string[];
  /** True on a machine that is too busy: only jobs with `force`. */
  readonly forcedOnly: boolean;
  /** Milliseconds that the lease holds. */
  readonly lease: number;
  /** The new lease's token: a UUID that is used this once. */
  readonly fence: string;
  /** The instant against which `queryAt` and `inactiveAt` are held, and that becomes `startedAt`. */
  readonly now: string;
}

/** A lease as its holder names it. */
export interface Held {
  readonly id: string;
  readonly fence: string;
}

export interface JobTerms {
  readonly name?: TextMatch | null;
  readonly state?: readonly JobState[] | null;
  readonly flags?: readonly JobFlag[] | null;
  readonly worker?: TextMatch | null;
  /** The name of who enqueued it. */
  readonly by?: TextMatch | null;
  readonly enqueued?: { readonly from?: string | null; readonly to?: string | null } | null;
  readonly args?: readonly { readonly path: readonly string[]; readonly eq: Json }[] | null;
}
export type JobFilter = Logic<JobTerms>;

export const jobFlags = ['ZOMBIE', 'NONSTOP', 'REMOVED', 'KILLED'] as const;
export type JobFlag = (typeof jobFlags)[number];

export const jobOrders = ['ENQUEUED', 'NAME', 'STATE', 'PRIORITY', 'STARTED', 'FINISHED', 'RUNTIME'] as const;
export interface JobOrder {
  readonly by: (typeof jobOrders)[number];
  readonly direction: 'ASC' | 'DESC';
}

export interface JobList {
  readonly filter: JobFilter;
  /** The journal instead of the queue. */
  readonly journaled: boolean;
  /** Which names the viewer may read: grants of the kind `job`, each with one whole name. */
  readonly visibility: Visibility;
  /**
   * What becomes of the others: with a name they take part under it, and as if they had no arguments; filters and orders
   * see no more. Null: they are left out.
   */
  readonly maskedName: string | null;
  readonly orderBy: readonly JobOrder[];
}

/** One row of what the queue holds. */
export interface SummaryRow {
  readonly name: string;
  readonly state: JobState;
  readonly zombie: boolean;
  readonly wall: boolean;
  readonly removed: boolean;
  readonly killed: boolean;
  readonly count: number;
  /** Sum of the progress of those jobs, each from 0 to 1. */
  readonly progress: number;
}

/**
 * What the platform asks of the storage of jobs. The queue and the journal are two tables: nothing that concerns the
 * queue grows with the journal. "To exactly one" means: of any number of racing callers, in any number of processes.
 */
export interface JobStore {
  /** From the queue, else from the journal. */
  getMany(ids: readonly string[]): Promise<(Job | null)[]>;
  /** In the order asked for, then newest first. */
  page(list: JobList, request: PageRequest): Promise<Page<Job>>;
  /** Every name that a job ever had, sorted. */
  names(): Promise<string[]>;
  /**
   * Puts jobs in the queue as PENDING with all their attempts. Name and `argsHash` are unique over the queue, whatever
   * the state; a null hash equals a null hash. Of racing callers exactly one gets a job in.
   * @returns for each, in order: the id under which it lies in the queue, its own when it is new.
   */
  insertUnique(jobs: readonly NewJob[]): Promise<string[]>;
  /**
   * Starts the first job that may start, to exactly one; rows that others work on are passed over, not waited for.
   * Whatever is due by `now` loses its `queryAt` first. Eligible are PENDING, FAILED and DEFERRED ones without a
   * `queryAt`, with attempts left, for this worker or any, neither killed nor removed, of no excepted project, and with
   * fewer than `maxParallel` of their name running on this worker. First come those with `force`, then by priority, then
   * the oldest.
   *
   * A DEFERRED one whose `inactiveAt` is not after `now` becomes INACTIVE instead (`finishedAt` now), and is answered so.
   * A started one has the new lease, `startedAt` and `heartbeatAt` now, no `queryAt` and no progress, one trial more,
   * and at its first start an `inactiveAt`.
   * @returns the job as it is then, and the state it was in; null when nothing may start.
   */
  claimNext(claim: Claim): Promise<{ readonly job: Job; readonly from: JobState } | null>;
  /**
   * Holds leases for longer, all in one statement.
   * @param life milliseconds from now, by the storage's clock.
   * @returns the jobs that are still held with these fences, as they are: killed and removed ones among them.
   */
  renew(held: readonly Held[], life: number): Promise<Job[]>;
  /**
   * Gives RUNNING jobs whose lease is over, by the storage's clock, to exactly one: under the taker's own fence, so that
   * whatever the old holder still writes is refused. The lease still names the lost worker. At most `limit`, the longest
   * lost first; rows that others work on are passed over.
   */
  takeExpired(taker: { readonly fence: string; readonly lease: number }, limit: number): Promise<Job[]>;
  /** The jobs in the queue, locked for the caller's unit of work; null for those that are not there. */
  lock(ids: readonly string[]): Promise<(Job | null)[]>;
  /**
   * Ends a run: sets the change, and the lease is gone.
   * @returns the job as it is then; null, and nothing changed, when the fence is not that of its lease.
   */
  finish(held: Held, change: JobChange): Promise<Job | null>;
  /**
   * Changes jobs that nobody runs, or marks running ones. To be called with locked jobs.
   * @returns the job as it is then; null when it is not in the queue.
   */
  update(id: string, change: JobChange): Promise<Job | null>;
  /** Keeps a sign of life. @returns the job as it is then; null when the fence is not that of its lease. */
  progress(held: Held, progress: Progress, now: string): Promise<Job | null>;
  /** Adds a source that is not there yet. @returns whether the fence is that of its lease. */
  addSource(held: Held, source: string): Promise<boolean>;
  /**
   * Marks running jobs, each to exactly one caller and at most once: `zombieAt` on those silent for longer than their
   * `zombieTime`, `wallAt` on those whose run is older than their `wallTime`.
   * @returns those that were marked by this call, at most `limit` of each.
   */
  flagOverdue(now: string, limit: number): Promise<{ readonly zombies: Job[]; readonly overtime: Job[] }>;
  /** Moves jobs from the queue to the journal, as they are, without a lease. Their keys are free then. */
  archive(ids: readonly string[]): Promise<Job[]>;
  /** How many jobs of each name, state and flags the queue holds; not by a scan of them. In any order. */
  summary(): Promise<SummaryRow[]>;
  /** How many jobs of each state the queue holds; states without any may be absent. */
  countByState(): Promise<Partial<Record<JobState, number>>>;
  /** When the first waiting job becomes due after `now`; null when none does. */
  nextDue(now: string): Promise<string | null>;
  /** Deletes journaled jobs that ended before the instant, with their logs; at most `limit`. Answers how many. */
  trimJournal(before: string, limit: number): Promise<number>;
}

export const jobStore = definePort<JobStore>('platform.jobs');

export const workerOf = (job: Job): string | null => job.lease?.worker ?? null;
