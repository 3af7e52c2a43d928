import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { GraphqlConfig } from '#http/config.ts';
import { createDocuments } from '#http/documents.ts';
import { overLimits } from '#http/limits.ts';
import { locateFailures } from '#http/locate.ts';
import { documentFault, type FailureFacts, maskErrors, RefusedOperation, toGraphQLError } from '#http/mask.ts';
import type { OperationRequest } from '#http/request.ts';
import { createDocumentTexts } from '#http/trusted.ts';
import { variableFaults } from '#http/variables.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError, GatehouseError, InputError } from '#kernel/errors.ts';
import type { Metrics } from '#kernel/metrics.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** An operation that passed every check. It may be executed as often as wanted, by viewers of the same rights. */
export interface Operation {
  /** The text that the document was read from. */
  readonly source: string;
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly name: string | null;
  /** As the client sent them: they fit their types. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/**
 * The one way from a request to an answer, for every transport: what is refused here is refused everywhere, in the same
 * words.
 */
export interface Operations {
  /**
   * Parses and validates, and holds the operation against every limit, before anything of it is executed.
   * @param options.trusted leaves out the limits, for documents that are the gateway's own.
   * @throws RefusedOperation with every error, as clients may see them.
   */
  prepare(request: OperationRequest, viewer: Viewer, options?: { readonly trusted?: boolean }): Operation;
  /** Runs a query or a mutation. Never throws: the errors of the result are as clients may see them. */
  execute(operation: Operation, ctx: Context): Promise<ExecutionResult>;
}

export interface OperationParts {
  readonly schema: GraphQLSchema;
  readonly config: GraphqlConfig;
  readonly metrics: Metrics;
  /** Where a relative path of the config begins; the working directory unless said. */
  readonly folder?: string;
}

/**
 * @param parts.schema is changed: see `locateFailures`.
 * @throws Error when the file of trusted documents is not usable.
 */
export function createOperations({ schema, config, metrics, folder = process.cwd() }: OperationParts): Operations {
  locateFailures(schema);
  const limited = createDocuments(schema, config.limits);
  const unlimited = createDocuments(schema, null);
  const texts = createDocumentTexts(config.trustedDocuments, folder);
  const seconds = metrics.histogram({
    name: 'operation_seconds',
    help: 'Time an operation took, by its type and by the code of its first error, or OK.',
    labels: ['type', 'code'],
  });

  function check(request: OperationRequest, viewer: Viewer, trusted: boolean): Operation {
    const source = trusted ? (request.query ?? '') : texts.textOf(request);
    const read = (trusted ? unlimited : limited).read(source);
    const definition = chooseOperation(read.document, request.operationName ?? null);
    const variables = request.variables ?? {};
    const size = read.measure.operation(definition, variables);
    const faults = trusted ? [] : overLimits(size, read.measure, config.limits);
    if (faults.length > 0) throw new InputError(faults);
    const mayKnowSchema = trusted || mayIntrospect(config.introspection, viewer);
    const errors = read.errors();
    if (errors.length > 0)
      throw new RefusedOperation(
        errors.map((error) => documentFault(error, mayKnowSchema ? error.message : withoutSuggestion(error.message))),
      );
    if (size.introspects && !mayKnowSchema) throw refusalToIntrospect(config.introspection);
    const misfits = variableFaults(schema, definition, variables);
    if (misfits.length > 0)
      throw new InputError(
        mayKnowSchema ? misfits : misfits.map(({ path, message }) => ({ path, message: withoutSuggestion(message) })),
      );
    return {
      source,
      document: read.document,
      definition,
      type: definition.operation,
      name: definition.name?.value ?? null,
      variables,
      extensions: request.extensions ?? {},
    };
  }

  return {
    prepare(request, viewer, options) {
      const begun = performance.now();
      try {
        return check(request, viewer, options?.trusted ?? false);
      } catch (error) {
        const refused = toRefusal(error);
        seconds.observe({ type: 'none', code: codeOf(refused.errors) }, (performance.now() - begun) / 1000);
        throw refused;
      }
    },

    async execute(operation, ctx) {
      const begun = performance.now();
      const result = await run(schema, operation, ctx);
      const masked = result.errors ? { ...result, errors: maskErrors(result.errors, factsOf(operation, ctx)) } : result;
      seconds.observe({ type: operation.type, code: codeOf(masked.errors) }, (performance.now() - begun) / 1000);
      return masked;
    },
  };
}

const factsOf = ({ name }: Operation, { request, log, signal }: Context): FailureFacts => ({
  requestId: request.id,
  log,
  operation: name,
  abandoned: signal.aborted,
});

async function run(schema: GraphQLSchema, operation: Operation, ctx: Context): Promise<ExecutionResult> {
  if (operation.type === 'subscription') {
    const message = 'Subscriptions are sent over graphql-transport-ws, or to requests that accept text/event-stream.';
    return { errors: [toGraphQLError(InputError.at(['query'], message))] };
  }
  try {
    return await execute({
      schema,
      document: operation.document,
      operationName: operation.name,
      variableValues: operation.variables,
      contextValue: ctx,
    });
  } catch (error) {
    return {
      errors: [new GraphQLError('', { originalError: error instanceof Error ? error : new Error(String(error)) })],
    };
  }
}

function chooseOperation(document: DocumentNode, name: string | null): OperationDefinitionNode {
  const chosen = getOperationAST(document, name);
  if (chosen) return chosen;
  const names = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? '(without a name)'] : [],
  );
  if (names.length === 0) throw InputError.at(['query'], 'The document holds no operation.');
  if (name === null) throw InputError.at(['operationName'], `Name one of the operations: ${names.join(', ')}.`);
  throw InputError.at(['operationName'], `The document holds no operation "${name}", but ${names.join(', ')}.`);
}

function mayIntrospect(rule: GraphqlConfig['introspection'], viewer: Viewer): boolean {
  if (rule === 'always' || viewer.kind === 'SYSTEM') return true;
  return rule === 'signed-in' && viewer.kind === 'ACCOUNT';
}

function refusalToIntrospect(rule: GraphqlConfig['introspection']): GatehouseError {
  return rule === 'never'
    ? new ForbiddenError('The schema cannot be read here (graphql.introspection).')
    : new AuthenticationError('Sign in to read the schema (graphql.introspection).');
}

/** Suggestions name parts of the schema: nothing for those who may not read it. */
const withoutSuggestion = (message: string) => message.replace(/ Did you mean .*\?$/s, '');

function toRefusal(error: unknown): RefusedOperation {
  if (error instanceof RefusedOperation) return error;
  if (error instanceof GatehouseError) return new RefusedOperation([toGraphQLError(error)]);
  if (error instanceof GraphQLError) return new RefusedOperation([documentFault(error)]);
  throw error;
}

function codeOf(errors: readonly GraphQLError[] | undefined): string {
  return errors?.[0] ? String(errors[0].extensions.code ?? 'INTERNAL') : 'OK';
}
