import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { type Given, singleItem } from '#resolvers/network/bulk.ts';
import { siteDescription, siteName } from '#resolvers/network/sites/create.ts';
import { expectSites, siteKey } from '#resolvers/network/sites/find.ts';
import {
  type Site,
  siteFacts,
  siteGlobalId,
  siteStore,
  siteUpdated,
  toSiteSnapshot,
} from '#resolvers/network/sites/site.ts';

const siteUpdate = z.object({ by: siteKey, name: siteName.optional(), description: siteDescription.optional() });
const siteReplace = z.object({ by: siteKey, name: siteName, description: siteDescription.default('') });
export type SiteUpdate = Given<z.input<typeof siteUpdate>>;
export type SiteReplace = Given<z.input<typeof siteReplace>>;

/** Changes what is given and leaves the rest. */
export const updateSite = (ctx: Context, input: SiteUpdate): Promise<Site> => change(ctx, siteUpdate, input);

/** Sets everything that can change; what is not given gets its default. */
export const replaceSite = (ctx: Context, input: SiteReplace): Promise<Site> => change(ctx, siteReplace, input);

async function change(
  ctx: Context,
  schema: typeof siteUpdate | typeof siteReplace,
  input: SiteUpdate | SiteReplace,
): Promise<Site> {
  const items = singleItem(schema as typeof siteUpdate, input);
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const [before] = await expectSites(ctx, items, 'update', (site) => allow(ctx, 'network:admin', siteFacts(site)));
    const [given] = items.values;
    if (!before || !given) throw new Error('A single item has one value.');
    const { name = before.name, description = before.description } = given;
    if (name === before.name && description === before.description) return before;
    const after = { ...before, name, description, updatedAt: microseconds(ctx.clock.now()) };
    if (!(await ctx.use(siteStore).update(after))) throw new ConflictError(`${name} already exists.`, ['name']);
    appendSiteUpdated(ctx, before, after);
    return after;
  });
}

/** Appends the event of a change that was written. */
export function appendSiteUpdated(ctx: Context, before: Site, after: Site): void {
  const snapshot = toSiteSnapshot(after);
  ctx.events.append(
    siteUpdated,
    { site: snapshot },
    { subject: siteGlobalId(after.id), scope: siteFacts(after), before: toSiteSnapshot(before), after: snapshot },
  );
}
