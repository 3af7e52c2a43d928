import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, GraphQLError, GraphQLSchema } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols, makeServer, type Context as SocketContext } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Caller } from '#http/caller.ts';
import type { LiveConfig } from '#http/live/config.ts';
import type { Ending, LiveConnection, Wire } from '#http/live/connection.ts';
import type { Hub } from '#http/live/hub.ts';
import { prepareOperation } from '#http/live/operation.ts';
import { ParkedResults } from '#http/live/parked.ts';
import { RateLimit } from '#http/live/rate.ts';
import { maskThrown, toGraphQLError } from '#http/mask.ts';
import type { Operation, Operations } from '#http/operations.ts';
import { readOperationRequest } from '#http/request.ts';
import type { Context, ContextFacts } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, GatehouseError, InputError, StreamError } from '#kernel/errors.ts';
import type { Logger } from '#kernel/log.ts';
import type { Authenticator, Viewer } from '#kernel/viewer.ts';

export interface SocketParts {
  readonly hub: Hub;
  readonly operations: Operations;
  readonly schema: GraphQLSchema;
  readonly authenticator: Authenticator;
  readonly config: LiveConfig;
  readonly log: Logger;
  context(facts: ContextFacts): Context;
}

/** One socket, from the upgrade to its end. */
interface Session {
  readonly socket: WebSocket;
  /** Below the socket. */
  readonly stream: Duplex;
  readonly caller: Caller;
  readonly results: Map<string, ParkedResults>;
  connection: LiveConnection | null;
  protocol: SocketContext<Record<string, unknown>, Session> | null;
  pongDue: NodeJS.Timeout | null;
}

const closeReason = (text: string) =>
  Buffer.byteLength(text) <= 123
    ? text
    : Buffer.from(text)
        .subarray(0, 123)
        .toString()
        .replace(/\uFFFD+$/, '');

/**
 * The door for sockets: graphql-transport-ws
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). Everything but the frames of subscriptions is the
 * package's; those the hub writes itself.
 */
export function createSockets(parts: SocketParts) {
  const { config, hub } = parts;
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
    onPong: ({ extra }) => {
      if (extra.pongDue) clearTimeout(extra.pongDue);
      extra.pongDue = null;
    },
    execute: (args) => parts.operations.execute(operationOf(args), args.contextValue as Context),
    subscribe: (args) => parkedOf(args) as never,
  });

  function open(socket: WebSocket, stream: Duplex, caller: Caller): void {
    const session: Session = {
      socket,
      stream,
      caller,
      results: new Map(),
      connection: null,
      protocol: null,
      pongDue: null,
    };
    const rate = new RateLimit(config.max.messageRate, config.max.messageRate * 4);
    const ping = setInterval(() => signOfLife(config, session), config.keepAlive);
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
              parts.log.error({ err: error }, 'A message on a socket failed unexpectedly.');
              socket.close(4500, 'Internal error');
            }
          });
        },
      },
      session,
    );
    socket.on('error', (error) => parts.log.debug({ err: error }, 'A socket failed.'));
    socket.once('close', (code, reason) => {
      clearInterval(ping);
      if (session.pongDue) clearTimeout(session.pongDue);
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
    protocol: GRAPHQL_TRANSPORT_WS_PROTOCOL,
  };
}

async function connect(parts: SocketParts, context: SocketContext<Record<string, unknown>, Session>): Promise<boolean> {
  const { extra: session } = context;
  session.protocol = context;
  try {
    const viewer = await parts.authenticator.authenticate(
      session.caller.credentials({ payload: context.connectionParams ?? null }),
    );
    session.connection = parts.hub.connect(viewer, session.caller.facts.address, wireOf(parts.config, session));
    // The socket may have gone while the credential was looked at.
    if (session.socket.readyState !== session.socket.OPEN) parts.hub.disconnect(session.connection);
    return true;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    session.socket.close(error instanceof StreamError ? 1013 : 4403, closeReason(error.message));
    return false;
  }
}

type SubscribeArgs = ExecutionArgs & { operation?: Operation; parked?: ParkedResults };

const operationOf = (args: ExecutionArgs): Operation => (args as SubscribeArgs).operation as Operation;
const parkedOf = (args: ExecutionArgs): ParkedResults => (args as SubscribeArgs).parked as ParkedResults;

