import { compareCidr, toCidr } from '#kernel/cidr.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { Children } from '#resolvers/network/networks/store.ts';

/** A network to go, with the children it has beside others that go too. */
export interface Leaving {
  readonly network: Network;
  readonly force: boolean;
  readonly children: Children;
}

/** What happens when its turn comes. */
export interface Removal {
  readonly network: Network;
  /** Children when its turn comes: its own, and those that came to it from removed networks inside it. */
  readonly movedCount: number;
  /** The first of them, in order of creation. */
  readonly moved: readonly string[];
  /** How many of them it has itself, by stored parent. */
  readonly ownChildren: number;
  /** Where its children are in the end: the closest ancestor that stays. */
  readonly finalParentId: string | null;
  /** Why it may not go: it has children and no force, or it is a root and a child of it holds nothing. */
  readonly refused: 'children' | 'leaves' | null;
}

/**
 * Plans the removal of networks, those inside others first. The outcome is as if they were removed one by one.
 * @param limit the most ids in `moved`.
 */
export function removals(leaving: readonly Leaving[], limit: number): Removal[] {
  const byId = new Map(leaving.map((entry) => [entry.network.id, entry]));
  const left = new Map<string, Children>();
  const ordered = [...leaving].sort((one, other) => compareCidr(toCidr(other.network.cidr), toCidr(one.network.cidr)));
  return ordered.map(({ network, force, children }) => {
    const came = left.get(network.id) ?? nothing;
    const present = merge(children, came, limit);
    const parent = network.parentId;
    if (parent !== null && byId.has(parent)) left.set(parent, merge(left.get(parent) ?? nothing, present, limit));
    return {
      network,
      movedCount: present.count,
      moved: present.first,
      ownChildren: children.count,
      finalParentId: closestStaying(network, byId),
      refused: refusalOf(network, force, present),
    };
  });
}

const nothing: Children = { count: 0, first: [], someLeaf: false };

const merge = (one: Children, other: Children, limit: number): Children => ({
  count: one.count + other.count,
  first: [...one.first, ...other.first].sort().slice(0, limit),
  someLeaf: one.someLeaf || other.someLeaf,
});

function refusalOf(network: Network, force: boolean, present: Children): Removal['refused'] {
  if (present.count === 0) return null;
  if (!force) return 'children';
  return network.parentId === null && present.someLeaf ? 'leaves' : null;
}

function closestStaying(network: Network, leaving: ReadonlyMap<string, Leaving>): string | null {
  // Stored parents of a damaged tree may lead in a circle.
  const seen = new Set([network.id]);
  let parentId = network.parentId;
  for (let next = leaving.get(parentId ?? ''); next; next = leaving.get(parentId ?? '')) {
    if (seen.has(next.network.id)) return null;
    seen.add(next.network.id);
    parentId = next.network.parentId;
  }
  return parentId;
}
