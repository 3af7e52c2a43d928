import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { attributesFilter, choose, nothingChosen, queryFields } from '#resolvers/network/attributes/choose.ts';
import { only } from '#resolvers/network/bulk.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { circuitFinder, circuitKey } from '#resolvers/network/circuits/find.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { deviceFinder, deviceKey } from '#resolvers/network/devices/find.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { byCreation, orderInput, siteScope } from '#resolvers/network/list.ts';
import { type Finder, findAll, type NaturalKey } from '#resolvers/network/lookup.ts';
import { protocolTypeFinder, protocolTypeKey } from '#resolvers/network/protocol-types/find.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import {
  type Protocol,
  type ProtocolFilter,
  type ProtocolScope,
  protocolFacts,
  protocolStore,
} from '#resolvers/network/protocols/protocol.ts';
import { namedIds } from '#resolvers/network/referred.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

export const protocolKey = oneKey({ id: idText });

/** The protocols with these row ids that the viewer may read. */
export async function findProtocols(ctx: Context, ids: readonly string[]): Promise<(Protocol | null)[]> {
  const protocols = await ctx.use(protocolStore).getMany(ids);
  return protocols.map((protocol) => (protocol && mayRead(ctx, protocolFacts(protocol)) ? protocol : null));
}

/** They have no natural key: ids alone find them. */
export const protocolFinder: Finder<Protocol> = {
  type: 'Protocol',
  plural: 'protocols',
  key: '',
  byIds: findProtocols,
  byKeys: async (_, keys) => keys.map(() => []),
};

const protocolQuery = z.object({ site: siteKey.nullish(), by: protocolKey });

/** The protocol, or null when none that the viewer may read has this id. */
export const findProtocol = async (ctx: Context, input: z.input<typeof protocolQuery>): Promise<Protocol | null> =>
  only(await findAll(ctx, protocolFinder, [parse(protocolQuery, input)]));

const filterInput = z
  .object({
    type: protocolTypeKey.nullish(),
    device: deviceKey.nullish(),
    interface: interfaceKey.nullish(),
    circuit: circuitKey.nullish(),
    description: sought('description').nullish(),
    attributes: attributesFilter,
  })
  .nullish();

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, ...queryFields, orderBy: orderInput });
export type ProtocolList = z.input<typeof listInput>;

/** The protocols that the viewer may read. */
export async function listProtocols(ctx: Context, input: ProtocolList, page: PageRequest): Promise<Page<Protocol>> {
  const { site: key, filter: given, query, unique, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  if ((key && !site) || visibility === 'none') return nothingChosen({ query, unique });
  const store = ctx.use(protocolStore);
  const choice = { site, query, unique, attributes: given?.attributes ?? [] };
  const chosen = await choose(ctx, 'PROTOCOL', choice, async ({ siteId, filter }) =>
    only(await store.count([siteScope(siteId)], { filter, visibility })),
  );
  if (!chosen) return emptyPage;
  const filter = { ...(await readFilter(ctx, given, key ?? null)), ...chosen.filter };
  return only(await store.pages([siteScope(chosen.siteId)], { filter, order, visibility, page }));
}

/** What a list of protocols below another thing is asked. */
export type ProtocolsOf = Pick<ProtocolList, 'filter' | 'orderBy'>;
type Below = Extract<ProtocolScope, { readonly id: string }>;

/** The protocols of a Site, or that use a thing: asked for many of them at once, they take one read. */
export const listProtocolsOf = (
  ctx: Context,
  scope: Below,
  input: ProtocolsOf,
  page: PageRequest,
): Promise<Page<Protocol>> => ctx.load(pagesOfScopes, scope.id, JSON.stringify({ kind: scope.kind, input, page }));

async function pagesOfScopes(ctx: Context, ids: readonly string[], variant: string): Promise<Page<Protocol>[]> {
  const { kind, input, page } = JSON.parse(variant) as { kind: Below['kind']; input: ProtocolsOf; page: PageRequest };
  const { filter: given, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return ids.map(() => emptyPage);
  const choice = { site: null, attributes: given?.attributes ?? [] };
  const chosen = await choose(ctx, 'PROTOCOL', choice, async () => 0);
  const filter = { ...(await readFilter(ctx, given, null)), ...chosen?.filter };
  return ctx.use(protocolStore).pages(
    ids.map((id) => ({ kind, id })),
    { filter, order, visibility, page },
  );
}

/** How many protocols each Site has that the viewer may read. */
export const countProtocolsOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(protocolStore).count(siteIds.map(siteScope), { filter: {}, visibility: visible(ctx, 'network:read') });

/** So many Sites may have one natural key. */
const mostSites = 1000;

async function readFilter(
  ctx: Context,
  given: z.output<typeof filterInput>,
  site: SiteKey | null,
): Promise<ProtocolFilter> {
  const { type, device, interface: port, circuit, description } = given ?? {};
  const visibility = visible(ctx, 'network:read');
  const page: PageRequest = { limit: mostSites, direction: 'forward', after: null, before: null, offset: 0 };
  const query = { order: byCreation, visibility, page };
  const everywhere = {
    type: async ({ key }: NaturalKey) =>
      nodesOf(await ctx.use(protocolTypeStore).pages([{ kind: 'all' }], { ...query, filter: { name: key } })),
    device: (key: NaturalKey) => ctx.use(deviceStore).match([key], visibility, mostSites),
    interface: (key: NaturalKey) => interfaceFinder.byKeys(ctx, [key]),
    circuit: async ({ key }: NaturalKey) =>
      nodesOf(await ctx.use(circuitStore).pages([{ kind: 'all' }], { ...query, filter: { nameSlug: key } })),
  };
  return {
    ...(description != null && { description }),
    ...(type && { typeIds: await namedIds(ctx, protocolTypeFinder, { site, by: type }, everywhere.type) }),
    ...(device && { deviceIds: await namedIds(ctx, deviceFinder, { site, by: device }, everywhere.device) }),
    ...(port && { interfaceIds: await namedIds(ctx, interfaceFinder, { site, by: port }, everywhere.interface) }),
    ...(circuit && { circuitIds: await namedIds(ctx, circuitFinder, { site, by: circuit }, everywhere.circuit) }),
  };
}

const nodesOf = <T>(pages: readonly Page<T>[]): T[][] => pages.map(({ items }) => items.map(({ node }) => node));