async function subscribe(
  parts: SocketParts,
  { extra: session, subscriptions }: SocketContext<Record<string, unknown>, Session>,
  id: string,
  payload: unknown,
): Promise<SubscribeArgs | readonly GraphQLError[]> {
  const { connection } = session;
  if (!connection) return [toGraphQLError(new AuthenticationError('Send connection_init first.'))];
  const log = parts.log.child({ requestId: session.caller.facts.id });
  try {
    if (session.results.has(id)) throw InputError.at(['id'], `Operation id ${id} is still in use.`);
    if (Object.keys(subscriptions).length > parts.config.max.operations)
      throw new StreamError(
        'LIMIT_EXCEEDED',
        `This connection has ${parts.config.max.operations} operations (live.max.operations).`,
      );
    const viewer = await currentViewer(parts, connection);
    const operation = parts.operations.prepare(readOperationRequest(payload), viewer);
    const args: SubscribeArgs = {
      schema: parts.schema,
      document: operation.document,
      operationName: operation.name,
      variableValues: operation.variables,
      operation,
    };
    if (operation.type !== 'subscription') {
      args.contextValue = parts.context({
        viewer,
        request: session.caller.facts,
        connection: { renew: (credential) => renew(parts, session, connection, credential) },
      });
      return args;
    }
    const parked = new ParkedResults(() => {
      session.results.delete(id);
      parts.hub.unsubscribe(connection, id);
    });
    session.results.set(id, parked);
    try {
      const live = prepareOperation(parts.schema, operation.document, operation.definition, operation.variables);
      await parts.hub.subscribe(connection, { id, operation: live, resume: resumeOf(operation) });
    } catch (error) {
      await parked.return();
      throw error;
    }
    // Completed by the client meanwhile: the package gave the id up, and so does the hub.
    if (!(id in subscriptions)) await parked.return();
    args.parked = parked;
    return args;
  } catch (error) {
    return maskThrown(error, { requestId: session.caller.facts.id, log });
  }
}

/** Every operation is asked for by somebody who still is who he was. */
async function currentViewer(parts: SocketParts, connection: LiveConnection): Promise<Viewer> {
  const now = await parts.authenticator.refresh(connection.viewer);
  if ('viewer' in now) return now.viewer;
  connection.close({ why: 'ended', reason: now.ended });
  throw new AuthenticationError(now.ended);
}

function resumeOf(operation: Operation): string | null {
  const { resume } = operation.extensions;
  if (resume == null) return null;
  if (typeof resume !== 'string') throw InputError.at(['extensions', 'resume'], 'Not a cursor of this log.');
  return resume;
}

async function renew(
  parts: SocketParts,
  session: Session,
  connection: LiveConnection,
  credential: string,
): Promise<Viewer> {
  const authorization = credential.includes(' ') ? credential : `Bearer ${credential}`;
  const viewer = await parts.authenticator.authenticate(session.caller.credentials({ payload: { authorization } }));
  if (viewer.id !== connection.viewer.id) throw new ForbiddenError('The credential is of another account.');
  await parts.hub.renew(connection, viewer);
  return viewer;
}

/** Proof of life with checkpoints, so that a quiet stream can be resumed much later without a gap. */
function signOfLife(config: LiveConfig, session: Session): void {
  const { socket, connection } = session;
  if (!connection || socket.readyState !== socket.OPEN) return;
  send(session, JSON.stringify({ type: 'ping', payload: { cursors: connection.checkpoints() } }));
  session.pongDue ??= setTimeout(() => socket.terminate(), config.pongTimeout);
}

function send(session: Session, data: string): Promise<void> {
  return new Promise((resolve) => {
    if (session.socket.readyState !== session.socket.OPEN) resolve();
    else session.socket.send(data, () => resolve());
  });
}

function wireOf(config: LiveConfig, session: Session): Wire {
  const { socket, stream } = session;
  const gather = gatherer(stream);
  let blocked = false;
  const written = () => {
    if (!blocked || !session.connection?.writable) return;
    blocked = false;
    session.connection.drained();
  };
  const write = (data: string) => {
    if (socket.readyState !== socket.OPEN) return;
    gather();
    socket.send(data, written);
    blocked ||= session.connection?.writable === false;
  };
  return {
    transport: 'websocket',
    get unsent() {
      return socket.bufferedAmount;
    },
    next: (id, payload) => write(`{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`),
    complete(id) {
      // The package says `complete`, after what was written before.
      session.results.get(id)?.finish();
      session.results.delete(id);
    },
    fail(id, error, cursor) {
      const { message, extensions } = error;
      write(JSON.stringify({ id, type: 'error', payload: [{ message, extensions: { ...extensions, cursor } }] }));
      // The package must not say `complete` after `error`: it does not for an id that it does not know any more.
      if (session.protocol) delete (session.protocol.subscriptions as Record<string, unknown>)[id];
      session.results.get(id)?.finish();
      session.results.delete(id);
    },
    close(ending) {
      for (const [id, results] of session.results) {
        if (session.protocol) delete (session.protocol.subscriptions as Record<string, unknown>)[id];
        results.finish();
      }
      session.results.clear();
      const [code, reason] = closing(ending, config);
      socket.close(code, closeReason(reason));
      setTimeout(() => {
        if (socket.readyState !== socket.CLOSED) socket.terminate();
      }, config.socket.closeGrace).unref();
    },
  };
}

/** What is written in one turn leaves together: a burst of events costs one call of the system for each socket. */
function gatherer(stream: Duplex): () => void {
  let gathering = false;
  const release = () => {
    gathering = false;
    stream.uncork();
  };
  return () => {
    if (gathering) return;
    gathering = true;
    stream.cork();
    process.nextTick(release);
  };
}

function closing(ending: Ending, config: LiveConfig): [number, string] {
  switch (ending.why) {
    case 'slow':
      return [config.socket.slowConsumerCode, `Slow consumer. Resume after ${ending.cursor}`];
    case 'ended':
      return [4403, ending.reason];
    case 'drain':
      return [1012, `Restarting. Retry in ${ending.retry}`];
    case 'unreachable':
      return [1013, 'The event log cannot be reached.'];
  }
}
