import { z } from 'zod';
import { defineEvent } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { Facts } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { attributesSnapshot } from '#resolvers/network/attributes/check.ts';
import type { Selection } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery, ListScope } from '#resolvers/network/list.ts';
import { hookSnapshot, snapshotEvent } from '#resolvers/network/snapshot.ts';

/** What a device speaks, perhaps on one interface or over one circuit. Its authString is not a part of it. */
export interface Protocol {
  readonly id: string;
  /** That of its device. */
  readonly siteId: string;
  readonly typeId: string;
  readonly deviceId: string;
  /** On the device. */
  readonly interfaceId: string | null;
  /** With an end on the device. */
  readonly circuitId: string | null;
  readonly description: string;
  readonly hasAuthString: boolean;
  /** How often the authString changed; 0 while there was none. */
  readonly authStringRevision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A protocol with its authString, sealed: null for none. */
export interface SealedProtocol extends Protocol {
  readonly sealed: string | null;
}

export interface ProtocolFilter {
  readonly typeIds?: readonly string[];
  readonly deviceIds?: readonly string[];
  readonly interfaceIds?: readonly string[];
  readonly circuitIds?: readonly string[];
  readonly description?: string;
  readonly selection?: Selection;
}

/** The protocols of a Site, or those that use a type, device, interface or circuit. */
export type ProtocolScope = ListScope<'site' | 'type' | 'device' | 'interface' | 'circuit'>;

type Query = ListQuery<ProtocolFilter>;

/**
 * What this domain asks of the storage of protocols. Who writes protocols locks their devices first, former and new
 * ones, and holds their types and circuits.
 */
export interface ProtocolStore {
  getMany(ids: readonly string[]): Promise<(Protocol | null)[]>;
  /** One page for each scope, in one read for scopes of one kind. They have no natural key: always by creation. */
  pages(scopes: readonly ProtocolScope[], query: Query): Promise<Page<Protocol>[]>;
  /** How many each scope has, in one read for scopes of one kind. */
  count(scopes: readonly ProtocolScope[], query: Pick<Query, 'filter' | 'visibility'>): Promise<number[]>;
  /** Every protocol of these devices, in order of creation. One read. */
  ofDevices(deviceIds: readonly string[]): Promise<Protocol[]>;
  /** Every protocol of the scopes, each once, exclusively until the unit of work ends, in order of creation. */
  lockWithin(scopes: readonly ProtocolScope[]): Promise<Protocol[]>;
  /** With their authStrings, exclusively until the unit of work ends. */
  lock(ids: readonly string[]): Promise<(SealedProtocol | null)[]>;
  /** The sealed authStrings: null for a protocol without one, or that is missing. */
  sealedOf(ids: readonly string[]): Promise<(string | null)[]>;
  insertMany(protocols: readonly SealedProtocol[]): Promise<void>;
  /** Writes everything but Site and `createdAt`. */
  updateMany(protocols: readonly SealedProtocol[]): Promise<void>;
  deleteMany(ids: readonly string[]): Promise<void>;
}

export const protocolStore = definePort<ProtocolStore>('network.protocols');

/** A grant on its device covers it. */
export const protocolFacts = ({ siteId, deviceId }: Pick<Protocol, 'siteId' | 'deviceId'>): Facts => ({
  ...factsIn(siteId, 'protocol'),
  device: deviceId,
});

export const protocolGlobalId = (id: string): string => toGlobalId('Protocol', id);

const protocolSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  type: z.string(),
  device: z.string(),
  interface: z.string().nullable(),
  circuit: z.string().nullable(),
  description: z.string(),
  hasAuthString: z.boolean(),
  authStringRevision: z.number().int(),
  attributes: attributesSnapshot,
});
export type ProtocolSnapshot = z.output<typeof protocolSnapshot>;

export const protocolCreated = snapshotEvent('protocol', 'created', protocolSnapshot, {});
export const protocolUpdated = snapshotEvent('protocol', 'updated', protocolSnapshot, {});

/** `cause`: the thing with which it went, where it did not go by itself. */
export const protocolDeleted = snapshotEvent('protocol', 'deleted', protocolSnapshot, {
  cause: z.string().optional(),
});

export const authStringRevealed = defineEvent(
  'network.protocol.authStringRevealed',
  z.object({ protocol: protocolSnapshot }),
  {
    description: 'Somebody was shown the authString of a protocol.',
    subject: 'Protocol',
    retain: 'AUDIT',
    seenWith: 'network:read',
    hookData: hookSnapshot('protocol'),
  },
);
