import { type Context, microseconds } from '#kernel/context.ts';
import { dropAttributes } from '#resolvers/network/attributes/values.ts';
import { changeAddresses } from '#resolvers/network/interfaces/bind.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { appendInterfaceDeleted, type Portrait, portray } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { announce } from '#resolvers/network/interfaces/update.ts';

/**
 * Deletes interfaces with what they carry and releases their addresses, with the events of all: released addresses
 * first, then interfaces, those that hang below others before them. The caller has locked the devices and seen that
 * nothing else depends on them.
 * @param cause global id of the thing with which an interface goes; null where it goes by itself.
 */
export async function removeInterfaces(
  ctx: Context,
  portraits: readonly Portrait[],
  cause: (one: NetworkInterface) => string | null,
): Promise<void> {
  if (portraits.length === 0) return;
  const store = ctx.use(interfaceStore);
  const ids = portraits.map(({ one }) => one.id);
  const assigned = await store.assignmentsOf(ids);
  await changeAddresses(ctx, { remove: assigned.flat(), add: [] });
  await dropAttributes(ctx, ids);
  await store.deleteMany(ids);
  const leavesFirst = portraits.toSorted((one, other) => other.ancestors.length - one.ancestors.length);
  for (const portrait of leavesFirst) appendInterfaceDeleted(ctx, portrait, cause(portrait.one));
}

/**
 * Locks the devices that addresses are bound on, so that their interfaces stay as they are read. The caller holds the
 * locks of the trees, under which nobody binds one of them to another device.
 */
export async function lockBinders(ctx: Context, addressIds: readonly string[]): Promise<void> {
  const store = ctx.use(interfaceStore);
  const assigned = addressIds.length === 0 ? [] : (await store.assignmentsOfAddresses(addressIds)).flat();
  const devices = [...new Set(assigned.map(({ deviceId }) => deviceId))];
  if (devices.length > 0) await store.lockDevices(devices);
}

/**
 * Takes addresses that are about to be deleted from their interfaces, with an event for each interface. The caller has
 * locked the devices.
 */
export async function unbindAddresses(ctx: Context, addressIds: readonly string[]): Promise<void> {
  const store = ctx.use(interfaceStore);
  const assigned = addressIds.length === 0 ? [] : (await store.assignmentsOfAddresses(addressIds)).flat();
  if (assigned.length === 0) return;
  const before = [...(await portray(ctx, [...new Set(assigned.map(({ interfaceId }) => interfaceId))])).values()];
  const updatedAt = microseconds(ctx.clock.now());
  await changeAddresses(ctx, { remove: assigned, add: [], keepState: true });
  await store.updateMany(before.map(({ one }) => ({ ...one, updatedAt })));
  await announce(ctx, before);
}
