import type { Page, PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  CollectionAlias,
  CollectionScope,
  CollectionStore,
  OpenCollection,
  TaxiiCollection,
} from '#resolvers/threat/collections/collection.ts';

const collections = defineTable<TaxiiCollection>('taxiiCollection');

const keys: readonly RowKey<TaxiiCollection>[] = [
  { type: 'text', value: ({ title }) => title },
  { type: 'uuid', value: ({ id }) => id },
];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryCollections implements CollectionStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(collections).get(id.toLowerCase()) ?? null));
  }

  getByAlias(wanted: readonly CollectionAlias[]): Promise<(TaxiiCollection | null)[]> {
    return this.#session.run((tables) =>
      wanted.map(
        ({ apiRootId, alias }) => inRoots(tables, [apiRootId]).find((collection) => collection.alias === alias) ?? null,
      ),
    );
  }

  page(scope: CollectionScope, page: PageRequest): Promise<Page<TaxiiCollection>> {
    return this.#session.run((tables) =>
      pageOfRows(scope.kind === 'all' ? rows(tables) : inRoots(tables, scope.ids), keys, page),
    );
  }

  pagesOfRoots(apiRootIds: readonly string[], page: PageRequest): Promise<Page<TaxiiCollection>[]> {
    return this.#session.run((tables) => apiRootIds.map((id) => pageOfRows(inRoots(tables, [id]), keys, page)));
  }

  insertMany(fresh: readonly TaxiiCollection[]): Promise<(TaxiiCollection | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((collection) => {
        if (tables(collections).has(collection.id) || isTaken(tables, collection)) return null;
        tables(collections).set(collection.id, collection);
        return collection;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(TaxiiCollection | null)[]> {
    return this.getMany(ids);
  }

  lockInRoots(apiRootIds: readonly string[]): Promise<TaxiiCollection[]> {
    return this.#session.run((tables) =>
      inRoots(tables, apiRootIds).sort((one, other) => compareText(one.id, other.id)),
    );
  }

  updateMany(changed: readonly TaxiiCollection[]): Promise<readonly TaxiiCollection[]> {
    return this.#session.run((tables) => {
      const formers = changed.map(({ id }) => tables(collections).get(id));
      for (const former of formers) if (former) tables(collections).delete(former.id);
      return changed.filter((collection, index) => {
        const former = formers[index];
        if (!former) return false;
        const { id, apiRootId, objectCount, createdAt } = former;
        const row = { ...collection, id, apiRootId, objectCount, createdAt };
        if (isTaken(tables, row)) return true;
        tables(collections).set(id, row);
        return false;
      });
    });
  }

  addToCounts(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, by } of changes) {
        const former = tables(collections).get(id);
        if (!former) continue;
        if (former.objectCount + by < 0) throw new Error('A count of objects may not fall below 0.');
        tables(collections).set(id, { ...former, objectCount: former.objectCount + by });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) tables(collections).delete(id);
    });
  }

  idsInRoots(apiRootIds: readonly string[]): Promise<string[]> {
    return this.#session.run((tables) => inRoots(tables, apiRootIds).map(({ id }) => id));
  }

  listOpen(): Promise<readonly OpenCollection[]> {
    return this.#session.run((tables) =>
      rows(tables)
        .filter(({ isPublic, isPublicWrite }) => isPublic || isPublicWrite)
        .map(({ id, isPublic, isPublicWrite }) => ({ id, isPublic, isPublicWrite })),
    );
  }
}

const rows = (tables: Tables): TaxiiCollection[] => [...tables(collections).values()];

function inRoots(tables: Tables, apiRootIds: readonly string[]): TaxiiCollection[] {
  const ids = new Set(apiRootIds.map((id) => id.toLowerCase()));
  return rows(tables).filter(({ apiRootId }) => ids.has(apiRootId));
}

const isTaken = (tables: Tables, { id, apiRootId, alias }: TaxiiCollection): boolean =>
  alias !== null && inRoots(tables, [apiRootId]).some((other) => other.id !== id && other.alias === alias);
