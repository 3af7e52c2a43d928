import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { PrismaDataCollections } from '#plugins/storage-prisma/threat/data-collections.ts';
import { PrismaServices } from '#plugins/storage-prisma/threat/services.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';

export const threatStores: readonly Provision<Session>[] = [
  provision(serviceStore, (session) => new PrismaServices(session)),
  provision(dataCollectionStore, (session) => new PrismaDataCollections(session)),
];
