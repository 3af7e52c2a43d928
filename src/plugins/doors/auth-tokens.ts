import type { Context } from '#kernel/context.ts';
import { GatehouseError, ThrottledError } from '#kernel/errors.ts';
import type { Route } from '#kernel/plugin.ts';
import { authenticator } from '#kernel/viewer.ts';
import { readTexts, secretJson } from '#plugins/doors/form.ts';
import { createAuthToken, verifyAuthToken } from '#resolvers/platform/auth-tokens/auth-tokens.ts';

/** The two doors at which clients of NSoT exchange a secret key for a token and ask whether a token is good. */
export const authTokenDoors: readonly Route[] = ['', '/'].flatMap((end): Route[] => [
  {
    method: 'POST',
    path: `/api/authenticate${end}`,
    description: 'Makes an auth token for `email`, which may be a name too, and `secret_key`, as JSON.',
    anonymous: true,
    handle: authenticate,
  },
  {
    method: 'POST',
    path: `/api/verify_token${end}`,
    permission: null,
    description: 'Answers `true` to a request with a good credential, such as an auth token.',
    handle: async (_request, ctx) => secretJson(await verifyAuthToken(ctx, null)),
  },
]);

async function authenticate(request: Request, ctx: Context): Promise<Response> {
  const texts = await readTexts(request);
  try {
    const name = texts.get('email') ?? '';
    const { token } = await createAuthToken(ctx, { name, secretKey: texts.get('secret_key') ?? '' });
    return secretJson({ status: 'ok', data: { auth_token: token }, auth_token: token });
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return failed(ctx, error);
  }
}

function failed(ctx: Context, error: GatehouseError): Response {
  const { status, message } = error;
  const answer = secretJson({ status: 'error', error: { code: status, message } }, status);
  if (status === 401)
    for (const challenge of ctx.use(authenticator).challenges) answer.headers.append('www-authenticate', challenge);
  if (error instanceof ThrottledError) answer.headers.set('retry-after', String(Math.ceil(error.retryAfter)));
  return answer;
}
