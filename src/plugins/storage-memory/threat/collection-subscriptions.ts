import type { Page } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type {
  CollectionSubscription,
  SubscriptionQuery,
  SubscriptionStatus,
  SubscriptionStore,
  SubscriptionVisibility,
} from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';

const subscriptions = defineTable<CollectionSubscription>('collectionSubscription');

const keys: readonly RowKey<CollectionSubscription>[] = [{ type: 'uuid', value: ({ id }) => id }];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemorySubscriptions implements SubscriptionStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(CollectionSubscription | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(subscriptions).get(id.toLowerCase()) ?? null));
  }

  pages(
    dataCollectionIds: readonly (string | null)[],
    { filter, seen, page }: SubscriptionQuery,
  ): Promise<Page<CollectionSubscription>[]> {
    const { serviceId, status } = filter;
    return this.#session.run((tables) => {
      const rows = all(tables)
        .filter((one) => serviceId === undefined || one.serviceId === serviceId)
        .filter((one) => status === undefined || one.status === status)
        .filter((one) => isSeen(one, seen));
      return dataCollectionIds.map((id) =>
        pageOfRows(
          rows.filter(({ dataCollectionId }) => id === null || dataCollectionId === id.toLowerCase()),
          keys,
          page,
        ),
      );
    });
  }

  insert(subscription: CollectionSubscription): Promise<void> {
    return this.#session.run((tables) => tables(subscriptions).set(subscription.id, subscription));
  }

  lock(id: string): Promise<CollectionSubscription | null> {
    return this.#session.run((tables) => tables(subscriptions).get(id.toLowerCase()) ?? null);
  }

  setStatus(id: string, status: SubscriptionStatus, at: string): Promise<void> {
    return this.#session.run((tables) => {
      const former = tables(subscriptions).get(id);
      if (former) tables(subscriptions).set(id, { ...former, status, updatedAt: at });
    });
  }

  countEndedBefore(instant: string): Promise<number> {
    return this.#session.run((tables) => ended(tables, instant).length);
  }

  deleteEndedBefore(instant: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const gone = ended(tables, instant).slice(0, limit);
      for (const { id } of gone) tables(subscriptions).delete(id);
      return gone.length;
    });
  }

  deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void> {
    return this.#remove(({ dataCollectionId }) => dataCollectionIds.includes(dataCollectionId));
  }

  deleteOfServices(serviceIds: readonly string[]): Promise<void> {
    return this.#remove(({ serviceId }) => serviceIds.includes(serviceId));
  }

  #remove(isGone: (subscription: CollectionSubscription) => boolean): Promise<void> {
    return this.#session.run((tables) => {
      for (const { id } of all(tables).filter(isGone)) tables(subscriptions).delete(id);
    });
  }
}

const all = (tables: Tables): CollectionSubscription[] => [...tables(subscriptions).values()];

const isSeen = (one: CollectionSubscription, { ownerId, visibility }: SubscriptionVisibility): boolean =>
  (ownerId !== null && one.ownerId === ownerId) ||
  isVisible(visibility, ({ kind, value }) => kind === 'collection' && value === one.collectionTaxiiId);

const ended = (tables: Tables, instant: string): CollectionSubscription[] =>
  all(tables)
    .filter(({ status, updatedAt }) => status === 'UNSUBSCRIBED' && updatedAt < instant)
    .sort((one, other) => (`${one.updatedAt}${one.id}` < `${other.updatedAt}${other.id}` ? -1 : 1));
