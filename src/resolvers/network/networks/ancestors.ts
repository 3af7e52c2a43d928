import { type Cidr, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { placeAll } from '#resolvers/network/tree.ts';

/** A prefix in a Site, with its number at hand. */
export interface Placed {
  readonly siteId: string;
  readonly cidr: string;
}

/**
 * The networks that hold each prefix, outermost first, in one read however many. They are found by address, not by
 * stored parents: so they are right also while a tree waits for its repair.
 */
export async function ancestorsOf(ctx: Context, places: readonly Placed[]): Promise<(readonly Network[])[]> {
  if (places.length === 0) return [];
  return placeAmong(await ctx.use(networkStore).containing(places), places).map(({ ancestors }) => ancestors);
}

/** Where prefixes belong among networks that are known to hold or equal them. */
export interface Standing {
  readonly ancestors: readonly Network[];
  /** The network with this very prefix. */
  readonly equal: Network | null;
}

export function placeAmong(networks: readonly Network[], places: readonly Placed[]): Standing[] {
  const standing = new Map<Placed, Standing>();
  for (const [siteId, group] of Map.groupBy(places, (place) => place.siteId)) {
    const known = networks.filter((network) => network.siteId === siteId);
    for (const [place, found] of placeInSite(known, group)) standing.set(place, found);
  }
  return places.map((place) => standing.get(place) ?? { ancestors: [], equal: null });
}

/** Equal prefixes stand together: the sweep sees each prefix once. */
interface Slot {
  readonly cidr: Cidr;
  readonly network: Network | null;
  readonly places: Placed[];
}

function placeInSite(networks: readonly Network[], places: readonly Placed[]): [Placed, Standing][] {
  const slots = new Map<string, Slot>();
  for (const network of networks) slots.set(network.cidr, { cidr: toCidr(network.cidr), network, places: [] });
  for (const place of places) {
    const slot = slots.get(place.cidr) ?? { cidr: toCidr(place.cidr), network: null, places: [] };
    slot.places.push(place);
    slots.set(place.cidr, slot);
  }
  return placeAll([...slots.values()], (slot) => slot.cidr).flatMap(({ item, ancestors }) => {
    if (item.places.length === 0) return [];
    const found: Standing = { ancestors: ancestors.flatMap((slot) => slot.network ?? []), equal: item.network };
    return item.places.map((place): [Placed, Standing] => [place, found]);
  });
}
