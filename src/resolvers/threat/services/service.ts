import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import type { ContentBinding } from '#resolvers/threat/content-blocks/binding.ts';

/** The ways in which TAXII 1 services are spoken to, as their messages name them. */
export const protocolBindings = [
  'urn:taxii.mitre.org:protocol:http:1.0',
  'urn:taxii.mitre.org:protocol:https:1.0',
] as const;
export type ProtocolBinding = (typeof protocolBindings)[number];

interface ServiceBase {
  readonly id: string;
  /** Chosen by who makes it; unique, compared exactly. */
  readonly serviceId: string;
  /** A path of this gateway, unique, or the absolute URL of a service elsewhere, which is only advertised. */
  readonly address: string;
  readonly description: string | null;
  /** None: it is served and nobody advertises it. */
  readonly protocolBindings: readonly ProtocolBinding[];
  readonly available: boolean;
  readonly authenticationRequired: boolean;
  /** Host, port and path under which clients reach its path, without a scheme; null: those of the gateway. */
  readonly baseUrl: string | null;
  /** ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Tells what services there are. */
export interface DiscoveryService extends ServiceBase {
  readonly kind: 'DISCOVERY';
  /** In the order given; one that no service has advertises nothing. */
  readonly advertisedServices: readonly string[];
}

/** Takes content blocks in. */
export interface InboxService extends ServiceBase {
  readonly kind: 'INBOX';
  readonly acceptAllContent: boolean;
  /** True: messages name their data collections. False: they name none. */
  readonly destinationCollectionRequired: boolean;
  readonly supportedContent: readonly ContentBinding[];
}

/** Gives content blocks out. */
export interface PollService extends ServiceBase {
  readonly kind: 'POLL';
  readonly subscriptionRequired: boolean;
  /** Blocks of one part. */
  readonly maxResultSize: number;
  /** The most that is announced as the count of a result. More than that is delivered all the same. */
  readonly maxResultCount: number;
}

/** Tells of data collections, and keeps subscriptions to them. */
export interface CollectionManagementService extends ServiceBase {
  readonly kind: 'COLLECTION_MANAGEMENT';
  readonly subscriptionSupported: boolean;
  /** Told to those who subscribe. */
  readonly subscriptionMessage: string | null;
}

/** An addressable end point of TAXII 1. Its kind never changes. */
export type TaxiiService = DiscoveryService | InboxService | PollService | CollectionManagementService;
export type ServiceKind = TaxiiService['kind'];

export interface ServiceFilter {
  readonly kind?: ServiceKind;
  /** Row ids: only these. */
  readonly ids?: readonly string[];
  /** Leaves out those that need a credential. */
  readonly openOnly?: boolean;
}

/** A list in the order of service ids, whose positions are `[serviceId]`. */
export interface ServiceQuery {
  readonly filter: ServiceFilter;
  readonly page: PageRequest;
}

/** What this domain asks of the storage of services. */
export interface ServiceStore {
  getMany(ids: readonly string[]): Promise<(TaxiiService | null)[]>;
  getByServiceId(serviceIds: readonly string[]): Promise<(TaxiiService | null)[]>;
  /** The services at these paths: for the door, which asks at each request. */
  getByPath(paths: readonly string[]): Promise<(TaxiiService | null)[]>;
  page(query: ServiceQuery): Promise<Page<TaxiiService>>;
  /**
   * Null for each whose service id or path is taken, also by one before it in the call; of racing callers exactly one
   * gets it.
   */
  insertMany(services: readonly TaxiiService[]): Promise<(TaxiiService | null)[]>;
  /** The services as they are, which then stay until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(TaxiiService | null)[]>;
  /** The services as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(TaxiiService | null)[]>;
  /**
   * Writes all but id, kind and `createdAt` of services that the unit has locked: they may swap ids and paths. Answers
   * those whose service id or path is taken by another; when there are any, the unit of work must be given up.
   */
  updateMany(services: readonly TaxiiService[]): Promise<readonly TaxiiService[]>;
  /** Deletes services. Their attachments and subscriptions are removed before. */
  deleteMany(ids: readonly string[]): Promise<void>;
  /** The row ids of all that there are: services are few, and a document of the config names all. */
  allIds(): Promise<string[]>;
}

export const serviceStore = definePort<ServiceStore>('threat.services');

/** The type in the graph of each kind. */
export const serviceTypes = {
  DISCOVERY: 'DiscoveryService',
  INBOX: 'InboxService',
  POLL: 'PollService',
  COLLECTION_MANAGEMENT: 'CollectionManagementService',
} as const satisfies Readonly<Record<ServiceKind, string>>;

export const serviceGlobalId = ({ kind, id }: Pick<TaxiiService, 'kind' | 'id'>): string =>
  toGlobalId(serviceTypes[kind], id);

/** Whether the address is a path that this gateway serves, and not that of a service elsewhere. */
export const isRouted = ({ address }: Pick<TaxiiService, 'address'>): boolean => address.startsWith('/');
