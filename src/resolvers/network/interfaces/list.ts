import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import {
  attributesFilter,
  type Chosen,
  choose,
  nothingChosen,
  queryFields,
} from '#resolvers/network/attributes/choose.ts';
import { only } from '#resolvers/network/bulk.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { deviceFinder, deviceKey } from '#resolvers/network/devices/find.ts';
import { interfaceFinder, interfacesBySlug, mostSites } from '#resolvers/network/interfaces/find.ts';
import { interfaceKey, macInput } from '#resolvers/network/interfaces/input.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { type InterfaceFilter, type InterfaceScope, interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Reference, SiteKey } from '#resolvers/network/keys.ts';
import { byNaturalKey, orderInput } from '#resolvers/network/list.ts';
import { type Finder, findAll, type NaturalKey } from '#resolvers/network/lookup.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

const filterInput = z
  .object({
    device: deviceKey.nullish(),
    name: z.string().normalize('NFC').nullish(),
    type: z.int('type must be a whole number.').nullish(),
    macAddress: macInput.nullish(),
    speed: z.int('speed must be a whole number.').nullish(),
    parent: interfaceKey.nullish(),
    description: z.string().normalize('NFC').nullish(),
    attributes: attributesFilter,
  })
  .nullish();

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, ...queryFields, orderBy: orderInput });
export type InterfaceList = z.input<typeof listInput>;
type ReadList = z.output<typeof listInput>;

/** The interfaces that the viewer may read. */
export async function listInterfaces(
  ctx: Context,
  input: InterfaceList,
  page: PageRequest,
): Promise<Page<NetworkInterface>> {
  const list = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  const site = list.site ? only(await sitesByKey(ctx, [list.site])) : null;
  if ((list.site && !site) || visibility === 'none') return nothingChosen(list);
  const store = ctx.use(interfaceStore);
  const choice = { site, query: list.query, unique: list.unique, attributes: list.filter?.attributes ?? [] };
  const chosen = await choose(ctx, 'INTERFACE', choice, async ({ siteId, filter }) =>
    only(await store.count([scopeOf(siteId)], { filter, visibility })),
  );
  if (!chosen) return emptyPage;
  return only(await pagesOf(ctx, [scopeOf(chosen.siteId)], { list, chosen, page }));
}

const scopeOf = (siteId: string | null): InterfaceScope =>
  siteId === null ? { kind: 'all' } : { kind: 'site', id: siteId };

/** What a list of interfaces below another thing is asked. */
export type InterfacesOf = Pick<InterfaceList, 'filter' | 'orderBy'>;

/** The interfaces of a Site, or of a device: asked for many of them at once, they take one read. */
export const listInterfacesOf = (
  ctx: Context,
  scope: Extract<InterfaceScope, { readonly kind: 'site' | 'device' }>,
  input: InterfacesOf,
  page: PageRequest,
): Promise<Page<NetworkInterface>> =>
  ctx.load(pagesOfScopes, scope.id, JSON.stringify({ kind: scope.kind, input, page }));

async function pagesOfScopes(ctx: Context, ids: readonly string[], variant: string): Promise<Page<NetworkInterface>[]> {
  const { kind, input, page } = JSON.parse(variant) as {
    kind: 'site' | 'device';
    input: InterfacesOf;
    page: PageRequest;
  };
  const list = parse(listInput, input);
  const choice = { site: null, attributes: list.filter?.attributes ?? [] };
  const chosen = await choose(ctx, 'INTERFACE', choice, async () => 0);
  if (!chosen) return ids.map(() => emptyPage);
  return pagesOf(
    ctx,
    ids.map((id) => ({ kind, id })),
    { list, chosen, page },
  );
}

/** How many interfaces each Site has that the viewer may read. */
export const countInterfacesOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(interfaceStore).count(
    siteIds.map((id) => ({ kind: 'site', id })),
    { filter: {}, visibility: visible(ctx, 'network:read') },
  );

async function pagesOf(
  ctx: Context,
  scopes: readonly InterfaceScope[],
  asked: { readonly list: ReadList; readonly chosen: Chosen; readonly page: PageRequest },
): Promise<Page<NetworkInterface>[]> {
  const { list, chosen, page } = asked;
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return scopes.map(() => emptyPage);
  const filter = { ...(await readFilter(ctx, list.site ?? null, list.filter ?? {})), ...chosen.filter };
  return ctx.use(interfaceStore).pages(scopes, { filter, order: list.orderBy, visibility, page });
}

async function readFilter(
  ctx: Context,
  site: SiteKey | null,
  { device, parent, attributes: _, ...rest }: Partial<NonNullable<ReadList['filter']>>,
): Promise<InterfaceFilter> {
  const said = Object.entries(rest).filter(([, value]) => value != null);
  const devicesEverywhere = (keys: readonly NaturalKey[]) =>
    ctx.use(deviceStore).match(keys, visible(ctx, 'network:read'), mostSites);
  const interfacesEverywhere = (keys: readonly NaturalKey[]) => interfacesBySlug(ctx, keys);
  return {
    ...Object.fromEntries(said),
    ...(device && { deviceIds: await idsOf(ctx, deviceFinder, { site, by: device }, devicesEverywhere) }),
    ...(parent && { parentIds: await idsOf(ctx, interfaceFinder, { site, by: parent }, interfacesEverywhere) }),
  };
}

/**
 * The visible things that a key in a filter names.
 * @param everywhere gives those with a natural key in all Sites: there may be one in each of several.
 */
async function idsOf<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  reference: Reference,
  everywhere: (keys: readonly NaturalKey[]) => Promise<(readonly T[])[]>,
): Promise<string[]> {
  const key = reference.by[finder.key];
  const found =
    reference.site || key === undefined
      ? await findAll(ctx, finder, [reference])
      : only(await everywhere([{ siteId: null, key }]));
  return found.flatMap((thing) => thing?.id ?? []);
}

/** The interfaces around another one, by name. Those asked for in one turn take one read. */
export const listAround = (
  ctx: Context,
  kind: 'children' | 'descendants' | 'siblings',
  { id }: NetworkInterface,
  page: PageRequest,
): Promise<Page<NetworkInterface>> => ctx.load(pagesAround, id, JSON.stringify({ kind, page }));

async function pagesAround(ctx: Context, ids: readonly string[], variant: string): Promise<Page<NetworkInterface>[]> {
  const { kind, page } = JSON.parse(variant) as { kind: 'children'; page: PageRequest };
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return ids.map(() => emptyPage);
  return ctx.use(interfaceStore).pages(
    ids.map((id) => ({ kind, id })),
    { filter: {}, order: byNaturalKey, visibility, page },
  );
}
