import type { AccountDeclaration, Catalogue, PermissionArea } from '#kernel/catalogue.ts';
import type { Config } from '#kernel/config.ts';
import type { Context, Ports } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import { foldText } from '#kernel/filter.ts';
import type { Logger } from '#kernel/log.ts';
import type { Dispose, Provide } from '#kernel/plugin.ts';
import type { ManyPort, Port } from '#kernel/port.ts';
import type { UnitOfWork } from '#kernel/unit.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { collectJobs } from '#plugins/job-classes.ts';
import { PluginError, type Winners } from '#plugins/order.ts';
import { eventPattern } from '#resolvers/platform/events/queries.ts';

type Make = (unit: UnitOfWork | null) => object;

/** Everything that plugins gave, by port. */
export class PortRegistry implements Ports {
  readonly #winners: Winners;
  readonly #makers = new Map<string, Make>();
  readonly #lists = new Map<string, object[]>();
  /** What was made for a unit lives as long as the unit. */
  readonly #bound = new WeakMap<UnitOfWork, Map<string, object>>();

  constructor(winners: Winners) {
    this.#winners = winners;
  }

  use<T extends object>(port: Port<T>, unit: UnitOfWork | null): T {
    const value = this.find(port, unit);
    if (!value)
      throw new PluginError(`Port ${port.name} is asked for, and nothing provides it yet. Declare it in uses.`);
    return value;
  }

  find<T extends object>(port: Port<T>, unit: UnitOfWork | null): T | null {
    const make = this.#makers.get(port.name);
    if (!make) return null;
    if (!unit) return make(null) as T;
    const bound = this.#bound.get(unit) ?? new Map<string, object>();
    this.#bound.set(unit, bound);
    const value = bound.get(port.name) ?? make(unit);
    bound.set(port.name, value);
    return value as T;
  }

