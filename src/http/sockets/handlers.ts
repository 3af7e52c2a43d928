import type { ExecutionArgs, GraphQLError, GraphQLSchema } from 'graphql';
import { tooManyOperations } from '#http/live/census.ts';
import type { LiveConfig } from '#http/live/config.ts';
import type { LiveConnection } from '#http/live/connection.ts';
import type { Hub } from '#http/live/hub.ts';
import { prepareOperation } from '#http/live/operation.ts';
import { maskThrown, toGraphQLError } from '#http/mask.ts';
import type { Operation, Operations } from '#http/operations.ts';
import { readOperationRequest } from '#http/request.ts';
import { ParkedResults } from '#http/sockets/parked.ts';
import { closeReason, type Session, type SessionContext } from '#http/sockets/session.ts';
import { wireOf } from '#http/sockets/wire.ts';
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

/** What the package executes: a query or a mutation with its operation, a subscription with its parked results. */
export type SocketOperation = ExecutionArgs & { operation: Operation; parked?: ParkedResults };

/** Answers `connection_init`. False when the socket was closed over it. */
export async function connect(parts: SocketParts, context: SessionContext): Promise<boolean> {
  const { extra: session } = context;
  session.protocol = context;
  try {
    const viewer = await parts.authenticator.authenticate(
      session.caller.credentials({ payload: context.connectionParams ?? null }),
    );
    const wire = wireOf(session, parts.config.socket);
    session.connection = parts.hub.connect(viewer, session.caller.facts.address, wire);
    // The socket may have gone while the credential was looked at.
    if (session.socket.readyState !== session.socket.OPEN) parts.hub.disconnect(session.connection);
    return true;
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    session.socket.close(error instanceof StreamError ? 1013 : 4403, closeReason(error.message));
    return false;
  }
}

/** Answers `subscribe`, the message for operations of every type: what to execute, or why not. */
export async function subscribe(
  parts: SocketParts,
  context: SessionContext,
  id: string,
  payload: unknown,
): Promise<SocketOperation | readonly GraphQLError[]> {
  const { extra: session, subscriptions } = context;
  const { connection, results, caller } = session;
  if (!connection) return [toGraphQLError(new AuthenticationError('Send connection_init first.'))];
  const { operations: most } = parts.config.max;
  const log = parts.log.child({ requestId: caller.facts.id });
  try {
    if (results.has(id)) throw InputError.at(['id'], `Operation id ${id} is still in use.`);
    if (Object.keys(subscriptions).length > most) throw tooManyOperations(most);
    const viewer = await currentViewer(parts, connection);
    const operation = parts.operations.prepare(readOperationRequest(payload), viewer);
    const args: SocketOperation = {
      schema: parts.schema,
      document: operation.document,
      operationName: operation.name,
      variableValues: operation.variables,
      operation,
    };
    if (operation.type === 'subscription') args.parked = await park(parts, context, connection, id, operation);
    else
      args.contextValue = parts.context({
        viewer,
        request: caller.facts,
        connection: { renew: (credential) => renew(parts, session, connection, credential) },
      });
    return args;
  } catch (error) {
    return maskThrown(error, { requestId: caller.facts.id, log });
  }
}

/** Opens a subscription in the hub. The package is given results that end with it. */
async function park(
  { hub, schema }: SocketParts,
  { extra: { results }, subscriptions }: SessionContext,
  connection: LiveConnection,
  id: string,
  operation: Operation,
): Promise<ParkedResults> {
  const parked = new ParkedResults(() => {
    results.delete(id);
    hub.unsubscribe(connection, id);
  });
  results.set(id, parked);
  try {
    const live = prepareOperation(schema, operation.document, operation.definition, operation.variables);
    await hub.subscribe(connection, { id, operation: live, resume: resumeOf(operation) });
  } catch (error) {
    await parked.return();
    throw error;
  }
  // Completed by the client meanwhile: the package gave the id up, and so does the hub.
  if (!(id in subscriptions)) await parked.return();
  return parked;
}

/** Every operation is asked for by somebody who still is who he was. */
async function currentViewer(parts: SocketParts, connection: LiveConnection): Promise<Viewer> {
  const now = await parts.authenticator.refresh(connection.viewer);
  if ('viewer' in now) return now.viewer;
  parts.hub.end(connection, { why: 'ended', reason: now.ended });
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
