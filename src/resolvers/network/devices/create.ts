import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError, type GatehouseError, InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { line } from '#kernel/input.ts';
import { factsIn, mayRead, refusal } from '#resolvers/network/access.ts';
import {
  attributesInput,
  type CheckedAttributes,
  checkAttributes,
  type GivenAttributes,
  noAttributes,
} from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import {
  type Device,
  deviceCreated,
  deviceFacts,
  deviceGlobalId,
  deviceStore,
  toDeviceSnapshot,
} from '#resolvers/network/devices/device.ts';
import { hostnameFault } from '#resolvers/network/devices/hostname.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { holdSites, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';
import { type Site, siteFacts } from '#resolvers/network/sites/site.ts';

/** A hostname by the rules of the config. */
export const hostnameInput = perSettings(({ hostname: rules }) =>
  line('hostname', { max: Number.POSITIVE_INFINITY }).check(({ value, issues }) => {
    const fault = hostnameFault(value, rules);
    if (fault) issues.push({ code: 'custom', message: fault, input: value });
  }),
);

const deviceCreate = perSettings((settings) =>
  z.object({ site: siteKey, hostname: hostnameInput.of(settings), attributes: attributesInput.optional() }),
);
export type DeviceCreate = {
  readonly site: z.input<typeof siteKey>;
  readonly hostname: string;
  readonly attributes?: GivenAttributes | null;
};

export const createDevice = async (ctx: Context, input: DeviceCreate): Promise<Device> =>
  only(await create(ctx, singleItem(deviceCreate(ctx), input)));

export const createDevices = async (ctx: Context, inputs: readonly DeviceCreate[]): Promise<Device[]> =>
  create(ctx, bulkItems(ctx, deviceCreate(ctx), inputs));

type Fresh = {
  readonly site: SiteKey;
  readonly hostname: string;
  readonly attributes?: GivenAttributes | undefined;
};

async function create(ctx: Context, items: Items<Fresh>): Promise<Device[]> {
  allowSomewhere(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const sites = await holdSites(ctx, items);
    sites.forEach((site, index) => {
      const refused = mayCreate(ctx, site, items, index);
      if (refused) throw refused;
    });
    const siteIds = sites.map(({ id }) => id);
    const checked = await checkAttributes(
      ctx,
      'DEVICE',
      items.values.map(({ attributes = {} }, index) => ({
        siteId: siteIds[index] ?? '',
        given: attributes,
        path: items.path(index, 'attributes'),
      })),
    );
    const devices = await insertDevices(
      ctx,
      items.values.map(({ hostname }, index) => ({
        siteId: siteIds[index] ?? '',
        hostname,
        attributes: checked[index] ?? noAttributes,
      })),
    );
    return devices.map((device, index) => {
      if (device) return device;
      throw new ConflictError(
        `${items.values[index]?.hostname} already exists in this site.`,
        items.path(index, 'hostname'),
      );
    });
  });
}

/** Why the viewer may not. A Site that he may not know of is as unknown as one that does not exist. */
function mayCreate(ctx: Context, site: Site, items: Items<Fresh>, index: number): GatehouseError | null {
  const refused = refusal(ctx, 'network:create', factsIn(site.id, 'device'));
  if (!refused || mayRead(ctx, siteFacts(site))) return refused;
  return new InputError([unknownSite(items.values[index]?.site ?? { id: site.id }, items.path(index, 'site'))]);
}

/**
 * Inserts devices with their events, however many; null for those whose hostname is taken. The caller has checked rights
 * and content, holds the Sites, and opened the transaction.
 */
export async function insertDevices(
  ctx: Context,
  fresh: readonly {
    readonly siteId: string;
    readonly hostname: string;
    readonly attributes: CheckedAttributes;
  }[],
): Promise<(Device | null)[]> {
  const now = microseconds(ctx.clock.now());
  const devices = await ctx
    .use(deviceStore)
    .insertMany(
      fresh.map(({ siteId, hostname }) => ({ id: newId(), siteId, hostname, createdAt: now, updatedAt: now })),
    );
  await storeAttributes(
    ctx,
    'DEVICE',
    devices.flatMap((device, index) => {
      const checked = fresh[index]?.attributes ?? noAttributes;
      return device && checked.parts.length > 0 ? [{ targetId: device.id, siteId: device.siteId, checked }] : [];
    }),
  );
  for (const [index, device] of devices.entries()) {
    if (!device) continue;
    const snapshot = toDeviceSnapshot(device, fresh[index]?.attributes.attributes ?? {});
    ctx.events.append(
      deviceCreated,
      { device: snapshot },
      { subject: deviceGlobalId(device.id), scope: deviceFacts(device), after: snapshot },
    );
  }
  return devices;
}
