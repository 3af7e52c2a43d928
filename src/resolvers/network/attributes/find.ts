import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { idText, oneKey, parse, sought } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import {
  type Attribute,
  type AttributeResource,
  attributeFacts,
  attributeResources,
} from '#resolvers/network/attributes/attribute.ts';
import { type AttributeFilter, attributeStore } from '#resolvers/network/attributes/store.ts';
import { only } from '#resolvers/network/bulk.ts';
import { type ListQuery, orderInput } from '#resolvers/network/list.ts';
import { type Finder, findAll } from '#resolvers/network/lookup.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

export const resourceInput = z.enum(attributeResources, `resource must be one of ${attributeResources.join(', ')}.`);

/** The natural key is a resource and a name; as one text it is both with a blank between. */
export const attributeKey = oneKey({
  id: idText,
  name: z
    .object({ resource: resourceInput, name: sought('name') })
    .transform(({ resource, name }) => `${resource} ${name}`),
});

function splitKey(key: string): { resource: AttributeResource; name: string } {
  const blank = key.indexOf(' ');
  return { resource: key.slice(0, blank) as AttributeResource, name: key.slice(blank + 1) };
}

/** The attributes with these row ids that the viewer may read. */
export async function findAttributes(ctx: Context, ids: readonly string[]): Promise<(Attribute | null)[]> {
  const attributes = await ctx.use(attributeStore).getMany(ids);
  return attributes.map((attribute) => (attribute && mayRead(ctx, attributeFacts(attribute)) ? attribute : null));
}

export const attributeFinder: Finder<Attribute> = {
  type: 'Attribute',
  plural: 'attributes',
  key: 'name',
  byIds: findAttributes,
  byKeys: (ctx, keys) =>
    ctx.use(attributeStore).match(
      keys.map(({ siteId, key }) => ({ siteId, ...splitKey(key) })),
      visible(ctx, 'network:read'),
    ),
};

const attributeQuery = z.object({ site: siteKey.nullish(), by: attributeKey });

/**
 * The attribute, or null when none that the viewer may read has this key.
 * @throws AmbiguousError for a name that several Sites have, when none is named.
 */
export const findAttribute = async (ctx: Context, input: z.input<typeof attributeQuery>): Promise<Attribute | null> =>
  only(await findAll(ctx, attributeFinder, [parse(attributeQuery, input)]));

const filterInput = z
  .object({
    name: sought('name').nullish(),
    resource: resourceInput.nullish(),
    required: z.boolean().nullish(),
    display: z.boolean().nullish(),
    multi: z.boolean().nullish(),
  })
  .nullish()
  .transform(
    (given): AttributeFilter => Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value != null)),
  );

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput, orderBy: orderInput });
export type AttributeList = z.input<typeof listInput>;

/** The attributes that the viewer may read. */
export async function listAttributes(ctx: Context, input: AttributeList, page: PageRequest): Promise<Page<Attribute>> {
  const { site: key, ...list } = parse(listInput, input);
  const query = toQuery(ctx, list, page);
  const site = key ? only(await sitesByKey(ctx, [key])) : null;
  if ((key && !site) || query.visibility === 'none') return emptyPage;
  return only(await ctx.use(attributeStore).pages([site?.id ?? null], query));
}

/** The attributes of a Site: asked for many Sites at once, they take one read. */
export const listAttributesOfSite = (
  ctx: Context,
  siteId: string,
  input: Omit<AttributeList, 'site'>,
  page: PageRequest,
): Promise<Page<Attribute>> => ctx.load(pagesOfSites, siteId, JSON.stringify({ input, page }));

async function pagesOfSites(ctx: Context, siteIds: readonly string[], variant: string): Promise<Page<Attribute>[]> {
  const { input, page } = JSON.parse(variant) as { input: AttributeList; page: PageRequest };
  const query = toQuery(ctx, parse(listInput, input), page);
  return query.visibility === 'none' ? siteIds.map(() => emptyPage) : ctx.use(attributeStore).pages(siteIds, query);
}

/** How many attributes each Site has that the viewer may read. */
export const countAttributesOfSites = (ctx: Context, siteIds: readonly string[]): Promise<number[]> =>
  ctx.use(attributeStore).count(siteIds, { filter: {}, visibility: visible(ctx, 'network:read') });

function toQuery(
  ctx: Context,
  { filter, orderBy: order }: Omit<z.output<typeof listInput>, 'site'>,
  page: PageRequest,
): ListQuery<AttributeFilter> {
  return { filter, order, visibility: visible(ctx, 'network:read'), page };
}

/** How many things that the viewer may read carry each attribute. */
export const countUsage = (ctx: Context, ids: readonly string[]): Promise<number[]> =>
  ctx.use(attributeStore).usage(ids, visible(ctx, 'network:read'));
