import type { GatehousePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';

/** What `default` stands for in the config. */
export const defaultPlugins: readonly GatehousePlugin[] = [storagePrisma];

/** Every plugin that comes with Gatehouse, by name. */
export const builtIns: ReadonlyMap<string, GatehousePlugin> = new Map(
  [...defaultPlugins, storageMemory].map((plugin) => [plugin.name, plugin]),
);
