import type { Page } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import {
  type ListedRows,
  listedCount,
  listedPages,
  orderKeys,
  readSelection,
} from '#plugins/storage-memory/network/lists.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import {
  type Protocol,
  type ProtocolFilter,
  type ProtocolScope,
  type ProtocolStore,
  protocolFacts,
  type SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';

const protocols = defineTable<SealedProtocol>('protocol');

export const protocolOf = (tables: Tables, id: string): SealedProtocol | null =>
  tables(protocols).get(id.toLowerCase()) ?? null;

const among = (ids: readonly string[] | undefined, id: string | null): boolean =>
  ids === undefined || (id !== null && ids.includes(id));

const listed: ListedRows<'site' | 'type' | 'device' | 'interface' | 'circuit', ProtocolFilter, SealedProtocol> = {
  below: (kind, protocol, id) => protocol[`${kind}Id`] === id,
  matches: ({ typeIds, deviceIds, interfaceIds, circuitIds, description }, protocol) =>
    among(typeIds, protocol.typeId) &&
    among(deviceIds, protocol.deviceId) &&
    among(interfaceIds, protocol.interfaceId) &&
    among(circuitIds, protocol.circuitId) &&
    (description === undefined || protocol.description === description),
  facts: protocolFacts,
  keys: (order) => orderKeys(order, null),
};

type Query = Pick<ListQuery<ProtocolFilter>, 'filter' | 'visibility'>;

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryProtocols implements ProtocolStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Protocol | null)[]> {
    return this.#session.run((tables) =>
      ids.map((id) => {
        const protocol = tables(protocols).get(id.toLowerCase());
        return protocol ? open(protocol) : null;
      }),
    );
  }

  async pages(scopes: readonly ProtocolScope[], query: ListQuery<ProtocolFilter>): Promise<Page<Protocol>[]> {
    const selected = await readSelection(query.filter.selection);
    const pages = await this.#session.run((tables) => listedPages(all(tables).filter(selected), listed, scopes, query));
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: open(node), position })),
    }));
  }

  async count(scopes: readonly ProtocolScope[], query: Query): Promise<number[]> {
    const selected = await readSelection(query.filter.selection);
    return this.#session.run((tables) => listedCount(all(tables).filter(selected), listed, scopes, query));
  }

  ofDevices(deviceIds: readonly string[]): Promise<Protocol[]> {
    return this.lockWithin(deviceIds.map((id) => ({ kind: 'device', id })));
  }

  lockWithin(scopes: readonly ProtocolScope[]): Promise<Protocol[]> {
    return this.#session.run((tables) =>
      all(tables)
        .filter((row) => scopes.some((scope) => !('id' in scope) || listed.below(scope.kind, row, scope.id)))
        .sort((one, other) => (one.id < other.id ? -1 : 1))
        .map(open),
    );
  }

  lock(ids: readonly string[]): Promise<(SealedProtocol | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(protocols).get(id.toLowerCase()) ?? null));
  }

  sealedOf(ids: readonly string[]): Promise<(string | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(protocols).get(id.toLowerCase())?.sealed ?? null));
  }

  insertMany(fresh: readonly SealedProtocol[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const protocol of fresh) tables(protocols).set(protocol.id, protocol);
    });
  }

  updateMany(changed: readonly SealedProtocol[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const protocol of changed) {
        const former = tables(protocols).get(protocol.id);
        if (former)
          tables(protocols).set(protocol.id, { ...protocol, siteId: former.siteId, createdAt: former.createdAt });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) tables(protocols).delete(id);
    });
  }
}

const all = (tables: Tables): SealedProtocol[] => [...tables(protocols).values()];

const open = ({ sealed: _, ...protocol }: SealedProtocol): Protocol => protocol;
