import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { EventVisibility, StoredEvent } from '#kernel/event.ts';
import type { ScopeGrant, Visibility } from '#kernel/permission.ts';
import type { Port } from '#kernel/port.ts';
import { grantsCover } from '#resolvers/network/access.ts';
import { changeNames, isChangeName } from '#resolvers/network/changes/change.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';

/** Where the things are that a grant may name. */
const stores: Readonly<Record<string, Port<{ getMany(ids: readonly string[]): Promise<(object | null)[]> }>>> = {
  site: siteStore,
  device: deviceStore,
  network: networkStore,
  interface: interfaceStore,
  circuit: circuitStore,
};

/** The row id in the value of a grant: `<site>` or `<site>/device`. */
const idIn = ({ value }: ScopeGrant): string => value.split('/')[0] ?? '';

/**
 * What of the history the viewer may see. A grant on a thing that is deleted gives nothing any more, so the history of a
 * deleted Site is for those who may read without a scope.
 */
export async function visibleHistory(ctx: Context): Promise<Visibility> {
  return ctx.load(livingGrants, 'network:read');
}

async function livingGrants(ctx: Context, keys: readonly string[]): Promise<Visibility[]> {
  const visibility = visible(ctx, 'network:read');
  if (typeof visibility === 'string') return keys.map(() => visibility);
  const grants = visibility.allOf.flat();
  const living = new Set<string>();
  for (const [kind, port] of Object.entries(stores)) {
    const ids = [...new Set(grants.filter((grant) => grant.kind === kind).map(idIn))];
    const found = ids.length === 0 ? [] : await ctx.use(port).getMany(ids);
    ids.forEach((id, index) => {
      if (found[index]) living.add(`${kind}/${id}`);
    });
  }
  const lives = (grant: ScopeGrant) => !(grant.kind in stores) || living.has(`${grant.kind}/${idIn(grant)}`);
  const allOf = visibility.allOf.map((list) => list.filter(lives));
  return keys.map(() => (allOf.some((list) => list.length === 0) ? 'none' : { allOf }));
}

/** The same for a page of the event log. */
export const changesSeenBy = (visibility: Visibility): EventVisibility => [
  { names: changeNames(), visibility, owner: null },
];

/** The same for one event. */
export function isSeenBy(visibility: Visibility, event: StoredEvent): boolean {
  if (!isChangeName(event.name) || visibility === 'none') return false;
  return visibility === 'all' || visibility.allOf.every((grants) => grantsCover(grants, event.scope));
}
