import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  DataCollection,
  DataCollectionQuery,
  DataCollectionStore,
} from '#resolvers/threat/data-collections/data-collection.ts';

const collections = defineTable<DataCollection>('dataCollection');
/** Row ids of services by that of the collection. */
const attachments = defineTable<readonly string[]>('dataCollectionService');

const keys: readonly RowKey<DataCollection>[] = [{ type: 'text', value: ({ name }) => name }];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryDataCollections implements DataCollectionStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(collections).get(id.toLowerCase()) ?? null));
  }

  getByTaxiiId(taxiiIds: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#session.run((tables) => {
      const found = new Map(all(tables).map((collection) => [collection.taxiiId, collection]));
      return taxiiIds.map((id) => found.get(id.toLowerCase()) ?? null);
    });
  }

  getByName(names: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.#session.run((tables) => {
      const found = new Map(all(tables).map((collection) => [collection.name, collection]));
      return names.map((name) => found.get(name) ?? null);
    });
  }

  page({ visibility, page }: DataCollectionQuery): Promise<Page<DataCollection>> {
    return this.#session.run((tables) => pageOfRows(all(tables).filter(seen(visibility)), keys, page));
  }

  pagesOfServices(
    serviceIds: readonly string[],
    { visibility, page }: DataCollectionQuery,
  ): Promise<Page<DataCollection>[]> {
    return this.#session.run((tables) =>
      serviceIds.map((id) => pageOfRows(attachedTo(tables, id).filter(seen(visibility)), keys, page)),
    );
  }

  ofServices(serviceIds: readonly string[]): Promise<(readonly DataCollection[])[]> {
    return this.#session.run((tables) => serviceIds.map((id) => attachedTo(tables, id)));
  }

  insertMany(fresh: readonly DataCollection[]): Promise<(DataCollection | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((collection) => {
        if (isTaken(tables, collection)) return null;
        tables(collections).set(collection.id, collection);
        return collection;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(DataCollection | null)[]> {
    return this.getMany(ids);
  }

  updateMany(changed: readonly DataCollection[]): Promise<readonly DataCollection[]> {
    return this.#session.run((tables) => {
      const formers = changed.map(({ id }) => tables(collections).get(id));
      for (const former of formers) if (former) tables(collections).delete(former.id);
      return changed.filter((collection, index) => {
        const former = formers[index];
        if (!former) return false;
        if (isTaken(tables, collection)) return true;
        const { id, taxiiId, volume, createdAt } = former;
        tables(collections).set(id, { ...collection, id, taxiiId, volume, createdAt });
        return false;
      });
    });
  }

  addToVolumes(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, by } of changes) {
        const former = tables(collections).get(id);
        if (!former) continue;
        if (former.volume + by < 0) throw new Error('A volume may not fall below 0.');
        tables(collections).set(id, { ...former, volume: former.volume + by });
      }
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) {
        tables(collections).delete(id);
        tables(attachments).delete(id);
      }
    });
  }

  servicesOf(ids: readonly string[]): Promise<(readonly string[])[]> {
    return this.#session.run((tables) => ids.map((id) => tables(attachments).get(id) ?? []));
  }

  replaceServices(replaced: readonly { readonly id: string; readonly serviceIds: readonly string[] }[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id, serviceIds } of replaced) tables(attachments).set(id, [...new Set(serviceIds)]);
    });
  }

  removeServices(serviceIds: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id } of all(tables)) {
        const attached = tables(attachments).get(id) ?? [];
        const left = attached.filter((serviceId) => !serviceIds.includes(serviceId));
        if (left.length < attached.length) tables(attachments).set(id, left);
      }
    });
  }

  allIds(): Promise<string[]> {
    return this.#session.run((tables) => all(tables).map(({ id }) => id));
  }
}

const all = (tables: Tables): DataCollection[] => [...tables(collections).values()];

const attachedTo = (tables: Tables, serviceId: string): DataCollection[] =>
  all(tables)
    .filter(({ id }) => tables(attachments).get(id)?.includes(serviceId))
    .sort((one, other) => compareText(one.name, other.name));

const seen =
  (visibility: Visibility) =>
  ({ taxiiId }: DataCollection): boolean =>
    isVisible(visibility, ({ kind, value }) => kind === 'collection' && value === taxiiId);

const isTaken = (tables: Tables, { id, taxiiId, name }: DataCollection): boolean =>
  all(tables).some((other) => other.id !== id && (other.taxiiId === taxiiId || other.name === name));
