import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { grants } from '#kernel/grants.ts';
import { newId } from '#kernel/id.ts';
import { line, prose } from '#kernel/input.ts';
import { bulkItems, type Given, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import {
  type Site,
  siteCreated,
  siteFacts,
  siteGlobalId,
  siteStore,
  toSiteSnapshot,
} from '#resolvers/network/sites/site.ts';

export const siteName = line('name', { min: 1, max: 255 }).refine(
  (name) => name === '' || name.trim() !== '',
  'name may not be only blanks.',
);
export const siteDescription = prose('description');

const siteCreate = z.object({ name: siteName, description: siteDescription.optional() });
export type SiteCreate = Given<z.input<typeof siteCreate>>;

/** Creates a Site. Whoever does gets `network:admin` on it. */
export const createSite = async (ctx: Context, input: SiteCreate): Promise<Site> =>
  only(await create(ctx, singleItem(siteCreate, input)));

export const createSites = async (ctx: Context, inputs: readonly SiteCreate[]): Promise<Site[]> =>
  create(ctx, bulkItems(ctx, siteCreate, inputs));

async function create(ctx: Context, items: Items<z.output<typeof siteCreate>>): Promise<Site[]> {
  allow(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const sites = await insertSites(ctx, items.values);
    return sites.map((site, index) => {
      if (site) return site;
      throw new ConflictError(`${items.values[index]?.name} already exists.`, items.path(index, 'name'));
    });
  });
}

/**
 * Inserts Sites with their events and the right of their creator, however many; null for those whose name is taken.
 * The caller has checked rights and content, and opened the transaction.
 */
export async function insertSites(
  ctx: Context,
  fresh: readonly { readonly name: string; readonly description?: string | undefined }[],
): Promise<(Site | null)[]> {
  const now = microseconds(ctx.clock.now());
  const sites = await ctx
    .use(siteStore)
    .insertMany(
      fresh.map(({ name, description = '' }) => ({ id: newId(), name, description, createdAt: now, updatedAt: now })),
    );
  for (const site of sites) {
    if (!site) continue;
    const snapshot = toSiteSnapshot(site);
    ctx.events.append(
      siteCreated,
      { site: snapshot },
      { subject: siteGlobalId(site.id), scope: siteFacts(site), after: snapshot },
    );
  }
  await grantToCreator(ctx, sites);
  return sites;
}

async function grantToCreator(ctx: Context, sites: readonly (Site | null)[]): Promise<void> {
  const creator = ctx.viewer.id;
  const permissions = sites.flatMap((site) => (site ? [`network:admin@site/${site.id}`] : []));
  if (creator !== null && permissions.length > 0) await ctx.use(grants).give(ctx, creator, ...permissions);
}
