/**
 * What runs in the thread of a job. It imports the handler, gives it what reaches the worker over messages, and tells
 * how it ended. The thread is ended from outside.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { handle, jobRun } from '#plugins/worker/handling.ts';
import {
  type CallName,
  type Calls,
  type FromThread,
  receiveError,
  sendError,
  type ThreadStart,
  type ToThread,
} from '#plugins/worker/messages.ts';

const { handler, job, counters } = workerData as ThreadStart;
const counts = new Int32Array(counters);
const port = parentPort;
if (!port) throw new Error('This module runs in the thread of a job only.');

/** Messages that may be under way: a thread that says more than its worker can keep waits. */
const mostUnderWay = 5000;

function send(message: FromThread): void {
  const sent = Atomics.add(counts, 0, 1) + 1;
  for (let done = Atomics.load(counts, 1); sent - done > mostUnderWay; done = Atomics.load(counts, 1))
    Atomics.wait(counts, 1, done, 1000);
  port?.postMessage(message);
}

const aborting = new AbortController();
const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
let calls = 0;

function call(name: CallName, ...args: readonly unknown[]): Promise<never> {
  return new Promise((resolve, reject) => {
    calls += 1;
    waiting.set(calls, { resolve: resolve as (value: unknown) => void, reject });
    try {
      send({ type: 'call', id: calls, name, args });
    } catch (error) {
      // The arguments cannot be cloned.
      waiting.delete(calls);
      reject(error);
    }
  });
}

port.on('message', (message: ToThread) => {
  if (message.type === 'abort') {
    aborting.abort(new DOMException(message.reason, 'AbortError'));
    return;
  }
  const asked = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error) asked?.reject(receiveError(message.error));
  else asked?.resolve(message.value);
});

const remote: Calls = {
  progress: (...args) => call('progress', ...args),
  source: (...args) => call('source', ...args),
  execute: (...args) => call('execute', ...args),
  cookie: (...args) => call('cookie', ...args),
  port: (...args) => call('port', ...args),
};

const given = jobRun(job, {
  calls: remote,
  write: (line) => send({ type: 'line', line }),
  signal: aborting.signal,
  // `then` is asked for by whoever awaits the port itself.
  use: <T extends object>({ name }: { readonly name: string }) =>
    new Proxy({} as T, {
      get: (_, method) =>
        typeof method === 'string' && method !== 'then'
          ? (...args: unknown[]) => remote.port(name, method, args)
          : undefined,
    }),
});

async function load(): Promise<(run: never) => unknown> {
  const module: Record<string, unknown> = await import(handler);
  if (typeof module.run !== 'function') throw new Error(`${handler} exports no function run.`);
  return module.run as (run: never) => unknown;
}

const run = await load().catch((error) => {
  send({ type: 'end', end: { kind: 'NOT_LOADED', error: sendError(error) } });
  return null;
});
if (run) {
  const end = await handle(run, given);
  // What was printed and is still on its way would end with the thread.
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  send({ type: 'end', end });
}
