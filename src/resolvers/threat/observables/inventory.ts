import { addressInventory } from '#kernel/address-inventory.ts';
import type { Context } from '#kernel/context.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { readableCollections } from '#resolvers/threat/collections/readable.ts';
import { type IndicatorObservable, observableStore } from '#resolvers/threat/observables/observable.ts';

/**
 * The networks of the inventory that an observable falls into: of each Site the most specific that equals or covers it,
 * as far as the viewer may see them. None for what is no address.
 * @returns global ids, the most specific first.
 */
export const networksOf = async (ctx: Context, { cidr }: IndicatorObservable): Promise<readonly string[]> =>
  cidr === null ? [] : ctx.load(closestNetworks, cidr);

const closestNetworks = async (ctx: Context, cidrs: readonly string[]): Promise<(readonly string[])[]> =>
  (await ctx.find(addressInventory)?.closest(ctx, cidrs)) ?? cidrs.map(() => []);

/** What an observable is to a network. */
export type NetworkMatch = 'WITHIN' | 'COVERING';

/**
 * What the indicators that the viewer reads look for inside a network, or around it: revoked ones left out.
 * @param cidr canonical with its length, of a network that the viewer sees.
 */
export const listObservablesAt = (
  ctx: Context,
  cidr: string,
  match: NetworkMatch,
  page: PageRequest,
): Promise<Page<IndicatorObservable>> => ctx.load(pagesAt, cidr, JSON.stringify({ match, page }));

async function pagesAt(ctx: Context, cidrs: readonly string[], variant: string): Promise<Page<IndicatorObservable>[]> {
  const { match, page } = JSON.parse(variant) as { match: NetworkMatch; page: PageRequest };
  const collectionIds = await readableCollections(ctx);
  return ctx.use(observableStore).pagesOfCidrs(cidrs, match, { collectionIds, includeRevoked: false }, page);
}
