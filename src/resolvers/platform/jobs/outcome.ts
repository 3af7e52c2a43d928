import type { Job, JobChange, JobError, JobState } from '#resolvers/platform/jobs/job.ts';

/** How a run ended, as its worker saw it. */
export type RunOutcome =
  | { readonly kind: 'COMPLETE' }
  | { readonly kind: 'DEFERRED' }
  /** An exception, a bad result, or the wall time. */
  | { readonly kind: 'FAILED'; readonly error: RunError }
  /** The handler could not even be loaded. */
  | { readonly kind: 'LOAD'; readonly message: string }
  /** Nobody knows how far it came: its thread or its worker is gone. */
  | { readonly kind: 'LOST'; readonly message: string };

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly stack?: readonly string[];
}

/** What of an error is kept. */
const longestMessage = 4096;
const mostStack = 50;
const longestStackLine = 500;

/** What the end of a run makes of a job, and whether the job leaves the queue with it. */
export function endOf(job: Job, outcome: RunOutcome, now: number): { change: JobChange; journal: boolean } {
  const change = stateAfter(job, outcome, now);
  const removed = job.removedAt !== null;
  const over = change.state === 'COMPLETE' || removed;
  return {
    change: {
      ...change,
      runtime: job.runtime + (job.startedAt === null ? 0 : Math.max(now - Date.parse(job.startedAt), 0) / 1000),
      ...((over || isLast(change.state)) && { finishedAt: instant(now) }),
    },
    journal: over,
  };
}

function stateAfter(job: Job, outcome: RunOutcome, now: number): JobChange {
  const { properties } = job;
  if (outcome.kind === 'COMPLETE') return { state: 'COMPLETE', progress: { ...job.progress, value: 1 } };
  if (job.killedAt !== null) {
    const error = outcome.kind === 'FAILED' ? outcome.error : { code: 'KILLED', message: 'The job was killed.' };
    return { state: 'KILLED', lastError: kept(error, now) };
  }
  switch (outcome.kind) {
    case 'DEFERRED':
      return { state: 'DEFERRED', queryAt: instant(now + properties.deferTime * 1000) };
    case 'LOAD':
      // The handler never ran: the start does not count.
      return { state: 'ERROR', trial: job.trial - 1, lastError: kept({ code: 'LOAD', message: outcome.message }, now) };
    case 'FAILED':
      return retried(job, kept(outcome.error, now), 'ERROR', now);
    case 'LOST': {
      const error = kept({ code: 'LOST', message: outcome.message }, now);
      if (properties.onLost === 'RETRY') return retried(job, error, 'KILLED', now);
      return { state: 'KILLED', attemptsLeft: job.attemptsLeft - 1, lastError: error };
    }
  }
}

/** One attempt less: the job waits for the next, or ends. */
function retried(job: Job, lastError: JobError, end: JobState, now: number): JobChange {
  const attemptsLeft = job.attemptsLeft - 1;
  if (attemptsLeft <= 0) return { state: end, attemptsLeft, lastError };
  return { state: 'FAILED', attemptsLeft, lastError, queryAt: instant(now + job.properties.errorTime * 1000) };
}

const isLast = (state: JobState | undefined): boolean => state === 'ERROR' || state === 'KILLED';

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Storages keep neither NUL nor halves of surrogate pairs. */
const plain = (text: string, longest: number): string => text.replaceAll('\u0000', '').toWellFormed().slice(0, longest);

const kept = ({ code, message, stack = [] }: RunError, now: number): JobError => ({
  code,
  message: plain(message, longestMessage).toWellFormed(),
  stack: stack.slice(0, mostStack).map((line) => plain(line, longestStackLine).toWellFormed()),
  at: instant(now),
});
