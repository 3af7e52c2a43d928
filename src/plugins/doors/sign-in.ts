import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import type { Route } from '#kernel/plugin.ts';
import { readTexts, secretJson } from '#plugins/doors/form.ts';
import { basicPair } from '#resolvers/platform/authentication/request.ts';
import { logout } from '#resolvers/platform/sessions/end.ts';
import { type LoginAnswer, login } from '#resolvers/platform/sign-in/login.ts';

/** Signing in and out for clients that speak no GraphQL. They call what the graph calls. */
export const signInDoors: readonly Route[] = [
  {
    method: 'POST',
    path: '/login',
    description: 'Begins a session for `username` and `password`, as JSON, as a form, or as HTTP Basic.',
    anonymous: true,
    async handle(request, ctx) {
      const { token, session } = await signIn(request, ctx);
      return secretJson({ token, expiresAt: session.expiresAt });
    },
  },
  {
    method: 'POST',
    path: '/management/auth',
    description: 'The same; the answer holds the token alone.',
    anonymous: true,
    handle: async (request, ctx) => secretJson({ token: (await signIn(request, ctx)).token }),
  },
  {
    method: 'GET',
    path: '/management/health',
    description: 'Says that the gateway is there.',
    anonymous: true,
    handle: async () => new Response('{"alive": true}', { headers: { 'content-type': 'application/json' } }),
  },
  ...(['GET', 'POST'] as const).map(
    (method): Route => ({
      method,
      path: '/logout',
      permission: null,
      description: 'Ends the session that the request is part of, and makes browsers forget its cookie.',
      async handle(_request, ctx) {
        await logout(ctx);
        return new Response(null, { headers: { 'content-length': '0' } });
      },
    }),
  ),
];

async function signIn(request: Request, ctx: Context): Promise<LoginAnswer> {
  const basic = basicPair(request.headers.get('authorization') ?? '');
  const texts = basic ? null : await readTexts(request);
  const name = basic?.name ?? texts?.get('username') ?? '';
  const password = basic?.password ?? texts?.get('password') ?? '';
  if (name === '' || password === '')
    throw InputError.at([name === '' ? 'username' : 'password'], 'Both username and password are required');
  return login(ctx, { name, password });
}
