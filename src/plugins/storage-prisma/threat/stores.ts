import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { PrismaApiRoots } from '#plugins/storage-prisma/threat/api-roots.ts';
import { PrismaSubscriptions } from '#plugins/storage-prisma/threat/collection-subscriptions.ts';
import { PrismaCollections } from '#plugins/storage-prisma/threat/collections.ts';
import { PrismaContentBlocks } from '#plugins/storage-prisma/threat/content-blocks.ts';
import { PrismaDataCollections } from '#plugins/storage-prisma/threat/data-collections.ts';
import { PrismaInboxMessages } from '#plugins/storage-prisma/threat/inbox-messages.ts';
import { PrismaObservables } from '#plugins/storage-prisma/threat/observables.ts';
import { PrismaResultSets } from '#plugins/storage-prisma/threat/result-sets.ts';
import { PrismaServices } from '#plugins/storage-prisma/threat/services.ts';
import { PrismaStatuses } from '#plugins/storage-prisma/threat/statuses.ts';
import { PrismaStixObjects } from '#plugins/storage-prisma/threat/stix-objects.ts';
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
  provision(apiRootStore, (session) => new PrismaApiRoots(session)),
  provision(collectionStore, (session) => new PrismaCollections(session)),
  provision(serviceStore, (session) => new PrismaServices(session)),
  provision(dataCollectionStore, (session) => new PrismaDataCollections(session)),
  provision(stixObjectStore, (session) => new PrismaStixObjects(session)),
  provision(taxiiStatusStore, (session) => new PrismaStatuses(session)),
  provision(observableStore, (session) => new PrismaObservables(session)),
  provision(contentBlockStore, (session) => new PrismaContentBlocks(session)),
  provision(inboxMessageStore, (session) => new PrismaInboxMessages(session)),
  provision(resultSetStore, (session) => new PrismaResultSets(session)),
  provision(subscriptionStore, (session) => new PrismaSubscriptions(session)),
];
