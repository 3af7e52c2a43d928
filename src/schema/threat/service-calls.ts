import { ConflictError } from '#kernel/errors.ts';
import { createService, type ServiceCreate } from '#resolvers/threat/services/create.ts';
import { deleteService, type ServiceDelete } from '#resolvers/threat/services/delete.ts';
import { serviceCreated, serviceDeleted, serviceUpdated } from '#resolvers/threat/services/events.ts';
import { findService, listServices } from '#resolvers/threat/services/find.ts';
import type { ServiceKind, TaxiiService } from '#resolvers/threat/services/service.ts';
import {
  replaceService,
  type ServiceReplace,
  type ServiceUpdate,
  updateService,
} from '#resolvers/threat/services/update.ts';
import type { AnyField, Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

/** What is asked of the services of TAXII 1, and what changes them. */
export function serviceCalls(builder: Builder): void {
  builder.enumType('TaxiiServiceKind', {
    description: 'What a service of TAXII 1 does.',
    values: {
      DISCOVERY: { description: 'Tells what services there are.' },
      INBOX: { description: 'Takes content blocks in.' },
      POLL: { description: 'Gives content blocks out.' },
      COLLECTION_MANAGEMENT: { description: 'Tells of data collections, and keeps subscriptions to them.' },
    },
  });
  builder.queryFields((t) => ({
    taxiiService: t.field({
      type: 'TaxiiService',
      nullable: true,
      description: 'The service with this key; null when the viewer may see none.',
      args: { by: t.arg({ type: 'TaxiiServiceKey', required: true, description: 'Its key.' }) },
      resolve: (_, { by }, ctx) => findService(ctx, by),
    }),
    taxiiServices: connection(builder, t, 'TaxiiService', {
      description:
        'The services of TAXII 1, by service id: an account sees all of them, others those that want no credential.',
      args: {
        kind: t.arg({ type: 'TaxiiServiceKind' as never, description: 'Only of this kind.' }),
        dataCollection: t.arg({ type: 'DataCollectionKey', description: 'Only those that serve it.' }),
      },
      resolve: (_, { kind, dataCollection }, page, ctx) =>
        listServices(ctx, { kind: kind as ServiceKind | null, dataCollection }, page),
    }),
  }));
  changes(builder);
}

const that = (t: InputBuilder) => ({
  by: t.field({ type: 'TaxiiServiceKey', required: true, description: 'The service.' }),
});

const rest = (t: InputBuilder) => ({
  description: t.string({ description: 'What discovery tells of it.' }),
  protocolBindings: t.stringList({
    description:
      'The ways in which it is spoken to: `urn:taxii.mitre.org:protocol:http:1.0`, `urn:taxii.mitre.org:protocol:https:1.0`. With none nobody is told of it.',
  }),
  available: t.boolean({ description: 'Whether it answers requests; true unless said.' }),
  authenticationRequired: t.boolean({ description: 'Whether it answers to accounts only; false unless said.' }),
  baseUrl: t.string({
    description: 'Host, port and path under which clients reach it, such as `taxii.example.org:8443`.',
  }),
});

const address =
  'A path below one of `taxii.taxii1.pathPrefixes`, unique, or the absolute URL of a service elsewhere that is only told of.';

function changes(builder: Builder): void {
  const kind = kindInput(builder);
  const facts = { needs: 'threat:admin', errors: [ConflictError] };
  mutation(builder, 'taxiiServiceCreate', {
    ...facts,
    description: 'Creates a service of TAXII 1.',
    emits: [serviceCreated],
    input: (t) => ({
      serviceId: t.string({ required: true, description: '1 to 150 characters, unique.' }),
      address: t.string({ required: true, description: address }),
      ...rest(t),
      kind: t.field({ type: kind, required: true, description: 'Its kind, for good, and what that has of its own.' }),
    }),
    success: oneService,
    resolve: async (ctx, input) => ({ taxiiService: await createService(ctx, input as ServiceCreate) }),
  });
  mutation(builder, 'taxiiServiceUpdate', {
    ...facts,
    description: 'Changes what is given of a service and leaves the rest.',
    emits: [serviceUpdated],
    input: (t) => ({
      ...that(t),
      serviceId: t.string({ description: 'Its new service id.' }),
      address: t.string({ description: address }),
      ...rest(t),
      kind: t.field({ type: kind, description: 'What its kind has of its own.' }),
    }),
    success: oneService,
    resolve: async (ctx, input) => ({ taxiiService: await updateService(ctx, input as ServiceUpdate) }),
  });
  mutation(builder, 'taxiiServiceReplace', {
    ...facts,
    description: 'Sets everything of a service but its kind; what is not given becomes its default.',
    emits: [serviceUpdated],
    input: (t) => ({
      ...that(t),
      serviceId: t.string({ required: true, description: 'Its service id.' }),
      address: t.string({ required: true, description: address }),
      ...rest(t),
      kind: t.field({ type: kind, description: 'What its kind has of its own.' }),
    }),
    success: oneService,
    resolve: async (ctx, input) => ({ taxiiService: await replaceService(ctx, input as ServiceReplace) }),
  });
  mutation(builder, 'taxiiServiceDelete', {
    description: 'Deletes a service, with the subscriptions that were made at it. Inbox messages keep its service id.',
    needs: 'threat:admin',
    emits: [serviceDeleted],
    input: that,
    success: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly id: string }>) => ({
      deletedId: t.exposeID('id', { description: 'The id it had.' }),
    }),
    resolve: async (ctx, input) => ({ id: await deleteService(ctx, input as ServiceDelete) }),
  });
}

