import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ExecutionResult, type GraphQLSchema, lexicographicSortSchema } from 'graphql';
import { doorSections, type GraphqlConfig, type HttpConfig, type MetricsConfig } from '#http/config.ts';
import { createDoor, type Door } from '#http/door.ts';
import { createExecutor, type LocalOperation } from '#http/execute.ts';
import { type LiveConfig, liveConfig } from '#http/live/config.ts';
import { createDelivery } from '#http/live/delivery.ts';
import { createMetrics } from '#http/metrics.ts';
import { createOperations } from '#http/operations.ts';
import { createSockets } from '#http/sockets.ts';
import { createSse } from '#http/sse.ts';
import { background } from '#kernel/background.ts';
import { broadcast } from '#kernel/broadcast.ts';
import { type Catalogue, catalogue } from '#kernel/catalogue.ts';
import { type Clock, clock, systemClock } from '#kernel/clock.ts';
import { commits, createCommits } from '#kernel/commits.ts';
import type { ConfigSection } from '#kernel/config.ts';
import { type Context, type ContextFacts, type ContextSource, createContext } from '#kernel/context.ts';
import { createDeparture, departure } from '#kernel/departure.ts';
import { endpoints } from '#kernel/endpoint.ts';
import { eventLog } from '#kernel/event.ts';
import { type Graph, graph } from '#kernel/graph.ts';
import { createLogger, type Logger } from '#kernel/log.ts';
import { metrics } from '#kernel/metrics.ts';
import type { IsProvided, Task } from '#kernel/plugin.ts';
import { presentStates } from '#kernel/present.ts';
import { authenticator, systemViewer } from '#kernel/viewer.ts';
import { BackgroundWork } from '#plugins/background.ts';
import { makePlan, type Plan } from '#plugins/configure.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { collectEndpoints } from '#plugins/endpoints.ts';
import { collectMounts } from '#plugins/mounts.ts';
import { PluginError } from '#plugins/order.ts';
import { PortRegistry, setupPlugins } from '#plugins/registry.ts';
import { runTasks } from '#plugins/tasks.ts';
import { type EventsConfig, eventsConfig } from '#resolvers/platform/events/config.ts';
import { Listening } from '#resolvers/platform/events/listening.ts';
import { PresentBoard } from '#resolvers/platform/present/board.ts';
import { eventRetention } from '#resolvers/platform/retention/sweep.ts';
import { createBuilder } from '#schema/builder.ts';
import { errors } from '#schema/errors.ts';
import { eventTypes } from '#schema/event.ts';
import { feeds } from '#schema/feed.ts';
import { plainIds } from '#schema/node.ts';
import { noteOrigins } from '#schema/origins.ts';
import { rootFields } from '#schema/root-fields.ts';
import { scalars } from '#schema/scalars.ts';

/** The config sections of the rooms that are no plugins. */
export const roomSections: readonly ConfigSection[] = [
  ...doorSections,
  { path: 'live', owner: 'live', schema: liveConfig },
  { path: 'events', owner: 'events', schema: eventsConfig },
];

