import type { Config } from '#kernel/config.ts';
import { type Mount, mountName } from '#kernel/endpoint.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { PluginError } from '#plugins/order.ts';

/** Everything that plugins mount at paths. @throws PluginError for a declaration that means nothing. */
export function collectMounts(plugins: readonly GatehousePlugin[], config: Config): Mount[] {
  return plugins.flatMap((plugin) => {
    const named = (part: Mount['part']) => {
      const fault = faultOf(part);
      if (fault) throw new PluginError(`Plugin "${plugin.name}" mounts ${part.path}: ${fault}.`);
      return { plugin: plugin.name, name: part.name ?? mountName(plugin.name, part.path) };
    };
    const doors = plugin.doors(config.section(plugin.section) as never);
    return [
      ...plugin.routes.map((part): Mount => ({ kind: 'ROUTE', ...named(part), part })),
      ...doors.map((part): Mount => ({ kind: 'DOOR', ...named(part), part })),
      ...plugin.links.map((part): Mount => ({ kind: 'LINK', ...named(part), part })),
      ...plugin.assets.map((part): Mount => ({ kind: 'ASSET', ...named(part), part })),
    ];
  });
}

function faultOf(part: Mount['part']): string | null {
  if (!part.path.startsWith('/')) return 'a path begins with /';
  const isPlain = 'directory' in part || 'methods' in part;
  if (isPlain && /[:*]/.test(part.path)) return 'a folder or the door of a protocol has no names in its path';
  if (part.since !== undefined && !/^\d{4}-\d\d-\d\d$/.test(part.since)) return 'since is a day such as 2026-03-01';
  return null;
}
