import type { LogLevel } from '#kernel/job-run.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import type { Held } from '#resolvers/platform/jobs/job.ts';

export const logLevels: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

/** A line on its way into the log of a job. */
export interface NewLogLine {
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string;
  readonly level: LogLevel;
  readonly message: string;
  /** What an exception said of itself, its stack included. */
  readonly exception: string | null;
}

export interface JobLogLine extends NewLogLine {
  readonly jobId: string;
  /** From 1, without a hole in one job. */
  readonly number: number;
}

export interface LogFilter {
  readonly levels?: readonly LogLevel[];
  /** Lines with a higher number. */
  readonly after?: number;
}

/** What the platform asks of the storage of the logs of jobs. */
export interface JobLogStore {
  /**
   * Appends lines to the log of a job in the queue and counts them in its `logCount`, as one effect; without a hole and
   * in the order given, whoever else appends.
   * @param fence null for lines that no run writes.
   * @returns whether they were kept: not when the fence is not that of the job's lease, or the job is not in the queue.
   */
  append(job: { readonly id: string; readonly fence: string | null }, lines: readonly NewLogLine[]): Promise<boolean>;
  /** Lines of a job in the order of their numbers, at most `limit`. */
  read(jobId: string, after: number, limit: number): Promise<JobLogLine[]>;
  /** One such page of each job, in one read. Positions are the number. */
  pages(jobIds: readonly string[], filter: LogFilter, request: PageRequest): Promise<Page<JobLogLine>[]>;
  /** Keeps what the run of a job wrote to its standard output, in the place of what was kept before. Refused as above. */
  keepOutput(held: Held, text: string, at: string): Promise<boolean>;
  /** What was kept, for each job in order. */
  outputs(jobIds: readonly string[]): Promise<(string | null)[]>;
  /** Forgets outputs from before the instant; at most `limit`. Answers how many. */
  trimOutputs(before: string, limit: number): Promise<number>;
  /** Calls `wake` within 100 ms when lines were committed, by any process. Answers how to stop. */
  listen(wake: () => void): Promise<() => Promise<void>>;
}

export const jobLogStore = definePort<JobLogStore>('platform.jobLog');
