import proxyaddr from 'proxy-addr';
import { json } from '#http/answer.ts';
import { withLimitedBody } from '#http/body.ts';
import { type Call, factsOf } from '#http/call.ts';
import type { Caller } from '#http/caller.ts';
import type { GraphqlConfig, HttpConfig, MetricsConfig } from '#http/config.ts';
import type { GraphqlDoor } from '#http/graphql.ts';
import { createReadiness } from '#http/health.ts';
import type { MetricsRegistry } from '#http/metrics.ts';
import { createRouteTable } from '#http/routes.ts';
import { allow } from '#kernel/access.ts';
import { type Context, type ContextSource, createContext } from '#kernel/context.ts';
import type { ReadinessCheck, Route } from '#kernel/plugin.ts';
import { systemViewer } from '#kernel/viewer.ts';

/**
 * Answers a request.
 * @param call looks at the credential, and throws when it is not good: not every room asks who is there.
 */
export type Handler = (request: Request, caller: Caller, call: () => Promise<Call>) => Promise<Response> | Response;

export interface RoomParts {
  readonly graphql: GraphqlDoor;
  readonly source: ContextSource;
  readonly config: { readonly http: HttpConfig; readonly graphql: GraphqlConfig; readonly metrics: MetricsConfig };
  readonly metrics: MetricsRegistry;
  readonly checks: readonly ReadinessCheck[];
  readonly routes: readonly Route[];
  readonly isDraining: () => boolean;
}

/**
 * What lies behind the door: GraphQL, health, metrics, and the routes of plugins.
 * @returns how to find what answers a request; it throws HttpRefusal where nothing does.
 * @throws Error when two routes answer the same requests.
 */
export function createRooms(parts: RoomParts): (request: Request, path: string) => Handler {
  const { graphql, source, config, metrics } = parts;
  const ready = createReadiness({
    checks: parts.checks,
    context: () => createContext(source, { viewer: systemViewer }),
    log: source.log,
    isDraining: parts.isDraining,
  });
  const mayReadMetrics = createMetricsRule(config);
  const contextOf = (call: Call): Context => createContext(source, factsOf(call));

  const answerGraphql: Handler = async (request, _caller, call) =>
    graphql.showsPage(request) ? graphql.page(request) : graphql.answer(request, await call());
  const showPage: Handler = () => new Response(null, { status: 302, headers: { location: '/graphql' } });
  const answerAlive: Handler = () => json(200, { alive: true });
  const answerReady: Handler = async () => {
    const readiness = await ready();
    return json(readiness.ready ? 200 : 503, readiness);
  };
  const answerMetrics: Handler = async (_request, caller, call) => {
    if (!mayReadMetrics(caller)) allow(contextOf(await call()), 'system:read');
    return new Response(await metrics.text(), { headers: { 'content-type': metrics.contentType } });
  };
  const answerRoute =
    (route: Route): Handler =>
    async (request, _caller, call) => {
      const known = await call();
      return route.handle(withLimitedBody(request, config.http.maxBodyBytes, known.signal), contextOf(known));
    };

  const table = createRouteTable<Handler>([
    { method: 'GET', path: '/health', handler: answerAlive },
    { method: 'GET', path: '/health/live', handler: answerAlive },
    { method: 'GET', path: '/ready', handler: answerReady },
    { method: 'GET', path: '/health/ready', handler: answerReady },
    { method: 'GET', path: '/metrics', handler: answerMetrics },
    ...parts.routes.map((route) => ({ method: route.method, path: route.path, handler: answerRoute(route) })),
  ]);

  return (request, path) => {
    // Its own door knows what GraphQL over HTTP says of methods.
    if (path === '/graphql') return answerGraphql;
    return path === '/' && graphql.showsPage(request) ? showPage : table.match(request.method, path);
  };
}

/** Who reads the metrics by where they come from: not whom a proxy speaks for that nobody declared. */
function createMetricsRule({ metrics }: RoomParts['config']): (caller: Caller) => boolean {
  const listed = metrics.addresses.length > 0 ? proxyaddr.compile([...metrics.addresses]) : () => false;
  return ({ facts, peerAddress, header }) => {
    if (facts.address === null) return false;
    const unexplained = facts.address === peerAddress && header('x-forwarded-for').length > 0;
    return !unexplained && listed(facts.address, 0);
  };
}
