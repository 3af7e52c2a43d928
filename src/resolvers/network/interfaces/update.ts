import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { changeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { type AddressChanges, changeAddresses, treesOfAddresses } from '#resolvers/network/interfaces/bind.ts';
import { nameTaken, wishesOf } from '#resolvers/network/interfaces/create.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { findParents } from '#resolvers/network/interfaces/hang.ts';
import {
  type Change,
  type InterfaceReplace,
  type InterfaceUpdate,
  interfaceReplace,
  interfaceUpdate,
} from '#resolvers/network/interfaces/input.ts';
import { interfaceFacts, type NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { appendInterfaceUpdated, type Portrait, portray } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** Changes what is given and leaves the rest. */
export const updateInterface = async (ctx: Context, input: InterfaceUpdate): Promise<NetworkInterface> =>
  only(await change(ctx, singleItem(interfaceUpdate(ctx), input)));

export const updateInterfaces = async (ctx: Context, inputs: readonly InterfaceUpdate[]): Promise<NetworkInterface[]> =>
  change(ctx, bulkItems(ctx, interfaceUpdate(ctx), inputs));

/** Sets everything that can change; what is not given gets its default. */
export const replaceInterface = async (ctx: Context, input: InterfaceReplace): Promise<NetworkInterface> =>
  only(await change(ctx, singleItem(interfaceReplace(ctx), input)));

export const replaceInterfaces = async (
  ctx: Context,
  inputs: readonly InterfaceReplace[],
): Promise<NetworkInterface[]> => change(ctx, bulkItems(ctx, interfaceReplace(ctx), inputs));

async function change(ctx: Context, items: Items<Change>): Promise<NetworkInterface[]> {
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const before = await lockInterfaces(ctx, items, 'update');
    const parents = await findParents(
      ctx,
      before.map(({ one }, index) => ({
        ...one,
        parent: items.values[index]?.parent,
        path: items.path(index, 'parent'),
      })),
    );
    const attributes = await changeAttributes(
      ctx,
      'INTERFACE',
      before.map(({ one }, index) => ({
        targetId: one.id,
        siteId: one.siteId,
        given: items.values[index]?.attributes,
        path: items.path(index, 'attributes'),
      })),
    );
    const addresses = await addressChanges(ctx, items, before);
    const rebound = new Set([
      ...addresses.remove.map(({ interfaceId }) => interfaceId),
      ...addresses.add.map(({ to }) => to.id),
    ]);
    const now = microseconds(ctx.clock.now());
    const after = before.map(({ one }, index): NetworkInterface => {
      const wanted = { ...one, ...said(items.values[index]), parentId: parents[index] ?? null };
      const same = sameRow(one, wanted) && !attributes[index]?.changed && !rebound.has(one.id);
      return same ? one : { ...wanted, updatedAt: now };
    });
    await write(ctx, items, before, after);
    await changeAddresses(ctx, addresses);
    await announce(
      ctx,
      before.filter(({ one }, index) => after[index] !== one),
    );
    return after;
  });
}

/** The interfaces of a call as they are, under the locks of their devices, after a check of the rights. */
export async function lockInterfaces(
  ctx: Context,
  items: Items<Reference & { readonly addresses?: readonly string[] | undefined }>,
  verb: 'update' | 'delete',
): Promise<Portrait[]> {
  const named = await expectAll(ctx, interfaceFinder, items, verb);
  const ids = named.map(({ id }) => id);
  refuseRepeats(items, ids);
  const trees = treesOfAddresses(
    named.flatMap(({ siteId }, index) => (items.values[index]?.addresses ?? []).map((cidr) => ({ siteId, cidr }))),
  );
  if (trees.length > 0) await ctx.use(networkStore).lockTrees(trees);
  await ctx.use(interfaceStore).lockDevices([...new Set(named.map(({ deviceId }) => deviceId))]);
  // The device never changes, so what was locked is right; all else is read again.
  const portraits = await portray(ctx, ids);
  return ids.map((id, index) => {
    const portrait = portraits.get(id);
    if (!portrait) throw notFound('NetworkInterface', items, index, verb);
    allow(ctx, `network:${verb}`, interfaceFacts(portrait.one, portrait.ancestors));
    return portrait;
  });
}

/** The fields that are kept with the row and were given. */
function said({ name, description, type, macAddress, speed }: Partial<Change> = {}): Partial<NetworkInterface> {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(type !== undefined && { type }),
    ...(macAddress !== undefined && { macAddress }),
    ...(speed !== undefined && { speed }),
  };
}

const sameRow = (one: NetworkInterface, other: NetworkInterface): boolean =>
  (Object.keys(one) as (keyof NetworkInterface)[]).every((key) => one[key] === other[key]);

/** What comes and goes where a list of addresses is given: what is in both is not touched. */
async function addressChanges(
  ctx: Context,
  items: Items<Change>,
  before: readonly Portrait[],
): Promise<AddressChanges> {
  const asked = before.flatMap((portrait, index) => (items.values[index]?.addresses ? [{ index, ...portrait }] : []));
  if (asked.length === 0) return { remove: [], add: [] };
  const assigned = await ctx.use(interfaceStore).assignmentsOf(asked.map(({ one }) => one.id));
  const bound = assigned.flat();
  const networks =
    bound.length === 0 ? [] : await ctx.use(networkStore).getMany(bound.map(({ addressId }) => addressId));
  const cidrOf = new Map(networks.flatMap((network) => (network ? [[network.id, network.cidr] as const] : [])));
  return {
    remove: asked.flatMap(({ index }, at) => {
      const wanted = items.values[index]?.addresses ?? [];
      return (assigned[at] ?? []).filter(({ addressId }) => !wanted.includes(cidrOf.get(addressId) ?? ''));
    }),
    add: asked.flatMap(({ index, one, snapshot }) =>
      wishesOf(items, index, one).filter(({ cidr }) => !snapshot.addresses.includes(cidr)),
    ),
  };
}

async function write(
  ctx: Context,
  items: Items<Change>,
  before: readonly Portrait[],
  after: readonly NetworkInterface[],
): Promise<void> {
  const changed = after.filter((one, index) => one !== before[index]?.one);
  const taken = changed.length === 0 ? [] : await ctx.use(interfaceStore).updateMany(changed);
  if (taken[0])
    throw nameTaken(
      taken[0],
      items,
      after.findIndex(({ id }) => id === taken[0]?.id),
    );
}

/** Appends an event for each that was written. */
export async function announce(ctx: Context, before: readonly Portrait[]): Promise<void> {
  const after = await portray(
    ctx,
    before.map(({ one }) => one.id),
  );
  for (const former of before) {
    const portrait = after.get(former.one.id);
    if (portrait) appendInterfaceUpdated(ctx, former, portrait);
  }
}
