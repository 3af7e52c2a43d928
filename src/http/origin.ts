import type { Caller } from '#http/caller.ts';
import type { HttpConfig } from '#http/config.ts';
import { ForbiddenError } from '#kernel/errors.ts';

/** The rules for requests that a page in a browser makes. */
export interface OriginRules {
  /**
   * Lets nobody ride on a credential that a browser adds by itself: for requests that may change something and for
   * upgrades of sockets, from a page that is neither of this host nor of an allowed origin.
   * @throws ForbiddenError naming the key of the config.
   */
  refuseForeign(caller: Caller): void;
  /** The headers by which a browser lets pages of allowed origins read the answer. */
  headers(caller: Caller): readonly (readonly [string, string])[];
  /** The answer to a browser that asks beforehand, or null for any other request. */
  preflight(caller: Caller): Response | null;
}

export function createOriginRules(config: Pick<HttpConfig, 'allowedOrigins' | 'publicUrl'>): OriginRules {
  const allowed = new Set(config.allowedOrigins);
  const own = config.publicUrl === undefined ? null : new URL(config.publicUrl).origin;

  const isForeign = (origin: string, caller: Caller): boolean => {
    if (allowed.has(origin) || origin === own) return false;
    if (!URL.canParse(origin) || caller.host === null) return true;
    const { protocol, host } = new URL(origin);
    const here = `${protocol}//${caller.host}`;
    return !URL.canParse(here) || new URL(here).host !== host;
  };

  const allowedOrigin = (caller: Caller): string | null => {
    const origin = caller.header('origin')[0];
    return origin !== undefined && allowed.has(origin) ? origin : null;
  };

  return {
    refuseForeign(caller) {
      const origin = caller.header('origin')[0];
      if (origin === undefined || !isForeign(origin, caller) || hasOwnCredential(caller)) return;
      throw new ForbiddenError(
        `Pages of ${JSON.stringify(origin.slice(0, 200))} may not call this gateway; http.allowedOrigins lists who may.`,
      );
    },

    headers(caller) {
      if (allowed.size === 0) return [];
      const origin = allowedOrigin(caller);
      if (origin === null) return [['vary', 'Origin']];
      return [
        ['vary', 'Origin'],
        ['access-control-allow-origin', origin],
        ['access-control-allow-credentials', 'true'],
        ['access-control-expose-headers', 'x-request-id, x-session-expires-at, retry-after, www-authenticate'],
      ];
    },

    preflight(caller) {
      if (caller.method !== 'OPTIONS' || caller.header('access-control-request-method').length === 0) return null;
      const headers = new Headers({ vary: 'Access-Control-Request-Method, Access-Control-Request-Headers' });
      if (allowedOrigin(caller) !== null) {
        headers.set('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
        headers.set('access-control-allow-headers', caller.header('access-control-request-headers').join(', '));
        headers.set('access-control-max-age', '600');
      }
      return new Response(null, { status: 204, headers });
    },
  };
}

/** Whether the only credential is one that the page must have been given: browsers add cookies and Basic by themselves. */
function hasOwnCredential(caller: Caller): boolean {
  const [authorization] = caller.header('authorization');
  return authorization !== undefined && !/^basic\b/i.test(authorization) && caller.header('cookie').length === 0;
}
