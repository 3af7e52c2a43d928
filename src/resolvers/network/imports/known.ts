import type { Attribute } from '#resolvers/network/attributes/attribute.ts';
import type { Circuit } from '#resolvers/network/circuits/circuit.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import { failure, type Verdict } from '#resolvers/network/imports/row.ts';
import { identityOf, type Wish } from '#resolvers/network/imports/wish.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { ProtocolType } from '#resolvers/network/protocol-types/protocol-type.ts';

/** Something that a row refers to, or why the row fails. */
export type Found = { readonly id: string } | Verdict;

/** What a step made of its items. */
export interface Settled {
  readonly verdicts: ReadonlyMap<Item, Verdict>;
  /**
   * Row ids of the things that items ask for, where they are there now. What a pass that does not write would have made
   * has an id of no row.
   */
  readonly ids: ReadonlyMap<Item, string>;
}

/** What the steps of a pass leave for those behind them. */
export class Known {
  readonly #things = new Map<string, string | null>();
  /** Definitions that a pass that does not write would have made or changed, as they would be. */
  readonly definitions: Attribute[] = [];
  /** The same of networks. */
  readonly networks: Network[] = [];
  /** The same of other things, by row id. */
  readonly protocolTypes = new Map<string, ProtocolType>();
  readonly interfaces = new Map<string, NetworkInterface>();
  readonly circuits = new Map<string, Circuit>();
  /** The Site with a name. */
  readonly site: (name: string) => Found;
  readonly #lost: ReadonlySet<string>;

  /** @param lost see `Sorted`. */
  constructor(site: (name: string) => Found, lost: ReadonlySet<string>) {
    this.site = site;
    this.#lost = lost;
  }

  keep({ verdicts, ids }: Settled): void {
    for (const item of verdicts.keys()) this.#things.set(identityOf(item.wish), ids.get(item) ?? null);
  }

  /**
   * The thing that a row of the file asks for, by what names it there: its id, or why it is not there. Null for one of
   * which the file has no row.
   * @param field of the row that refers to it.
   */
  find(wish: Wish, field: string): Found | null {
    const identity = identityOf(wish);
    const id = this.#things.get(identity) ?? null;
    if (id !== null) return { id };
    if (!this.#things.has(identity) && !this.#lost.has(identity)) return null;
    return failure('DEPENDENCY_FAILED', `Its ${field} failed too.`, [field]);
  }
}

/** Things by row id as the pass has them: those that it only plans, and what is stored. */
export async function withPlanned<T extends object>(
  planned: ReadonlyMap<string, T>,
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<readonly (T | null)[]>,
): Promise<ReadonlyMap<string, T>> {
  const stored = [...new Set(ids)].filter((id) => !planned.has(id));
  const found = stored.length === 0 ? [] : await read(stored);
  return new Map(
    ids
      .flatMap((id) => {
        const thing = planned.get(id);
        return thing ? [[id, thing] as const] : [];
      })
      .concat(stored.flatMap((id, index) => (found[index] ? [[id, found[index] as T] as const] : []))),
  );
}
