import { Cookie } from 'lucia';

/** The value of a cookie in a request. Cookies of others may be malformed; they are passed over. */
export function readCookie(headers: readonly string[], name: string): string | null {
  for (const pair of headers.join(';').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}

const attributes = (secure: boolean) => ({ httpOnly: true, sameSite: 'lax', path: '/', secure }) as const;

/** A `Set-Cookie` for a session: out of reach for scripts and for requests from other sites. */
export const sessionCookie = (name: string, token: string, expiresAt: string, secure: boolean): string =>
  new Cookie(name, token, { ...attributes(secure), expires: new Date(expiresAt) }).serialize();

/** A `Set-Cookie` that makes the client forget it. */
export const blankCookie = (name: string, secure: boolean): string =>
  new Cookie(name, '', { ...attributes(secure), maxAge: 0 }).serialize();
