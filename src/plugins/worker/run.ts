import { catalogue } from '#kernel/catalogue.ts';
import type { Timer } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import type { JobClass } from '#kernel/job.ts';
import { runCalls } from '#plugins/worker/calls.ts';
import type { Execution, ExecutionEnd } from '#plugins/worker/execution.ts';
import { plainText } from '#plugins/worker/handling.ts';
import { runInline } from '#plugins/worker/inline.ts';
import type { SentError, ThreadJob } from '#plugins/worker/messages.ts';
import { RunLog } from '#plugins/worker/run-log.ts';
import { runInThread } from '#plugins/worker/thread.ts';
import type { Job } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import type { RunOutcome } from '#resolvers/platform/jobs/outcome.ts';
import { endRun, keepLines, type RunningJob } from '#resolvers/platform/jobs/run.ts';
import { jobViewer } from '#resolvers/platform/jobs/viewer.ts';

/** Why a run is ended from outside. */
type Stop = 'KILLED' | 'WALL_TIME' | 'SHUTDOWN';

export interface RunParts {
  readonly running: RunningJob;
  /** A fresh context of the gateway's own. */
  context(): Context;
  readonly threadMemoryMb: number;
  /** Milliseconds between the signal and the end of the thread. */
  readonly killGrace: number;
}

const reasons: Readonly<Record<Stop, string>> = {
  KILLED: 'The job was killed.',
  WALL_TIME: 'The job ran for longer than its wall time.',
  SHUTDOWN: 'The worker leaves.',
};

/** Milliseconds before an end that could not be written is written again. */
const retry = 1000;

/** One run of one job on this worker, from its claim to the writing of its end. */
export class Run {
  readonly running: RunningJob;
  readonly startedAt: number;
  /** Resolves when its end is written, or is no longer this worker's affair; with the job, where it was written. */
  readonly done: Promise<Job | null>;
  readonly #parts: RunParts;
  readonly #log: RunLog;
  #execution: Execution | null = null;
  #stop: Stop | null = null;
  #grace: Timer | null = null;
  #isLost = false;

  constructor(parts: RunParts) {
    const ctx = parts.context();
    this.#parts = parts;
    this.running = parts.running;
    this.startedAt = ctx.clock.now();
    const keep = (lines: Parameters<typeof keepLines>[2]) => keepLines(parts.context(), this.running, lines);
    this.#log = new RunLog(keep, ctx.clock, () => this.lose());
    this.done = this.#run();
  }

