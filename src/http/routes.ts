import { HttpRefusal } from '#http/answer.ts';
import type { Route } from '#kernel/plugin.ts';

/** Finds what answers a request. */
export interface RouteTable<Handler> {
  /** @throws HttpRefusal 404 for an unknown path, 405 for a method that its path does not take. */
  match(method: string, path: string): Handler;
}

interface Entry<Handler> {
  readonly method: Route['method'];
  readonly path: string;
  readonly handler: Handler;
}

/** @throws Error when two entries have the same method and path. */
export function createRouteTable<Handler>(entries: readonly Entry<Handler>[]): RouteTable<Handler> {
  const paths = new Map<string, Map<string, Handler>>();
  for (const { method, path, handler } of entries) {
    const methods = paths.get(path) ?? new Map<string, Handler>();
    if (methods.has(method)) throw new Error(`Two routes answer ${method} ${path}: leave one of their plugins out.`);
    methods.set(method, handler);
    paths.set(path, methods);
  }

  return {
    match(method, path) {
      const methods = paths.get(path);
      if (!methods) throw new HttpRefusal(404, `Nothing is at ${path.slice(0, 200)}.`);
      const found = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
      if (found) return found;
      const allow = [...methods.keys(), ...(methods.has('GET') && !methods.has('HEAD') ? ['HEAD'] : [])].join(', ');
      throw new HttpRefusal(405, `${path} takes ${allow}.`, { allow });
    },
  };
}
