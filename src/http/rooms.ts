import proxyaddr from 'proxy-addr';
import { json } from '#http/answer.ts';
import { createAssetServer } from '#http/assets.ts';
import { withLimitedBody } from '#http/body.ts';
import { type Call, factsOf } from '#http/call.ts';
import type { Caller } from '#http/caller.ts';
import type { GraphqlConfig, HttpConfig, MetricsConfig } from '#http/config.ts';
import type { GraphqlDoor } from '#http/graphql.ts';
import { createReadiness } from '#http/health.ts';
import type { MetricsRegistry } from '#http/metrics.ts';
import { createDoorFinder, toDoorCall } from '#http/protocol-doors.ts';
import { createRouteTable, type Match } from '#http/routes.ts';
import { allow } from '#kernel/access.ts';
import { type Context, type ContextSource, createContext } from '#kernel/context.ts';
import { type Mount, verbOfMethod } from '#kernel/endpoint.ts';
import type { Assets, Link, Mounted, ProtocolDoor, ReadinessCheck, Route } from '#kernel/plugin.ts';
import { type Authenticator, anonymousViewer, systemViewer, type Viewer } from '#kernel/viewer.ts';

/**
 * Answers a request.
 * @param call looks at the credential, and throws when it is not good: not every room asks who is there. A room that
 * knows already says whom it lets in.
 * @param named what stood for the names in the path.
 */
export type Handler = (
  request: Request,
  caller: Caller,
  call: (viewer?: Viewer) => Promise<Call>,
  named: Readonly<Record<string, string>>,
) => Promise<Response> | Response;

/** What answers a request. A door of a protocol looks at the origin of a page by itself, with the credential. */
export type Room = Match<Handler> & { readonly isProtocol?: true };

export interface RoomParts {
  readonly authenticator: Authenticator;
  readonly graphql: GraphqlDoor;
  readonly source: ContextSource;
  readonly config: { readonly http: HttpConfig; readonly graphql: GraphqlConfig; readonly metrics: MetricsConfig };
  readonly metrics: MetricsRegistry;
  readonly checks: readonly ReadinessCheck[];
  readonly mounts: readonly Mount[];
  readonly isDraining: () => boolean;
}

/**
 * What lies behind the door: GraphQL, health, metrics, and what plugins mount.
 * @returns how to find what answers a request; it throws HttpRefusal where nothing does.
 * @throws Error when two routes answer the same requests.
 */
export function createRooms(parts: RoomParts): (request: Request, path: string) => Room {
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
    (route: Route, name: string): Handler =>
    async (request, _caller, call, named) => {
      const known = await call(route.anonymous ? anonymousViewer() : undefined);
      const ctx = contextOf(known);
      if (!route.anonymous) letIn(ctx, route, name, request.method);
      if (named.tenant !== undefined && isTenantRoute(route)) allow(ctx, 'tenant:use', { tenant: named.tenant });
      return route.handle(withLimitedBody(request, config.http.maxBodyBytes, known.signal), ctx, named);
    };
  const answerDoor =
    (door: ProtocolDoor, path: string): Handler =>
    async (request, caller, call) =>
      door.handle(await toDoorCall(request, path, { ...parts, config: config.http, caller, call }));
  const answerLink =
    (link: Link, name: string): Handler =>
    async (request, _caller, call) => {
      if (link.permission !== null) letIn(contextOf(await call()), link, name, request.method);
      return new Response(null, { status: 302, headers: { location: link.enterUrl } });
    };
  const answerAsset = (assets: Assets, name: string): Handler => {
    const serve = createAssetServer(assets);
    return async (request, _caller, call) => {
      if (assets.permission !== null) letIn(contextOf(await call()), assets, name, request.method);
      return serve(request, new URL(request.url).pathname);
    };
  };
  const mounted = ({ kind, name, part }: Mount): { method: Route['method']; path: string; handler: Handler }[] => {
    if (kind === 'DOOR') return [];
    if (kind === 'ROUTE') return [{ method: part.method, path: part.path, handler: answerRoute(part, name) }];
    if (kind === 'LINK') return [{ method: 'GET', path: part.path, handler: answerLink(part, name) }];
    const handler = answerAsset(part, name);
    const below = part.path.endsWith('/') ? `${part.path}*` : `${part.path}/*`;
    return [...new Set([part.path, below])].map((path) => ({ method: 'GET', path, handler }));
  };

  const table = createRouteTable<Handler>([
    { method: 'GET', path: '/health', handler: answerAlive },
    { method: 'GET', path: '/health/live', handler: answerAlive },
    { method: 'GET', path: '/ready', handler: answerReady },
    { method: 'GET', path: '/health/ready', handler: answerReady },
    { method: 'GET', path: '/metrics', handler: answerMetrics },
    ...parts.mounts.flatMap(mounted),
  ]);

  const findDoor = createDoorFinder(parts.mounts.flatMap(({ kind, part }) => (kind === 'DOOR' ? [part] : [])));

  return (request, path) => {
    // Its own door knows what GraphQL over HTTP says of methods.
    if (path === '/graphql') return { handler: answerGraphql, named: {}, path };
    if (path === '/' && graphql.showsPage(request)) return { handler: showPage, named: {}, path };
    const door = table.has(path) ? null : findDoor(path);
    if (door) return { handler: answerDoor(door, path), named: {}, path: door.path, isProtocol: true };
    return table.match(request.method, path);
  };
}

/** The right of what is mounted, before it hears of the request. */
function letIn(ctx: Context, { permission }: Mounted, name: string, method: string): void {
  if (permission === undefined) allow(ctx, `api:${verbOfMethod[method] ?? 'use'}`, { api: name });
  else if (permission !== null) allow(ctx, permission);
}

const isTenantRoute = ({ path }: Route): boolean => path.split('/').includes(':tenant*');

/** Who reads the metrics by where they come from: not whom a proxy speaks for that nobody declared. */
function createMetricsRule({ metrics }: RoomParts['config']): (caller: Caller) => boolean {
  const listed = metrics.addresses.length > 0 ? proxyaddr.compile([...metrics.addresses]) : () => false;
  return ({ facts, peerAddress, header }) => {
    if (facts.address === null) return false;
    const unexplained = facts.address === peerAddress && header('x-forwarded-for').length > 0;
    return !unexplained && listed(facts.address, 0);
  };
}
