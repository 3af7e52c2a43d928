import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '#http/caller.ts';
import { connect, type SocketOperation, type SocketParts, subscribe } from '#http/sockets/handlers.ts';
import { RateLimit } from '#http/sockets/rate.ts';
import { clearPong, closeReason, openSession, type Session, send, signOfLife } from '#http/sockets/session.ts';
import type { Context } from '#kernel/context.ts';

/**
 * The door for sockets: graphql-transport-ws
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). Everything but the frames of subscriptions is the
 * package's; those the hub writes itself.
 */
export function createSockets(parts: SocketParts) {
  const { config, hub, log, operations } = parts;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: config.max.messageBytes,
    handleProtocols: (protocols) => handleProtocols(protocols),
    // An id may be used again at once after its operation ended: each message is dealt with before the next.
    allowSynchronousEvents: false,
  });
  const protocol = makeServer<Record<string, unknown>, Session>({
    connectionInitWaitTimeout: config.initTimeout,
    onConnect: (context) => connect(parts, context),
    onSubscribe: (context, id, payload) => subscribe(parts, context, id, payload),
    onPong: ({ extra }) => clearPong(extra),
    execute: (args) => operations.execute(asked(args).operation, args.contextValue as Context),
    subscribe: (args) => asked(args).parked as never,
  });

  function open(socket: WebSocket, stream: Duplex, caller: Caller): void {
    const session = openSession(socket, stream, caller);
    const rate = new RateLimit(config.max.messageRate, config.max.messageRate * 4);
    const ping = setInterval(() => signOfLife(session, config.pongTimeout), config.keepAlive);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(session, data),
        close: (code, reason) => socket.close(code, reason && closeReason(reason)),
        onMessage(handle) {
          socket.on('message', async (data) => {
            if (!rate.take()) return socket.close(4400, 'Too many messages');
            try {
              await handle(String(data));
            } catch (error) {
              log.error({ err: error }, 'A message on a socket failed unexpectedly.');
              socket.close(4500, 'Internal error');
            }
          });
        },
      },
      session,
    );
    socket.on('error', (error) => log.debug({ err: error }, 'A socket failed.'));
    socket.once('close', (code, reason) => {
      clearInterval(ping);
      clearPong(session);
      if (session.connection) hub.disconnect(session.connection);
      void closed(code, String(reason));
    });
  }

  return {
    /** Takes over a request that wants to become a socket. */
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
      server.handleUpgrade(request, socket, head, (opened) => open(opened, socket, caller));
    },
    /** Resolves when all are gone. */
    async close(): Promise<void> {
      for (const client of server.clients) if (client.readyState === client.OPEN) client.close(1001, 'Going away');
      const grace = setTimeout(() => {
        for (const client of server.clients) client.terminate();
      }, config.socket.closeGrace);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(grace);
    },
  };
}

/** What `subscribe` answered with: the package hands it on as it is. */
const asked = (args: ExecutionArgs): SocketOperation => args as SocketOperation;
