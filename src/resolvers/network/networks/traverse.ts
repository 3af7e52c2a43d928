import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import { addressBits, isHost, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { only } from '#resolvers/network/bulk.ts';
import { byNaturalKey } from '#resolvers/network/list.ts';
import { ancestorsOf, type Placed } from '#resolvers/network/networks/ancestors.ts';
import { hostsWanted } from '#resolvers/network/networks/filter.ts';
import { findNetworks } from '#resolvers/network/networks/find.ts';
import { cidrText } from '#resolvers/network/networks/input.ts';
import { type Network, networkFacts } from '#resolvers/network/networks/network.ts';
import { type NetworkFilter, type NetworkScope, networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

/** The direct parent, or null for a root. */
export const findParent = async (ctx: Context, network: Network): Promise<Network | null> =>
  network.parentId === null ? null : ctx.load(findNetworks, network.parentId);

/** The networks that hold this one and that the viewer may read, outermost first. */
export const findAncestors = (ctx: Context, network: Placed): Promise<readonly Network[]> =>
  ctx.load(readableAncestors, `${network.siteId}/${network.cidr}`);

async function readableAncestors(ctx: Context, keys: readonly string[]): Promise<(readonly Network[])[]> {
  const places = keys.map((key) => {
    const slash = key.indexOf('/');
    return { siteId: key.slice(0, slash), cidr: key.slice(slash + 1) };
  });
  const chains = await ancestorsOf(ctx, places);
  return chains.map((chain) =>
    chain.filter((network, index) => mayRead(ctx, networkFacts(network, chain.slice(0, index)))),
  );
}

/** The outermost network that holds this one; null for a root. */
export const findRoot = async (ctx: Context, network: Network): Promise<Network | null> =>
  (await findAncestors(ctx, network))[0] ?? null;

/** The networks with this one as parent. */
export const listChildren = (ctx: Context, network: Network, page: PageRequest): Promise<Page<Network>> =>
  walk(ctx, 'children', network, {}, page);

/** The networks that this one holds, at any depth. */
export const listDescendants = (ctx: Context, network: Network, page: PageRequest): Promise<Page<Network>> =>
  walk(ctx, 'inside', network, {}, page);

/** The networks with the same parent, Site and version; roots are siblings of roots. */
export const listSiblings = (
  ctx: Context,
  network: Network,
  { includeSelf = false }: { readonly includeSelf?: boolean },
  page: PageRequest,
): Promise<Page<Network>> => walk(ctx, 'siblings', network, includeSelf ? {} : { withoutSelf: true }, page);

export interface SubnetOptions {
  readonly includeNetworks?: boolean;
  readonly includeIps?: boolean;
  /** Only children. */
  readonly direct?: boolean;
}

/** What this network holds. An address holds nothing. */
export async function listSubnets(
  ctx: Context,
  network: Network,
  { includeNetworks = true, includeIps = true, direct = false }: SubnetOptions,
  page: PageRequest,
): Promise<Page<Network>> {
  const hosts = hostsWanted(includeNetworks, includeIps);
  if (hosts === 'none' || isHost(toCidr(network.cidr))) return emptyPage;
  const filter: NetworkFilter = hosts === 'both' ? {} : { hosts: hosts === 'only' };
  return walk(ctx, direct ? 'children' : 'inside', network, filter, page);
}

/** The networks that hold this one, or of them the parent alone. */
export async function listSupernets(
  ctx: Context,
  network: Network,
  { direct = false }: { readonly direct?: boolean },
  page: PageRequest,
): Promise<Page<Network>> {
  if (network.parentId === null) return emptyPage;
  return walk(ctx, 'containing', network, direct ? { ids: [network.parentId] } : {}, page);
}

type Walk = Extract<NetworkScope, { readonly network: Network }>['kind'];

/** Traversals are in the order of addresses. Those asked for in one turn with the same arguments take one read. */
function walk(
  ctx: Context,
  kind: Walk,
  network: Network,
  filter: NetworkFilter,
  page: PageRequest,
): Promise<Page<Network>> {
  return ctx.load(walks, JSON.stringify(network), JSON.stringify({ kind, filter, page }));
}

async function walks(ctx: Context, keys: readonly string[], variant: string): Promise<Page<Network>[]> {
  const { kind, filter, page } = JSON.parse(variant) as { kind: Walk; filter: NetworkFilter; page: PageRequest };
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return keys.map(() => emptyPage);
  const scopes = keys.map((key) => ({ kind, network: JSON.parse(key) as Network }));
  return ctx.use(networkStore).pages(scopes, { filter, order: byNaturalKey, visibility, page });
}

const closestInput = z.object({
  site: siteKey,
  cidr: cidrText,
  prefixLength: z.int('prefixLength must be a whole number.').nullish(),
});

/**
 * The longest network of a Site that holds a prefix, not the prefix itself and no host address.
 * @returns null where there is none that the viewer may read.
 */
export async function closestParent(ctx: Context, input: z.input<typeof closestInput>): Promise<Network | null> {
  const { site: key, cidr, prefixLength } = parse(closestInput, input);
  const { version } = toCidr(cidr);
  const shortest = prefixLength ?? 0;
  if (shortest < 0 || shortest > addressBits(version))
    throw InputError.at(['prefixLength'], `CIDR prefix /${shortest} invalid for IPv${version}!`);
  const site = only(await sitesByKey(ctx, [key]));
  if (!site) return null;
  const ancestors = await findAncestors(ctx, { siteId: site.id, cidr });
  return ancestors.findLast((network) => toCidr(network.cidr).length >= shortest) ?? null;
}
