import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { EventVisibility, StoredEvent } from '#kernel/event.ts';
import { grantsCover, type ScopeGrant, type Visibility } from '#kernel/permission.ts';
import type { Port } from '#kernel/port.ts';
import { changeNames, isChangeName } from '#resolvers/network/changes/change.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';

interface Granted {
  readonly id: string;
  /** A Site is its own. */
  readonly siteId?: string;
}

/** Where the things are that a grant may name. */
const stores: Readonly<Record<string, Port<{ getMany(ids: readonly string[]): Promise<(Granted | null)[]> }>>> = {
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
export const visibleHistory = async (ctx: Context): Promise<Visibility> =>
  narrowed(visible(ctx, 'network:read'), await ctx.load(sitesOfGrants, 'network:read'), () => true);

/**
 * The same within one Site: without what is granted on things of others. So nothing is searched for who sees nothing
 * there.
 */
export const visibleHistoryOf = async (ctx: Context, siteId: string): Promise<Visibility> =>
  narrowed(visible(ctx, 'network:read'), await ctx.load(sitesOfGrants, 'network:read'), (site) => site === siteId);

/** Row id of the Site of each living thing that is granted on, by kind and row id. */
type SitesOfGrants = ReadonlyMap<string, string>;

async function sitesOfGrants(ctx: Context, keys: readonly string[]): Promise<SitesOfGrants[]> {
  const visibility = visible(ctx, 'network:read');
  const grants = typeof visibility === 'string' ? [] : visibility.allOf.flat();
  const sites = new Map<string, string>();
  for (const [kind, port] of Object.entries(stores)) {
    const ids = [...new Set(grants.filter((grant) => grant.kind === kind).map(idIn))];
    const found = ids.length === 0 ? [] : await ctx.use(port).getMany(ids);
    ids.forEach((id, index) => {
      const thing = found[index];
      if (thing) sites.set(`${kind}/${id}`, thing.siteId ?? thing.id);
    });
  }
  return keys.map(() => sites);
}

function narrowed(visibility: Visibility, sites: SitesOfGrants, counts: (siteId: string) => boolean): Visibility {
  if (typeof visibility === 'string') return visibility;
  const gives = (grant: ScopeGrant): boolean => {
    if (!(grant.kind in stores)) return true;
    const site = sites.get(`${grant.kind}/${idIn(grant)}`);
    return site !== undefined && counts(site);
  };
  const allOf = visibility.allOf.map((grants) => grants.filter(gives));
  return allOf.some((grants) => grants.length === 0) ? 'none' : { allOf };
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
