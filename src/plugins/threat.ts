import { z } from 'zod';
import { addressInventory } from '#kernel/address-inventory.ts';
import { duration, group, keys, size } from '#kernel/config.ts';
import { definePlugin } from '#plugins/define.ts';
import { apiRootStore } from '#resolvers/threat/api-roots/api-root.ts';
import { apiRootCreated, apiRootDeleted, apiRootUpdated } from '#resolvers/threat/api-roots/events.ts';
import { threatArea } from '#resolvers/threat/area.ts';
import { subscriptionStore } from '#resolvers/threat/collection-subscriptions/collection-subscription.ts';
import { subscriptionEvents } from '#resolvers/threat/collection-subscriptions/events.ts';
import { collectionStore } from '#resolvers/threat/collections/collection.ts';
import { collectionCreated, collectionDeleted, collectionUpdated } from '#resolvers/threat/collections/events.ts';
import { contentBlockStore } from '#resolvers/threat/content-blocks/content-block.ts';
import { contentBlockCreated, contentBlockRemoved } from '#resolvers/threat/content-blocks/events.ts';
import { dataCollectionStore } from '#resolvers/threat/data-collections/data-collection.ts';
import {
  dataCollectionCreated,
  dataCollectionDeleted,
  dataCollectionServicesReplaced,
  dataCollectionUpdated,
} from '#resolvers/threat/data-collections/events.ts';
import { inboxMessageReceived } from '#resolvers/threat/inbox/events.ts';
import { inboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';
import { stixObjectAdded, stixObjectDeleted } from '#resolvers/threat/objects/events.ts';
import { stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { stixValidator } from '#resolvers/threat/objects/stix-validator.ts';
import { observableStore } from '#resolvers/threat/observables/observable.ts';
import { resultSetCreated } from '#resolvers/threat/polls/events.ts';
import { resultSetStore } from '#resolvers/threat/polls/result-set.ts';
import { retentionSwept } from '#resolvers/threat/retention/events.ts';
import { retentionJob } from '#resolvers/threat/retention/job.ts';
import { serviceCreated, serviceDeleted, serviceUpdated } from '#resolvers/threat/services/events.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import { taxiiStatusCompleted } from '#resolvers/threat/statuses/events.ts';
import { completeLeft } from '#resolvers/threat/statuses/interrupted.ts';
import { taxiiStatusStore } from '#resolvers/threat/statuses/taxii-status.ts';
import { apiRoots } from '#schema/threat/api-root.ts';
import { collections } from '#schema/threat/collection.ts';
import { collectionSubscriptions } from '#schema/threat/collection-subscription.ts';
import { threatConfig } from '#schema/threat/config.ts';
import { contentBindings } from '#schema/threat/content-binding.ts';
import { contentBlocks } from '#schema/threat/content-block.ts';
import { dataCollections } from '#schema/threat/data-collection.ts';
import { discovery } from '#schema/threat/discovery.ts';
import { inboxMessages } from '#schema/threat/inbox-message.ts';
import { observables } from '#schema/threat/observable.ts';
import { polls } from '#schema/threat/poll.ts';
import { threatRetention } from '#schema/threat/retention.ts';
import { services } from '#schema/threat/service.ts';
import { serviceCalls } from '#schema/threat/service-calls.ts';
import { stixObjects } from '#schema/threat/stix-object.ts';
import { stixObjectChanges } from '#schema/threat/stix-object-changes.ts';
import { taxiiStatuses } from '#schema/threat/taxii-status.ts';

const day = 24 * 60 * 60 * 1000;
const kept = () => duration().nullable().default(null);

export const threat = definePlugin({
  name: 'threat',
  version: '1.0.0',
  description: 'The exchange of threat intelligence: STIX objects, and what TAXII moves.',
  config: keys({
    maxContentLength: size()
      .prefault(209_715_200)
      .refine((bytes) => bytes < 2 ** 31, 'is 2 GiB or more.')
      .describe('The most bytes of one request that adds objects or blocks.'),
    pageSize: z
      .number()
      .int()
      .min(1)
      .default(1000)
      .describe('Objects of a page of TAXII 2.1, unless it asks otherwise.'),
    maxPageSize: z.number().int().min(1).default(10_000).describe('The most objects of such a page.'),
    maxPageBytes: size()
      .prefault('32MiB')
      .describe('The most bytes of a page, which always holds one object at least.'),
    ingestBatch: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(1000)
      .describe('Objects that are kept in one transaction.'),
    statusDetailLimit: z.number().int().min(0).default(10_000).describe('The most entries of each list of a status.'),
    stixValidation: z
      .enum(['basic', 'full'])
      .default('basic')
      .describe('Whether objects are checked against the schemas of STIX 2.1 as well.'),
    allowCustom: z
      .boolean()
      .default(true)
      .describe('Whether types and properties beyond STIX are taken; false only with `stixValidation: full`.'),
    invalidObjects: z
      .enum(['collect', 'refuse'])
      .default('collect')
      .describe('Whether an object that is not valid fails alone, or has its whole envelope refused.'),
    rejectChangedContent: z
      .boolean()
      .default(false)
      .describe('Whether a version that is kept already fails when it comes with other content.'),
    saveRawInboxMessages: z.boolean().default(true).describe('Whether inbox messages are kept as they came.'),
    countBlocks: z.boolean().default(false).describe('Whether polls tell how many blocks there are.'),
    retention: group({
      statuses: duration()
        .prefault('24h')
        .refine((kept) => kept >= day, 'is shorter than the 24h for which clients may ask.')
        .describe('How long statuses are kept after their completion.'),
      resultSets: duration().prefault('24h').describe('How long later parts of a poll may be asked for.'),
      contentBlocks: kept().describe('How long content blocks are kept; null: for ever.'),
      supersededVersions: kept().describe(
        'How long versions of objects are kept that a newer one has followed; null: for ever.',
      ),
      inboxMessages: kept().describe('How long inbox messages are kept; null: for ever.'),
      endedSubscriptions: duration()
        .nullable()
        .prefault('30d')
        .describe('How long subscriptions are kept after their end; null: for ever.'),
    }),
  })
    .refine(({ allowCustom, stixValidation }) => allowCustom || stixValidation === 'full', {
      path: ['allowCustom'],
      message: 'is false only where threat.stixValidation is full.',
    })
    .refine(({ pageSize, maxPageSize }) => pageSize <= maxPageSize, {
      path: ['pageSize'],
      message: 'is more than threat.maxPageSize.',
    }),
  permissions: [threatArea],
  events: [
    apiRootCreated,
    apiRootUpdated,
    apiRootDeleted,
    collectionCreated,
    collectionUpdated,
    collectionDeleted,
    serviceCreated,
    serviceUpdated,
    serviceDeleted,
    dataCollectionCreated,
    dataCollectionUpdated,
    dataCollectionDeleted,
    dataCollectionServicesReplaced,
    stixObjectAdded,
    stixObjectDeleted,
    taxiiStatusCompleted,
    contentBlockCreated,
    contentBlockRemoved,
    inboxMessageReceived,
    resultSetCreated,
    ...subscriptionEvents,
    retentionSwept,
  ],
  jobs: [retentionJob],
  uses: {
    apiRootStore,
    collectionStore,
    serviceStore,
    dataCollectionStore,
    stixObjectStore,
    taxiiStatusStore,
    contentBlockStore,
    inboxMessageStore,
    subscriptionStore,
    observableStore,
  },
  optional: { resultSetStore, stixValidator, addressInventory },
  provides: [threatSettings],
  schema(builder, isProvided) {
    discovery(builder);
    apiRoots(builder);
    collections(builder);
    contentBindings(builder);
    services(builder);
    serviceCalls(builder);
    dataCollections(builder);
    threatConfig(builder);
    contentBlocks(builder);
    inboxMessages(builder);
    polls(builder);
    collectionSubscriptions(builder);
    threatRetention(builder);
    stixObjects(builder);
    stixObjectChanges(builder);
    taxiiStatuses(builder);
    observables(builder, isProvided(addressInventory));
  },
  async setup({ config, ports, provide, context }) {
    if (config.stixValidation === 'full' && !ports.stixValidator)
      throw new Error(
        'threat.stixValidation is full, and no listed plugin provides threat.stixValidator: list stix-validator.',
      );
    provide(threatSettings, config);
    await completeLeft(context());
    return undefined;
  },
});
