import type { GatehousePlugin } from '#plugins/define.ts';

/** A set of plugins that cannot work together: it names the plugin at fault and the remedy. */
export class PluginError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginError';
  }
}

/** Which plugin's provision of a port counts, by port name. */
export type Winners = ReadonlyMap<string, string>;

/** Ports that the gateway itself provides, before any plugin. */
export const kernelPorts: ReadonlySet<string> = new Set([
  'clock',
  'catalogue',
  'metrics',
  'departure',
  'graph',
  'commits',
  'events.retention',
  'endpoints',
]);

/** The plugins and all they depend on, each once. */
export function withDependencies(listed: readonly GatehousePlugin[]): GatehousePlugin[] {
  const found = new Map<string, GatehousePlugin>();
  const add = (plugin: GatehousePlugin, wantedBy: string) => {
    const present = found.get(plugin.name);
    if (present === plugin) return;
    if (present) throw new PluginError(`Two plugins are named "${plugin.name}"; ${wantedBy}. Rename one of them.`);
    found.set(plugin.name, plugin);
    for (const needed of plugin.dependsOn) add(needed, `"${plugin.name}" depends on the second`);
  };
  for (const plugin of listed) add(plugin, 'both are listed');
  return [...found.values()];
}

/**
 * Who provides each port.
 * @param choice port name → plugin name, from the config.
 */
export function chooseProviders(
  plugins: readonly GatehousePlugin[],
  choice: Readonly<Record<string, string>>,
): Winners {
  const winners = new Map<string, string>();
  const single = plugins.flatMap((plugin) =>
    plugin.provides.filter((port) => !port.many).map((port) => ({ port: port.name, plugin: plugin.name })),
  );
  for (const { port, plugin } of single) {
    const rivals = single.filter((entry) => entry.port === port).map((entry) => entry.plugin);
    const chosen = choice[port];
    if (chosen !== undefined && !rivals.includes(chosen))
      throw new PluginError(
        `The config gives port ${port} to "${chosen}", which does not provide it. It is provided by: ${rivals.join(', ')}.`,
      );
    if (chosen === undefined && rivals.length > 1)
      throw new PluginError(
        `Port ${port} is provided by ${rivals.join(' and ')}. Say in the config which one counts: ports: { "${port}": "${rivals.at(-1)}" }.`,
      );
    winners.set(port, chosen ?? plugin);
  }
  for (const port of Object.keys(choice))
    if (!winners.has(port))
      throw new PluginError(`The config chooses a provider of port ${port}, which nobody provides.`);
  return winners;
}

/** The order of the setups: providers before users, and after what they depend on. */
export function orderPlugins(plugins: readonly GatehousePlugin[], winners: Winners): GatehousePlugin[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const ordered: GatehousePlugin[] = [];
  const state = new Map<string, 'visiting' | 'done'>();
  const visit = (plugin: GatehousePlugin, trail: readonly string[]) => {
    if (state.get(plugin.name) === 'done') return;
    const path = [...trail, plugin.name];
    if (state.get(plugin.name) === 'visiting')
      throw new PluginError(
        `Plugins wait for each other in a circle: ${path.slice(path.indexOf(plugin.name)).join(' → ')}.`,
      );
    state.set(plugin.name, 'visiting');
    for (const before of predecessors(plugin, plugins, winners)) visit(byName.get(before) as GatehousePlugin, path);
    state.set(plugin.name, 'done');
    ordered.push(plugin);
  };
  for (const plugin of plugins) visit(plugin, []);
  return ordered;
}

function predecessors(
  plugin: GatehousePlugin,
  plugins: readonly GatehousePlugin[],
  winners: Winners,
): readonly string[] {
  const wanted = Object.values(plugin.uses).flatMap((port) => {
    if (kernelPorts.has(port.name)) return [];
    const provider = winners.get(port.name);
    if (provider === undefined)
      throw new PluginError(
        `Plugin "${plugin.name}" uses port ${port.name}, which no listed plugin provides. List one that does.`,
      );
    return provider;
  });
  const optional = Object.values(plugin.optional).flatMap((port) => winners.get(port.name) ?? []);
  const depended = plugin.dependsOn.map((needed) => needed.name);
  return [...wanted, ...optional, ...depended].filter(
    (name) => name !== plugin.name && plugins.some((other) => other.name === name),
  );
}
