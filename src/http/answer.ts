import { STATUS_CODES } from 'node:http';
import { type FailureFacts, maskThrown, RefusedOperation } from '#http/mask.ts';
import { GatehouseError, GenericError, ThrottledError } from '#kernel/errors.ts';

/** An answer that is one JSON value. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const text = JSON.stringify(body);
  return new Response(text, {
    status,
    statusText: STATUS_CODES[status] ?? '',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
      ...headers,
    },
  });
}

/** A request that HTTP itself knows an answer to, before anything is executed. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpRefusal';
    this.status = status;
    this.headers = headers;
  }
}

/** How a door words its failures. */
export type FailureBody = (failure: { message: string; extensions: Record<string, unknown> }) => unknown;

/** As GraphQL clients expect it. */
export const graphqlFailure: FailureBody = ({ message, extensions }) => ({ errors: [{ message, extensions }] });

export const plainFailure: FailureBody = ({ message, extensions }) => ({ error: { message, ...extensions } });

/**
 * The answer to whatever was thrown at a door: foreseen failures with their own status, all else masked and logged.
 * @param challenges for `WWW-Authenticate`, where a credential was refused.
 */
export function failure(
  error: unknown,
  body: FailureBody,
  facts: FailureFacts,
  challenges: readonly string[] = [],
): Response {
  if (error instanceof HttpRefusal) {
    const code = error.status === 404 ? 'NOT_FOUND' : 'BAD_USER_INPUT';
    return json(error.status, body({ message: error.message, extensions: { code } }), error.headers);
  }
  if (error instanceof RefusedOperation) return json(400, { errors: error.errors });
  if (!(error instanceof GatehouseError)) {
    const { message, extensions } = maskThrown(error, facts)[0] ?? new GenericError(facts.requestId);
    return json(500, body({ message, extensions }));
  }
  const response = json(error.status, body({ message: error.message, extensions: error.extensions }));
  if (error.status === 401) for (const one of challenges) response.headers.append('www-authenticate', one);
  if (error instanceof ThrottledError) response.headers.set('retry-after', String(Math.ceil(error.retryAfter)));
  return response;
}
