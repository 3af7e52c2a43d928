import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Facts } from '#kernel/permission.ts';
import { factsIn } from '#resolvers/network/access.ts';
import { attributesSnapshot } from '#resolvers/network/attributes/check.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** A port of a device, or something that behaves as one. Its slug and what follows from its addresses are never kept. */
export interface NetworkInterface {
  readonly id: string;
  /** That of its device. */
  readonly siteId: string;
  readonly deviceId: string;
  /** Unique on its device, compared exactly. */
  readonly name: string;
  readonly description: string;
  /** A number of the IF-MIB list, as the config has it. */
  readonly type: number;
  /** Upper case with colons. */
  readonly macAddress: string | null;
  /** Mbit/s. */
  readonly speed: number | null;
  /** An interface of the same device. */
  readonly parentId: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An address that is bound to an interface. */
export interface Assignment {
  readonly id: string;
  readonly siteId: string;
  readonly interfaceId: string;
  /** The device of the interface: an address is at most once on each. */
  readonly deviceId: string;
  /** A host address of the Site. */
  readonly addressId: string;
  readonly createdAt: string;
}

export const interfaceGlobalId = (id: string): string => toGlobalId('NetworkInterface', id);

/** How people call an interface. A hostname holds no colon, so the first one ends it. */
export const slugOf = (hostname: string, name: string): string => `${hostname}:${name}`;

/** The hostname and the name in a slug; null where it has no colon. */
export function readSlug(slug: string): { hostname: string; name: string } | null {
  const colon = slug.indexOf(':');
  return colon < 0 ? null : { hostname: slug.slice(0, colon), name: slug.slice(colon + 1) };
}

/** @param ancestors the interfaces that it hangs below: a grant on one of them, or on the device, covers it. */
export const interfaceFacts = (
  { id, siteId, deviceId }: Pick<NetworkInterface, 'id' | 'siteId' | 'deviceId'>,
  ancestors: readonly Pick<NetworkInterface, 'id'>[],
): Facts => ({
  ...factsIn(siteId, 'interface'),
  device: deviceId,
  interface: [id, ...ancestors.map((ancestor) => ancestor.id)],
});

export const interfaceSnapshot = z.object({
  id: z.string(),
  siteId: z.string(),
  deviceId: z.string(),
  deviceHostname: z.string(),
  name: z.string(),
  nameSlug: z.string(),
  description: z.string(),
  type: z.number().int(),
  macAddress: z.string().nullable(),
  speed: z.number().int().nullable(),
  parentId: z.string().nullable(),
  parent: z.string().nullable(),
  addresses: z.array(z.string()),
  networks: z.array(z.string()),
  attributes: attributesSnapshot,
});
export type InterfaceSnapshot = z.output<typeof interfaceSnapshot>;

export const interfaceCreated = snapshotEvent('interface', 'created', interfaceSnapshot, {});
export const interfaceUpdated = snapshotEvent('interface', 'updated', interfaceSnapshot, {});

/** `cause`: the thing with which it went, where it did not go by itself. */
export const interfaceDeleted = snapshotEvent('interface', 'deleted', interfaceSnapshot, {
  cause: z.string().optional(),
});
