import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createServerAdapter } from '@whatwg-node/server';
import proxyaddr from 'proxy-addr';
import { failure, graphqlFailure, HttpRefusal, json, plainFailure } from '#http/answer.ts';
import { withLimitedBody } from '#http/body.ts';
import { type Caller, createCallerReader, type Wire, wireOfMessage, wireOfRequest } from '#http/caller.ts';
import type { GraphqlConfig, HttpConfig, MetricsConfig } from '#http/config.ts';
import { type Call, createGraphqlDoor, type StreamHandler } from '#http/graphql.ts';
import { createReadiness } from '#http/health.ts';
import type { MetricsRegistry } from '#http/metrics.ts';
import type { Operations } from '#http/operations.ts';
import { createOriginRules } from '#http/origin.ts';
import { createRouteTable } from '#http/routes.ts';
import { createHttpServer } from '#http/server.ts';
import { allow } from '#kernel/access.ts';
import { type Context, type ContextSource, createContext } from '#kernel/context.ts';
import type { ReadinessCheck, Route } from '#kernel/plugin.ts';
import { type Authenticator, systemViewer } from '#kernel/viewer.ts';

/** Takes a connection over, after its origin was looked at and before any credential. */
export type UpgradeHandler = (message: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller) => void;

export interface DoorParts {
  readonly operations: Operations;
  readonly source: ContextSource;
  readonly authenticator: Authenticator;
  readonly config: { readonly http: HttpConfig; readonly graphql: GraphqlConfig; readonly metrics: MetricsConfig };
  readonly metrics: MetricsRegistry;
  readonly checks: readonly ReadinessCheck[];
  readonly routes: readonly Route[];
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

type Handler = (request: Request, caller: Caller, call: () => Promise<Call>) => Promise<Response> | Response;

/** @throws Error when two routes answer the same requests. */
export function createDoor(parts: DoorParts): Door {
  const { source, authenticator, config, metrics } = parts;
  const { log } = source;
  const readCaller = createCallerReader(config.http);
  const origins = createOriginRules(config.http);
  const graphql = createGraphqlDoor({
    operations: parts.operations,
    source,
    http: config.http,
    graphql: config.graphql,
    log,
    ...(parts.stream && { stream: parts.stream }),
  });
  const requests = metrics.counter({
    name: 'http_requests_total',
    help: 'Requests answered over HTTP.',
    labels: ['method', 'route', 'status'],
  });
  let draining = false;
  const ready = createReadiness({
    checks: parts.checks,
    context: () => createContext(source, { viewer: systemViewer }),
    log,
    isDraining: () => draining,
  });
  const contextOf = (call: Call): Context =>
    createContext(source, {
      viewer: call.viewer,
      request: call.caller.facts,
      response: { headers: call.headers },
      signal: call.signal,
    });

  const answerGraphql: Handler = async (request, _caller, call) =>
    graphql.showsPage(request) ? graphql.page(request) : graphql.answer(request, await call());
  const answerAlive: Handler = () => json(200, { alive: true });
  const answerReady: Handler = async () => {
    const readiness = await ready();
    return json(readiness.ready ? 200 : 503, readiness);
  };
  const mayReadMetrics = createMetricsRule(config);
  const answerMetrics: Handler = async (_request, caller, call) => {
    if (!mayReadMetrics(caller)) allow(contextOf(await call()), 'system:read');
    return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } });
  };
  const answerRoute =
    (route: Route): Handler =>
    async (request, _caller, call) => {
      const whose = await call();
      return route.handle(withLimitedBody(request, config.http.maxBodyBytes, whose.signal), contextOf(whose));
    };

  const showPage: Handler = () => new Response(null, { status: 302, headers: { location: '/graphql' } });
  const table = createRouteTable<Handler>([
    { method: 'GET', path: '/health', handler: answerAlive },
    { method: 'GET', path: '/health/live', handler: answerAlive },
    { method: 'GET', path: '/ready', handler: answerReady },
    { method: 'GET', path: '/health/ready', handler: answerReady },
    { method: 'GET', path: '/metrics', handler: answerMetrics },
    ...parts.routes.map((route) => ({ method: route.method, path: route.path, handler: answerRoute(route) })),
  ]);

  /** Where a request goes. What GraphQL over HTTP says of methods, its own door knows. */
  function find(request: Request, path: string): Handler {
    if (path === '/graphql') return answerGraphql;
    return path === '/' && graphql.showsPage(request) ? showPage : table.match(request.method, path);
  }

  async function answer(request: Request, wire: Wire, signal: AbortSignal, hangUp?: () => void): Promise<Response> {
    const begun = performance.now();
    const caller = readCaller(wire);
    const headers = new Headers();
    const path = pathOf(request);
    let counted = 'unknown';
    let response: Response;
    try {
      const known = origins.preflight(caller);
      if (known) response = known;
      else {
        if (path === null) throw new HttpRefusal(400, 'The address of the request is malformed.');
        const handler = find(request, path);
        counted = path;
        if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method)) origins.refuseForeign(caller);
        response = await handler(request, caller, async () => ({
          caller,
          headers,
          signal,
          ...(hangUp && { hangUp }),
          viewer: await authenticator.authenticate(caller.credentials({ responseHeaders: headers })),
        }));
      }
    } catch (error) {
      const body = counted === '/graphql' ? graphqlFailure : plainFailure;
      const facts = { requestId: caller.facts.id, log: log.child({ requestId: caller.facts.id, path }) };
      response = failure(error, body, facts, authenticator.challenges);
    }
    requests.add({ method: countedMethod(request.method), route: counted, status: String(response.status) });
    const milliseconds = Math.round(performance.now() - begun);
    log.debug({ requestId: caller.facts.id, method: request.method, path, status: response.status, milliseconds });
    return dress(response, [...headers, ...origins.headers(caller), ['x-request-id', caller.facts.id]]);
  }

  const adapter = createServerAdapter<{ req: IncomingMessage; signal: AbortSignal }>((request, { req, signal }) =>
    answer(request, wireOfMessage(req), signal, () => req.socket.destroy()),
  );
  const server = createHttpServer({
    ...config.http,
    log,
    handle(message, response) {
      const abort = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) abort.abort();
      });
      void adapter(message, response, { signal: abort.signal });
    },
    upgrade(message, socket, head) {
      const caller = readCaller(wireOfMessage(message));
      if (!parts.upgrade || message.url?.replace(/\?.*$/, '') !== '/graphql')
        throw new HttpRefusal(404, 'No sockets are opened here, but at /graphql.');
      origins.refuseForeign(caller);
      parts.upgrade(message, socket, head, caller);
    },
  });

  return {
    fetch: (request, info) => answer(request, wireOfRequest(request, info?.peerAddress ?? null), request.signal),
    listen: () => server.listen(),
    async drain(patience = 30_000) {
      draining = true;
      await server.drain(patience);
    },
    close: () => server.close(),
  };
}

/** Who reads the metrics by where they come from: not whom a proxy speaks for that nobody declared. */
function createMetricsRule(config: DoorParts['config']): (caller: Caller) => boolean {
  const listed = proxyaddr.compile([...config.metrics.addresses]);
  return ({ facts, peerAddress, header }) => {
    if (facts.address === null) return false;
    const unexplained = facts.address === peerAddress && header('x-forwarded-for').length > 0;
    return !unexplained && listed(facts.address, 0);
  };
}

function pathOf(request: Request): string | null {
  if (!URL.canParse(request.url)) return null;
  const { pathname } = new URL(request.url);
  return pathname === '/graphql/' ? '/graphql' : pathname;
}

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
