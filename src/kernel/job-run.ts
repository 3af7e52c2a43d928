import type { Context } from '#kernel/context.ts';
import type { Json } from '#kernel/json.ts';
import type { Port } from '#kernel/port.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Lines in the job's own log. Each is kept before the end of the run is. */
export interface JobLogger {
  debug(message: string, exception?: unknown): void;
  info(message: string, exception?: unknown): void;
  warning(message: string, exception?: unknown): void;
  error(message: string, exception?: unknown): void;
  critical(message: string, exception?: unknown): void;
}

/** What all jobs of one name remember together: JSON values by key. Each call is one effect, whoever else writes. */
export interface JobCookie {
  get(key: string): Promise<Json | undefined>;
  set(key: string, value: Json): Promise<void>;
  delete(key: string): Promise<void>;
  /** Adds to a number, 0 where there is none, and answers the sum. */
  inc(key: string, by?: number): Promise<number>;
  /** Keeps the lower, or the higher, of the value and what is there, and answers it. */
  min(key: string, value: number): Promise<number>;
  max(key: string, value: number): Promise<number>;
}

/** What the handler of a job is given. */
export interface JobRun<Args = unknown> {
  /** Row id. */
  readonly id: string;
  readonly name: string;
  readonly args: Args;
  /** How often it was started, this time included. */
  readonly trial: number;
  /** Aborted when the job is killed, has run too long, or its worker leaves. */
  readonly signal: AbortSignal;
  readonly log: JobLogger;
  readonly cookie: JobCookie;
  /**
   * The sign of life, with how far the work is.
   * @param value from 0 to 1, or null where that is not known.
   * @param options.force keeps it even when the last one was kept a moment ago.
   */
  progress(value: number | null, message?: string, options?: { readonly force?: boolean }): Promise<void>;
  /** Ends this run: the job waits `deferTime` and starts again, until `deferMax` is over. */
  defer(reason?: string): never;
  /** Names something that the job worked on, such as a file. */
  source(name: string): Promise<void>;
  /** Runs a query or a mutation with the rights of the job. @throws Error with the messages of the answer's errors. */
  execute(document: string, variables?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** A port that may be used from a thread. No unit of work spans the threads. */
  use<T extends object>(port: Port<T>): T;
}

/** The same on the main thread, with a context of its own. */
export interface InlineRun<Args = unknown> extends JobRun<Args> {
  /** Refuses every call once the run was given up. */
  readonly ctx: Context;
}
