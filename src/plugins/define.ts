import { z } from 'zod';
import type { EventDefinition } from '#kernel/event.ts';
import type { JobClass } from '#kernel/job.ts';
import type { Dispose, IsProvided, Plugin, PortMap, PortValues, ProtocolDoor, SetupParts } from '#kernel/plugin.ts';
import type { ManyPort, Port } from '#kernel/port.ts';
import type { Builder } from '#schema/builder.ts';

export type GatehousePlugin = Plugin<Builder>;

type Data = Pick<
  GatehousePlugin,
  | 'permissions'
  | 'roles'
  | 'accounts'
  | 'checks'
  | 'routes'
  | 'links'
  | 'assets'
  | 'tasks'
  | 'listeners'
  | 'dependsOn'
  | 'jobOptions'
>;

/** What a plugin says of itself. Only `name`, `version` and `description` are needed. */
export interface PluginDeclaration<Config extends z.ZodObject, Uses extends PortMap, Optional extends PortMap>
  extends Partial<Data> {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly section?: string;
  /** Checked before anything runs, with every fault of every plugin at once. */
  readonly config?: Config;
  /** Ports that `setup` gets, and that must be provided by somebody. */
  readonly uses?: Uses;
  /** Ports that it can do without: null when nobody provides them. */
  readonly optional?: Optional;
  // biome-ignore lint/suspicious/noExplicitAny: a list of ports of any types
  readonly provides?: readonly (Port<any> | ManyPort<any>)[];
  // biome-ignore lint/suspicious/noExplicitAny: a list of events of any data
  readonly events?: readonly EventDefinition<any>[];
  // biome-ignore lint/suspicious/noExplicitAny: a list of classes of any arguments
  readonly jobs?: readonly JobClass<any>[];
  /** Doors of whole protocols. Pure: no I/O. */
  doors?(config: z.output<Config>): readonly ProtocolDoor[];
  /** Declares what the graph shows. Pure: no I/O, no state of its own. */
  schema?(builder: Builder, isProvided: IsProvided): void;
  /** The only place with I/O. What it returns ends what it began. */
  setup?(
    parts: SetupParts<z.output<Config>, PortValues<Uses, Optional>>,
  ): Promise<Dispose | undefined> | Dispose | undefined;
}

/** A plugin: data that can be listed and documented, a pure `schema`, and one `setup`. */
export function definePlugin<
  Config extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Uses extends PortMap = Record<never, never>,
  Optional extends PortMap = Record<never, never>,
>(declaration: PluginDeclaration<Config, Uses, Optional>): GatehousePlugin {
  return {
    section: declaration.name,
    config: z.strictObject({}),
    dependsOn: [],
    uses: {},
    optional: {},
    provides: [],
    events: [],
    jobs: [],
    jobOptions: {},
    permissions: [],
    roles: [],
    accounts: [],
    checks: [],
    routes: [],
    doors: () => [],
    links: [],
    assets: [],
    tasks: [],
    listeners: [],
    ...declaration,
  } as GatehousePlugin;
}
