import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyaddr from 'proxy-addr';
import type { HttpConfig } from '#http/config.ts';
import type { RequestFacts } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import type { CredentialRequest } from '#kernel/viewer.ts';

/** A request as it came in, before anything in it is believed. */
export interface RequestHead {
  readonly method: string;
  /** Every value of a header, as sent; none when it is absent. The name is in lower case. */
  header(name: string): readonly string[];
  /** The other end of the socket; null where there is none. */
  readonly peerAddress: string | null;
}

/** Who stands at the door, after the trusted proxies. Addresses have no port and no IPv6 form of an IPv4 address. */
export interface Caller extends RequestHead {
  readonly facts: RequestFacts;
  /** Name and port of this gateway as the client wrote them. */
  readonly host: string | null;
  /** What the readers of credentials are shown. */
  credentials(parts?: Partial<Pick<CredentialRequest, 'payload' | 'responseHeaders'>>): CredentialRequest;
}

export type CallerReader = (head: RequestHead) => Caller;

/** @param config whose `trustedProxies` decide which forwarded headers are believed. */
export function createCallerReader(config: Pick<HttpConfig, 'trustedProxies'>): CallerReader {
  const trusts = config.trustedProxies.length > 0 ? proxyaddr.compile([...config.trustedProxies]) : () => false;

  return (head) => {
    const peer = plainAddress(head.peerAddress ?? '');
    const proxied = peer !== null && trusts(peer, 0);
    const forwarded = (name: string) => (proxied ? last(head.header(`x-forwarded-${name}`)) : null);
    const facts: RequestFacts = {
      id: first(head.header('x-request-id'), /^[\w.-]{8,64}$/) ?? newId(),
      address: clientAddress(head, peer, trusts),
      userAgent: head.header('user-agent')[0]?.slice(0, 512) ?? null,
      traceparent: first(head.header('traceparent'), traceparent),
      secure: forwarded('proto')?.toLowerCase() === 'https',
    };
    return {
      method: head.method,
      header: head.header,
      peerAddress: peer,
      facts,
      host: forwarded('host') ?? head.header('host')[0] ?? null,
      credentials: (parts) => ({
        method: head.method,
        header: head.header,
        peerAddress: peer,
        clientAddress: facts.address,
        secure: facts.secure,
        payload: parts?.payload ?? null,
        ...(parts?.responseHeaders && { responseHeaders: parts.responseHeaders }),
      }),
    };
  };
}

/** The form of W3C Trace Context: version, trace, span, flags. */
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const first = (values: readonly string[], form: RegExp): string | null => {
  const value = values[0];
  return value !== undefined && form.test(value) ? value : null;
};

/** The value that the nearest proxy wrote: what stands before it may come from the client. */
const last = (values: readonly string[]): string | null => values.join(',').split(',').at(-1)?.trim() || null;

/**
 * From the socket outwards, the first address that is no trusted proxy's. Whatever is no address ends the way: what lies
 * behind it is hearsay.
 */
function clientAddress(
  head: RequestHead,
  peer: string | null,
  trusts: (address: string, hops: number) => boolean,
): string | null {
  let address = peer;
  if (address === null || !trusts(address, 0)) return address;
  const claimed = head.header('x-forwarded-for').join(',').split(',').reverse();
  for (const [hops, text] of claimed.entries()) {
    const next = plainAddress(text.trim());
    if (next === null) return address;
    address = next;
    if (!trusts(address, hops + 1)) return address;
  }
  return address;
}

/** An address without port and without the IPv6 form of an IPv4 address; null for what is none. */
function plainAddress(text: string): string | null {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
  return isIP(mapped) ? mapped : null;
}

/** What came over a socket. Node keeps headers that were sent twice only in their distinct form. */
export function headOfMessage(message: IncomingMessage): RequestHead {
  return {
    method: message.method ?? 'GET',
    header: (name) => message.headersDistinct[name] ?? [],
    peerAddress: message.socket.remoteAddress ?? null,
  };
}

export function headOfRequest(request: Request, peerAddress: string | null): RequestHead {
  return {
    method: request.method,
    header: (name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [value];
    },
    peerAddress,
  };
}
