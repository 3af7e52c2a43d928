import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { allowSomewhere } from '#resolvers/network/access.ts';
import { attributesOf, dropAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import {
  deviceDeleted,
  deviceFacts,
  deviceGlobalId,
  deviceStore,
  toDeviceSnapshot,
} from '#resolvers/network/devices/device.ts';
import { deviceKey } from '#resolvers/network/devices/find.ts';
import { lockDevices } from '#resolvers/network/devices/update.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const deviceDelete = z.object({ site: siteKey.nullish(), by: deviceKey });
export type DeviceDelete = z.input<typeof deviceDelete>;

/** @returns the row id of what was deleted. */
export const deleteDevice = async (ctx: Context, input: DeviceDelete): Promise<string> =>
  only(await remove(ctx, singleItem(deviceDelete, input)));

export const deleteDevices = async (ctx: Context, inputs: readonly DeviceDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, deviceDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const devices = await lockDevices(ctx, items, 'delete');
    const ids = devices.map((device) => device.id);
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
