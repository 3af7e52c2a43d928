import { compareCidr, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { deviceGlobalId } from '#resolvers/network/devices/device.ts';
import { hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import {
  type InterfaceSnapshot,
  interfaceCreated,
  interfaceDeleted,
  interfaceFacts,
  interfaceGlobalId,
  interfaceUpdated,
  type NetworkInterface,
  slugOf,
} from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';

/** An interface as it is with all that is told of it, for events. */
export interface Portrait {
  readonly one: NetworkInterface;
  readonly snapshot: InterfaceSnapshot;
  /** What it hangs below, the nearest first. */
  readonly ancestors: readonly NetworkInterface[];
}

/** Interfaces with their snapshots as the storage has them now, in a fixed number of reads. Gone ones are left out. */
export async function portray(ctx: Context, ids: readonly string[]): Promise<ReadonlyMap<string, Portrait>> {
  const store = ctx.use(interfaceStore);
  const present = ids.length === 0 ? [] : (await store.getMany(ids)).filter((one) => one !== null);
  if (present.length === 0) return new Map();
  const known = present.map(({ id }) => id);
  const ancestors = await store.ancestors(known);
  const addresses = await addressesOf(ctx, known);
  const attributes = await attributesOf(ctx, known);
  const deviceIds = [...new Set(present.map(({ deviceId }) => deviceId))];
  const names = await hostnamesOf(ctx, deviceIds);
  const hostnames = new Map(deviceIds.map((id, index) => [id, names[index] ?? '']));
  return new Map(
    present.map((one, index): [string, Portrait] => {
      const chain = ancestors[index] ?? [];
      const parts = {
        hostname: hostnames.get(one.deviceId) ?? '',
        parent: chain.find(({ id }) => id === one.parentId) ?? null,
        bound: addresses[index] ?? [],
        attributes: attributes[index] ?? {},
      };
      return [one.id, { one, ancestors: chain, snapshot: toSnapshot(one, parts) }];
    }),
  );
}

interface Bound {
  readonly cidr: string;
  /** The prefix of its closest network. */
  readonly network: string | null;
}

async function addressesOf(ctx: Context, ids: readonly string[]): Promise<Bound[][]> {
  const assigned = await ctx.use(interfaceStore).assignmentsOf(ids);
  const addresses = await networksById(
    ctx,
    assigned.flat().map(({ addressId }) => addressId),
  );
  const parents = await networksById(
    ctx,
    [...addresses.values()].flatMap(({ parentId }) => parentId ?? []),
  );
  return assigned.map((list) =>
    list.flatMap(({ addressId }) => {
      const address = addresses.get(addressId);
      return address ? [{ cidr: address.cidr, network: parents.get(address.parentId ?? '')?.cidr ?? null }] : [];
    }),
  );
}

async function networksById(ctx: Context, ids: readonly string[]): Promise<ReadonlyMap<string, Network>> {
  const wanted = [...new Set(ids)];
  const found = wanted.length === 0 ? [] : await ctx.use(networkStore).getMany(wanted);
  return new Map(found.flatMap((network) => (network ? [[network.id, network]] : [])));
}

const inOrder = (cidrs: readonly string[]): string[] =>
  [...new Set(cidrs)].sort((one, other) => compareCidr(toCidr(one), toCidr(other)));

function toSnapshot(
  one: NetworkInterface,
  parts: {
    readonly hostname: string;
    readonly parent: NetworkInterface | null;
    readonly bound: readonly Bound[];
    readonly attributes: Attributes;
  },
): InterfaceSnapshot {
  const { hostname, parent, bound, attributes } = parts;
  return {
    id: interfaceGlobalId(one.id),
    siteId: siteGlobalId(one.siteId),
    deviceId: deviceGlobalId(one.deviceId),
    deviceHostname: hostname,
    name: one.name,
    nameSlug: slugOf(hostname, one.name),
    description: one.description,
    type: one.type,
    macAddress: one.macAddress,
    speed: one.speed,
    parentId: parent ? interfaceGlobalId(parent.id) : null,
    parent: parent ? slugOf(hostname, parent.name) : null,
    addresses: inOrder(bound.map(({ cidr }) => cidr)),
    networks: inOrder(bound.flatMap(({ network }) => network ?? [])),
    attributes,
  };
}

const optionsOf = ({ one, ancestors }: Portrait) => ({
  subject: interfaceGlobalId(one.id),
  scope: interfaceFacts(one, ancestors),
});

export function appendInterfaceCreated(ctx: Context, made: Portrait): void {
  const { snapshot } = made;
  ctx.events.append(interfaceCreated, { networkInterface: snapshot }, { ...optionsOf(made), after: snapshot });
}

export function appendInterfaceUpdated(ctx: Context, before: Portrait, after: Portrait): void {
  const { snapshot } = after;
  ctx.events.append(
    interfaceUpdated,
    { networkInterface: snapshot },
    { ...optionsOf(after), before: before.snapshot, after: snapshot },
  );
}

/** @param cause global id of the thing with which it went. */
export function appendInterfaceDeleted(ctx: Context, gone: Portrait, cause: string | null): void {
  const { snapshot } = gone;
  ctx.events.append(
    interfaceDeleted,
    { networkInterface: snapshot, ...(cause !== null && { cause }) },
    { ...optionsOf(gone), before: snapshot },
  );
}
