import { buildSchema, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { doorSections, type GraphqlConfig, type HttpConfig, type MetricsConfig } from '#http/config.ts';
import { createDoor, type DoorParts } from '#http/door.ts';
import { createMetrics } from '#http/metrics.ts';
import { createOperations } from '#http/operations.ts';
import { allow } from '#kernel/access.ts';
import { systemClock } from '#kernel/clock.ts';
import { readConfig } from '#kernel/config-values.ts';
import type { Context, ContextSource } from '#kernel/context.ts';
import { AuthenticationError, ConflictError } from '#kernel/errors.ts';
import type { Logger } from '#kernel/log.ts';
import { grantedRights } from '#kernel/permission.ts';
import type { ProtocolDoor, ReadinessCheck, Route } from '#kernel/plugin.ts';
import { type Authenticator, anonymousViewer, type Viewer } from '#kernel/viewer.ts';

const typeDefs = /* GraphQL */ `
  type Query {
    hello(name: String = "world"): String!
    me: String!
    secretThing: String!
    broken: String!
    wrongNumber: Int!
    node: Node
    devices(first: Int, last: Int, after: String): DeviceConnection!
    site(id: ID!): Site
    search(filter: Filter): Int!
  }
  type Mutation {
    rename(input: RenameInput!): String!
    signIn: Boolean!
  }
  type Subscription {
    ticks(after: String): Int!
  }
  type Node {
    id: ID!
    node: Node
  }
  type Site {
    name: String!
    devices(first: Int = 20): DeviceConnection!
  }
  type DeviceConnection {
    edges: [DeviceEdge!]!
    nodes: [Device!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type DeviceEdge {
    cursor: String!
    node: Device!
  }
  type PageInfo {
    hasNextPage: Boolean!
  }
  type Device {
    hostname: String!
    tags: [Tag!]!
    site: Site
    neighbours(first: Int): DeviceConnection!
  }
  type Tag {
    name: String!
  }
  input RenameInput {
    hostname: String!
    port: Int
    password: String
  }
  input Filter {
    and: [Filter!]
    hostname: String
  }
`;

/** A schema small enough to see through, with one field for each way to answer. */
export function testSchema(): GraphQLSchema {
  const schema = buildSchema(typeDefs);
  const query = schema.getQueryType()?.getFields() ?? {};
  const mutation = schema.getMutationType()?.getFields() ?? {};
  const resolve = (field: { resolve?: unknown } | undefined, answer: (args: never, ctx: Context) => unknown) => {
    if (field) field.resolve = (_source: unknown, args: never, ctx: Context) => answer(args, ctx);
  };
  resolve(query.hello, ({ name }: { name: string }) => `Hello, ${name}.`);
  resolve(query.me, (_, ctx) => ctx.viewer.name);
  resolve(query.secretThing, (_, ctx) => {
    allow(ctx, 'system:read');
    return 'seen';
  });
  resolve(query.broken, () => {
    throw new Error('the password of the database is hunter2');
  });
  resolve(query.wrongNumber, () => 'not a number');
  resolve(query.search, () => 1);
  resolve(mutation.rename, ({ input }: { input: { hostname: string } }) => {
    if (input.hostname === 'taken') throw new ConflictError('taken already exists in this site.', ['hostname']);
    return input.hostname;
  });
  resolve(mutation.signIn, (_, ctx) => {
    ctx.response.headers.append('set-cookie', 'gatehouse_session=gs_new; HttpOnly');
    ctx.response.headers.append('set-cookie', `secure=${ctx.request.secure}`);
    ctx.response.headers.set('x-session-expires-at', '2030-01-01T00:00:00.000Z');
    return true;
  });
  return schema;
}

const areas = new Map([
  ['system', { name: 'system', scope: 'none', verbs: { read: { description: 'Read.' } } } as const],
]);

const account: Viewer = {
  ...anonymousViewer(grantedRights(['system:read'], areas)),
  kind: 'ACCOUNT',
  id: '01890000-0000-7000-8000-000000000001',
  name: 'ops',
};

/** Knows one token, and takes one cookie for a session that has ended. */
const authenticator: Authenticator = {
  challenges: ['Bearer realm="gatehouse"', 'Basic realm="gatehouse"'],
  async authenticate(request) {
    const authorization = request.header('authorization');
    const [cookie] = request.header('cookie');
    if (cookie === 'gatehouse_session=ended') {
      request.responseHeaders?.append('set-cookie', 'gatehouse_session=; Max-Age=0');
      throw new AuthenticationError('Session ended.');
    }
    if (cookie === 'gatehouse_session=good') return account;
    if (authorization.length === 0) return anonymousViewer();
    if (authorization.length === 1 && authorization[0] === 'Bearer good') return account;
    throw new AuthenticationError('The credential is not good.');
  },
  refresh: async (viewer) => ({ viewer }),
  affects: () => null,
};

interface LogLine extends Record<string, unknown> {
  readonly level: string;
  readonly message: string;
}

/** A log whose lines can be looked at. */
function recordingLog() {
  const lines: LogLine[] = [];
  const at = (bindings: object): Logger => {
    const record = (level: string) => (entry: unknown, message?: string) => {
      const parts = typeof entry === 'string' ? { message: entry } : { ...(entry as object), message };
      lines.push({ ...bindings, ...parts, level } as LogLine);
    };
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, record(level)]);
    return {
      ...Object.fromEntries(levels),
      child: (more: object) => at({ ...bindings, ...more }),
    } as unknown as Logger;
  };
  return { log: at({}), lines };
}

