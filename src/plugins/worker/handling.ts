import type { JobCookie, JobLogger, JobRun, LogLevel } from '#kernel/job-run.ts';
import type { Json } from '#kernel/json.ts';
import type { Port } from '#kernel/port.ts';
import { type Calls, type HandlerEnd, sendError, type ThreadJob } from '#plugins/worker/messages.ts';
import type { NewLogLine } from '#resolvers/platform/jobs/log.ts';

/** What ends a run that puts itself off. */
class Deferral extends Error {
  readonly reason: string | null;

  constructor(reason: string | null) {
    super(reason ?? 'The job defers itself.');
    this.name = 'Deferral';
    this.reason = reason;
  }
}

/** What a run reaches its worker with, in the same thread or in another. */
export interface Line {
  readonly calls: Calls;
  /** Takes one line of the log. */
  write(line: NewLogLine): void;
  readonly signal: AbortSignal;
  use<T extends object>(port: Port<T>): T;
}

/** What a handler is given. */
export function jobRun(job: ThreadJob, { calls, write, signal, use }: Line): JobRun<never> {
  let keptAt = Number.NEGATIVE_INFINITY;
  return {
    id: job.id,
    name: job.name,
    args: job.args as never,
    trial: job.trial,
    signal,
    log: logger(write),
    cookie: cookie(calls),
    async progress(value, message, { force = false } = {}) {
      const now = performance.now();
      // A handler may say it a million times a second: most of that never leaves its thread.
      if (!force && now - keptAt < job.progressInterval) return;
      keptAt = now;
      await calls.progress(value, message ?? null, force);
    },
    defer(reason) {
      throw new Deferral(reason ?? null);
    },
    source: (name) => calls.source(String(name)),
    execute: (document, variables = {}) => calls.execute(document, variables),
    use,
  };
}

/** The longest message and exception that is kept of one line. */
const longestText = 64 * 1024;

function logger(write: (line: NewLogLine) => void): JobLogger {
  const at =
    (level: LogLevel) =>
    (message: string, exception?: unknown): void =>
      write({
        at: new Date().toISOString(),
        level,
        message: plainText(message),
        exception: exception === undefined ? null : plainText(exception instanceof Error ? exception.stack : exception),
      });
  return {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
  };
}

/** What every storage keeps: no NUL, no halves of surrogate pairs, not without bound. */
export const plainText = (value: unknown): string => {
  let text: string;
  try {
    text = String(value);
  } catch {
    text = '[cannot be shown as text]';
  }
  return text.slice(0, longestText).replaceAll('\u0000', '').toWellFormed();
};

function cookie(calls: Calls): JobCookie {
  return {
    get: (key) => calls.cookie('get', key, null) as Promise<Json | undefined>,
    set: async (key, value) => void (await calls.cookie('set', key, value)),
    delete: async (key) => void (await calls.cookie('delete', key, null)),
    inc: (key, by = 1) => calls.cookie('inc', key, by) as Promise<number>,
    min: (key, value) => calls.cookie('min', key, value) as Promise<number>,
    max: (key, value) => calls.cookie('max', key, value) as Promise<number>,
  };
}

/** Runs a handler to its end. Never throws. */
export async function handle(run: (run: never) => unknown, given: unknown): Promise<HandlerEnd> {
  try {
    const fault = resultFault(await run(given as never));
    return fault === null ? { kind: 'RETURNED' } : { kind: 'BAD_RESULT', message: fault };
  } catch (error) {
    if (error instanceof Deferral) return { kind: 'DEFERRED', reason: error.reason };
    return { kind: 'THREW', error: sendError(error) };
  }
}

/** A handler returns JSON, or nothing. */
function resultFault(result: unknown): string | null {
  if (result === undefined) return null;
  try {
    return JSON.stringify(result) === undefined ? `The handler returned a ${typeof result}, which is no JSON.` : null;
  } catch (error) {
    return `The handler returned what is no JSON: ${error instanceof Error ? error.message : error}`;
  }
}
