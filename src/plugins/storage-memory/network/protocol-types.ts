import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import {
  type ListedRows,
  listedCount,
  listedMatches,
  listedPages,
  orderKeys,
} from '#plugins/storage-memory/network/lists.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import {
  type ProtocolType,
  type ProtocolTypeFilter,
  type ProtocolTypeScope,
  type ProtocolTypeStore,
  protocolTypeFacts,
} from '#resolvers/network/protocol-types/protocol-type.ts';

const types = defineTable<ProtocolType>('protocolType');

const listed: ListedRows<'site' | 'attribute', ProtocolTypeFilter, ProtocolType> = {
  below: (kind, type, id) => (kind === 'site' ? type.siteId === id : type.requiredAttributeIds.includes(id)),
  matches: ({ name, description }, type) =>
    (name === undefined || type.name === name) && (description === undefined || type.description === description),
  facts: protocolTypeFacts,
  keys: (order) => orderKeys(order, ({ name }) => name),
};

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryProtocolTypes implements ProtocolTypeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(types).get(id.toLowerCase()) ?? null));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly ProtocolType[])[]> {
    return this.#session.run((tables) =>
      listedMatches(all(tables), listed, { keys, visibility, keyOf: ({ name }) => name }),
    );
  }

  pages(scopes: readonly ProtocolTypeScope[], query: ListQuery<ProtocolTypeFilter>): Promise<Page<ProtocolType>[]> {
    return this.#session.run((tables) => listedPages(all(tables), listed, scopes, query));
  }

  count(
    scopes: readonly ProtocolTypeScope[],
    query: Pick<ListQuery<ProtocolTypeFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]> {
    return this.#session.run((tables) => listedCount(all(tables), listed, scopes, query));
  }

  insertMany(fresh: readonly ProtocolType[]): Promise<(ProtocolType | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((type) => {
        if (isTaken(tables, type)) return null;
        tables(types).set(type.id, type);
        return type;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(ProtocolType | null)[]> {
    return this.getMany(ids);
  }

  updateMany(changed: readonly ProtocolType[]): Promise<readonly ProtocolType[]> {
    return this.#session.run((tables) => {
      const formers = changed.map(({ id }) => tables(types).get(id));
      for (const former of formers) if (former) tables(types).delete(former.id);
      const taken = changed.filter((type, index) => {
        const former = formers[index];
        if (!former) return false;
        if (isTaken(tables, type)) return true;
        const { name, description, requiredAttributeIds, updatedAt } = type;
        tables(types).set(type.id, { ...former, name, description, requiredAttributeIds, updatedAt });
        return false;
      });
      return taken;
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) tables(types).delete(id);
    });
  }
}

const all = (tables: Tables): ProtocolType[] => [...tables(types).values()];

const isTaken = (tables: Tables, { id, siteId, name }: ProtocolType): boolean =>
  all(tables).some((other) => other.id !== id && other.siteId === siteId && other.name === name);