  /** The signal now, and after a grace the end of the thread. The first reason counts. */
  stop(why: Stop): void {
    if (this.#stop !== null || this.#isLost) return;
    this.#stop = why;
    this.#execution?.abort(reasons[why]);
    this.#grace = this.#parts.context().clock.after(this.#parts.killGrace, () => void this.#execution?.cut());
  }

  /** The job is another's, or gone: the thread ends at once, and nothing is written. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#log.end();
    this.#execution?.abort('Another worker has the job.');
    void this.#execution?.cut();
  }

  async #run(): Promise<Job | null> {
    let execution: Execution;
    try {
      execution = this.#begin();
    } catch (error) {
      return this.#settle({ kind: 'LOAD', message: String(error) }, { kind: 'GONE', message: '' }, null);
    }
    this.#execution = execution;
    if (this.#isLost) void execution.cut();
    else if (this.#stop) execution.abort(reasons[this.#stop]);
    const end = await execution.ended;
    this.#grace?.cancel();
    await execution.cut().catch(() => undefined);
    // What a thread printed last comes after its end.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#isLost ? null : this.#settle(this.#outcome(end), end, execution.output());
  }

  #begin(): Execution {
    const { running, context, threadMemoryMb } = this.#parts;
    const { job } = running;
    const declared = context().use(catalogue).jobs.get(job.name)?.class as JobClass;
    const aborting = new AbortController();
    const viewer = () => jobViewer(context(), job, declared.runAs);
    const calls = runCalls({
      held: running,
      name: job.name,
      signal: aborting.signal,
      context,
      viewer,
      seen: (known) => {
        if (!known) this.lose();
        else if (known.killedAt !== null) this.stop('KILLED');
      },
    });
    const given: ThreadJob = {
      id: job.id,
      name: job.name,
      args: job.args,
      trial: job.trial,
      progressInterval: job.properties.progressInterval * 1000,
    };
    const common = { job: given, calls, write: (line: Parameters<RunLog['write']>[0]) => this.#log.write(line) };
    const execution =
      declared.isolation === 'THREAD'
        ? runInThread({ ...common, handler: declared.handler as URL, memoryMb: threadMemoryMb })
        : inlineLater(viewer, (rights) =>
            runInline({ ...common, handler: declared.handler, ctx: context().as(rights) }),
          );
    void execution.ended.then(() => aborting.abort());
    return execution;
  }

  #outcome(end: ExecutionEnd): RunOutcome {
    if (end.kind === 'RETURNED') return { kind: 'COMPLETE' };
    if (this.#stop === 'SHUTDOWN' && end.kind !== 'DEFERRED') return { kind: 'LOST', message: 'Its worker left.' };
    if (this.#stop !== null && end.kind === 'GONE') {
      const isInline = this.#execution?.output() === null;
      const code = isInline ? 'ABANDONED' : this.#stop;
      return { kind: 'FAILED', error: { code, message: isInline ? end.message : reasons[this.#stop] } };
    }
    switch (end.kind) {
      case 'DEFERRED':
        return { kind: 'DEFERRED' };
      case 'BAD_RESULT':
        return { kind: 'FAILED', error: { code: 'BAD_RESULT', message: end.message } };
      case 'NOT_LOADED':
        return { kind: 'LOAD', message: end.error.message };
      case 'GONE':
        return { kind: 'LOST', message: end.message };
      case 'THREW':
        return { kind: 'FAILED', error: { code: this.#stop ?? 'EXCEPTION', ...shown(end.error) } };
    }
  }

  /** Writes the last lines, what was printed, and then the end; again and again while the storage does not answer. */
  async #settle(outcome: RunOutcome, end: ExecutionEnd, output: string | null): Promise<Job | null> {
    const { running, context } = this.#parts;
    const { clock } = context();
    const at = () => new Date(clock.now()).toISOString();
    for (const line of lastLines(outcome, end)) void this.#log.write({ at: at(), ...line });
    for (;;) {
      await this.#log.flush();
      if (this.#isLost) return null;
      try {
        if (output) await context().use(jobLogStore).keepOutput(running, output, at());
        return await endRun(context(), running, outcome);
      } catch (error) {
        context().log.warn({ err: error, job: running.id }, 'The end of a job could not be written; trying again.');
        await new Promise<void>((resolve) => clock.after(retry, resolve));
      }
    }
  }
}

const shown = ({ name, message, stack }: SentError) => ({
  message: name === 'Error' ? message : `${name}: ${message}`,
  stack: stack
    .split('\n')
    .slice(1)
    .map((line) => line.trim()),
});

/** What the log says of the end beside its state. */
function lastLines(outcome: RunOutcome, end: ExecutionEnd) {
  if (outcome.kind === 'LOST' || outcome.kind === 'LOAD')
    return [{ level: 'ERROR' as const, message: plainText(outcome.message), exception: null }];
  if (outcome.kind === 'FAILED') {
    const stack = 'error' in end ? plainText(end.error.stack) : null;
    return [{ level: 'ERROR' as const, message: plainText(outcome.error.message), exception: stack }];
  }
  if (end.kind !== 'DEFERRED' || end.reason === null) return [];
  return [{ level: 'INFO' as const, message: `deferred: ${plainText(end.reason)}`, exception: null }];
}

/** An execution that begins when the rights of the job are known. */
function inlineLater<Rights>(rights: () => Promise<Rights>, begin: (rights: Rights) => Execution): Execution {
  let begun: Execution | null = null;
  let reason: string | null = null;
  let isCut = false;
  const ended = rights().then(
    (known): Promise<ExecutionEnd> => {
      begun = begin(known);
      if (reason !== null) begun.abort(reason);
      if (isCut) void begun.cut();
      return begun.ended;
    },
    (error): ExecutionEnd => ({ kind: 'GONE', message: `The rights of the job cannot be read: ${error}` }),
  );
  return {
    ended,
    abort(why) {
      reason = why;
      begun?.abort(why);
    },
    async cut() {
      isCut = true;
      await begun?.cut();
    },
    output: () => null,
  };
}
