import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { only } from '#resolvers/network/bulk.ts';
import { type ListQuery, orderInput, siteScope } from '#resolvers/network/list.ts';
import { type Finder, findAll } from '#resolvers/network/lookup.ts';
import {
  type ProtocolType,
  type ProtocolTypeFilter,
  protocolTypeFacts,
  protocolTypeStore,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

export const protocolTypeKey = oneKey({ id: idText, name: sought('name') });

/** The protocol types with these row ids that the viewer may read. */
export async function findProtocolTypes(ctx: Context, ids: readonly string[]): Promise<(ProtocolType | null)[]> {
  const types = await ctx.use(protocolTypeStore).getMany(ids);
  return types.map((type) => (type && mayRead(ctx, protocolTypeFacts(type)) ? type : null));
}

export const protocolTypeFinder: Finder<ProtocolType> = {
  type: 'ProtocolType',
  plural: 'protocol types',
  key: 'name',
  byIds: findProtocolTypes,
  byKeys: (ctx, keys) => ctx.use(protocolTypeStore).match(keys, visible(ctx, 'network:read')),
};

const typeQuery = z.object({ site: siteKey.nullish(), by: protocolTypeKey });

/**
 * The protocol type, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a name that several Sites have, when none is named.
 */
export const findProtocolType = async (ctx: Context, input: z.input<typeof typeQuery>): Promise<ProtocolType | null> =>
  only(await findAll(ctx, protocolTypeFinder, [parse(typeQuery, input)]));

const filterInput = z
  .object({ name: sought('name').nullish(), description: sought('description').nullish() })
  .nullish()
  .transform(
    (given): ProtocolTypeFilter => ({
      ...(given?.name != null && { name: given.name }),
      ...(given?.description != null && { description: given.description }),
    }),
  );

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, orderBy: orderInput });
export type ProtocolTypeList = z.input<typeof listInput>;

/** The protocol types that the viewer may read. */
export async function listProtocolTypes(
  ctx: Context,
  input: ProtocolTypeList,
  page: PageRequest,
): Promise<Page<ProtocolType>> {
  const { site: key, ...list } = parse(listInput, input);
  const query = toQuery(ctx, list, page);
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  if ((key && !site) || query.visibility === 'none') return emptyPage;
  return only(await ctx.use(protocolTypeStore).pages([siteScope(site?.id ?? null)], query));
}

/** The protocol types of a Site: asked for many Sites at once, they take one read. */
export const listProtocolTypesOfSite = (
  ctx: Context,
  siteId: string,
  input: Omit<ProtocolTypeList, 'site'>,
  page: PageRequest,
): Promise<Page<ProtocolType>> => ctx.load(pagesOfSites, siteId, JSON.stringify({ input, page }));

async function pagesOfSites(ctx: Context, siteIds: readonly string[], variant: string): Promise<Page<ProtocolType>[]> {
  const { input, page } = JSON.parse(variant) as { input: ProtocolTypeList; page: PageRequest };
  const query = toQuery(ctx, parse(listInput, input), page);
  if (query.visibility === 'none') return siteIds.map(() => emptyPage);
  return ctx.use(protocolTypeStore).pages(siteIds.map(siteScope), query);
}

/** How many protocol types each Site has that the viewer may read. */
export const countProtocolTypesOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(protocolTypeStore).count(siteIds.map(siteScope), { filter: {}, visibility: visible(ctx, 'network:read') });

function toQuery(
  ctx: Context,
  { filter, orderBy: order }: Omit<z.output<typeof listInput>, 'site'>,
  page: PageRequest,
): ListQuery<ProtocolTypeFilter> {
  return { filter, order, visibility: visible(ctx, 'network:read'), page };
}
