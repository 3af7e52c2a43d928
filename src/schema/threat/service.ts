import type { Batch } from '#kernel/context.ts';
import { findServices } from '#resolvers/threat/services/find.ts';
import { instancesOf, type ServiceInstance } from '#resolvers/threat/services/instances.ts';
import {
  type CollectionManagementService,
  type DiscoveryService,
  type InboxService,
  type PollService,
  type ServiceKind,
  serviceTypes,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';
import type { Builder } from '#schema/builder.ts';
import { node, nodeInterface } from '#schema/node.ts';
import { instants } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface InterfaceShapes {
    TaxiiService: TaxiiService;
  }
  interface Shapes {
    DiscoveryService: DiscoveryService;
    InboxService: InboxService;
    PollService: PollService;
    CollectionManagementService: CollectionManagementService;
    TaxiiServiceInstance: ServiceInstance;
  }
  interface InputShapes {
    TaxiiServiceKey: { id?: string | null; serviceId?: string | null };
  }
}

/** The services with these row ids that are of one kind and that the viewer may see. */
const ofKind = <Kind extends ServiceKind>(
  kind: Kind,
): Batch<string, Extract<TaxiiService, { readonly kind: Kind }> | null> => {
  type Service = Extract<TaxiiService, { readonly kind: Kind }>;
  return async (ctx, ids) => {
    const services = await findServices(ctx, ids);
    return services.map((service) => (service?.kind === kind ? (service as Service) : null));
  };
};

const finders = {
  DISCOVERY: ofKind('DISCOVERY'),
  INBOX: ofKind('INBOX'),
  POLL: ofKind('POLL'),
  COLLECTION_MANAGEMENT: ofKind('COLLECTION_MANAGEMENT'),
};

export function services(builder: Builder): void {
  builder.inputType('TaxiiServiceKey', {
    description: 'Names a service of TAXII 1.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its id.' }),
      serviceId: t.string({ description: 'Its service id, exactly.' }),
    }),
  });
  builder.interfaceType('TaxiiService', {
    description: 'An end point of TAXII 1.',
    interfaces: [builder.nodeInterfaceRef()] as never,
    resolveType: (({ kind }: TaxiiService) => serviceTypes[kind]) as never,
    fields: (t) => ({
      serviceId: t.exposeString('serviceId', { description: 'Chosen by who made it; unique.' }),
      address: t.exposeString('address', {
        description: 'A path of this gateway, or the absolute URL of a service elsewhere, which is only told of.',
      }),
      description: t.exposeString('description', { nullable: true, description: 'What discovery tells of it.' }),
      protocolBindings: t.stringList({
        description: 'The ways in which it is spoken to; with none it is served, and nobody is told of it.',
        resolve: (service) => [...service.protocolBindings],
      }),
      available: t.exposeBoolean('available', { description: 'Whether it answers requests.' }),
      authenticationRequired: t.exposeBoolean('authenticationRequired', {
        description: 'Whether it answers to accounts only.',
      }),
      baseUrl: t.exposeString('baseUrl', {
        nullable: true,
        description: 'Host, port and path under which clients reach it, without a scheme; null: those of the gateway.',
      }),
      ...instants(t as never),
    }),
  });
  nodeInterface(builder, 'TaxiiService', findServices);
  discovery(builder);
  node(builder, 'InboxService', {
    description: 'A service that takes content blocks in.',
    find: finders.INBOX,
    interfaces: ['TaxiiService'],
    fields: (t) => ({
      acceptAllContent: t.exposeBoolean('acceptAllContent', { description: 'Whether it takes blocks of any binding.' }),
      destinationCollectionRequired: t.exposeBoolean('destinationCollectionRequired', {
        description: 'Whether messages name their data collections; if not, they must name none.',
      }),
      supportedContent: t.field({
        type: ['ContentBinding'],
        description: 'The bindings it takes, unless it takes all.',
        resolve: ({ supportedContent }) => supportedContent,
      }),
    }),
  });
  node(builder, 'PollService', {
    description: 'A service that gives content blocks out.',
    find: finders.POLL,
    interfaces: ['TaxiiService'],
    fields: (t) => ({
      subscriptionRequired: t.exposeBoolean('subscriptionRequired', {
        description: 'Whether polls need a subscription to the data collection.',
      }),
      maxResultSize: t.exposeInt('maxResultSize', { description: 'How many blocks one part holds.' }),
      maxResultCount: t.exposeInt('maxResultCount', {
        description: 'The most that is announced as a count. More is given out all the same.',
      }),
    }),
  });
  node(builder, 'CollectionManagementService', {
    description: 'A service that tells of data collections and keeps subscriptions to them.',
    find: finders.COLLECTION_MANAGEMENT,
    interfaces: ['TaxiiService'],
    fields: (t) => ({
      subscriptionSupported: t.exposeBoolean('subscriptionSupported', {
        description: 'Whether it takes messages about subscriptions.',
      }),
      subscriptionMessage: t.exposeString('subscriptionMessage', {
        nullable: true,
        description: 'What it tells those who subscribe.',
      }),
    }),
  });
}

function discovery(builder: Builder): void {
  node(builder, 'DiscoveryService', {
    description: 'A service that tells what services there are.',
    find: finders.DISCOVERY,
    interfaces: ['TaxiiService'],
    fields: (t) => ({
      advertisedServices: t.stringList({
        description: 'Service ids of what it tells of, in their order; those that no service has are passed over.',
        resolve: ({ advertisedServices }) => [...advertisedServices],
      }),
      instances: t.field({
        type: ['TaxiiServiceInstance'],
        description: 'What it tells of: each of those services by each of its bindings.',
        resolve: (service, _, ctx) => instancesOf(ctx, service),
      }),
    }),
  });
  builder.objectType('TaxiiServiceInstance', {
    description: 'A service as discovery tells of it: by one of its bindings.',
    fields: (t) => ({
      serviceId: t.string({ description: 'Its service id.', resolve: ({ service }) => service.serviceId }),
      kind: t.field({ type: 'TaxiiServiceKind' as never, description: 'Its kind.', resolve: kindOf as never }),
      protocolBinding: t.exposeString('protocolBinding', { description: 'The way in which it is spoken to.' }),
      address: t.exposeString('address', {
        description: 'Where; the path alone where it does not say under which base it is reached.',
      }),
      available: t.boolean({ description: 'Whether it answers.', resolve: ({ service }) => service.available }),
      description: t.string({
        nullable: true,
        description: 'What is told of it.',
        resolve: ({ service }) => service.description,
      }),
      service: t.field({
        type: 'TaxiiService' as never,
        nullable: true,
        description: 'The service itself; null for what the viewer may not see.',
        resolve: ({ service }, _, ctx) => ctx.load(findServices, service.id) as never,
      }),
    }),
  });
}

const kindOf = ({ service }: ServiceInstance): ServiceKind => service.kind;
