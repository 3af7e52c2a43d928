import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryApiRoots } from '#plugins/storage-memory/threat/api-roots.ts';
import { MemorySubscriptions } from '#plugins/storage-memory/threat/collection-subscriptions.ts';
import { MemoryCollections } from '#plugins/storage-memory/threat/collections.ts';
import { MemoryContentBlocks } from '#plugins/storage-memory/threat/content-blocks.ts';
import { MemoryDataCollections } from '#plugins/storage-memory/threat/data-collections.ts';
import { MemoryInboxMessages } from '#plugins/storage-memory/threat/inbox-messages.ts';
import { MemoryObservables } from '#plugins/storage-memory/threat/observables.ts';
import { MemoryResultSets } from '#plugins/storage-memory/threat/result-sets.ts';
import { MemoryServices } from '#plugins/storage-memory/threat/services.ts';
import { MemoryStatuses } from '#plugins/storage-memory/threat/statuses.ts';
import { MemoryStixObjects } from '#plugins/storage-memory/threat/stix-objects.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { observableStore } from '#resolvers/threat/observables/observable.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';

export const threatStores: readonly Provision<Session>[] = [
  provision(apiRootStore, (session) => new MemoryApiRoots(session)),
  provision(collectionStore, (session) => new MemoryCollections(session)),
  provision(serviceStore, (session) => new MemoryServices(session)),
  provision(dataCollectionStore, (session) => new MemoryDataCollections(session)),
  provision(stixObjectStore, (session) => new MemoryStixObjects(session)),
  provision(taxiiStatusStore, (session) => new MemoryStatuses(session)),
  provision(observableStore, (session) => new MemoryObservables(session)),
  provision(contentBlockStore, (session) => new MemoryContentBlocks(session)),
  provision(inboxMessageStore, (session) => new MemoryInboxMessages(session)),
  provision(resultSetStore, (session) => new MemoryResultSets(session)),
  provision(subscriptionStore, (session) => new MemorySubscriptions(session)),
];
