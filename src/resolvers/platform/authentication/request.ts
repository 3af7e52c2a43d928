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
export const schemeValue = (request: CredentialRequest, scheme: string): string | null =>
  valueAfter(request.header('authorization')[0] ?? '', scheme);

function valueAfter(header: string, scheme: string): string | null {
  const [word = '', value = '', ...rest] = header.trim().split(/ +/);
  return rest.length === 0 && value !== '' && word.toLowerCase() === scheme ? value : null;
}

/** The token of a Bearer header that begins so, or null where there is none. */
export function bearerToken(request: CredentialRequest, prefix: string): string | null {
  const token = schemeValue(request, 'bearer');
  return token?.startsWith(prefix) ? token : null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Name and password of an Authorization header of scheme Basic (RFC 7617), or null where it has another scheme.
 * @throws AuthenticationError for what is no pair in base64.
 */
export function basicPair(header: string): { name: string; password: string } | null {
  const value = valueAfter(header, 'basic');
  if (value === null) return null;
  const text = decoded(value);
  const colon = text?.indexOf(':') ?? -1;
  if (text === null || colon < 0)
    throw new AuthenticationError('The Basic credential is no name and password, joined by a colon, in base64.');
  return { name: text.slice(0, colon), password: text.slice(colon + 1).normalize('NFC') };
}

function decoded(base64: string): string | null {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
