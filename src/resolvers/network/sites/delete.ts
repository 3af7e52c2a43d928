import { z } from 'zod';
import { allow, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type Blocker, InUseError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import { allowSomewhere } from '#resolvers/network/access.ts';
import { bulkItems, type Items, singleItem } from '#resolvers/network/bulk.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { blockedBy, shownBlockers } from '#resolvers/network/in-use.ts';
import { byCreation } from '#resolvers/network/list.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { expectSites, siteKey } from '#resolvers/network/sites/find.ts';
import {
  type Site,
  siteDeleted,
  siteFacts,
  siteGlobalId,
  siteStore,
  toSiteSnapshot,
} from '#resolvers/network/sites/site.ts';

const siteDelete = z.object({ by: siteKey });
export type SiteDelete = z.input<typeof siteDelete>;

/**
 * Deletes a Site that holds nothing of any kind. Its history stays readable.
 * @returns its row id.
 */
export async function deleteSite(ctx: Context, input: SiteDelete): Promise<string> {
  const [id = ''] = await remove(ctx, singleItem(siteDelete, input));
  return id;
}

export const deleteSites = (ctx: Context, inputs: readonly SiteDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, siteDelete, inputs));

async function remove(ctx: Context, items: Items<z.output<typeof siteDelete>>): Promise<string[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const sites = await expectSites(ctx, items, 'delete', (site) => allow(ctx, 'network:admin', siteFacts(site)));
    await refuseInUse(ctx, sites);
    const ids = sites.map((site) => site.id);
    await ctx.use(siteStore).deleteMany(ids);
    for (const site of sites) {
      const snapshot = toSiteSnapshot(site);
      ctx.events.append(
        siteDeleted,
        { site: snapshot },
        { subject: siteGlobalId(site.id), scope: siteFacts(site), before: snapshot },
      );
    }
    return ids;
  });
}

async function refuseInUse(ctx: Context, sites: readonly Site[]): Promise<void> {
  const ids = sites.map((site) => site.id);
  const everything = { filter: {}, visibility: 'all' } as const;
  const devices = await ctx.use(deviceStore).count(ids, everything);
  const networks = await ctx.use(networkStore).count(
    ids.map((siteId) => ({ kind: 'site', siteId })),
    everything,
  );
  const index = ids.findIndex((_, at) => (devices[at] ?? 0) + (networks[at] ?? 0) > 0);
  const site = sites[index];
  if (!site) return;
  const blockers = await dependants(ctx, site.id);
  throw new InUseError(...blockedBy(`site ${site.name}`, blockers, (devices[index] ?? 0) + (networks[index] ?? 0)));
}

/** What a Site holds that the viewer may see, as far as it is told. */
async function dependants(ctx: Context, siteId: string): Promise<Blocker[]> {
  const page: PageRequest = { limit: shownBlockers, direction: 'forward', after: null, before: null, offset: 0 };
  const query = { filter: {}, order: byCreation, visibility: visible(ctx, 'network:read'), page };
  const [devices] = await ctx.use(deviceStore).pages([siteId], query);
  const [networks] = await ctx.use(networkStore).pages([{ kind: 'site', siteId }], query);
  return [
    ...(devices?.items ?? []).map(({ node }) => ({
      id: toGlobalId('Device', node.id),
      type: 'Device',
      naturalKey: node.hostname,
    })),
    ...(networks?.items ?? []).map(({ node }) => ({
      id: toGlobalId('Network', node.id),
      type: 'Network',
      naturalKey: node.cidr,
    })),
  ].slice(0, shownBlockers);
}
