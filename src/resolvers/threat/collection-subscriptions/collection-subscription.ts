import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import type { ContentBinding } from '#resolvers/threat/content-blocks/binding.ts';

export const subscriptionStatuses = ['ACTIVE', 'PAUSED', 'UNSUBSCRIBED'] as const;
/** UNSUBSCRIBED is final. */
export type SubscriptionStatus = (typeof subscriptionStatuses)[number];

/** Whether a poll answers with blocks, or only with how many there are. */
export const responseTypes = ['FULL', 'COUNT_ONLY'] as const;
export type ResponseType = (typeof responseTypes)[number];

/** A saved request to poll a data collection. It is never a stream. */
export interface CollectionSubscription {
  /** Also the subscription id on the wire. */
  readonly id: string;
  /** Row id. */
  readonly dataCollectionId: string;
  /** What rights on it are checked with. */
  readonly collectionTaxiiId: string;
  /** Row id of the collection management service that it was made at. */
  readonly serviceId: string;
  /** Row id of the account. Null: it was made without a credential, and belongs to whoever knows its id. */
  readonly ownerId: string | null;
  readonly status: SubscriptionStatus;
  readonly responseType: ResponseType;
  /** As requested; none: all that the data collection supports. */
  readonly contentBindings: readonly ContentBinding[];
  /** ISO 8601 in UTC with microseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface SubscriptionFilter {
  /** Row ids. */
  readonly serviceId?: string;
  readonly status?: SubscriptionStatus;
}

/** Those of one account, and those that it sees by a right. */
export interface SubscriptionVisibility {
  readonly ownerId: string | null;
  readonly visibility: Visibility;
}

/** A list in the order in which they were made; positions are `[id]`. */
export interface SubscriptionQuery {
  readonly filter: SubscriptionFilter;
  readonly seen: SubscriptionVisibility;
  readonly page: PageRequest;
}

/** What this domain asks of the storage of subscriptions to data collections. */
export interface SubscriptionStore {
  getMany(ids: readonly string[]): Promise<(CollectionSubscription | null)[]>;
  /** One page for each data collection by row id, or of all for null, in one read for row ids. */
  pages(
    dataCollectionIds: readonly (string | null)[],
    query: SubscriptionQuery,
  ): Promise<Page<CollectionSubscription>[]>;
  insert(subscription: CollectionSubscription): Promise<void>;
  /** The subscription as it is, exclusively until the unit of work ends. */
  lock(id: string): Promise<CollectionSubscription | null>;
  /** Writes status and `updatedAt` of one that the unit has locked. */
  setStatus(id: string, status: SubscriptionStatus, at: string): Promise<void>;
  countEndedBefore(instant: string): Promise<number>;
  /** Deletes those that were ended before an instant, the oldest first. @returns how many. */
  deleteEndedBefore(instant: string, limit: number): Promise<number>;
  deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void>;
  /** @param serviceIds row ids. */
  deleteOfServices(serviceIds: readonly string[]): Promise<void>;
}

export const subscriptionStore = definePort<SubscriptionStore>('threat.subscriptions');

export const subscriptionGlobalId = (id: string): string => toGlobalId('CollectionSubscription', id);

/** What rights on it are checked with: who made it owns it. */
export const subscriptionFacts = ({
  collectionTaxiiId,
  ownerId,
}: Pick<CollectionSubscription, 'collectionTaxiiId' | 'ownerId'>): Facts => ({
  collection: collectionTaxiiId,
  ...(ownerId !== null && { account: ownerId }),
});
