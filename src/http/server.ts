import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { HttpRefusal, plainFailure } from '#http/answer.ts';
import { UnavailableError } from '#kernel/errors.ts';
import type { Logger } from '#kernel/log.ts';

export interface ServerParts {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  handle(message: IncomingMessage, response: ServerResponse): void;
  /** @throws HttpRefusal or GatehouseError to answer with a status and hang up. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface HttpServer {
  /**
   * @returns where it can be reached.
   * @throws Error with the remedy when the address cannot be listened on.
   */
  listen(): Promise<string>;
  /** Takes no more connections and waits until the requests under way are answered, at most so many milliseconds. */
  drain(patience: number): Promise<void>;
  /** Cuts whatever is left. */
  close(): Promise<void>;
}

/** How long a client may take: a slow one holds a connection, never the gateway. */
const limits = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  /** Longer than the 60 s after which common proxies give an idle connection up, so that they are never the second. */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
};

export function createHttpServer({ host, port, log, handle, upgrade }: ServerParts): HttpServer {
  const server = createServer({ ...limits, noDelay: true });
  let draining = false;
  const underWay = new Set<ServerResponse>();
  let allDone: (() => void) | null = null;

  server.on('request', (message, response) => {
    underWay.add(response);
    if (draining) response.setHeader('connection', 'close');
    response.once('close', () => {
      underWay.delete(response);
      if (underWay.size === 0) allDone?.();
      // An answer that had begun before the draining could not say that its connection ends.
      if (draining) setImmediate(() => server.closeIdleConnections());
      // What the handler did not read would stand between this connection and its next request.
      if (!message.complete) message.resume();
    });
    handle(message, response);
  });

  server.on('upgrade', (message, socket, head) => {
    socket.on('error', (error) => log.debug({ err: error }, 'A connection broke off.'));
    try {
      if (draining) throw new UnavailableError('The gateway is shutting down.');
      upgrade(message, socket, head);
    } catch (error) {
      refuseRaw(socket, error, log);
    }
  });

  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy();
    const { status, message } = clientErrors[error.code ?? ''] ?? { status: 400, message: 'This is no HTTP request.' };
    return refuseRaw(socket, new HttpRefusal(status, message), log);
  });

  return {
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: Error & { code?: string }) => reject(explain(error, host, port)));
        server.listen(port, host, resolve);
      });
      server.on('error', (error) => log.error({ err: error }, 'The HTTP server failed.'));
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },

    async drain(patience) {
      draining = true;
      server.close();
      server.closeIdleConnections();
      for (const response of underWay) if (!response.headersSent) response.setHeader('connection', 'close');
      if (underWay.size === 0) return;
      await new Promise<void>((resolve) => {
        allDone = resolve;
        setTimeout(resolve, patience).unref();
      });
    },

    async close() {
      draining = true;
      server.close();
      server.closeAllConnections();
    },
  };
}

const clientErrors: Readonly<Record<string, { status: number; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request took too long to come.' },
};

/** An answer on a connection that has no response yet, and the end of it. */
function refuseRaw(socket: Duplex, error: unknown, log: Logger): void {
  const status = error instanceof HttpRefusal || error instanceof Error ? (statusOf(error) ?? 500) : 500;
  if (status === 500) log.error({ err: error }, 'A connection could not be handed over.');
  const message = status === 500 || !(error instanceof Error) ? 'Something went wrong.' : error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'BAD_USER_INPUT';
  const body = JSON.stringify(plainFailure({ message, extensions: { code } }));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const statusOf = (error: Error): number | null =>
  'status' in error && typeof error.status === 'number' ? error.status : null;

function explain(error: Error & { code?: string }, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new Error(`Port ${port} on ${host} is taken: choose another by http.port or PORT.`, { cause: error });
  if (error.code === 'EACCES')
    return new Error(`Port ${port} may not be listened on by this user: choose one above 1023 by http.port or PORT.`, {
      cause: error,
    });
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new Error(`${host} is no address of this machine: set http.host.`, { cause: error });
  return error;
}
