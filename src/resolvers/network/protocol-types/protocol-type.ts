import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import { factsIn } from '#resolvers/network/access.ts';
import type { ListQuery, ListScope } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** A kind of protocol, such as BGP, and what every protocol of it must carry. */
export interface ProtocolType {
  readonly id: string;
  readonly siteId: string;
  /** Unique in its Site, compared exactly. */
  readonly name: string;
  readonly description: string;
  /** Row ids of attributes for protocols of the same Site, sorted, each once. */
  readonly requiredAttributeIds: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ProtocolTypeFilter {
  readonly name?: string;
  readonly description?: string;
}

/** The types of a Site, or those that require an attribute. */
export type ProtocolTypeScope = ListScope<'site' | 'attribute'>;

type Query = ListQuery<ProtocolTypeFilter>;

/** What this domain asks of the storage of protocol types. */
export interface ProtocolTypeStore {
  getMany(ids: readonly string[]): Promise<(ProtocolType | null)[]>;
  /** The visible types with each name, two at most. Answers all keys in one read. */
  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly ProtocolType[])[]>;
  /** One page for each scope, in one read for scopes of one kind. Ordered by natural key: by name. */
  pages(scopes: readonly ProtocolTypeScope[], query: Query): Promise<Page<ProtocolType>[]>;
  /** How many each scope has, in one read for scopes of one kind. */
  count(scopes: readonly ProtocolTypeScope[], query: Pick<Query, 'filter' | 'visibility'>): Promise<number[]>;
  /** Null for each whose name is taken in its Site, also by one before it; of racing callers exactly one gets it. */
  insertMany(types: readonly ProtocolType[]): Promise<(ProtocolType | null)[]>;
  /** The types as they are, which then stay until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(ProtocolType | null)[]>;
  /** The types as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(ProtocolType | null)[]>;
  /**
   * Writes name, description, required attributes and `updatedAt` of all together: they may swap names. Answers those
   * whose name is taken by another; when there are any, the unit of work must be given up.
   */
  updateMany(types: readonly ProtocolType[]): Promise<readonly ProtocolType[]>;
  deleteMany(ids: readonly string[]): Promise<void>;
}

export const protocolTypeStore = definePort<ProtocolTypeStore>('network.protocolTypes');

export const protocolTypeFacts = ({ siteId }: Pick<ProtocolType, 'siteId'>): Facts => factsIn(siteId, 'protocolType');

export const protocolTypeGlobalId = (id: string): string => toGlobalId('ProtocolType', id);

const protocolTypeSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  name: z.string(),
  description: z.string(),
  requiredAttributes: z.array(z.string()),
});

/** @param requiredAttributes the names of the attributes that it requires. */
export const toProtocolTypeSnapshot = (
  { id, siteId, name, description }: ProtocolType,
  requiredAttributes: readonly string[],
): z.output<typeof protocolTypeSnapshot> => ({
  id: protocolTypeGlobalId(id),
  siteId: siteGlobalId(siteId),
  name,
  description,
  requiredAttributes: [...requiredAttributes].sort(),
});

export const protocolTypeCreated = snapshotEvent('protocolType', 'created', protocolTypeSnapshot, {});
export const protocolTypeUpdated = snapshotEvent('protocolType', 'updated', protocolTypeSnapshot, {});
export const protocolTypeDeleted = snapshotEvent('protocolType', 'deleted', protocolTypeSnapshot, {});