  all<T extends object>(port: ManyPort<T>): readonly T[] {
    return (this.#lists.get(port.name) ?? []) as T[];
  }

  /** How a plugin gives its ports; what it gives of a port that another was chosen for is left aside. */
  provider(plugin: string, given: Set<string>): Provide {
    const set = (port: Port<object>, make: Make) => {
      given.add(port.name);
      if ((this.#winners.get(port.name) ?? plugin) === plugin) this.#makers.set(port.name, make);
    };
    const plain = (port: Port<object> | ManyPort<object>, value: object) => {
      if (!port.many) {
        set(port, () => value);
        return;
      }
      given.add(port.name);
      this.#lists.set(port.name, [...(this.#lists.get(port.name) ?? []), value]);
    };
    const bound = (port: Port<object>, make: Make) => {
      const unbound = make(null);
      set(port, (unit) => (unit ? make(unit) : unbound));
    };
    return Object.assign(plain, { bound }) as Provide;
  }
}

/** What the plugins declare, together. @throws PluginError for two declarations of one name. */
export function collectCatalogue(plugins: readonly GatehousePlugin[]): Catalogue {
  const events = new Map<string, EventDefinition>();
  const areas = new Map<string, PermissionArea>();
  const types = new Map<string, string>();
  for (const plugin of plugins) {
    for (const event of plugin.events) {
      if (events.has(event.name)) throw new PluginError(`Plugin "${plugin.name}" declares event ${event.name} again.`);
      const rival = types.get(event.type);
      if (rival)
        throw new PluginError(
          `Events ${rival} and ${event.name} (plugin "${plugin.name}") both have type ${event.type}.`,
        );
      events.set(event.name, event);
      types.set(event.type, event.name);
    }
    for (const area of plugin.permissions) {
      if (areas.has(area.name))
        throw new PluginError(`Plugin "${plugin.name}" declares permission area ${area.name} again.`);
      areas.set(area.name, area);
    }
  }
  checkListeners(plugins);
  return {
    events,
    areas,
    roles: plugins.flatMap((plugin) => plugin.roles),
    accounts: collectAccounts(plugins),
    jobs: collectJobs(plugins, events),
    remotePorts: new Map(
      plugins.flatMap(({ provides }) =>
        provides.flatMap((port) => (port.many || !port.remote ? [] : [[port.name, port]])),
      ),
    ),
  };
}

/** @throws PluginError for two declarations of one name. */
function collectAccounts(plugins: readonly GatehousePlugin[]): AccountDeclaration[] {
  const names = new Set<string>();
  return plugins.flatMap((plugin) =>
    plugin.accounts.map((account) => {
      const name = foldText(account.name);
      if (names.has(name)) throw new PluginError(`Plugin "${plugin.name}" declares account ${account.name} again.`);
      names.add(name);
      return account;
    }),
  );
}

/** Two of one name would share one place in the log, and each would miss what the other was given. */
function checkListeners(plugins: readonly GatehousePlugin[]): void {
  const names = new Set<string>();
  for (const plugin of plugins)
    for (const { name, events } of plugin.listeners) {
      if (names.has(name)) throw new PluginError(`Plugin "${plugin.name}" declares listener ${name} again.`);
      names.add(name);
      const patterns = typeof events === 'function' ? [] : events;
      const fault = patterns.map((pattern) => eventPattern.safeParse(pattern).error?.issues[0]?.message).find(Boolean);
      if (fault) throw new PluginError(`Listener ${name} of plugin "${plugin.name}": ${fault}`);
    }
}

interface SetupEnvironment {
  readonly ports: PortRegistry;
  readonly config: Config;
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  context(): Context;
}

/**
 * Sets plugins up in order.
 * @returns what ends them all, in reverse order. When one setup fails, those before it are ended first.
 */
export async function setupPlugins(plugins: readonly GatehousePlugin[], env: SetupEnvironment): Promise<Dispose> {
  const disposals: { plugin: string; dispose: Dispose }[] = [];
  const disposeAll = async () => {
    for (const { plugin, dispose } of disposals.reverse()) {
      try {
        await dispose();
      } catch (error) {
        env.log.error({ err: error, plugin }, 'A plugin failed to stop.');
      }
    }
  };
  for (const plugin of plugins) {
    try {
      const dispose = await setupPlugin(plugin, env);
      if (dispose) disposals.push({ plugin: plugin.name, dispose });
    } catch (error) {
      await disposeAll();
      const reason = error instanceof Error ? error.message : String(error);
      throw new PluginError(`Plugin "${plugin.name}" failed to start: ${reason}`, { cause: error });
    }
  }
  return disposeAll;
}

async function setupPlugin(plugin: GatehousePlugin, env: SetupEnvironment): Promise<Dispose | undefined> {
  const given = new Set<string>();
  const values = {
    ...mapPorts(plugin.uses, (port) => env.ports.use(port, null)),
    ...mapPorts(plugin.optional, (port) => env.ports.find(port, null)),
  };
  const dispose = await plugin.setup?.({
    config: env.config.section(plugin.section) as never,
    ports: values as never,
    provide: env.ports.provider(plugin.name, given),
    signal: env.signal,
    log: env.log.child({ plugin: plugin.name }),
    dataDir: env.dataDir,
    context: env.context,
  });
  const fault = provisionFault(plugin, given);
  if (!fault) return dispose;
  await dispose?.();
  throw new PluginError(fault);
}

function provisionFault(plugin: GatehousePlugin, given: ReadonlySet<string>): string | null {
  const declared = new Set(plugin.provides.map((port) => port.name));
  for (const name of declared) if (!given.has(name)) return `it declares port ${name} but did not provide it.`;
  for (const name of given) if (!declared.has(name)) return `it provided port ${name} without declaring it.`;
  return null;
}

const mapPorts = <T>(ports: Readonly<Record<string, Port<object>>>, get: (port: Port<object>) => T) =>
  Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, get(port)]));
