import { newId } from '#kernel/id.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import type { InboxService, PollService } from '#resolvers/threat/services/service.ts';

const now = '2026-03-01T09:30:00.123456Z';

export const aDataCollection = (name: string, parts: Partial<DataCollection> = {}): DataCollection => ({
  id: newId(),
  taxiiId: newId(),
  name,
  type: 'DATA_FEED',
  description: null,
  acceptAllContent: false,
  supportedContent: [],
  available: true,
  volume: 0,
  createdAt: now,
  updatedAt: now,
  ...parts,
});

const common = (serviceId: string) => ({
  id: newId(),
  serviceId,
  address: `/services/${serviceId}`,
  description: null,
  protocolBindings: [],
  available: true,
  authenticationRequired: false,
  baseUrl: null,
  createdAt: now,
  updatedAt: now,
});

export const anInbox = (serviceId: string, parts: Partial<InboxService> = {}): InboxService => ({
  ...common(serviceId),
  kind: 'INBOX',
  acceptAllContent: false,
  destinationCollectionRequired: false,
  supportedContent: [],
  ...parts,
});

export const aPoll = (serviceId: string, parts: Partial<PollService> = {}): PollService => ({
  ...common(serviceId),
  kind: 'POLL',
  subscriptionRequired: false,
  maxResultSize: 1000,
  maxResultCount: 10_000_000,
  ...parts,
});
