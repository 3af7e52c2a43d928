import { z } from 'zod';
import { isHost, toCidr } from '#kernel/cidr.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Facts } from '#kernel/permission.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { type Attributes, attributesSnapshot } from '#resolvers/network/attributes/check.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

export const networkStates = ['ALLOCATED', 'ASSIGNED', 'RESERVED', 'ORPHANED'] as const;
export type NetworkState = (typeof networkStates)[number];

/** A subnet or a host address of a Site. Its address, length and version follow from `cidr` and are never kept apart. */
export interface Network {
  readonly id: string;
  readonly siteId: string;
  /** In canonical form; unique in its Site. */
  readonly cidr: string;
  readonly state: NetworkState;
  /** The closest network of the Site that holds it and is no host address; null for a root. */
  readonly parentId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const networkGlobalId = (id: string): string => toGlobalId('Network', id);

/** @param ancestors of the network: a grant on one of them covers it. */
export const networkFacts = (
  network: Pick<Network, 'id' | 'siteId'>,
  ancestors: readonly Pick<Network, 'id'>[],
): Facts => ({
  ...factsIn(network.siteId, 'network'),
  network: [network.id, ...ancestors.map((ancestor) => ancestor.id)],
});

export const networkSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  cidr: z.string(),
  networkAddress: z.string(),
  prefixLength: z.number().int(),
  ipVersion: z.number().int(),
  isIp: z.boolean(),
  state: z.enum(networkStates),
  parentId: z.string().nullable(),
  parent: z.string().nullable(),
  attributes: attributesSnapshot,
});

export function toNetworkSnapshot(
  network: Network,
  parent: Pick<Network, 'id' | 'cidr'> | undefined,
  attributes: Attributes,
): z.output<typeof networkSnapshot> {
  const cidr = toCidr(network.cidr);
  return {
    id: networkGlobalId(network.id),
    siteId: siteGlobalId(network.siteId),
    cidr: network.cidr,
    networkAddress: network.cidr.slice(0, network.cidr.indexOf('/')),
    prefixLength: cidr.length,
    ipVersion: cidr.version,
    isIp: isHost(cidr),
    state: network.state,
    parentId: parent ? networkGlobalId(parent.id) : null,
    parent: parent?.cidr ?? null,
    attributes,
  };
}

/** How many ids of other networks an event names. */
export const namedInEvent = 1000;

/** How a network was taken from the free space of another. */
export const allocationFacts = z.object({ parentId: z.string(), strict: z.boolean() });
export type Allocation = z.output<typeof allocationFacts>;

/**
 * `adopted`: the first ids of the networks that have this one as parent now and had its parent before. `allocation` is
 * there for networks that were taken from free space.
 */
export const networkCreated = snapshotEvent('network', 'created', networkSnapshot, {
  adoptedCount: z.number().int(),
  adopted: z.array(z.string()),
  allocation: allocationFacts.optional(),
});

export const networkUpdated = snapshotEvent('network', 'updated', networkSnapshot, {});

/** `moved`: the first ids of the networks that went to the parent of this one. */
export const networkDeleted = snapshotEvent('network', 'deleted', networkSnapshot, {
  movedCount: z.number().int(),
  moved: z.array(z.string()),
  newParentId: z.string().nullable(),
});
