import { z } from 'zod';
import type { Catalogue } from '#kernel/catalogue.ts';
import { type Config, type ConfigSection, group, keys } from '#kernel/config.ts';
import { readConfig } from '#kernel/config-values.ts';
import { logLevels } from '#kernel/log.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { loadPlugins, type PluginEntry } from '#plugins/load.ts';
import { chooseProviders, orderPlugins, type Winners, withDependencies } from '#plugins/order.ts';
import { collectCatalogue } from '#plugins/registry.ts';

/** The keys at the top of the config that belong to no plugin. */
const core = keys({
  plugins: z
    .array(z.custom<PluginEntry>())
    .default(['default'])
    .describe('What runs: `default`, `!name` to leave one out, names of built-ins, files, packages, or plugins.'),
  ports: z
    .record(z.string(), z.string())
    .default({})
    .describe('Which plugin counts for a port that several provide, by port.'),
  dataDir: z.string().min(1).default('.gatehouse').describe('Where the embedded database and other files are kept.'),
  log: group({
    level: z.enum(logLevels).default('info').describe('How much is logged, to standard error.'),
  }),
});

export type CoreConfig = z.output<typeof core>;

/** A set of plugins and their config, checked as far as it can be without starting anything. */
export interface Plan {
  readonly core: CoreConfig;
  readonly config: Config;
  readonly sections: readonly ConfigSection[];
  /** In the order of their setups. */
  readonly plugins: readonly GatehousePlugin[];
  readonly winners: Winners;
  readonly catalogue: Catalogue;
}

export interface PlanOptions {
  /** What a config file holds. */
  readonly content?: unknown;
  /** Where relative paths begin. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The sections of the rooms that are no plugins. */
  readonly sections: readonly ConfigSection[];
}

/** Names from the environment that are read by others. */
const reserved = ['GATEHOUSE_CONFIG', 'GATEHOUSE_URL', 'GATEHOUSE_TOKEN'];

/** @throws ConfigError with every fault of the config, PluginError for plugins that do not fit together. */
export async function makePlan(options: PlanOptions): Promise<Plan> {
  const content = options.content ?? {};
  const listed = typeof content === 'object' && content !== null && 'plugins' in content ? content.plugins : undefined;
  const entries = Array.isArray(listed) ? (listed as PluginEntry[]) : ['default'];
  const plugins = withDependencies(await loadPlugins(entries, options.folder));
  const sections: ConfigSection[] = [
    { path: '', owner: 'gatehouse', schema: core },
    ...options.sections,
    ...plugins.map((plugin) => ({ path: plugin.section, owner: plugin.name, schema: plugin.config })),
  ];
  const config = readConfig(sections, content, options.environment, reserved);
  const values = config.section('') as CoreConfig;
  const winners = chooseProviders(plugins, values.ports);
  const ordered = orderPlugins(plugins, winners);
  return { core: values, config, sections, plugins: ordered, winners, catalogue: collectCatalogue(ordered) };
}