export interface GatewayOptions {
  /** What a config file holds. Plugins may be given by value. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where relative paths of the config begin; the working directory unless said. */
  readonly folder?: string;
  /** Overrides of single keys; none unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** A running gateway. Two of them may live in one process. */
export interface Gateway {
  readonly schema: GraphQLSchema;
  readonly catalogue: Catalogue;
  readonly log: Logger;
  /** Answers a request without a server. */
  fetch: Door['fetch'];
  /** Opens the doors. @returns where, such as `http://127.0.0.1:4000`. */
  listen(): Promise<string>;
  /** Aborted when a part of the gateway asks for its end, such as a halt of the system: then dispose of it. */
  readonly leaving: AbortSignal;
  /** Runs the tasks and the listeners of the plugins until the gateway is disposed of. */
  work(): void;
  /** Runs a query or a mutation in this process, with the rights of the system unless another viewer is named. */
  execute(operation: Omit<LocalOperation, 'viewer'> & Partial<LocalOperation>): Promise<ExecutionResult>;
  /** A context of the gateway's own, or of the viewer that the facts say. */
  context(facts?: Partial<ContextFacts>): Context;
  /** Takes in no more, finishes what is under way, tells clients to come back, and ends every plugin. */
  dispose(): Promise<void>;
}

/**
 * The graph of a set of plugins. Nothing is started for it.
 * @param origins is told which plugin declares each root field.
 * @throws PluginError naming the plugin whose part does not fit.
 */
export function makeSchema(
  plugins: readonly GatehousePlugin[],
  declared: Catalogue,
  origins: Map<string, string> = new Map(),
): GraphQLSchema {
  const builder = createBuilder();
  scalars(builder);
  errors(builder);
  feeds(builder);
  const provided = new Set(plugins.flatMap(({ provides }) => provides.map(({ name }) => name)));
  const isProvided: IsProvided = ({ name }) => provided.has(name);
  for (const plugin of plugins)
    blaming(`Plugin "${plugin.name}" cannot add to the graph`, () =>
      noteOrigins(builder, plugin.name, () => plugin.schema?.(builder, isProvided), origins),
    );
  return blaming('The graph of these plugins cannot be built', () => {
    eventTypes(builder, declared);
    return plainIds(builder, lexicographicSortSchema(builder.toSchema()));
  });
}

function blaming<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new PluginError(`${what}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/**
 * Starts a gateway: plugins in, doors out.
 * @throws ConfigError with every fault of the config, PluginError naming the plugin at fault.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = options.folder ?? process.cwd();
  const plan = await makePlan({
    content: options.config,
    folder,
    environment: options.environment ?? {},
    sections: roomSections,
  });
  return startGateway(plan, { ...options, folder });
}

async function startGateway(plan: Plan, options: GatewayOptions & { readonly folder: string }): Promise<Gateway> {
  const { core, config, plugins } = plan;
  for (const { name } of [eventLog, authenticator])
    if (!plan.winners.has(name))
      throw new PluginError(`The gateway uses port ${name}, which no listed plugin provides. List one that does.`);
  const log = options.log ?? createLogger(core.log.level);
  const measures = createMetrics();
  const draining = new AbortController();
  const ports = new PortRegistry(plan.winners);
  const time = options.clock ?? systemClock;
  const provide = ports.provider('gatehouse', new Set());
  provide(clock, time);
  provide(catalogue, plan.catalogue);
  provide(metrics, measures);
  const leave = createDeparture();
  provide(departure, leave);
  const told = createCommits();
  provide(commits, told);
  let runLocally: ReturnType<typeof createExecutor> | null = null;
  provide(graph, {
    async execute(operation) {
      if (!runLocally) throw new Error('The graph is asked before the gateway is ready.');
      return runLocally(operation);
    },
  } satisfies Graph);
  const board = new PresentBoard();
  provide(presentStates, board);
  const behind = new BackgroundWork(log);
  provide(background, behind);

  const events = config.section('events') as EventsConfig;
  provide(eventRetention, events.retention);
  let delivery: ReturnType<typeof createDelivery> | null = null;
  const source: ContextSource = {
    ports,
    clock: time,
    log,
    transactionTimeout: (config.section('storage').transactionTimeout as number | undefined) ?? 15_000,
    maxEventBytes: events.maxBytes,
    committed(appended) {
      // In this process a change of rights counts from its commit on, before the log has numbered it.
      const known = ports.find(authenticator, null);
      for (const event of appended) known?.affects(event);
      delivery?.committed(appended);
      told.tell(appended);
    },
  };
  const context = (facts: Partial<ContextFacts> = {}) => createContext(source, { viewer: systemViewer, ...facts });
  const dataDir = core.dataDir.startsWith('memory://') ? core.dataDir : resolve(options.folder, core.dataDir);
  if (!dataDir.startsWith('memory://')) await mkdir(dataDir, { recursive: true });

  const origins = new Map<string, string>();
  const schema = makeSchema(plugins, plan.catalogue, origins);
  const mounts = collectMounts(plugins, config);
  const callable = collectEndpoints(rootFields(schema, origins), mounts, plan.catalogue);
  provide(endpoints, { list: () => callable });
  const dispose = await setupPlugins(plugins, { ports, config, dataDir, signal: draining.signal, log, context });
  try {
    const who = ports.use(authenticator, null);
    const live = config.section('live') as LiveConfig;
    const graphql = config.section('graphql') as GraphqlConfig;
    const operations = createOperations({ schema, config: graphql, metrics: measures, folder: options.folder });
    const stream = createDelivery({
      source,
      schema,
      catalogue: plan.catalogue,
      authenticator: who,
      present: board,
      metrics: measures,
      live,
      events,
    });
    delivery = stream;
    await stream.start();
    const carrier = ports.find(broadcast, null);
    const disconnect = carrier && (await board.connect(carrier));
    const { hub } = stream;
    const sockets = createSockets({ hub, operations, schema, authenticator: who, config: live, log, context });
    const door = createDoor({
      operations,
      source,
      authenticator: who,
      config: {
        http: config.section('http') as HttpConfig,
        graphql,
        metrics: config.section('metrics') as MetricsConfig,
      },
      metrics: measures,
      checks: plugins.flatMap((plugin) => plugin.checks),
      mounts,
      upgrade: sockets.upgrade,
      stream: createSse({ hub, operations, schema, config: live, context }),
    });
    const execute = createExecutor(operations, source);
    runLocally = execute;
    const listenings = plugins
      .flatMap((plugin) => plugin.listeners)
      .map(
        (listener) =>
          new Listening({ listener, tail: stream.tail, clock: time, log, poll: events.poll, context: () => context() }),
      );
    const tasksAt = (place: NonNullable<Task['place']>) =>
      runTasks(
        plugins.flatMap((plugin) => plugin.tasks).filter((task) => (task.place ?? 'WORK') === place),
        context,
        draining.signal,
      );
    const tasks: Promise<unknown>[] = [];
    let disposed: Promise<void> | null = null;
    const end = async () => {
      draining.abort();
      hub.drain();
      await door.drain();
      await sockets.close();
      await Promise.all(tasks);
      await behind.settled();
      await disconnect?.();
      await stream.stop();
      await door.close();
      await dispose();
    };
    return {
      schema,
      catalogue: plan.catalogue,
      log,
      fetch: door.fetch,
      leaving: leave.signal,
      async listen() {
        const url = await door.listen();
        tasks.push(tasksAt('DOORS'));
        return url;
      },
      work() {
        tasks.push(tasksAt('WORK'), ...listenings.map((listening) => listening.run(draining.signal)));
      },
      execute: (operation) => execute({ viewer: systemViewer, ...operation }),
      context,
      dispose() {
        disposed ??= end();
        return disposed;
      },
    };
  } catch (error) {
    await delivery?.stop().catch(() => undefined);
    await dispose();
    throw error;
  }
}