export interface TestDoorOptions {
  readonly config?: Record<string, unknown>;
  readonly routes?: readonly Route[];
  readonly doors?: readonly ProtocolDoor[];
  readonly checks?: readonly ReadinessCheck[];
  readonly stream?: DoorParts['stream'];
  readonly upgrade?: DoorParts['upgrade'];
}

/** The sections of the doors as the gateway reads them. */
export function doorConfig(file: Record<string, unknown> = {}) {
  const read = readConfig(doorSections, file, {});
  return {
    http: read.section('http') as HttpConfig,
    graphql: read.section('graphql') as GraphqlConfig,
    metrics: read.section('metrics') as MetricsConfig,
  };
}

/** A door on the small schema, listening on a free port once asked to. */
export function testDoor({ config = {}, ...rest }: TestDoorOptions = {}) {
  const { log, lines } = recordingLog();
  const nothing = () => {
    throw new Error('The small schema has no ports.');
  };
  const source: ContextSource = {
    ports: { use: nothing, find: () => null, all: () => [] },
    clock: systemClock,
    log,
    transactionTimeout: 1000,
    maxEventBytes: 1000,
    committed: () => {},
  };
  const sections = doorConfig({ http: { port: 0, ...(config.http as object) }, ...without(config, 'http') });
  const metrics = createMetrics();
  const operations = createOperations({ schema: testSchema(), config: sections.graphql, metrics });
  const door = createDoor({
    operations,
    source,
    authenticator,
    config: sections,
    metrics,
    checks: rest.checks ?? [],
    mounts: [
      ...(rest.routes ?? []).map((part) => ({ kind: 'ROUTE', plugin: 'test', name: 'test', part }) as const),
      ...(rest.doors ?? []).map((part) => ({ kind: 'DOOR', plugin: 'test', name: 'test', part }) as const),
    ],
    ...(rest.stream && { stream: rest.stream }),
    ...(rest.upgrade && { upgrade: rest.upgrade }),
  });
  return { door, operations, source, metrics, lines };
}

const without = (tree: Record<string, unknown>, key: string) =>
  Object.fromEntries(Object.entries(tree).filter(([name]) => name !== key));

const resultShape = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.looseObject({ code: z.string() }),
      }),
    )
    .optional(),
});

/** Posts an operation and reads the answer. */
export async function ask(
  door: ReturnType<typeof testDoor>['door'],
  operation: unknown,
  headers: Record<string, string> = {},
) {
  const response = await door.fetch(
    new Request('http://localhost:4000/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof operation === 'string' ? operation : JSON.stringify(operation),
    }),
  );
  const result = resultShape.parse(await response.json());
  const [error] = result.errors ?? [];
  return { response, status: response.status, result, data: result.data, error, code: error?.extensions.code };
}
