import type { Context } from '#kernel/context.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { findDevices } from '#resolvers/network/devices/find.ts';
import { findNetworks } from '#resolvers/network/networks/find.ts';

/** A thing that carries values, whatever its kind. */
export interface Target {
  /** In the graph. */
  readonly type: string;
  readonly globalId: string;
  readonly naturalKey: string;
  readonly row: { readonly id: string; readonly siteId: string };
}

type Row = Target['row'];

interface TargetKind {
  readonly type: string;
  /** Those that the viewer may read. */
  find(ctx: Context, ids: readonly string[]): Promise<(Target | null)[]>;
}

function kind<T extends Row>(
  type: string,
  find: (ctx: Context, ids: readonly string[]) => Promise<(T | null)[]>,
  naturalKey: (thing: T) => string,
): TargetKind {
  return {
    type,
    async find(ctx, ids) {
      const found = await find(ctx, ids);
      return found.map((row) => row && { type, globalId: toGlobalId(type, row.id), naturalKey: naturalKey(row), row });
    },
  };
}

/** How the things of each kind are found. */
const kindsOfTargets: Partial<Record<AttributeResource, TargetKind>> = {
  DEVICE: kind('Device', findDevices, ({ hostname }) => hostname),
  NETWORK: kind('Network', findNetworks, ({ cidr }) => cidr),
};

/** The same for one kind, as a batch: `ctx.load(findTarget, id, resource)`. */
export const findTarget = (ctx: Context, ids: readonly string[], resource: string): Promise<(Target | null)[]> =>
  findTargets(ctx, resource as AttributeResource, ids);

/** The things with these row ids that the viewer may read, null for the others. */
export async function findTargets(
  ctx: Context,
  resource: AttributeResource,
  ids: readonly string[],
): Promise<(Target | null)[]> {
  if (ids.length === 0) return [];
  return (await kindsOfTargets[resource]?.find(ctx, ids)) ?? ids.map(() => null);
}