const oneService = (
  t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, { readonly taxiiService: TaxiiService }>,
): Record<string, AnyField> => ({
  taxiiService: t.field({
    type: 'TaxiiService',
    description: 'As it is now.',
    resolve: ({ taxiiService }) => taxiiService,
  }),
});

function kindInput(builder: Builder) {
  const discovery = builder.inputType('DiscoveryServiceInput', {
    description: 'What a discovery service has of its own.',
    fields: (t) => ({
      advertisedServices: t.stringList({
        description: 'Service ids of what it tells of, in their order; one that no service has is passed over.',
      }),
    }),
  });
  const inbox = builder.inputType('InboxServiceInput', {
    description: 'What an inbox service has of its own.',
    fields: (t) => ({
      acceptAllContent: t.boolean({ description: 'Whether it takes blocks of any binding; false unless said.' }),
      destinationCollectionRequired: t.boolean({
        description: 'Whether messages name their data collections; if not, they must name none. False unless said.',
      }),
      supportedContent: t.field({ type: ['ContentBindingInput'], description: 'The bindings it takes otherwise.' }),
    }),
  });
  const poll = builder.inputType('PollServiceInput', {
    description: 'What a poll service has of its own.',
    fields: (t) => ({
      subscriptionRequired: t.boolean({ description: 'Whether polls need a subscription; false unless said.' }),
      maxResultSize: t.int({ description: 'How many blocks one part holds: 1,000 unless said, 10,000 at most.' }),
      maxResultCount: t.int({ description: 'The most that is announced as a count; 10,000,000 unless said.' }),
    }),
  });
  const collectionManagement = builder.inputType('CollectionManagementServiceInput', {
    description: 'What a collection management service has of its own.',
    fields: (t) => ({
      subscriptionSupported: t.boolean({
        description: 'Whether it takes messages about subscriptions; true unless said.',
      }),
      subscriptionMessage: t.string({ description: 'What it tells those who subscribe.' }),
    }),
  });
  return builder.inputType('TaxiiServiceKindInput', {
    description: 'The kind of a service, and what that has of its own.',
    isOneOf: true,
    fields: (t) => ({
      discovery: t.field({ type: discovery, description: 'A discovery service.' }),
      inbox: t.field({ type: inbox, description: 'An inbox service.' }),
      poll: t.field({ type: poll, description: 'A poll service.' }),
      collectionManagement: t.field({ type: collectionManagement, description: 'A collection management service.' }),
    }),
  });
}
