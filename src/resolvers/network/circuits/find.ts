import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { Blocker } from '#kernel/errors.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { attributesFilter, choose, nothingChosen, queryFields } from '#resolvers/network/attributes/choose.ts';
import { only } from '#resolvers/network/bulk.ts';
import {
  type Circuit,
  type CircuitFilter,
  type CircuitScope,
  circuitFacts,
  circuitGlobalId,
  circuitStore,
} from '#resolvers/network/circuits/circuit.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { orderInput, siteScope } from '#resolvers/network/list.ts';
import { type Finder, findAll } from '#resolvers/network/lookup.ts';
import { namedIds } from '#resolvers/network/referred.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

export const circuitKey = oneKey({ id: idText, nameSlug: sought('nameSlug') });

/** The circuits with these row ids that the viewer may read. */
export async function findCircuits(ctx: Context, ids: readonly string[]): Promise<(Circuit | null)[]> {
  return readableCircuits(ctx, await ctx.use(circuitStore).getMany(ids));
}

const readableCircuits = (ctx: Context, circuits: readonly (Circuit | null)[]): (Circuit | null)[] =>
  circuits.map((circuit) => (circuit && mayRead(ctx, circuitFacts(circuit)) ? circuit : null));

/** The circuit that each interface is an end of, as far as the viewer may read it. */
export const findCircuitsOfInterfaces = async (
  ctx: Context,
  interfaceIds: readonly string[],
): Promise<(Circuit | null)[]> => readableCircuits(ctx, await ctx.use(circuitStore).ofInterfaces(interfaceIds));

export const circuitFinder: Finder<Circuit> = {
  type: 'Circuit',
  plural: 'circuits',
  key: 'nameSlug',
  byIds: findCircuits,
  byKeys: (ctx, keys) => ctx.use(circuitStore).match(keys, visible(ctx, 'network:read')),
};

const circuitQuery = z.object({ site: siteKey.nullish(), by: circuitKey });

/**
 * The circuit, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a slug that several Sites have, when none is named.
 */
export const findCircuit = async (ctx: Context, input: z.input<typeof circuitQuery>): Promise<Circuit | null> =>
  only(await findAll(ctx, circuitFinder, [parse(circuitQuery, input)]));

const filterInput = z
  .object({
    name: sought('name').nullish(),
    endpointA: interfaceKey.nullish(),
    endpointZ: interfaceKey.nullish(),
    attributes: attributesFilter,
  })
  .nullish();

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, ...queryFields, orderBy: orderInput });
export type CircuitList = z.input<typeof listInput>;

/** The circuits that the viewer may read. */
export async function listCircuits(ctx: Context, input: CircuitList, page: PageRequest): Promise<Page<Circuit>> {
  const { site: key, filter: given, query, unique, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  if ((key && !site) || visibility === 'none') return nothingChosen({ query, unique });
  const store = ctx.use(circuitStore);
  const choice = { site, query, unique, attributes: given?.attributes ?? [] };
  const chosen = await choose(ctx, 'CIRCUIT', choice, async ({ siteId, filter }) =>
    only(await store.count([siteScope(siteId)], { filter, visibility })),
  );
  if (!chosen) return emptyPage;
  const filter = { ...(await readFilter(ctx, given, key ?? null)), ...chosen.filter };
  return only(await store.pages([siteScope(chosen.siteId)], { filter, order, visibility, page }));
}

/** What a list of circuits below another thing is asked. */
export type CircuitsOf = Pick<CircuitList, 'filter' | 'orderBy'>;
type Below = Extract<CircuitScope, { readonly id: string }>;

/** The circuits of a Site, or with an end on a device: asked for many of them at once, they take one read. */
export const listCircuitsOf = (
  ctx: Context,
  scope: Below,
  input: CircuitsOf,
  page: PageRequest,
): Promise<Page<Circuit>> => ctx.load(pagesOfScopes, scope.id, JSON.stringify({ kind: scope.kind, input, page }));

async function pagesOfScopes(ctx: Context, ids: readonly string[], variant: string): Promise<Page<Circuit>[]> {
  const { kind, input, page } = JSON.parse(variant) as { kind: Below['kind']; input: CircuitsOf; page: PageRequest };
  const { filter: given, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return ids.map(() => emptyPage);
  const choice = { site: null, attributes: given?.attributes ?? [] };
  const chosen = await choose(ctx, 'CIRCUIT', choice, async () => 0);
  const filter = { ...(await readFilter(ctx, given, null)), ...chosen?.filter };
  return ctx.use(circuitStore).pages(
    ids.map((id) => ({ kind, id })),
    { filter, order, visibility, page },
  );
}

/** How many circuits each Site has that the viewer may read. */
export const countCircuitsOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(circuitStore).count(siteIds.map(siteScope), { filter: {}, visibility: visible(ctx, 'network:read') });

async function readFilter(
  ctx: Context,
  given: z.output<typeof filterInput>,
  site: SiteKey | null,
): Promise<CircuitFilter> {
  const { name, endpointA, endpointZ } = given ?? {};
  const idsOf = (by: z.output<typeof interfaceKey>) =>
    namedIds(ctx, interfaceFinder, { site, by }, (key) => interfaceFinder.byKeys(ctx, [key]));
  return {
    ...(name != null && { name }),
    ...(endpointA && { endpointAIds: await idsOf(endpointA) }),
    ...(endpointZ && { endpointZIds: await idsOf(endpointZ) }),
  };
}

/** A circuit as errors name what stands in the way. */
export const toCircuitBlocker = ({ id, nameSlug }: Circuit): Blocker => ({
  id: circuitGlobalId(id),
  type: 'Circuit',
  naturalKey: nameSlug,
});
