import { AuthenticationError } from '#kernel/errors.ts';
import type { CredentialRequest } from '#kernel/viewer.ts';

/**
 * The request as readers see it. The first message of a socket may carry a credential, as `authorization` or `token`:
 * then it is the only one, and whatever the upgrade request brought along does not count.
 * @throws AuthenticationError for several credentials in one place, or one that is no text.
 */
export function credentialRequest(request: CredentialRequest): CredentialRequest {
  const given = payloadCredential(request.payload);
  const headers = given === null ? request.header('authorization') : [given];
  if (headers.length > 1) throw new AuthenticationError('The request has two Authorization headers. Send one.');
  if (given === null) return request;
  return {
    ...request,
    header: (name) => (name === 'authorization' ? headers : name === 'cookie' ? [] : request.header(name)),
  };
}

function payloadCredential(payload: CredentialRequest['payload']): string | null {
  const authorization = payload?.authorization ?? payload?.Authorization ?? null;
  const token = payload?.token ?? null;
  if (authorization === null && token === null) return null;
  if (authorization !== null && token !== null)
    throw new AuthenticationError('connection_init carries authorization and token. Send one of them.');
  const text = authorization ?? token;
  if (typeof text !== 'string') throw new AuthenticationError('The credential in connection_init must be a text.');
  return authorization === null ? `Bearer ${text}` : text;
}

/** What follows the scheme of an Authorization header, or null where the header has another scheme. */
export function schemeValue(request: CredentialRequest, scheme: string): string | null {
  const [header = ''] = request.header('authorization');
  const [word = '', value = '', ...rest] = header.trim().split(/ +/);
  return rest.length === 0 && value !== '' && word.toLowerCase() === scheme ? value : null;
}

/** The token of a Bearer header that begins so, or null where there is none. */
export function bearerToken(request: CredentialRequest, prefix: string): string | null {
  const token = schemeValue(request, 'bearer');
  return token?.startsWith(prefix) ? token : null;
}
