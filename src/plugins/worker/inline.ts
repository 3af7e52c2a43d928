import type { Context } from '#kernel/context.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import type { Execution, ExecutionEnd } from '#plugins/worker/execution.ts';
import { handle, jobRun } from '#plugins/worker/handling.ts';
import { type Calls, sendError, type ThreadJob } from '#plugins/worker/messages.ts';
import { runnableModule } from '#plugins/worker/module.ts';
import type { NewLogLine } from '#resolvers/platform/jobs/log.ts';

export interface InlineParts {
  // biome-ignore lint/suspicious/noExplicitAny: a handler of any arguments
  readonly handler: URL | ((run: InlineRun<any>) => unknown);
  readonly job: ThreadJob;
  readonly calls: Calls;
  write(line: NewLogLine): Promise<void>;
  /** With the rights of the job. */
  readonly ctx: Context;
}

/** Runs a handler on the main thread. One that ignores its signal cannot be ended: it is left alone without a context. */
export function runInline({ handler, job, calls, write, ctx }: InlineParts): Execution {
  const aborting = new AbortController();
  let isOver = false;
  const alive = () => {
    if (isOver) throw new Error('This run of the job was given up: its context does nothing any more.');
  };
  const guarded = guard(ctx, aborting.signal, alive);
  const line = jobRun(job, {
    calls: guardCalls(calls, alive),
    write: (entry) => {
      if (!isOver) void write(entry);
    },
    signal: aborting.signal,
    use: (port) => guarded.use(port),
  });
  const { promise: cut, resolve: cutNow } = Promise.withResolvers<ExecutionEnd>();
  const given: InlineRun<never> = { ...line, ctx: guarded };
  const ended = load(handler).then(
    (run) => handle(run, given),
    (error): ExecutionEnd => ({ kind: 'NOT_LOADED', error: sendError(error) }),
  );
  return {
    ended: Promise.race([ended, cut]),
    abort: (reason) => aborting.abort(new DOMException(reason, 'AbortError')),
    async cut() {
      isOver = true;
      cutNow({ kind: 'GONE', message: 'The job ignored its signal and was left alone.' });
    },
    output: () => null,
  };
}

async function load(handler: InlineParts['handler']): Promise<(run: never) => unknown> {
  if (typeof handler === 'function') return handler;
  const module: Record<string, unknown> = await import((runnableModule(handler) ?? handler).href);
  if (typeof module.run !== 'function') throw new Error(`${handler.href} exports no function run.`);
  return module.run as (run: never) => unknown;
}

/** A context that refuses once the run is over, also what is inside an open unit of work: that is rolled back. */
function guard(ctx: Context, signal: AbortSignal, alive: () => void): Context {
  return new Proxy(ctx, {
    get(target, key) {
      alive();
      if (key === 'signal') return signal;
      if (key === 'as') return (viewer: Context['viewer']) => guard(target.as(viewer), signal, alive);
      if (key === 'atomically')
        return ((work, options) =>
          target.atomically(async (inner) => {
            const value = await work(guard(inner, signal, alive));
            alive();
            return value;
          }, options)) satisfies Context['atomically'];
      return Reflect.get(target, key, target);
    },
  });
}

function guardCalls(calls: Calls, alive: () => void): Calls {
  return new Proxy(calls, {
    get(target, key) {
      alive();
      return Reflect.get(target, key, target);
    },
  });
}
