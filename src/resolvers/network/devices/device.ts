import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { type Attributes, attributesSnapshot } from '#resolvers/network/attributes/check.ts';
import type { Selection } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** Something with a name of its own on the network. */
export interface Device {
  readonly id: string;
  readonly siteId: string;
  /** Unique in its Site without regard to case; kept as it was written. */
  readonly hostname: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DeviceFilter {
  /** Without regard to case. */
  readonly hostname?: string;
  /** Only those of this set. */
  readonly selection?: Selection;
}

/** What this domain asks of the storage of devices. A Site of null means all Sites. */
export interface DeviceStore {
  getMany(ids: readonly string[]): Promise<(Device | null)[]>;
  /**
   * The visible devices with each hostname, the first of them. Answers all keys in one read.
   * @param most for each key: two unless said, which is enough to know that there are several.
   */
  match(keys: readonly NaturalKey[], visibility: Visibility, most?: number): Promise<(readonly Device[])[]>;
  /** One page for each Site, in one read however many. Ordered by natural key: by folded hostname. */
  pages(siteIds: readonly (string | null)[], query: ListQuery<DeviceFilter>): Promise<Page<Device>[]>;
  /** How many each Site has, in one read however many. */
  count(
    siteIds: readonly (string | null)[],
    query: Pick<ListQuery<DeviceFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]>;
  /**
   * Null for each whose hostname is taken in its Site, also by one before it in the call; of racing callers exactly one
   * gets it.
   */
  insertMany(devices: readonly Device[]): Promise<(Device | null)[]>;
  /** The devices as they are; nobody else changes them until the unit of work ends. */
  lock(ids: readonly string[]): Promise<(Device | null)[]>;
  /**
   * Writes hostname and `updatedAt` of all together: they may swap names. Answers those whose hostname is taken by
   * another device; when there are any, the unit of work must be given up.
   */
  updateMany(devices: readonly Device[]): Promise<readonly Device[]>;
  deleteMany(ids: readonly string[]): Promise<void>;
}

export const deviceStore = definePort<DeviceStore>('network.devices');

export const deviceFacts = (device: Pick<Device, 'id' | 'siteId'>): Facts => ({
  ...factsIn(device.siteId, 'device'),
  device: device.id,
});

export const deviceGlobalId = (id: string): string => toGlobalId('Device', id);

export const deviceSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  hostname: z.string(),
  attributes: attributesSnapshot,
});

export const toDeviceSnapshot = (
  { id, siteId, hostname }: Device,
  attributes: Attributes,
): z.output<typeof deviceSnapshot> => ({
  id: deviceGlobalId(id),
  siteId: siteGlobalId(siteId),
  hostname,
  attributes,
});

export const deviceCreated = snapshotEvent('device', 'created', deviceSnapshot, {});
export const deviceUpdated = snapshotEvent('device', 'updated', deviceSnapshot, {});
export const deviceDeleted = snapshotEvent('device', 'deleted', deviceSnapshot, {});
