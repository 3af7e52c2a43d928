import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryDataCollections } from '#plugins/storage-memory/threat/data-collections.ts';
import { MemoryServices } from '#plugins/storage-memory/threat/services.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';

export const threatStores: readonly Provision<Session>[] = [
  provision(serviceStore, (session) => new MemoryServices(session)),
  provision(dataCollectionStore, (session) => new MemoryDataCollections(session)),
];
