import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createServerAdapter } from '@whatwg-node/server';
import { failure, graphqlFailure, HttpRefusal, plainFailure } from '#http/answer.ts';
import type { Call } from '#http/call.ts';
import { type Caller, createCallerReader, headOfMessage, headOfRequest, type RequestHead } from '#http/caller.ts';
import { createGraphqlDoor, type StreamHandler } from '#http/graphql.ts';
import type { Operations } from '#http/operations.ts';
import { createOriginRules } from '#http/origin.ts';
import { createRooms, type RoomParts } from '#http/rooms.ts';
import { createHttpServer } from '#http/server.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** Takes a connection over, after its origin was looked at and before any credential. */
type UpgradeHandler = (message: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller) => void;

export interface DoorParts extends Omit<RoomParts, 'graphql' | 'isDraining'> {
  readonly operations: Operations;
  /** For connections to `/graphql` that become sockets; without it they are refused. */
  readonly upgrade?: UpgradeHandler;
  /** For operations at `/graphql` whose client prefers `text/event-stream`; without it they are refused. */
  readonly stream?: StreamHandler;
}

/** Everything that this gateway answers over HTTP. */
export interface Door {
  /** Answers one request, with or without a server. Never throws. */
  fetch(request: Request, info?: { readonly peerAddress?: string | null }): Promise<Response>;
  /**
   * @returns the address it listens on, such as `http://127.0.0.1:4000`.
   * @throws Error with the remedy when it cannot.
   */
  listen(): Promise<string>;
  /** Is not ready any more, takes no more connections, and waits for requests under way, at most so many milliseconds. */
  drain(patience?: number): Promise<void>;
  /** Cuts what is left. */
  close(): Promise<void>;
}

/** What a call has of the connection that it came over. */
type Line = Pick<Call, 'signal' | 'hangUp'>;

/** @throws Error when two routes answer the same requests. */
export function createDoor(parts: DoorParts): Door {
  const { source, authenticator, config } = parts;
  let draining = false;
  const readCaller = createCallerReader(config.http);
  const origins = createOriginRules(config.http);
  const graphql = createGraphqlDoor({ ...parts, ...config, log: source.log });
  const find = createRooms({ ...parts, graphql, isDraining: () => draining });
  const requests = parts.metrics.counter({
    name: 'http_requests_total',
    help: 'Requests answered over HTTP.',
    labels: ['method', 'route', 'status'],
  });

  async function answer(request: Request, head: RequestHead, line: Line): Promise<Response> {
    const begun = performance.now();
    const caller = readCaller(head);
    const headers = new Headers();
    const path = pathOf(request);
    let route = 'unknown';

    async function enter(): Promise<Response> {
      const preflight = origins.preflight(caller);
      if (preflight) return preflight;
      if (path === null) throw new HttpRefusal(400, 'The address of the request is malformed.');
      const { handler, named, path: declared, isProtocol } = find(request, path);
      route = declared;
      const refuseForeign = () => {
        if (!isSafe(request.method)) origins.refuseForeign(caller);
      };
      if (!isProtocol) refuseForeign();
      const call = async (known?: Viewer): Promise<Call> => {
        if (isProtocol && !known) refuseForeign();
        const viewer = known ?? (await authenticator.authenticate(caller.credentials({ responseHeaders: headers })));
        return { caller, headers, ...line, viewer };
      };
      return handler(request, caller, call, named);
    }

    const response = await enter().catch((error: unknown) => {
      const facts = { requestId: caller.facts.id, log: source.log.child({ requestId: caller.facts.id, path }) };
      return failure(error, route === '/graphql' ? graphqlFailure : plainFailure, facts, authenticator.challenges);
    });
    const { status } = response;
    requests.add({ method: countedMethod(request.method), route, status: String(status) });
    const milliseconds = Math.round(performance.now() - begun);
    source.log.debug({ requestId: caller.facts.id, method: request.method, path, status, milliseconds }, 'Answered.');
    return dress(response, [...headers, ...origins.headers(caller), ['x-request-id', caller.facts.id]]);
  }

  const adapter = createServerAdapter<{ req: IncomingMessage; line: Line }>((request, { req, line }) =>
    answer(request, headOfMessage(req), line),
  );
  const server = createHttpServer({
    ...config.http,
    log: source.log,
    handle(message, response) {
      const abort = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) abort.abort();
      });
      void adapter(message, response, { line: { signal: abort.signal, hangUp: () => message.socket.destroy() } });
    },
    upgrade(message, socket, head) {
      const caller = readCaller(headOfMessage(message));
      if (!parts.upgrade || message.url?.replace(/\?.*$/, '') !== '/graphql')
        throw new HttpRefusal(404, 'No sockets are opened here, but at /graphql.');
      origins.refuseForeign(caller);
      parts.upgrade(message, socket, head, caller);
    },
  });

  return {
    fetch: (request, info) =>
      answer(request, headOfRequest(request, info?.peerAddress ?? null), { signal: request.signal }),
    listen: () => server.listen(),
    async drain(patience = 30_000) {
      draining = true;
      await server.drain(patience);
    },
    close: () => server.close(),
  };
}

function pathOf(request: Request): string | null {
  if (!URL.canParse(request.url)) return null;
  const { pathname } = new URL(request.url);
  return pathname === '/graphql/' ? '/graphql' : pathname;
}

const isSafe = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method);

const countedMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** A label that clients cannot make up. */
const countedMethod = (method: string) => (countedMethods.has(method) ? method : 'other');

/** The answer with the headers that every answer has. */
function dress(response: Response, headers: readonly (readonly [string, string])[]): Response {
  let dressed = response;
  try {
    dressed.headers.set('x-content-type-options', 'nosniff');
  } catch {
    // Redirects, and answers that were fetched elsewhere, have headers that cannot be changed.
    dressed = new Response(response.body, response);
    dressed.headers.set('x-content-type-options', 'nosniff');
  }
  for (const [name, value] of headers) {
    if (name === 'set-cookie' || name === 'vary') dressed.headers.append(name, value);
    else dressed.headers.set(name, value);
  }
  return dressed;
}
