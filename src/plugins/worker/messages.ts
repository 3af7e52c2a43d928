import type { JsonObject } from '#kernel/json.ts';
import type { NewLogLine } from '#resolvers/platform/jobs/log.ts';

/** What a thread is given when it starts. */
export interface ThreadStart {
  /** The module that exports `run`. */
  readonly handler: string;
  readonly job: ThreadJob;
  /** Two counters: messages sent by the thread, and dealt with by the worker. */
  readonly counters: SharedArrayBuffer;
}

export interface ThreadJob {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  readonly trial: number;
  /** Milliseconds between two signs of life that are kept. */
  readonly progressInterval: number;
}

/** What a run may ask of its worker. */
export interface Calls {
  progress(value: number | null, message: string | null, force: boolean): Promise<void>;
  source(name: string): Promise<void>;
  execute(document: string, variables: Readonly<Record<string, unknown>>): Promise<unknown>;
  cookie(action: string, key: string, value: unknown): Promise<unknown>;
  /** A method of a port that is marked remote. */
  port(name: string, method: string, args: readonly unknown[]): Promise<unknown>;
}

export type CallName = keyof Calls;

/** An error as it crosses between threads. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of errors that a user may see. */
  readonly code?: string;
}

/** How a handler ended. */
export type HandlerEnd =
  | { readonly kind: 'RETURNED' }
  | { readonly kind: 'BAD_RESULT'; readonly message: string }
  | { readonly kind: 'DEFERRED'; readonly reason: string | null }
  | { readonly kind: 'THREW'; readonly error: SentError }
  | { readonly kind: 'NOT_LOADED'; readonly error: SentError };

export type FromThread =
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly args: readonly unknown[] }
  | { readonly type: 'line'; readonly line: NewLogLine }
  | { readonly type: 'end'; readonly end: HandlerEnd };

export type ToThread =
  | { readonly type: 'abort'; readonly reason: string }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: SentError };

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: '' };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? '',
    ...(typeof code === 'string' && { code }),
  };
}

export function receiveError({ name, message, stack, code }: SentError): Error {
  return Object.assign(new Error(message), { name, stack, ...(code !== undefined && { code }) });
}
