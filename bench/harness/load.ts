import { type BenchProcess, startProcess } from './process.ts';
import type { Contender } from './rounds.ts';

/** The same for everybody. */
export const connections = {
  /** Between load and server, kept alive. */
  http: 32,
  /** Between server and database. */
  pool: 10,
} as const;

/** How long load lasts: for a time, or until so many requests are answered. */
export type Span = { readonly seconds: number } | { readonly requests: number };

/** Requests of one kind, again and again. */
export interface Load {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST; without one it is a GET. */
  readonly body?: string;
  readonly connections: number;
  readonly span: Span;
  /** The text of every answer. */
  readonly answer?: string;
  /** Text that every answer holds, where each is another. `{n}` in the body is then another number of 12 digits each time. */
  readonly holds?: string;
}

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  /** Answers with another status or another text, and requests without an answer. */
  readonly failures: number;
}

/** The process that puts load on servers. */
export interface Loader {
  run(load: Omit<Load, 'connections'>): Promise<LoadResult>;
  stop(): Promise<void>;
}

export async function startLoader(): Promise<Loader> {
  const child = await startProcess('peers/load.ts');
  return {
    async run(load) {
      const result = await child.ask<LoadResult>('load', { ...load, connections: connections.http });
      if (result.failures > 0)
        throw new Error(`${result.failures} of ${result.failures + result.answers} requests to ${load.url} failed.`);
      if (result.answers === 0) throw new Error(`${load.url} answered nothing in time: nothing was measured.`);
      return result;
    },
    stop: () => child.stop(),
  };
}

/** A server under load, as one of those that are compared. */
export const underLoad = (
  name: string,
  server: BenchProcess<unknown>,
  loader: Loader,
  load: () => Omit<Load, 'connections'>,
): Contender => ({
  name,
  async measure() {
    const before = await server.cpu();
    const { answers, seconds } = await loader.run(load());
    return { rate: answers / seconds, cpu: ((await server.cpu()) - before) / answers };
  },
});

/** The answer to one request. */
export async function ask(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly text: string; readonly data: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown };
  if (!response.ok || errors) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 600)}`);
  return { text, data };
}
