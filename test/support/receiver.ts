/** A server on this machine that takes what hooks send, and answers as a test wants. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the body of any hook
  readonly json: any;
  readonly at: number;
}

/** A status, or whatever a test does with the answer. */
export type Respond = (
  request: Received,
  response: ServerResponse,
  count: number,
) => number | Promise<void> | undefined;

export interface Receiver {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** In the order in which they came. */
  readonly received: readonly Received[];
  /** How many requests were under way at once, at most. */
  readonly mostAtOnce: number;
  /** Answers from now on like this; 204 at first. */
  answer(respond: number | Respond): void;
  /** Resolves when so many requests have come, with all of them. */
  until(count: number, patience?: number): Promise<readonly Received[]>;
  /** Waits a moment and gives what has come. */
  quiet(milliseconds?: number): Promise<readonly Received[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openReceiver(first: number | Respond = 204): Promise<Receiver> {
  const received: Received[] = [];
  let respond: number | Respond = first;
  let under = 0;
  let most = 0;
  const server = createServer((incoming, outgoing) => {
    under += 1;
    most = Math.max(most, under);
    outgoing.once('close', () => {
      under -= 1;
    });
    let body = '';
    incoming.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request: Received = { method, path, headers, body, json: jsonOf(body), at: Date.now() };
      received.push(request);
      const said = typeof respond === 'number' ? respond : respond(request, outgoing, received.length);
      if (typeof said === 'number') outgoing.writeHead(said).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get mostAtOnce() {
      return most;
    },
    answer(next) {
      respond = next;
    },
    async until(count, patience = 10_000) {
      const end = performance.now() + patience;
      while (received.length < count) {
        if (performance.now() > end) throw new Error(`Of ${count} requests ${received.length} came.`);
        await sleep(10);
      }
      return received;
    },
    async quiet(milliseconds = 300) {
      await sleep(milliseconds);
      return received;
    },
    [Symbol.asyncDispose]() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
