import { compareCidr, toCidr } from '#kernel/cidr.ts';
import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { keysOf, listed, type Query, shows } from '#plugins/storage-memory/network/network-lists.ts';
import { occupied } from '#plugins/storage-memory/network/network-space.ts';
import { allRows, holders, put, remove, rowAt, rowOf } from '#plugins/storage-memory/network/network-table.ts';
import { adopt, childrenWithout } from '#plugins/storage-memory/network/network-tree.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type {
  AddressRange,
  Children,
  Gathering,
  NetworkFilter,
  NetworkScope,
  NetworkStore,
  Occupancy,
  Tree,
} from '#resolvers/network/networks/store.ts';

export class MemoryNetworks implements NetworkStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Network | null)[]> {
    return this.#session.run((tables) => ids.map((id) => rowOf(tables, id)?.network ?? null));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Network[])[]> {
    return this.#session.run((tables) =>
      keys.map(({ siteId, key }) => {
        if (siteId === null) {
          return listed(tables, { kind: 'all' }, { filter: { cidrs: [key] }, visibility })
            .sort(byId)
            .slice(0, 2);
        }
        const row = rowAt(tables, siteId, toCidr(key));
        return row && shows(tables, visibility, row) ? [row.network] : [];
      }),
    );
  }

  async pages(scopes: readonly NetworkScope[], query: ListQuery<NetworkFilter>): Promise<Page<Network>[]> {
    const ids = await query.filter.selection?.ids();
    return this.#session.run((tables) =>
      scopes.map((scope) => pageOfRows(listed(tables, scope, query, ids), keysOf(query.order), query.page)),
    );
  }

  async count(scopes: readonly NetworkScope[], query: Query): Promise<number[]> {
    const ids = await query.filter.selection?.ids();
    return this.#session.run((tables) => scopes.map((scope) => listed(tables, scope, query, ids).length));
  }

  containing(places: readonly { readonly siteId: string; readonly cidr: string }[]): Promise<Network[]> {
    return this.#session.run((tables) => {
      const found = new Map<string, Network>();
      for (const { siteId, cidr } of places) {
        for (const { network } of holders(tables, siteId, toCidr(cidr))) found.set(network.id, network);
      }
      return [...found.values()];
    });
  }

  closest(cidrs: readonly string[], visibility: Visibility, most: number): Promise<(readonly Network[])[]> {
    return this.#session.run((tables) => {
      const sites = new Set([...allRows(tables)].map(({ network }) => network.siteId));
      return cidrs.map((cidr) => {
        const found = [...sites].flatMap((siteId) => {
          const longest = [...holders(tables, siteId, toCidr(cidr))].find((row) => shows(tables, visibility, row));
          return longest ?? [];
        });
        return found
          .sort((one, other) => other.cidr.length - one.cidr.length || byId(one.network, other.network))
          .slice(0, most)
          .map(({ network }) => network);
      });
    });
  }

  countHosts(networks: readonly Network[]): Promise<number[]> {
    const scopes = networks.map((network): NetworkScope => ({ kind: 'inside', network }));
    return this.count(scopes, { filter: { hosts: true }, visibility: 'all' });
  }

  occupied(networks: readonly Network[], occupancy: Occupancy, limit: number): Promise<(readonly AddressRange[])[]> {
    return this.#session.run((tables) => networks.map((network) => occupied(tables, network, occupancy, limit)));
  }

  async lockTrees(): Promise<void> {
    // The first use makes the unit the only one that writes.
    await this.#session.run(() => undefined);
  }

  lock(ids: readonly string[]): Promise<(Network | null)[]> {
    return this.getMany(ids);
  }

  insertMany(fresh: readonly Network[]): Promise<(Network | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((network) => {
        if (rowAt(tables, network.siteId, toCidr(network.cidr))) return null;
        put(tables, network);
        return network;
      }),
    );
  }

  adopt(newcomers: Parameters<NetworkStore['adopt']>[0], limit: number): Promise<Gathering[]> {
    return this.#session.run((tables) => adopt(tables, newcomers, limit));
  }

  updateMany(changed: readonly Network[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, state, updatedAt } of changed) {
        const row = rowOf(tables, id);
        if (row) put(tables, { ...row.network, state, updatedAt });
      }
    });
  }

  childrenWithout(ids: readonly string[], limit: number): Promise<Children[]> {
    return this.#session.run((tables) => childrenWithout(tables, ids, limit));
  }

  moveChildren(moves: readonly { readonly from: string; readonly to: string | null }[]): Promise<void> {
    return this.#session.run((tables) => {
      const targets = new Map(moves.map(({ from, to }) => [from, to]));
      for (const { network } of [...allRows(tables)]) {
        const to = targets.get(network.parentId ?? '');
        const gone = rowOf(tables, network.parentId ?? '')?.network;
        if (to !== undefined && gone?.siteId === network.siteId) put(tables, { ...network, parentId: to });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) remove(tables, id);
    });
  }

  trees(siteId: string | null): Promise<Tree[]> {
    return this.#session.run((tables) => {
      const trees = new Map<string, Tree>();
      for (const { network, cidr } of allRows(tables)) {
        if (siteId !== null && network.siteId !== siteId) continue;
        trees.set(`${network.siteId}/${cidr.version}`, { siteId: network.siteId, version: cidr.version });
      }
      return [...trees].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, tree]) => tree);
    });
  }

  scan({ siteId, version }: Tree, after: string | null, limit: number): Promise<Network[]> {
    const start = after === null ? null : toCidr(after);
    return this.#session.run((tables) =>
      [...allRows(tables)]
        .filter(({ network, cidr }) => network.siteId === siteId && cidr.version === version)
        .filter(({ cidr }) => !start || compareCidr(cidr, start) > 0)
        .sort((one, other) => compareCidr(one.cidr, other.cidr))
        .slice(0, limit)
        .map(({ network }) => network),
    );
  }

  setParents(changes: readonly { readonly id: string; readonly parentId: string | null }[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, parentId } of changes) {
        const row = rowOf(tables, id);
        if (row) put(tables, { ...row.network, parentId });
      }
    });
  }
}

const byId = (one: Network, other: Network): number => (one.id < other.id ? -1 : 1);
