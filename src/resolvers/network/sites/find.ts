import { z } from 'zod';
import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import { rowIdOf } from '#kernel/id.ts';
import { describeKey, idText, oneKey, parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { type Items, only, refuseRepeats } from '#resolvers/network/bulk.ts';
import { notFound, type SiteKey } from '#resolvers/network/keys.ts';
import { orderInput } from '#resolvers/network/list.ts';
import { type Site, siteFacts, siteStore } from '#resolvers/network/sites/site.ts';

export const siteKey = oneKey({ id: idText, name: z.string().normalize('NFC') });

/** The Sites with these row ids that the viewer may read. */
export async function findSites(ctx: Context, ids: readonly string[]): Promise<(Site | null)[]> {
  const sites = await ctx.use(siteStore).getMany(ids);
  return sites.map((site) => (site && mayRead(ctx, siteFacts(site)) ? site : null));
}

/** The Site, or null when none that the viewer may read has this key. */
export async function findSite(ctx: Context, by: z.input<typeof siteKey>): Promise<Site | null> {
  const site = only(await sitesByKey(ctx, [parse(siteKey, by, ['by'])]));
  return site && mayRead(ctx, siteFacts(site)) ? site : null;
}

/**
 * The Sites with these keys, whether or not the viewer may read them: a right inside a Site needs none on the Site. Who
 * answers from this decides what the viewer learns.
 */
export async function sitesByKey(ctx: Context, keys: readonly SiteKey[]): Promise<(Site | null)[]> {
  const store = ctx.use(siteStore);
  const ids = keys.map((key) => ('id' in key ? rowIdOf('Site', key.id) : null));
  const names = keys.flatMap((key) => ('name' in key ? key.name : []));
  const byId = await lookUp(ids, (wanted) => store.getMany(wanted));
  const byName = await lookUp(names, (wanted) => store.getByName(wanted));
  return keys.map((key, index) => byId.get(ids[index] ?? '') ?? byName.get('name' in key ? key.name : '') ?? null);
}

async function lookUp(
  texts: readonly (string | null)[],
  get: (texts: readonly string[]) => Promise<(Site | null)[]>,
): Promise<Map<string, Site>> {
  const wanted = [...new Set(texts)].filter((text) => text !== null);
  const found = wanted.length === 0 ? [] : await get(wanted);
  return new Map(wanted.flatMap((text, index) => (found[index] ? [[text, found[index]] as const] : [])));
}

export const unknownSite = (key: SiteKey, path: readonly string[]): FieldFault => ({
  path,
  message: `Site not found: ${describeKey(key)}.`,
});

/**
 * The Sites that things are put into, held until the unit of work ends so that none is deleted meanwhile.
 * @throws InputError naming every item whose Site does not exist.
 */
export async function holdSites(ctx: Context, items: Items<{ readonly site: SiteKey }>): Promise<Site[]> {
  const named = await sitesByKey(
    ctx,
    items.values.map((item) => item.site),
  );
  const ids = [...new Set(named.flatMap((site) => site?.id ?? []))].sort();
  const held = new Map((await ctx.use(siteStore).hold(ids)).flatMap((site) => (site ? [[site.id, site]] : [])));
  const sites = named.map((site) => held.get(site?.id ?? ''));
  const faults = sites.flatMap((site, index) => {
    const item = items.values[index];
    return site || !item ? [] : [unknownSite(item.site, items.path(index, 'site'))];
  });
  if (faults.length > 0) throw new InputError(faults);
  return sites as Site[];
}

/**
 * The Sites that a mutation is about, after a check of the rights, locked until the unit of work ends.
 * @throws NotFoundError, and what the check throws.
 */
export async function expectSites(
  ctx: Context,
  items: Items<{ readonly by: SiteKey }>,
  verb: 'update' | 'delete',
  check: (site: Site) => void,
): Promise<Site[]> {
  const named = await sitesByKey(
    ctx,
    items.values.map((item) => item.by),
  );
  const ids = named.map((site, index) => {
    if (!site || !mayRead(ctx, siteFacts(site))) throw notFound('Site', items, index, verb);
    check(site);
    return site.id;
  });
  refuseRepeats(items, ids);
  const locked = await ctx.use(siteStore).lock(ids);
  return locked.map((site, index) => {
    if (!site) throw notFound('Site', items, index, verb);
    return site;
  });
}

const listInput = z.object({
  filter: z.object({ name: z.string().normalize('NFC').nullish() }).nullish(),
  orderBy: orderInput,
});

/** The Sites that the viewer may read. */
export async function listSites(
  ctx: Context,
  input: z.input<typeof listInput>,
  page: PageRequest,
): Promise<Page<Site>> {
  const { filter, orderBy: order } = parse(listInput, input);
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return emptyPage;
  return ctx
    .use(siteStore)
    .page({ filter: filter?.name == null ? {} : { name: filter.name }, order, visibility, page });
}
