import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import {
  type ListedRows,
  listedCount,
  listedMatches,
  listedPages,
  orderKeys,
  readSelection,
} from '#plugins/storage-memory/network/lists.ts';
import {
  type Circuit,
  type CircuitFilter,
  type CircuitScope,
  type CircuitStore,
  circuitFacts,
  deviceIdsOf,
  endsOf,
  type RefusedEnd,
  type Side,
} from '#resolvers/network/circuits/circuit.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

const circuits = defineTable<Circuit>('circuit');

export const circuitOf = (tables: Tables, id: string): Circuit | null => tables(circuits).get(id.toLowerCase()) ?? null;

interface Claim {
  readonly interfaceId: string;
  readonly circuitId: string;
  readonly side: Side;
}

/** By id of the interface. */
const claims = defineTable<Claim>('circuitEnd');

const listed: ListedRows<'site' | 'device', CircuitFilter, Circuit> = {
  below: (kind, circuit, id) => (kind === 'site' ? circuit.siteId === id : deviceIdsOf(circuit).includes(id)),
  matches: ({ name, nameSlug, endpointAIds, endpointZIds }, { endpointA, endpointZ, ...circuit }) =>
    (name === undefined || circuit.name === name) &&
    (nameSlug === undefined || circuit.nameSlug === nameSlug) &&
    (endpointAIds?.includes(endpointA.interfaceId) ?? true) &&
    (endpointZIds === undefined || (endpointZ !== null && endpointZIds.includes(endpointZ.interfaceId))),
  facts: circuitFacts,
  keys: (order) => orderKeys(order, ({ nameSlug }) => nameSlug),
};

type Query = Pick<ListQuery<CircuitFilter>, 'filter' | 'visibility'>;

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryCircuits implements CircuitStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Circuit | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(circuits).get(id.toLowerCase()) ?? null));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Circuit[])[]> {
    return this.#session.run((tables) =>
      listedMatches(all(tables), listed, { keys, visibility, keyOf: ({ nameSlug }) => nameSlug }),
    );
  }

  async pages(scopes: readonly CircuitScope[], query: ListQuery<CircuitFilter>): Promise<Page<Circuit>[]> {
    const selected = await readSelection(query.filter.selection);
    return this.#session.run((tables) => listedPages(all(tables).filter(selected), listed, scopes, query));
  }

  async count(scopes: readonly CircuitScope[], query: Query): Promise<number[]> {
    const selected = await readSelection(query.filter.selection);
    return this.#session.run((tables) => listedCount(all(tables).filter(selected), listed, scopes, query));
  }

  ofInterfaces(interfaceIds: readonly string[]): Promise<(Circuit | null)[]> {
    return this.#session.run((tables) =>
      interfaceIds.map((id) => {
        const claim = tables(claims).get(id.toLowerCase());
        return claim ? (tables(circuits).get(claim.circuitId) ?? null) : null;
      }),
    );
  }

  insertMany(fresh: readonly Circuit[]): Promise<(Circuit | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((circuit) => {
        if (isTaken(tables, circuit)) return null;
        tables(circuits).set(circuit.id, circuit);
        return circuit;
      }),
    );
  }

  claimEnds(wanting: readonly Circuit[]): Promise<readonly RefusedEnd[]> {
    return this.#session.run((tables) => {
      release(
        tables,
        wanting.map(({ id }) => id),
      );
      return wanting.flatMap((circuit) =>
        endsOf(circuit).flatMap(({ interfaceId }, index) =>
          claim(tables, { interfaceId, circuitId: circuit.id, side: index === 0 ? 'A' : 'Z' }),
        ),
      );
    });
  }

  hold(ids: readonly string[]): Promise<(Circuit | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(Circuit | null)[]> {
    return this.getMany(ids);
  }

  updateMany(changed: readonly Circuit[]): Promise<readonly Circuit[]> {
    return this.#session.run((tables) => {
      const former = changed.map(({ id }) => tables(circuits).get(id));
      for (const { id } of changed) tables(circuits).delete(id);
      return changed.filter((circuit, index) => {
        const before = former[index];
        if (!before) return false;
        const taken = isTaken(tables, circuit);
        const { name, nameSlug, endpointA, endpointZ, updatedAt } = circuit;
        tables(circuits).set(circuit.id, { ...before, name, nameSlug, endpointA, endpointZ, updatedAt });
        return taken;
      });
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      release(tables, ids);
      for (const id of ids) tables(circuits).delete(id);
    });
  }
}

const all = (tables: Tables): Circuit[] => [...tables(circuits).values()];

const isTaken = (tables: Tables, { id, siteId, name, nameSlug }: Circuit): boolean =>
  all(tables).some(
    (other) => other.id !== id && other.siteId === siteId && (other.name === name || other.nameSlug === nameSlug),
  );

function release(tables: Tables, circuitIds: readonly string[]): void {
  const held = [...tables(claims).values()].filter(({ circuitId }) => circuitIds.includes(circuitId));
  for (const { interfaceId } of held) tables(claims).delete(interfaceId);
}

function claim(tables: Tables, { interfaceId, circuitId, side }: Claim): RefusedEnd[] {
  const holder = tables(claims).get(interfaceId);
  if (holder) return [{ circuitId, side, usedAs: holder.side }];
  tables(claims).set(interfaceId, { interfaceId, circuitId, side });
  return [];
}
