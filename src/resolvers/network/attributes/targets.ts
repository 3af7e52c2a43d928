import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { findCircuits, listCircuits } from '#resolvers/network/circuits/find.ts';
import { updateCircuits } from '#resolvers/network/circuits/update.ts';
import { findDevices, listDevices } from '#resolvers/network/devices/find.ts';
import { updateDevices } from '#resolvers/network/devices/update.ts';
import { findInterfaces, hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { slugOf } from '#resolvers/network/interfaces/interface.ts';
import { listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { updateInterfaces } from '#resolvers/network/interfaces/update.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { findNetworks, listNetworks } from '#resolvers/network/networks/find.ts';
import { updateNetworks } from '#resolvers/network/networks/update.ts';
import { findProtocols, listProtocols } from '#resolvers/network/protocols/find.ts';
import { updateProtocols } from '#resolvers/network/protocols/update.ts';

/** What every thing that carries values has. */
interface Row {
  readonly id: string;
  readonly siteId: string;
}

/** A thing that carries values, whatever its kind. */
export interface Target {
  /** In the graph. */
  readonly type: string;
  readonly globalId: string;
  readonly naturalKey: string;
  readonly row: Row;
}

interface Change {
  readonly site?: SiteKey | null;
  readonly by: { readonly id: string };
  readonly attributes: GivenAttributes;
}

/** What is done with the things of one kind. */
export interface TargetKind<T extends Row = Row> {
  /** In the graph. */
  readonly type: string;
  /** Those that the viewer may read, null for the others. */
  find(ctx: Context, ids: readonly string[]): Promise<(T | null)[]>;
  naturalKeys(ctx: Context, things: readonly T[]): readonly string[] | Promise<readonly string[]>;
  list(ctx: Context, input: { site?: SiteKey | null; query: string }, page: PageRequest): Promise<Page<T>>;
  /** Needs the right to update each. */
  update(ctx: Context, changes: readonly Change[]): Promise<T[]>;
}

const kindOf = <T extends Row>(kind: TargetKind<T>): TargetKind => kind as unknown as TargetKind;

const kinds: Readonly<Record<AttributeResource, TargetKind>> = {
  DEVICE: kindOf({
    type: 'Device',
    find: findDevices,
    naturalKeys: (_, devices) => devices.map(({ hostname }) => hostname),
    list: listDevices,
    update: updateDevices,
  }),
  NETWORK: kindOf({
    type: 'Network',
    find: findNetworks,
    naturalKeys: (_, networks) => networks.map(({ cidr }) => cidr),
    list: listNetworks,
    update: updateNetworks,
  }),
  INTERFACE: kindOf({
    type: 'NetworkInterface',
    find: findInterfaces,
    async naturalKeys(ctx, interfaces) {
      const hostnames = await hostnamesOf(
        ctx,
        interfaces.map(({ deviceId }) => deviceId),
      );
      return interfaces.map(({ name }, index) => slugOf(hostnames[index] ?? '', name));
    },
    list: listInterfaces,
    update: updateInterfaces,
  }),
  CIRCUIT: kindOf({
    type: 'Circuit',
    find: findCircuits,
    naturalKeys: (_, circuits) => circuits.map(({ nameSlug }) => nameSlug),
    list: listCircuits,
    update: updateCircuits,
  }),
  PROTOCOL: kindOf({
    type: 'Protocol',
    find: findProtocols,
    naturalKeys: (_, protocols) => protocols.map(({ id }) => toGlobalId('Protocol', id)),
    list: listProtocols,
    update: updateProtocols,
  }),
};

export const targetKind = (resource: AttributeResource): TargetKind => kinds[resource];

/** The things with these row ids that the viewer may read, null for the others. */
export async function findTargets(
  ctx: Context,
  resource: AttributeResource,
  ids: readonly string[],
): Promise<(Target | null)[]> {
  if (ids.length === 0) return [];
  const { type, find, naturalKeys } = kinds[resource];
  const found = await find(ctx, ids);
  const known = found.filter((row) => row !== null);
  const names = await naturalKeys(ctx, known);
  const byId = new Map(known.map((row, index) => [row.id, names[index] ?? '']));
  return found.map(
    (row) => row && { type, globalId: toGlobalId(type, row.id), naturalKey: byId.get(row.id) ?? '', row },
  );
}

/** The same for one kind, as a batch: `ctx.load(findTarget, id, resource)`. */
export const findTarget = (ctx: Context, ids: readonly string[], resource: string): Promise<(Target | null)[]> =>
  findTargets(ctx, resource as AttributeResource, ids);
