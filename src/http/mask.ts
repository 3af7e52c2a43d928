import { GraphQLError } from 'graphql';
import { errorCatalogue, GatehouseError, GenericError } from '#kernel/errors.ts';
import type { Logger } from '#kernel/log.ts';

const knownCodes = new Set(errorCatalogue.map((entry) => entry.code));

/** What is said of a failure in the log beside the failure itself. Nothing in here comes from variables. */
export interface FailureFacts {
  /** The trace id that the client is given. */
  readonly requestId: string;
  readonly log: Logger;
  readonly operation?: string | null;
  /** Whether nobody waits for the answer any more: what fails then, mostly fails because of that. */
  readonly abandoned?: boolean;
}

/** A foreseen failure as GraphQL carries it. */
export function toGraphQLError(error: GatehouseError): GraphQLError {
  return new GraphQLError(error.message, { extensions: error.extensions });
}

/**
 * What clients are shown of the errors of a result: failures that were foreseen, and faults of the document, in full;
 * of everything else nothing but a trace id, while the log gets all of it, once.
 */
export function maskErrors(errors: readonly GraphQLError[], facts: FailureFacts): GraphQLError[] {
  const logged = new Set<unknown>();
  return errors.map((error) => {
    const shown = foreseen(error);
    if (shown) return shown;
    const cause = causeOf(error);
    if (!logged.has(cause)) {
      logged.add(cause);
      const entry = { err: cause, operation: facts.operation, path: error.path };
      if (facts.abandoned) facts.log.debug(entry, 'An operation failed after its client had left.');
      else facts.log.error(entry, 'An operation failed unexpectedly.');
    }
    const { message, extensions } = new GenericError(facts.requestId);
    return located(error, message, extensions);
  });
}

/** The same for whatever was thrown outside of an operation. */
export function maskThrown(error: unknown, facts: FailureFacts): readonly GraphQLError[] {
  return error instanceof RefusedOperation ? error.errors : [toGraphQLError(maskFailure(error, facts))];
}

/** The same for doors that have nothing to do with GraphQL. */
export function maskFailure(error: unknown, { requestId, log, abandoned }: FailureFacts): GatehouseError {
  if (error instanceof GatehouseError) return error;
  if (abandoned) log.debug({ err: error }, 'A request failed after its client had left.');
  else log.error({ err: error }, 'A request failed unexpectedly.');
  return new GenericError(requestId);
}

/** An operation that was refused before any of it was executed. */
export class RefusedOperation extends Error {
  /** As clients may see them. */
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super(errors.map((error) => error.message).join(' '));
    this.name = 'RefusedOperation';
    this.errors = errors;
  }
}

/** A fault of a document, found by parser or validation; its places in the document say where. */
export const documentFault = (error: GraphQLError, message = error.message): GraphQLError =>
  located(error, message, userFault);

const userFault = { code: 'BAD_USER_INPUT' };

function foreseen(error: GraphQLError): GraphQLError | null {
  const cause = causeOf(error);
  if (cause instanceof GatehouseError) return located(error, cause.message, cause.extensions);
  if (!(cause instanceof GraphQLError)) return null;
  const code = cause.extensions.code;
  if (typeof code === 'string' && knownCodes.has(code)) return located(error, cause.message, cause.extensions);
  // An argument without a value is found only when it is executed. Whatever else the executor complains of is a value
  // that a resolver should not have given: a fault of the gateway.
  return cause.message.startsWith('Argument "') ? located(error, cause.message, userFault) : null;
}

/** What was thrown first: GraphQL wraps it, more than once where an executor calls another. */
function causeOf(error: GraphQLError): unknown {
  let cause: unknown = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

function located(error: GraphQLError, message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions,
  });
}
