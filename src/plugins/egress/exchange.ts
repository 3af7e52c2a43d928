import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type EgressAnswer, EgressError, type EgressRequest } from '#kernel/egress.ts';
import type { Target } from '#plugins/egress/target.ts';

/** One connection an exchange: a kept one could outlive the judgement of its address. Own agents ignore proxies of the environment. */
const plain = new HttpAgent({ keepAlive: false });
const secure = new HttpsAgent({ keepAlive: false });

/** Sends one request to the addresses that were judged. @throws EgressError when there is no answer. */
export function exchange(target: Target, request: EgressRequest, signal: AbortSignal): Promise<EgressAnswer> {
  const isSecure = target.url.protocol === 'https:';
  const open = isSecure ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = open(target.url, {
      agent: isSecure ? secure : plain,
      method: request.method,
      headers: { ...request.headers, ...bodyHeaders(request) },
      lookup: lookupOf(target),
      signal,
    });
    let isConnected = false;
    let isReady = !isSecure;
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => {
        isConnected = true;
      });
      socket.once('secureConnect', () => {
        isReady = true;
      });
    });
    const fail = (error: Error) => reject(failureOf(error, signal, isConnected && !isReady));
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      read(incoming, request.maxAnswerBytes).then((body) => {
        resolve({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body });
        outgoing.destroy();
      }, fail);
    });
    outgoing.end(request.body);
  });
}

const bodyHeaders = ({ body }: EgressRequest): Record<string, number> =>
  body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };

/** Answers with the addresses that were judged, whatever the name leads to by now. */
const lookupOf =
  ({ addresses }: Target): LookupFunction =>
  (_host, options, done) => {
    if (options.all) done(null, [...addresses]);
    else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };

async function read(incoming: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

const headersOf = (incoming: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(incoming.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
  );

function failureOf(error: Error, signal: AbortSignal, isHandshake: boolean): EgressError {
  if (signal.aborted) return new EgressError('TIMEOUT', 'The other server did not answer in time.', { cause: error });
  if (isHandshake) return new EgressError('TLS', `No secure connection: ${error.message}`, { cause: error });
  return new EgressError('CONNECT', `No answer: ${error.message || 'the connection failed'}`, { cause: error });
}
