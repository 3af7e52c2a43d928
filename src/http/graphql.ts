import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin, processRegularResult } from 'graphql-yoga';
import { chooseForm, type GraphqlForm, graphqlForms, wantsPage } from '#http/accept.ts';
import { HttpRefusal } from '#http/answer.ts';
import { readJson } from '#http/body.ts';
import { type Call, factsOf } from '#http/call.ts';
import type { GraphqlConfig, HttpConfig } from '#http/config.ts';
import { createGraphiql } from '#http/graphiql.ts';
import { maskThrown, RefusedOperation } from '#http/mask.ts';
import type { Operations } from '#http/operations.ts';
import { type OperationRequest, readOperationQuery, readOperationRequest } from '#http/request.ts';
import { type ContextSource, createContext } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import type { Logger } from '#kernel/log.ts';

/** Answers an operation as a stream of server-sent events. What it throws is answered as any failure is. */
export type StreamHandler = (request: Request, operation: OperationRequest, call: Call) => Promise<Response>;

export interface GraphqlDoorParts {
  readonly operations: Operations;
  readonly source: ContextSource;
  readonly http: HttpConfig;
  readonly graphql: GraphqlConfig;
  readonly log: Logger;
  readonly stream?: StreamHandler;
}

export interface GraphqlDoor {
  /** Whether a request is answered with the page for people. */
  showsPage(request: Request): boolean;
  page(request: Request): Promise<Response>;
  /** @throws HttpRefusal or GatehouseError for a request that is none of GraphQL over HTTP. */
  answer(request: Request, call: Call): Promise<Response>;
}

interface YogaCall extends Call {
  readonly requests: OperationRequest | readonly OperationRequest[];
  readonly form: GraphqlForm;
}

/** GraphQL over HTTP. Yoga frames requests and results; what happens between them is the same on every transport. */
export function createGraphqlDoor(parts: GraphqlDoorParts): GraphqlDoor {
  const { operations, source, graphql, http, log, stream } = parts;
  const graphiql = createGraphiql();

  async function run(request: OperationRequest, call: YogaCall): Promise<ExecutionResult> {
    try {
      const operation = operations.prepare(request, call.viewer);
      if (call.caller.method === 'GET' && operation.type === 'mutation')
        throw new HttpRefusal(405, 'A mutation needs a POST request.', { allow: 'POST' });
      return await operations.execute(operation, createContext(source, factsOf(call)));
    } catch (error) {
      return refusal(error);
    }
  }

  const framing: Plugin<object, { call: YogaCall }> = {
    onRequestParse({ serverContext, setRequestParser }) {
      setRequestParser(() => serverContext.call.requests as GraphQLParams);
    },
    onParams({ params, context, setParams, setParamsHandler }) {
      setParamsHandler(() => run(params as OperationRequest, context.call));
      // What Yoga itself would ask of the parameters was asked before, in our own words.
      setParams({ query: '' });
    },
    onResultProcess({ serverContext, setResultProcessor }) {
      setResultProcessor(processRegularResult as never, serverContext.call.form);
    },
  };

  const yoga = createYoga<{ call: YogaCall }>({
    graphqlEndpoint: '/graphql',
    healthCheckEndpoint: '/graphql/health',
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    batching: { limit: graphql.limits.batch },
    logging: false,
    maskedErrors: { maskError: (error) => maskThrown(error, { requestId: newId(), log })[0] ?? new GraphQLError('') },
    plugins: [framing],
  });

  return {
    showsPage: ({ method, headers }) =>
      graphql.graphiql && (method === 'GET' || method === 'HEAD') && wantsPage(headers.get('accept')),
    page: graphiql,

    async answer(request, call) {
      if (request.method !== 'GET' && request.method !== 'POST')
        throw new HttpRefusal(405, 'GraphQL takes GET and POST.', { allow: 'GET, POST' });
      const form = chooseForm(request.headers.get('accept'));
      if (form === null) throw new HttpRefusal(406, `Accept one of ${graphqlForms.join(', ')}.`);
      const requests =
        request.method === 'GET'
          ? readOperationQuery(new URL(request.url).searchParams)
          : await readPost(request, http.maxBodyBytes, graphql.limits.batch);
      if (form !== 'text/event-stream') {
        const response = await yoga.handleRequest(request, { call: { ...call, requests, form } } as never);
        // Whatever it says, it says it to one viewer.
        response.headers.set('cache-control', 'no-store');
        return response;
      }
      if (!stream) throw new HttpRefusal(406, 'This gateway sends no server-sent events.');
      if (Array.isArray(requests)) throw InputError.at([], 'A stream answers one operation, not a list.');
      return stream(request, requests as OperationRequest, call);
    },
  };
}

async function readPost(
  request: Request,
  maxBytes: number,
  maxBatch: number,
): Promise<OperationRequest | OperationRequest[]> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw new HttpRefusal(415, 'Send the operation as JSON, with the content type application/json.');
  if (!/^(identity)?$/i.test(request.headers.get('content-encoding') ?? ''))
    throw new HttpRefusal(415, 'Send the body as it is, without a content encoding.');
  const body = await readJson(request, maxBytes);
  if (!Array.isArray(body)) return readOperationRequest(body);
  if (maxBatch === 1)
    throw InputError.at([], 'Send one operation, not a list: batches are off (graphql.limits.batch).');
  if (body.length === 0) throw InputError.at([], 'The list of operations is empty.');
  if (body.length > maxBatch)
    throw InputError.at(
      [],
      `The list holds ${body.length} operations, the most is ${maxBatch} (graphql.limits.batch).`,
    );
  return body.map(readOperationRequest);
}

/**
 * An operation that was not executed, as a result that Yoga gives a status to: 400 in the GraphQL media type, while
 * plain JSON keeps the 200 that older clients need in order to read the errors.
 */
function refusal(error: unknown): ExecutionResult {
  if (error instanceof RefusedOperation)
    return { errors: error.errors.map((one) => withHttp(one, { spec: true, status: 400 })) };
  if (error instanceof HttpRefusal) {
    const fault = new GraphQLError(error.message, { extensions: { code: 'BAD_USER_INPUT' } });
    return { errors: [withHttp(fault, { status: error.status, headers: error.headers })] };
  }
  throw error;
}

const withHttp = (error: GraphQLError, http: Record<string, unknown>) =>
  new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    path: error.path,
    extensions: { ...error.extensions, http },
  });
