import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { AttributeStore } from '#resolvers/network/attributes/store.ts';

/**
 * One step to a set of things: keep those that carry one of the values under a name, leave them out, or add them. The
 * steps begin with all things of a kind and go strictly from first to last.
 */
export interface Step {
  readonly operator: 'KEEP' | 'DROP' | 'ADD';
  /** Null for things of all Sites. */
  readonly siteId: string | null;
  readonly name: string;
  readonly values: readonly string[];
}

/** Ids of things: these, or all but these. */
export interface IdSet {
  readonly allBut: boolean;
  readonly ids: ReadonlySet<string>;
}

/**
 * A set of things by what they carry, as a filter for the store of these things. A store beside the values may know a
 * quicker way; every other one reads the ids.
 */
export interface Selection {
  readonly resource: AttributeResource;
  readonly steps: readonly Step[];
  /** Reads the set. */
  ids(): Promise<IdSet>;
}

/** Whether a thing is in the set. */
export const isIn = ({ allBut, ids }: IdSet, id: string): boolean => ids.has(id) !== allBut;

/** Follows the steps with one read. */
export async function selectIds(
  store: Pick<AttributeStore, 'carriers'>,
  resource: AttributeResource,
  steps: readonly Step[],
): Promise<IdSet> {
  const carriers = await store.carriers(steps.map(({ siteId, name, values }) => ({ siteId, resource, name, values })));
  return steps.reduce<IdSet>((set, { operator }, index) => follow(set, operator, new Set(carriers[index])), {
    allBut: true,
    ids: new Set(),
  });
}

/** A set of all but some is changed by what it lacks: what is kept out of it, and what comes back into it. */
function follow({ allBut, ids }: IdSet, operator: Step['operator'], carriers: ReadonlySet<string>): IdSet {
  const without = (all: ReadonlySet<string>, gone: ReadonlySet<string>) =>
    new Set([...all].filter((id) => !gone.has(id)));
  const together = () => new Set([...ids, ...carriers]);
  switch (operator) {
    case 'KEEP':
      return { allBut: false, ids: new Set([...carriers].filter((id) => ids.has(id) !== allBut)) };
    case 'DROP':
      return { allBut, ids: allBut ? together() : without(ids, carriers) };
    case 'ADD':
      return { allBut, ids: allBut ? without(ids, carriers) : together() };
  }
}
