import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { mayRead, readsByGrantsOn } from '#resolvers/network/access.ts';
import { only } from '#resolvers/network/bulk.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { interfaceFacts, type NetworkInterface, readSlug } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { type Finder, findAll, type NaturalKey } from '#resolvers/network/lookup.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

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
  if (unclear.length === 0 || !readsByGrantsOn(ctx, 'interface'))
    return interfaces.map((one, index) => (plain[index] ? one : null));
  const chains = await ctx.use(interfaceStore).ancestors(unclear.map(({ id }) => id));
  const inherited = new Set(unclear.filter((one, index) => mayRead(ctx, interfaceFacts(one, chains[index] ?? []))));
  return interfaces.map((one, index) => (plain[index] || (one && inherited.has(one)) ? one : null));
}

/** So many Sites may have one hostname. */
export const mostSites = 1000;

/** The interfaces with each slug that the viewer may read: whether he may read their devices does not matter. */
export async function interfacesBySlug(
  ctx: Context,
  keys: readonly NaturalKey[],
): Promise<(readonly NetworkInterface[])[]> {
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
