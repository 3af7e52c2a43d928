import { randomInt } from 'node:crypto';
import type { GraphQLSchema } from 'graphql';
import { HttpRefusal } from '#http/answer.ts';
import { type Call, factsOf } from '#http/call.ts';
import type { StreamHandler } from '#http/graphql.ts';
import type { LiveConfig } from '#http/live/config.ts';
import type { Ending, LiveConnection, Wire } from '#http/live/connection.ts';
import type { Hub } from '#http/live/hub.ts';
import { prepareOperation } from '#http/live/operation.ts';
import { toGraphQLError } from '#http/mask.ts';
import type { Operation, Operations } from '#http/operations.ts';
import type { Context, ContextFacts } from '#kernel/context.ts';
import { AuthenticationError, StreamError } from '#kernel/errors.ts';

export interface SseParts {
  readonly hub: Hub;
  readonly operations: Operations;
  readonly schema: GraphQLSchema;
  readonly config: LiveConfig;
  context(facts: ContextFacts): Context;
}

/** Each request has one operation, so its name on the wire does not matter. */
const only = 'sse';

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/**
 * The door for server-sent events: the distinct connections mode of graphql-sse
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), with the cursor as the id of each event, so that
 * browsers resume by themselves. One result for a query or mutation, items for a subscription.
 */
export function createSse(parts: SseParts): StreamHandler {
  return async (request, wanted, call) => {
    const operation = parts.operations.prepare(wanted, call.viewer);
    if (request.method === 'GET' && operation.type === 'mutation')
      throw new HttpRefusal(405, 'A mutation needs a POST request.', { allow: 'POST' });
    const stream = new EventStream(parts, call.hangUp);
    if (operation.type === 'subscription')
      await stream.subscribe(operation, call, request.headers.get('last-event-id') || null);
    else stream.single(await parts.operations.execute(operation, parts.context(factsOf(call))));
    call.signal.addEventListener('abort', () => stream.gone(), { once: true });
    return new Response(stream.body, { headers });
  };
}

/** One answer: a wire of the hub that writes into the body of a response. */
class EventStream implements Wire {
  readonly transport = 'sse';
  readonly body: ReadableStream<Uint8Array>;
  readonly #parts: SseParts;
  readonly #hangUp: (() => void) | undefined;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #connection: LiveConnection | null = null;
  #ping: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: SseParts, hangUp?: () => void) {
    this.#parts = parts;
    this.#hangUp = hangUp;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#connection?.drained(),
        cancel: () => this.gone(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: parts.config.socket.bytes }),
    );
    // Spread, so that clients that lost the gateway together do not come back together.
    this.#write(`retry: ${randomInt(1000, 5001)}\n\n`);
  }

  get unsent(): number {
    return this.#parts.config.socket.bytes - (this.#controller?.desiredSize ?? 0);
  }

  async subscribe(operation: Operation, { viewer, caller }: Call, lastEventId: string | null): Promise<void> {
    const { hub, schema, config } = this.#parts;
    const live = prepareOperation(schema, operation.document, operation.definition, operation.variables);
    this.#connection = hub.connect(viewer, caller.facts.address, this);
    try {
      await hub.subscribe(this.#connection, { id: only, operation: live, resume: lastEventId });
    } catch (error) {
      this.gone();
      throw error;
    }
    if (!this.#closed) this.#ping = setInterval(() => this.#signOfLife(), config.keepAlive);
  }

  single(result: object): void {
    this.#write(`event: next\ndata: ${JSON.stringify(result)}\n\n`);
    this.complete();
  }

  next(_operation: string, payload: string, cursor: string): void {
    this.#write(`id: ${cursor}\nevent: next\ndata: ${payload}\n\n`);
  }

  complete(): void {
    this.#write('event: complete\ndata:\n\n');
    this.#end();
  }

  fail(_operation: string, error: StreamError | AuthenticationError, cursor: string): void {
    // A slow client must come back by itself with the cursor it has: nothing after that may tell it not to.
    if (error instanceof StreamError && error.code === 'SLOW_CONSUMER') return;
    const shown = toGraphQLError(error);
    const result = { errors: [{ ...shown.toJSON(), extensions: { ...error.extensions, cursor } }] };
    this.#write(`event: next\ndata: ${JSON.stringify(result)}\n\n`);
    this.complete();
  }

  close(ending: Ending): void {
    if (ending.why === 'ended') this.fail(only, new AuthenticationError(ending.reason), '');
    else if (ending.why === 'drain') this.#write(`retry: ${Math.max(ending.retry, 1)}\n\n`);
    this.#end();
    if (ending.why !== 'slow' || !this.#hangUp) return;
    const grace = setTimeout(this.#hangUp, this.#parts.config.socket.closeGrace);
    grace.unref();
  }

  /** The client left. */
  gone(): void {
    this.#end();
  }

  #signOfLife(): void {
    const cursor = this.#connection?.checkpoints()[only];
    if (this.#connection?.writable) this.#write(cursor ? `:\nid: ${cursor}\n\n` : ':\n\n');
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#ping) clearInterval(this.#ping);
    if (this.#connection) this.#parts.hub.disconnect(this.#connection);
    try {
      this.#controller?.close();
    } catch {
      // Cancelled by the client before: it is closed already.
    }
  }

  #write(text: string): void {
    if (this.#closed) return;
    try {
      this.#controller?.enqueue(this.#encoder.encode(text));
    } catch {
      // Cancelled by the client: `cancel` has ended the connection, or is about to.
    }
  }
}
