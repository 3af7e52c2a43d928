import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Message } from './child.ts';

/** A process of its own: everything that is measured, and everything that puts load on it, is one. */
export interface BenchProcess<Ready> {
  readonly name: string;
  /** What it said when it was ready. */
  readonly ready: Ready;
  /** @throws Error with what the process threw, or when it ended. */
  ask<Answer>(name: string, question?: unknown): Promise<Answer>;
  /** Microseconds of processor time that it has used. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** Milliseconds that a process may take to begin, and to end. */
const patience = { begin: 60_000, end: 15_000 };

/**
 * @param file relative to the folder `bench`.
 * @param options as JSON to the process.
 * @throws Error when it does not begin.
 */
export async function startProcess<Ready>(file: string, options: unknown = {}): Promise<BenchProcess<Ready>> {
  const child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)), [JSON.stringify(options)], {
    env: { ...process.env, NODE_ENV: 'production', GRAPHILE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  let begun: (ready: Ready) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const beginning = new Promise<Ready>((resolve, reject) => {
    begun = resolve;
    failed = reject;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', (code, signal) => {
    const error = new Error(`${file} ended with ${signal ?? code}.`);
    failed(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  child.on('message', (message: Message) => {
    if ('ready' in message) return begun(message.ready as Ready);
    const asked = waiting.get(message.number);
    waiting.delete(message.number);
    if ('error' in message) asked?.reject(new Error(`${file}: ${message.error}`));
    else asked?.resolve(message.answer as never);
  });
  const ask = <Answer>(name: string, question?: unknown) =>
    new Promise<Answer>((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.send({ number: last, name, question }, (error) => error && reject(error));
    });
  const tooLong = setTimeout(() => {
    failed(new Error(`${file} is not ready after ${patience.begin / 1000} s.`));
    child.kill('SIGKILL');
  }, patience.begin);
  try {
    const ready = await beginning;
    return {
      name: file,
      ready,
      ask,
      cpu: () => ask<number>('cpu'),
      async stop() {
        if (!child.connected) return;
        child.send({ number: 0, name: 'stop' });
        const kill = setTimeout(() => child.kill('SIGKILL'), patience.end);
        await exited;
        clearTimeout(kill);
      },
    };
  } finally {
    clearTimeout(tooLong);
  }
}
