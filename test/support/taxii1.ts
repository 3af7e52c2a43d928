/** Services and data collections of TAXII 1, as small installations have them. */
import type { Context } from '#kernel/context.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import type { DataCollection } from '#resolvers/threat/data-collections/data-collection.ts';
import { type InboxSubmission, submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { createService, type ServiceCreate } from '#resolvers/threat/services/create.ts';

export const stix = 'urn:stix.mitre.org:xml:1.1.1';
export const custom = 'custom:content:binding';
export const invalid = 'invalid:content:binding';

export interface Taxii1 {
  readonly open: DataCollection;
  readonly onlyStix: DataCollection;
  readonly stixAndCustom: DataCollection;
  readonly disabled: DataCollection;
}

const bindings = ['urn:taxii.mitre.org:protocol:http:1.0', 'urn:taxii.mitre.org:protocol:https:1.0'] as const;

/** Two inboxes, a poll service with parts of 20 blocks, a management service, and four data collections. */
export async function makeTaxii1(ctx: Context): Promise<Taxii1> {
  const service = (serviceId: string, kind: ServiceCreate['kind']) =>
    createService(ctx, { serviceId, address: `/services/${serviceId}`, protocolBindings: [...bindings], kind });
  await service('inbox-A', { inbox: { acceptAllContent: true } });
  await service('inbox-B', { inbox: { destinationCollectionRequired: true, supportedContent: [stix, custom] } });
  await service('poll-A', { poll: { maxResultSize: 20, maxResultCount: 15 } });
  await service('collection-management-A', { collectionManagement: {} });
  const most = ['inbox-B', 'poll-A', 'collection-management-A'].map((serviceId) => ({ serviceId }));
  return {
    open: await createDataCollection(ctx, {
      name: 'collection_open',
      type: 'DATA_SET',
      acceptAllContent: true,
      services: [{ serviceId: 'inbox-A' }, ...most],
    }),
    onlyStix: await createDataCollection(ctx, {
      name: 'collection_only_stix',
      supportedContent: [stix],
      services: most,
    }),
    stixAndCustom: await createDataCollection(ctx, {
      name: 'collection_stix_and_custom',
      supportedContent: [stix, custom],
      services: most,
    }),
    disabled: await createDataCollection(ctx, {
      name: 'collection_disabled',
      supportedContent: [stix, custom],
      available: false,
      services: most,
    }),
  };
}

/** Permissions to read and write data collections. */
export const readWrite = (...collections: readonly DataCollection[]): string[] =>
  collections.flatMap(({ taxiiId }) => [`threat:read@collection/${taxiiId}`, `threat:write@collection/${taxiiId}`]);

/** Pushes one block for each label to a data collection of inbox-B. */
export const push = (ctx: Context, collection: DataCollection, labels: readonly string[], parts: object = {}) =>
  submitInboxMessage(ctx, {
    service: { serviceId: 'inbox-B' },
    messageId: '123',
    destinationCollections: [collection.name],
    contentBlocks: labels.map((timestampLabel) => ({
      content: timestampLabel,
      contentBinding: stix,
      timestampLabel,
      ...parts,
    })),
  } as InboxSubmission);

/** A label so many seconds after another, long ago. */
export const at = (seconds: number): string =>
  new Date(Date.UTC(2024, 0, 1) + seconds * 1000).toISOString().replace('Z', '000Z');
