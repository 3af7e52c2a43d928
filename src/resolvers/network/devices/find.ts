import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { idText, oneKey, parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import {
  type AttributesFilter,
  attributesFilter,
  choose,
  nothingChosen,
  queryFields,
} from '#resolvers/network/attributes/choose.ts';
import { only } from '#resolvers/network/bulk.ts';
import { type Device, type DeviceFilter, deviceFacts, deviceStore } from '#resolvers/network/devices/device.ts';
import { orderInput } from '#resolvers/network/list.ts';
import { type Finder, findAll } from '#resolvers/network/lookup.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

export const deviceKey = oneKey({ id: idText, hostname: z.string('hostname must be a text.').normalize('NFC') });

/** The devices with these row ids that the viewer may read. */
export async function findDevices(ctx: Context, ids: readonly string[]): Promise<(Device | null)[]> {
  const devices = await ctx.use(deviceStore).getMany(ids);
  return devices.map((device) => (device && mayRead(ctx, deviceFacts(device)) ? device : null));
}

export const deviceFinder: Finder<Device> = {
  type: 'Device',
  plural: 'devices',
  key: 'hostname',
  byIds: findDevices,
  byKeys: (ctx, keys) => ctx.use(deviceStore).match(keys, visible(ctx, 'network:read')),
};

const deviceQuery = z.object({ site: siteKey.nullish(), by: deviceKey });

/**
 * The device, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a hostname that several Sites have, when none is named.
 */
export const findDevice = async (ctx: Context, input: z.input<typeof deviceQuery>): Promise<Device | null> =>
  only(await findAll(ctx, deviceFinder, [parse(deviceQuery, input)]));

const filterInput = z
  .object({ hostname: z.string().normalize('NFC').nullish(), attributes: attributesFilter })
  .nullish()
  .transform((given): { filter: DeviceFilter; attributes: AttributesFilter } => ({
    filter: given?.hostname == null ? {} : { hostname: given.hostname },
    attributes: given?.attributes ?? [],
  }));

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, ...queryFields, orderBy: orderInput });
export type DeviceList = z.input<typeof listInput>;

/** The devices that the viewer may read. */
export async function listDevices(ctx: Context, input: DeviceList, page: PageRequest): Promise<Page<Device>> {
  const { site: key, filter: given, query, unique, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  if ((key && !site) || visibility === 'none') return nothingChosen({ query, unique });
  const store = ctx.use(deviceStore);
  const choice = { site, query, unique, attributes: given.attributes };
  const chosen = await choose(ctx, 'DEVICE', choice, async ({ siteId, filter }) =>
    only(await store.count([siteId], { filter, visibility })),
  );
  if (!chosen) return emptyPage;
  return only(
    await store.pages([chosen.siteId], { filter: { ...given.filter, ...chosen.filter }, order, visibility, page }),
  );
}

/** The devices of a Site: asked for many Sites at once, they take one read. */
export const listDevicesOfSite = (
  ctx: Context,
  siteId: string,
  input: Pick<DeviceList, 'filter' | 'orderBy'>,
  page: PageRequest,
): Promise<Page<Device>> => ctx.load(pagesOfSites, siteId, JSON.stringify({ input, page }));

async function pagesOfSites(ctx: Context, siteIds: readonly string[], variant: string): Promise<Page<Device>[]> {
  const { input, page } = JSON.parse(variant) as { input: DeviceList; page: PageRequest };
  const { filter: given, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return siteIds.map(() => emptyPage);
  const choice = { site: null, attributes: given.attributes };
  const chosen = await choose(ctx, 'DEVICE', choice, async () => 0);
  const filter = { ...given.filter, ...chosen?.filter };
  return ctx.use(deviceStore).pages(siteIds, { filter, order, visibility, page });
}

/** How many devices each Site has that the viewer may read. */
export const countDevicesOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(deviceStore).count(siteIds, { filter: {}, visibility: visible(ctx, 'network:read') });
