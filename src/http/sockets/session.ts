import type { Duplex } from 'node:stream';
import type { Context as SocketContext } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Caller } from '#http/caller.ts';
import type { LiveConnection } from '#http/live/connection.ts';
import type { ParkedResults } from '#http/sockets/parked.ts';

/** One socket, from the upgrade to its end. */
export interface Session {
  readonly socket: WebSocket;
  /** Below the socket. */
  readonly stream: Duplex;
  readonly caller: Caller;
  /** What the package was given as the results of each subscription. */
  readonly results: Map<string, ParkedResults>;
  /** Null until `connection_init` was accepted. */
  connection: LiveConnection | null;
  protocol: SessionContext | null;
  pongDue: NodeJS.Timeout | null;
}

/** What the protocol package keeps of a socket. */
export type SessionContext = SocketContext<Record<string, unknown>, Session>;

export const openSession = (socket: WebSocket, stream: Duplex, caller: Caller): Session => ({
  socket,
  stream,
  caller,
  results: new Map(),
  connection: null,
  protocol: null,
  pongDue: null,
});

/** Resolves when the text was handed to the system, or the socket is not open any more. */
export function send({ socket }: Session, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(text, () => resolve());
  });
}

/**
 * Proof of life with checkpoints, so that a quiet stream can be resumed much later without a gap.
 * @param pongTimeout milliseconds that the client may take to answer it.
 */
export function signOfLife(session: Session, pongTimeout: number): void {
  const { socket, connection } = session;
  if (!connection || socket.readyState !== socket.OPEN) return;
  void send(session, JSON.stringify({ type: 'ping', payload: { cursors: connection.checkpoints() } }));
  session.pongDue ??= setTimeout(() => socket.terminate(), pongTimeout);
}

export function clearPong(session: Session): void {
  if (session.pongDue) clearTimeout(session.pongDue);
  session.pongDue = null;
}

/** As much of a text as a close frame can carry. */
export const closeReason = (text: string): string =>
  Buffer.byteLength(text) <= 123
    ? text
    : Buffer.from(text)
        .subarray(0, 123)
        .toString()
        .replace(/\uFFFD+$/, '');
