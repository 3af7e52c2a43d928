import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { attributesSnapshot } from '#resolvers/network/attributes/check.ts';
import type { Selection } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery, ListScope } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** An end of a circuit: an interface, with its device, which never changes. Row ids. */
export interface CircuitEnd {
  readonly interfaceId: string;
  readonly deviceId: string;
}

/** What joins two interfaces, or leads from one to somewhere else. */
export interface Circuit {
  readonly id: string;
  /** That of its first end. */
  readonly siteId: string;
  /** Unique in its Site, compared exactly. */
  readonly name: string;
  /** The name with `/` as `_`: unique in its Site too. */
  readonly nameSlug: string;
  readonly endpointA: CircuitEnd;
  readonly endpointZ: CircuitEnd | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type Side = 'A' | 'Z';

export interface CircuitFilter {
  readonly name?: string;
  readonly nameSlug?: string;
  /** With one of these interfaces as their first end. */
  readonly endpointAIds?: readonly string[];
  readonly endpointZIds?: readonly string[];
  readonly selection?: Selection;
}

/** The circuits of a Site, or those with an end on a device, each once. */
export type CircuitScope = ListScope<'site' | 'device'>;

/** An end that could not be had: its interface is an end of a circuit already. */
export interface RefusedEnd {
  readonly circuitId: string;
  readonly side: Side;
  /** On which side the interface is in use. */
  readonly usedAs: Side;
}

type Query = ListQuery<CircuitFilter>;

/**
 * What this domain asks of the storage of circuits. Who writes circuits locks the devices of their ends first, former
 * and new ones, so that an interface stays while a circuit comes to it.
 */
export interface CircuitStore {
  getMany(ids: readonly string[]): Promise<(Circuit | null)[]>;
  /** The visible circuits with each slug, two at most. Answers all keys in one read. */
  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Circuit[])[]>;
  /** One page for each scope, in one read for scopes of one kind. Ordered by natural key: by slug. */
  pages(scopes: readonly CircuitScope[], query: Query): Promise<Page<Circuit>[]>;
  /** How many each scope has, in one read for scopes of one kind. */
  count(scopes: readonly CircuitScope[], query: Pick<Query, 'filter' | 'visibility'>): Promise<number[]>;
  /** The circuit that each interface is an end of, null for none. One read. */
  ofInterfaces(interfaceIds: readonly string[]): Promise<(Circuit | null)[]>;
  /**
   * Null for each whose name or slug is taken in its Site, also by one before it in the call; of racing callers exactly
   * one gets it. Their ends are claimed apart.
   */
  insertMany(circuits: readonly Circuit[]): Promise<(Circuit | null)[]>;
  /**
   * Makes the ends of these circuits theirs, in place of what they had: an interface is an end of one circuit at most,
   * on either side, and of racing callers exactly one gets it. Circuits of one call may exchange ends. Answers what is
   * in use; when there is any, the unit of work must be given up.
   */
  claimEnds(circuits: readonly Circuit[]): Promise<readonly RefusedEnd[]>;
  /** The circuits as they are, which then stay until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(Circuit | null)[]>;
  /** The circuits as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(Circuit | null)[]>;
  /**
   * Writes name, slug, ends and `updatedAt` of all together: they may swap names. Answers those whose name or slug is
   * taken by another; when there are any, the unit of work must be given up.
   */
  updateMany(circuits: readonly Circuit[]): Promise<readonly Circuit[]>;
  /** Deletes them and gives their ends free. */
  deleteMany(ids: readonly string[]): Promise<void>;
}

export const circuitStore = definePort<CircuitStore>('network.circuits');

/** The ends that a circuit has, A before Z. */
export const endsOf = ({ endpointA, endpointZ }: Pick<Circuit, 'endpointA' | 'endpointZ'>): CircuitEnd[] =>
  endpointZ ? [endpointA, endpointZ] : [endpointA];

/** Row ids of the devices of its ends, each once. */
export const deviceIdsOf = (circuit: Pick<Circuit, 'endpointA' | 'endpointZ'>): string[] => [
  ...new Set(endsOf(circuit).map(({ deviceId }) => deviceId)),
];

/** Whoever may do something with all devices of a circuit may do it with the circuit. */
export const circuitFacts = (
  circuit: Pick<Circuit, 'siteId' | 'endpointA' | 'endpointZ'> & { id?: string },
): Facts => ({
  ...factsIn(circuit.siteId, 'circuit'),
  ...(circuit.id !== undefined && { circuit: circuit.id }),
  device: { all: deviceIdsOf(circuit) },
});

export const circuitGlobalId = (id: string): string => toGlobalId('Circuit', id);

const circuitSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  name: z.string(),
  nameSlug: z.string(),
  endpointA: z.string(),
  endpointZ: z.string().nullable(),
  attributes: attributesSnapshot,
});
export type CircuitSnapshot = z.output<typeof circuitSnapshot>;

export const circuitCreated = snapshotEvent('circuit', 'created', circuitSnapshot, {});
export const circuitUpdated = snapshotEvent('circuit', 'updated', circuitSnapshot, {});
export const circuitDeleted = snapshotEvent('circuit', 'deleted', circuitSnapshot, {});
