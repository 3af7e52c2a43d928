import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { InUseError } from '#kernel/errors.ts';
import { attributesOf, dropAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { refuseDevicesWithCircuits } from '#resolvers/network/circuits/blocking.ts';
import {
  type Device,
  deviceDeleted,
  deviceFacts,
  deviceGlobalId,
  deviceStore,
  toDeviceSnapshot,
} from '#resolvers/network/devices/device.ts';
import { deviceKey } from '#resolvers/network/devices/find.ts';
import { lockDevices } from '#resolvers/network/devices/update.ts';
import { blockedBy, shownBlockers } from '#resolvers/network/in-use.ts';
import { interfaceBlockers } from '#resolvers/network/interfaces/delete.ts';
import { removeInterfaces } from '#resolvers/network/interfaces/remove.ts';
import { portray } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { removeProtocolsOf } from '#resolvers/network/protocols/remove.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const deviceDelete = z.object({ site: siteKey.nullish(), by: deviceKey, force: z.boolean().nullish() });
export type DeviceDelete = z.input<typeof deviceDelete>;
type Given = z.output<typeof deviceDelete>;

/**
 * Deletes a device with its protocols and interfaces, where no circuit ends on it. With interfaces that hang below others it is deleted with `force` alone.
 * @returns the row id of what was deleted.
 */
export const deleteDevice = async (ctx: Context, input: DeviceDelete): Promise<string> =>
  only(await remove(ctx, singleItem(deviceDelete, input)));

export const deleteDevices = async (ctx: Context, inputs: readonly DeviceDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, deviceDelete, inputs));

async function remove(ctx: Context, items: Items<Given>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const devices = await lockDevices(ctx, items, 'delete');
    const ids = devices.map((device) => device.id);
    await ctx.use(interfaceStore).lockDevices(ids);
    await refuseDevicesWithCircuits(ctx, devices);
    await removeInterfacesOf(ctx, items, devices);
    const attributes = await attributesOf(ctx, ids);
    await dropAttributes(ctx, ids);
    await ctx.use(deviceStore).deleteMany(ids);
    for (const [index, device] of devices.entries()) {
      const snapshot = toDeviceSnapshot(device, attributes[index] ?? {});
      ctx.events.append(
        deviceDeleted,
        { device: snapshot },
        { subject: deviceGlobalId(device.id), scope: deviceFacts(device), before: snapshot },
      );
    }
    return ids;
  });
}

/** The protocols and interfaces of the devices go before them, each with its own event. */
async function removeInterfacesOf(ctx: Context, items: Items<Given>, devices: readonly Device[]): Promise<void> {
  const ids = devices.map(({ id }) => id);
  const interfaces = ids.length === 0 ? [] : await ctx.use(interfaceStore).ofDevices(ids);
  const hanging = Map.groupBy(
    interfaces.filter(({ parentId }) => parentId !== null),
    ({ deviceId }) => deviceId,
  );
  for (const [index, device] of devices.entries()) {
    const children = (hanging.get(device.id) ?? []).map(({ id }) => id);
    if (children.length === 0 || items.values[index]?.force) continue;
    const blockers = await interfaceBlockers(ctx, children.slice(0, shownBlockers));
    throw new InUseError(...blockedBy(`device ${device.hostname}`, blockers, children.length));
  }
  await removeProtocolsOf(
    ctx,
    ids.map((id) => ({ kind: 'device', id })),
    ({ deviceId }) => deviceGlobalId(deviceId),
  );
  const portraits = await portray(
    ctx,
    interfaces.map(({ id }) => id),
  );
  await removeInterfaces(ctx, [...portraits.values()], ({ deviceId }) => deviceGlobalId(deviceId));
}
