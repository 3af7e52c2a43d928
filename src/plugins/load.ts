import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtIns, defaultPlugins } from '#plugins/built-in.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { PluginError } from '#plugins/order.ts';

/** An entry of `plugins` in the config. Falsy ones are left out, so that a config can decide. */
export type PluginEntry = GatehousePlugin | string | false | null | undefined;

/**
 * The plugins that a list means. `default` stands for all that Gatehouse comes with, `!name` takes one away again, a
 * text that begins with `.` or `/` is a file, a known name a built-in, and any other text a package.
 * @param folder where relative paths begin.
 * @throws PluginError naming the entry.
 */
export async function loadPlugins(entries: readonly PluginEntry[], folder: string): Promise<GatehousePlugin[]> {
  const loaded: GatehousePlugin[] = [];
  for (const entry of entries) {
    if (!entry) continue;
    if (typeof entry !== 'string') loaded.push(entry);
    else if (entry === 'default') loaded.push(...defaultPlugins);
    else if (entry.startsWith('!')) remove(loaded, entry.slice(1));
    else loaded.push(builtIns.get(entry) ?? (await importPlugin(entry, folder)));
  }
  return [...new Set(loaded)];
}

function remove(loaded: GatehousePlugin[], name: string): void {
  const place = loaded.findIndex((plugin) => plugin.name === name);
  if (place < 0) throw new PluginError(`plugins: "!${name}" takes away a plugin that is not listed before it.`);
  loaded.splice(place, 1);
}

async function importPlugin(entry: string, folder: string): Promise<GatehousePlugin> {
  const isFile = /^[./]/.test(entry);
  const source = isFile ? pathToFileURL(resolve(folder, entry)).href : entry;
  let module: Record<string, unknown>;
  try {
    module = await import(source);
  } catch (error) {
    const known = [...builtIns.keys()].join(', ');
    const hint = isFile ? '' : ` It is no built-in either: those are ${known}.`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PluginError(`plugins: "${entry}" cannot be loaded: ${reason}.${hint}`, { cause: error });
  }
  const found = [module.plugin, module.default].find(isPlugin);
  if (!found)
    throw new PluginError(`plugins: "${entry}" exports no plugin. Write: export const plugin = definePlugin({ … }).`);
  return found;
}

const isPlugin = (value: unknown): value is GatehousePlugin =>
  typeof value === 'object' && value !== null && 'name' in value && 'provides' in value;
