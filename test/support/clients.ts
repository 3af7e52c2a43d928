/** Clients as users have them: the plain graphql-ws package, raw sockets for what it never sends, and SSE over fetch. */
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface Item {
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
  readonly extensions?: { readonly cursor?: string; readonly coalesced?: number };
}

/** What a subscription received, and how it ended. */
export interface Received {
  readonly items: Item[];
  /** Resolves when the stream ended: `complete`, or the errors or close event that ended it. */
  readonly ended: Promise<unknown>;
  /** Waits until so many items are there. */
  reach(count: number, patience?: number): Promise<readonly Item[]>;
  stop(): void;
}

class Collector implements Received {
  readonly items: Item[] = [];
  readonly ended: Promise<unknown>;
  end: (how: unknown) => void = () => undefined;
  stop: () => void = () => undefined;
  #waiting: (() => void)[] = [];

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  push(item: Item): void {
    this.items.push(item);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async reach(count: number, patience = 10_000): Promise<readonly Item[]> {
    const until = Date.now() + patience;
    while (this.items.length < count) {
      const left = until - Date.now();
      if (left <= 0)
        throw new Error(
          `Waited for ${count} items, ${this.items.length} came: ${JSON.stringify(this.items).slice(0, 500)}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.items;
  }
}

export function socketClient(url: string, token?: string): Client {
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(token !== undefined && { connectionParams: { token } }),
  });
}

export function subscribeOver(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
  extensions?: Record<string, unknown>,
): Received {
  const received = new Collector();
  received.stop = client.subscribe(
    { query, variables, ...(extensions && { extensions }) },
    {
      next: (item) => received.push(item as Item),
      error: (error) => received.end(error),
      complete: () => received.end('complete'),
    },
  );
  return received;
}

export interface SseReceived extends Received {
  readonly response: Response;
  /** The ids of events, checkpoints included. */
  readonly ids: string[];
  /** Everything, as it came. */
  readonly text: string[];
}

export async function subscribeBySse(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<SseReceived> {
  const abort = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: abort.signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const received = new Collector();
  received.stop = () => abort.abort();
  const ids: string[] = [];
  const text: string[] = [];
  void readEvents(response, received, ids, text);
  return Object.assign(received, { response, ids, text });
}

async function readEvents(response: Response, received: Collector, ids: string[], text: string[]): Promise<void> {
  let how: unknown = 'cut';
  try {
    let buffer = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const part = decoder.decode(chunk, { stream: true });
      text.push(part);
      buffer += part;
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) {
        const lines = new Map(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
        );
        const id = lines.get('id');
        if (id) ids.push(id);
        if (lines.get('event') === 'next') received.push(JSON.parse(lines.get('data') ?? ''));
        if (lines.get('event') === 'complete') how = 'complete';
      }
    }
  } catch (error) {
    if (how === 'cut') how = error;
  }
  received.end(how);
}

/** A socket without a client library. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, protocol = 'graphql-transport-ws') {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocol);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  async open(token?: string): Promise<void> {
    await this.opened();
    this.send({ type: 'connection_init', ...(token !== undefined && { payload: { token } }) });
    await this.until((message) => message.type === 'connection_ack');
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState === WebSocket.OPEN) resolve();
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async until(found: (message: Record<string, unknown>) => boolean, patience = 5000): Promise<Record<string, unknown>> {
    const end = Date.now() + patience;
    for (;;) {
      const message = this.messages.find(found);
      if (message) return message;
      if (Date.now() > end) throw new Error(`No such message among ${JSON.stringify(this.messages)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
