import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Execution, ExecutionEnd } from '#plugins/worker/execution.ts';
import {
  type Calls,
  type FromThread,
  sendError,
  type ThreadJob,
  type ThreadStart,
  type ToThread,
} from '#plugins/worker/messages.ts';
import { runnableModule } from '#plugins/worker/module.ts';
import type { NewLogLine } from '#resolvers/platform/jobs/log.ts';

export interface ThreadParts {
  readonly handler: URL;
  readonly job: ThreadJob;
  readonly calls: Calls;
  /** Keeps a line; the thread waits while too many are on their way. */
  write(line: NewLogLine): Promise<void>;
  /** The most memory of the thread. */
  readonly memoryMb: number;
}

/** Milliseconds between two looks at the memory of a thread. */
const memoryLook = 100;
/** A thread is ended at so much more than it may have, since part of it may be garbage. */
const slack = 1.5;
/**
 * The engine's own limit lies far above: it keeps that as well as it can, and may abort the whole process where it cannot
 * end the thread.
 */
const lastResort = 4;
/** The most bytes that are kept of what a run prints: the last ones. */
const mostOutput = 1024 * 1024;

/** Runs a handler in a thread of its own. */
export function runInThread({ handler, job, calls, write, memoryMb }: ThreadParts): Execution {
  const counters = new SharedArrayBuffer(8);
  const counts = new Int32Array(counters);
  const start: ThreadStart = { handler: (runnableModule(handler) ?? handler).href, job, counters };
  const thread = new Worker(runnableModule(new URL('./entry.ts', import.meta.url)) as URL, {
    name: job.name,
    workerData: start,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: lastResort * memoryMb },
  });
  const printed = collect([thread.stdout, thread.stderr]);
  const { promise: ended, resolve } = Promise.withResolvers<ExecutionEnd>();

  thread.on('message', (message: FromThread) => {
    void deal(message).finally(() => {
      Atomics.add(counts, 1, 1);
      Atomics.notify(counts, 1);
    });
  });

  async function deal(message: FromThread): Promise<void> {
    switch (message.type) {
      case 'line':
        return write(message.line);
      case 'call':
        return answer(message.id, () => (calls[message.name] as (...args: unknown[]) => unknown)(...message.args));
      case 'end':
        resolve(message.end);
    }
  }

  async function answer(id: number, work: () => unknown): Promise<void> {
    const tell = (message: ToThread) => thread.postMessage(message);
    try {
      tell({ type: 'answer', id, value: await work() });
    } catch (error) {
      tell({ type: 'answer', id, error: sendError(error) });
    }
  }

  const most = slack * memoryMb * 1024 * 1024;
  let looks = false;
  const watch = setInterval(async () => {
    // A thread at the engine's limit may never answer.
    if (looks) return;
    looks = true;
    const heap = await thread.getHeapStatistics().catch(() => null);
    looks = false;
    if (!heap || heap.external_memory + heap.used_heap_size <= most) return;
    resolve({ kind: 'GONE', message: `The thread of the job took more than ${memoryMb} MiB of memory.` });
    await thread.terminate();
  }, memoryLook);
  watch.unref();

  thread.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      resolve({ kind: 'GONE', message: `The thread of the job took more than ${memoryMb} MiB of memory.` });
    else resolve({ kind: 'THREW', error: sendError(error) });
  });
  thread.on('exit', (code) => {
    clearInterval(watch);
    resolve({ kind: 'GONE', message: `The thread of the job ended with code ${code} before the job did.` });
  });

  return {
    ended,
    abort: (reason) => thread.postMessage({ type: 'abort', reason } satisfies ToThread),
    async cut() {
      await thread.terminate();
    },
    output: printed,
  };
}

/** The last of what comes out of streams, as text that every storage keeps. */
function collect(streams: readonly Readable[]): () => string {
  let chunks: Buffer[] = [];
  let size = 0;
  const add = (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= 2 * mostOutput) return;
    chunks = [Buffer.concat(chunks).subarray(-mostOutput)];
    size = mostOutput;
  };
  for (const stream of streams) stream.on('data', (chunk: Buffer | string) => add(Buffer.from(chunk)));
  return () => Buffer.concat(chunks).subarray(-mostOutput).toString('utf8').replaceAll('\u0000', '').toWellFormed();
}
