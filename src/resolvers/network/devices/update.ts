import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { type AttributesChange, changeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { hostnameInput } from '#resolvers/network/devices/create.ts';
import {
  type Device,
  deviceFacts,
  deviceGlobalId,
  deviceStore,
  deviceUpdated,
  toDeviceSnapshot,
} from '#resolvers/network/devices/device.ts';
import { deviceFinder, deviceKey } from '#resolvers/network/devices/find.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const reference = { site: siteKey.nullish(), by: deviceKey };
const deviceUpdate = perSettings((settings) =>
  z.object({
    ...reference,
    hostname: hostnameInput.of(settings).optional(),
    attributes: attributesInput.optional(),
  }),
);
const deviceReplace = perSettings((settings) =>
  z.object({ ...reference, hostname: hostnameInput.of(settings), attributes: attributesInput.default({}) }),
);

type Named = { readonly site?: z.input<typeof siteKey> | null; readonly by: z.input<typeof deviceKey> };
type Carried = { readonly attributes?: GivenAttributes | null };
export type DeviceUpdate = Named & Carried & { readonly hostname?: string | null };
export type DeviceReplace = Named & Carried & { readonly hostname: string };

/** Changes what is given and leaves the rest. */
export const updateDevice = async (ctx: Context, input: DeviceUpdate): Promise<Device> =>
  only(await change(ctx, singleItem(deviceUpdate(ctx), input)));

export const updateDevices = async (ctx: Context, inputs: readonly DeviceUpdate[]): Promise<Device[]> =>
  change(ctx, bulkItems(ctx, deviceUpdate(ctx), inputs));

/** Sets everything that can change. */
export const replaceDevice = async (ctx: Context, input: DeviceReplace): Promise<Device> =>
  only(await change(ctx, singleItem(deviceReplace(ctx), input)));

export const replaceDevices = async (ctx: Context, inputs: readonly DeviceReplace[]): Promise<Device[]> =>
  change(ctx, bulkItems(ctx, deviceReplace(ctx), inputs));

type Change = Reference & {
  readonly hostname?: string | undefined;
  readonly attributes?: GivenAttributes | undefined;
};

async function change(ctx: Context, items: Items<Change>): Promise<Device[]> {
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const before = await lockDevices(ctx, items, 'update');
    const attributes = await changeAttributes(
      ctx,
      'DEVICE',
      before.map(({ id, siteId }, index) => ({
        targetId: id,
        siteId,
        given: items.values[index]?.attributes,
        path: items.path(index, 'attributes'),
      })),
    );
    const now = microseconds(ctx.clock.now());
    const after = before.map((device, index) => {
      const { hostname = device.hostname } = items.values[index] ?? {};
      const same = hostname === device.hostname && !attributes[index]?.changed;
      return same ? device : { ...device, hostname, updatedAt: now };
    });
    const changed = after.filter((device, index) => device !== before[index]);
    const taken = changed.length === 0 ? [] : await ctx.use(deviceStore).updateMany(changed);
    if (taken[0]) throw hostnameTaken(taken[0], items, after);
    after.forEach((device, index) => {
      const former = before[index];
      const change = attributes[index];
      if (former && change && device !== former) appendDeviceUpdated(ctx, former, device, change);
    });
    return after;
  });
}

/** The devices of a call, locked, after a check of the rights. */
export async function lockDevices(ctx: Context, items: Items<Reference>, verb: 'update' | 'delete'): Promise<Device[]> {
  const devices = await expectAll(ctx, deviceFinder, items, verb);
  for (const device of devices) allow(ctx, `network:${verb}`, deviceFacts(device));
  const ids = devices.map((device) => device.id);
  refuseRepeats(items, ids);
  const locked = await ctx.use(deviceStore).lock(ids);
  return locked.map((device, index) => {
    if (!device) throw notFound('Device', items, index, verb);
    return device;
  });
}

function hostnameTaken(device: Device, items: Items<unknown>, devices: readonly Device[]): ConflictError {
  const index = devices.findIndex((candidate) => candidate.id === device.id);
  return new ConflictError(`${device.hostname} already exists in this site.`, items.path(index, 'hostname'));
}

/** Appends the event of a change that was written. */
export function appendDeviceUpdated(
  ctx: Context,
  before: Device,
  after: Device,
  attributes: Pick<AttributesChange, 'before' | 'after'>,
): void {
  const snapshot = toDeviceSnapshot(after, attributes.after);
  ctx.events.append(
    deviceUpdated,
    { device: snapshot },
    {
      subject: deviceGlobalId(after.id),
      scope: deviceFacts(after),
      before: toDeviceSnapshot(before, attributes.before),
      after: snapshot,
    },
  );
}
