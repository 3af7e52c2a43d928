import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead, readsByGrantsOn } from '#resolvers/network/access.ts';
import { type Chosen, choose, nothingChosen, queryFields } from '#resolvers/network/attributes/choose.ts';
import { only } from '#resolvers/network/bulk.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { orderInput } from '#resolvers/network/list.ts';
import { type Finder, findAll } from '#resolvers/network/lookup.ts';
import { ancestorsOf } from '#resolvers/network/networks/ancestors.ts';
import { filterInput } from '#resolvers/network/networks/filter.ts';
import { networkKey } from '#resolvers/network/networks/input.ts';
import { type Network, networkFacts } from '#resolvers/network/networks/network.ts';
import { type NetworkScope, networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

/** The networks with these row ids that the viewer may read. */
export async function findNetworks(ctx: Context, ids: readonly string[]): Promise<(Network | null)[]> {
  return readable(ctx, await ctx.use(networkStore).getMany(ids));
}

/** The same list with null for what the viewer may not read. */
export async function readable(ctx: Context, networks: readonly (Network | null)[]): Promise<(Network | null)[]> {
  const plain = networks.map((network) => network && mayRead(ctx, networkFacts(network, [])));
  const unclear = networks.filter((network, index) => network !== null && !plain[index]) as Network[];
  if (unclear.length === 0 || !readsByGrantsOn(ctx, 'network')) {
    return networks.map((network, index) => (plain[index] ? network : null));
  }
  const ancestors = await ancestorsOf(ctx, unclear);
  const inherited = new Set(
    unclear.filter((network, index) => mayRead(ctx, networkFacts(network, ancestors[index] ?? []))),
  );
  return networks.map((network, index) => (plain[index] || (network && inherited.has(network)) ? network : null));
}

export const networkFinder: Finder<Network> = {
  type: 'Network',
  plural: 'networks',
  key: 'cidr',
  byIds: findNetworks,
  byKeys: (ctx, keys) => ctx.use(networkStore).match(keys, visible(ctx, 'network:read')),
};

const networkQuery = z.object({ site: siteKey.nullish(), by: networkKey });

/**
 * The network, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a prefix that several Sites have, when none is named.
 */
export const findNetwork = async (ctx: Context, input: z.input<typeof networkQuery>): Promise<Network | null> =>
  only(await findAll(ctx, networkFinder, [parse(networkQuery, input)]));

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, ...queryFields, orderBy: orderInput });
export type NetworkList = z.input<typeof listInput>;
type ReadList = z.output<typeof listInput>;

/** The networks that the viewer may read. */
export async function listNetworks(ctx: Context, input: NetworkList, page: PageRequest): Promise<Page<Network>> {
  const list = parse(listInput, input);
  const site = list.site ? only(await sitesByKey(ctx, [list.site])) : null;
  const visibility = visible(ctx, 'network:read');
  if ((list.site && !site) || visibility === 'none') return nothingChosen(list);
  const scopeOf = (siteId: string | null): NetworkScope => (siteId ? { kind: 'site', siteId } : { kind: 'all' });
  const choice = { ...list, site, attributes: list.filter?.attributes ?? [] };
  const chosen = await choose(ctx, 'NETWORK', choice, async ({ siteId, filter }) =>
    only(await ctx.use(networkStore).count([scopeOf(siteId)], { filter, visibility })),
  );
  if (!chosen) return emptyPage;
  const parents = await parentIds(ctx, list, list.site ?? null);
  return only(await pagesOf(ctx, [scopeOf(chosen.siteId)], { list, chosen, parents, page }));
}

/** The networks of a Site: asked for many Sites at once, they take one read. */
export const listNetworksOfSite = (
  ctx: Context,
  siteId: string,
  input: Pick<NetworkList, 'filter' | 'orderBy'>,
  page: PageRequest,
): Promise<Page<Network>> => ctx.load(pagesOfSites, siteId, JSON.stringify({ input, page }));

async function pagesOfSites(ctx: Context, siteIds: readonly string[], variant: string): Promise<Page<Network>[]> {
  const { input, page } = JSON.parse(variant) as { input: NetworkList; page: PageRequest };
  const list = parse(listInput, input);
  const parents = await parentIds(ctx, list, null);
  const choice = { site: null, attributes: list.filter?.attributes ?? [] };
  const chosen = await choose(ctx, 'NETWORK', choice, async () => 0);
  return pagesOf(
    ctx,
    siteIds.map((siteId) => ({ kind: 'site', siteId })),
    { list, chosen, parents, page },
  );
}

/** How many networks each Site has that the viewer may read. */
export const countNetworksOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(networkStore).count(
    siteIds.map((siteId) => ({ kind: 'site', siteId })),
    { filter: {}, visibility: visible(ctx, 'network:read') },
  );

/** The visible networks that a filter names as parent: by prefix there may be one in each of two or more Sites. */
async function parentIds(ctx: Context, list: ReadList, site: SiteKey | null): Promise<readonly string[] | null> {
  const parent = list.filter?.parent;
  if (!parent) return null;
  if (site || 'id' in parent) {
    const [found] = await findAll(ctx, networkFinder, [{ site, by: parent }]);
    return found ? [found.id] : [];
  }
  const page: PageRequest = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 };
  const query = { filter: { cidrs: [parent.cidr] }, order: { by: 'CREATED', direction: 'ASC' } as const, page };
  const matches = only(
    await ctx.use(networkStore).pages([{ kind: 'all' }], { ...query, visibility: visible(ctx, 'network:read') }),
  );
  return matches.items.map(({ node }) => node.id);
}

async function pagesOf(
  ctx: Context,
  scopes: readonly NetworkScope[],
  asked: {
    readonly list: ReadList;
    readonly chosen: Chosen | null;
    readonly parents: readonly string[] | null;
    readonly page: PageRequest;
  },
): Promise<Page<Network>[]> {
  const { list, chosen, parents, page } = asked;
  const visibility = visible(ctx, 'network:read');
  if (!list.filter || visibility === 'none') return scopes.map(() => emptyPage);
  const filter = { ...list.filter.filter, ...chosen?.filter, ...(parents && { parentIds: parents }) };
  return ctx.use(networkStore).pages(scopes, { filter, order: list.orderBy, visibility, page });
}
