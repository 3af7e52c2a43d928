import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { only } from '#resolvers/network/bulk.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { deviceFinder, deviceKey } from '#resolvers/network/devices/find.ts';
import { interfaceKey, macInput } from '#resolvers/network/interfaces/input.ts';
import { interfaceFacts, type NetworkInterface, readSlug } from '#resolvers/network/interfaces/interface.ts';
import { type InterfaceFilter, type InterfaceScope, interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Reference, SiteKey } from '#resolvers/network/keys.ts';
import { byCreation, orderInput } from '#resolvers/network/list.ts';
import { type Finder, findAll, type NaturalKey } from '#resolvers/network/lookup.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

/** The interfaces with these row ids that the viewer may read. */
export async function findInterfaces(ctx: Context, ids: readonly string[]): Promise<(NetworkInterface | null)[]> {
  return readableInterfaces(ctx, await ctx.use(interfaceStore).getMany(ids));
}

/** The same list with null for what the viewer may not read. */
export async function readableInterfaces(
  ctx: Context,
  interfaces: readonly (NetworkInterface | null)[],
): Promise<(NetworkInterface | null)[]> {
  const plain = interfaces.map((one) => one !== null && mayRead(ctx, interfaceFacts(one, [])));
  const unclear = interfaces.filter((one, index) => one !== null && !plain[index]) as NetworkInterface[];
  if (unclear.length === 0 || !hasInterfaceGrants(ctx))
    return interfaces.map((one, index) => (plain[index] ? one : null));
  const chains = await ctx.use(interfaceStore).ancestors(unclear.map(({ id }) => id));
  const inherited = new Set(unclear.filter((one, index) => mayRead(ctx, interfaceFacts(one, chains[index] ?? []))));
  return interfaces.map((one, index) => (plain[index] || (one && inherited.has(one)) ? one : null));
}

/** Whether a grant on an interface could give the right to read what hangs below it. */
function hasInterfaceGrants(ctx: Context): boolean {
  const visibility = visible(ctx, 'network:read');
  return (
    typeof visibility === 'object' && visibility.allOf.some((list) => list.some(({ kind }) => kind === 'interface'))
  );
}

/** So many Sites may have one hostname. */
const mostSites = 1000;

/** The interfaces with each slug that the viewer may read: whether he may read their devices does not matter. */
async function interfacesBySlug(ctx: Context, keys: readonly NaturalKey[]): Promise<(readonly NetworkInterface[])[]> {
  const slugs = keys.map(({ siteId, key }) => ({ siteId, slug: readSlug(key) }));
  const named = slugs.flatMap(({ siteId, slug }) => (slug ? [{ siteId, key: slug.hostname }] : []));
  if (named.length === 0) return keys.map(() => []);
  const devices = await ctx.use(deviceStore).match(named, 'all', mostSites);
  let next = 0;
  const wanted = slugs.map(({ slug }) =>
    slug ? (devices[next++] ?? []).map(({ id }) => ({ deviceId: id, name: slug.name })) : [],
  );
  const found = await ctx.use(interfaceStore).getByName(wanted.flat());
  const shown = await readableInterfaces(ctx, found);
  let at = 0;
  return wanted.map((group) => group.flatMap(() => shown[at++] ?? []));
}

export const interfaceFinder: Finder<NetworkInterface> = {
  type: 'NetworkInterface',
  plural: 'interfaces',
  key: 'nameSlug',
  byIds: findInterfaces,
  byKeys: interfacesBySlug,
};

const interfaceQuery = z.object({ site: siteKey.nullish(), by: interfaceKey });

/**
 * The interface, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a slug that several Sites have, when none is named.
 */
export const findInterface = async (
  ctx: Context,
  input: z.input<typeof interfaceQuery>,
): Promise<NetworkInterface | null> => only(await findAll(ctx, interfaceFinder, [parse(interfaceQuery, input)]));

const filterInput = z
  .object({
    device: deviceKey.nullish(),
    name: z.string().normalize('NFC').nullish(),
    type: z.int('type must be a whole number.').nullish(),
    macAddress: macInput.nullish(),
    speed: z.int('speed must be a whole number.').nullish(),
    parent: interfaceKey.nullish(),
    description: z.string().normalize('NFC').nullish(),
  })
  .nullish();

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, orderBy: orderInput });
export type InterfaceList = z.input<typeof listInput>;
type ReadList = z.output<typeof listInput>;

/** The interfaces that the viewer may read. */
export async function listInterfaces(
  ctx: Context,
  input: InterfaceList,
  page: PageRequest,
): Promise<Page<NetworkInterface>> {
  const list = parse(listInput, input);
  const site = list.site ? only(await sitesByKey(ctx, [list.site])) : null;
  if (list.site && !site) return emptyPage;
  const scope: InterfaceScope = site ? { kind: 'site', id: site.id } : { kind: 'all' };
  return only(await pagesOf(ctx, [scope], list, page));
}

/** What a list of interfaces below another thing is asked. */
export type InterfacesOf = Omit<InterfaceList, 'site'>;

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
  return pagesOf(
    ctx,
    ids.map((id) => ({ kind, id })),
    parse(listInput, input),
    page,
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
  { site, filter: given, orderBy: order }: ReadList,
  page: PageRequest,
): Promise<Page<NetworkInterface>[]> {
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return scopes.map(() => emptyPage);
  const filter = await readFilter(ctx, site ?? null, given ?? {});
  return ctx.use(interfaceStore).pages(scopes, { filter, order, visibility, page });
}

async function readFilter(
  ctx: Context,
  site: SiteKey | null,
  { device, parent, ...rest }: NonNullable<z.output<typeof filterInput>>,
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
  const order = { ...byCreation, by: 'NATURAL' } as const;
  return ctx.use(interfaceStore).pages(
    ids.map((id) => ({ kind, id })),
    { filter: {}, order, visibility, page },
  );
}

/** The interface that it hangs below; null for one that hangs below none. */
export const findParentInterface = async (
  ctx: Context,
  { parentId }: NetworkInterface,
): Promise<NetworkInterface | null> => (parentId === null ? null : ctx.load(findInterfaces, parentId));

/** What it hangs below as far as the viewer may read it, the nearest first. */
export const findInterfaceAncestors = (ctx: Context, { id }: NetworkInterface): Promise<readonly NetworkInterface[]> =>
  ctx.load(readableChains, id);

async function readableChains(ctx: Context, ids: readonly string[]): Promise<(readonly NetworkInterface[])[]> {
  const chains = await ctx.use(interfaceStore).ancestors(ids);
  return chains.map((chain) => chain.filter((one, index) => mayRead(ctx, interfaceFacts(one, chain.slice(index + 1)))));
}

/** The hostnames of devices, also of those that the viewer may not read: they are a part of their interfaces. */
export async function hostnamesOf(ctx: Context, deviceIds: readonly string[]): Promise<string[]> {
  const devices = await ctx.use(deviceStore).getMany(deviceIds);
  return devices.map((device) => device?.hostname ?? '');
}
