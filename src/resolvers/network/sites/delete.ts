import { z } from 'zod';
import { allow, allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type Blocker, InUseError } from '#kernel/errors.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { bulkItems, type Items, singleItem } from '#resolvers/network/bulk.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { blockedBy, shownBlockers } from '#resolvers/network/in-use.ts';
import { byCreation, siteScope } from '#resolvers/network/list.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
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
  const counts: number[][] = [];
  for (const { count } of holdings) counts.push(await count(ctx, ids));
  const totals = ids.map((_, index) => counts.reduce((sum, count) => sum + (count[index] ?? 0), 0));
  const index = totals.findIndex((total) => total > 0);
  const site = sites[index];
  if (!site) return;
  const blockers: Blocker[] = [];
  for (const { first } of holdings) blockers.push(...(await first(ctx, site.id)));
  throw new InUseError(...blockedBy(`site ${site.name}`, blockers, totals[index] ?? 0));
}

/** One kind of things that a Site holds and that go with no other kind. */
interface Holding {
  /** How many each Site has, whoever may see them. */
  count(ctx: Context, siteIds: readonly string[]): Promise<number[]>;
  /** The first of them that the viewer may see. */
  first(ctx: Context, siteId: string): Promise<Blocker[]>;
}

const everything = { filter: {}, visibility: 'all' } as const;
const page: PageRequest = { limit: shownBlockers, direction: 'forward', after: null, before: null, offset: 0 };
const firstOnes = (ctx: Context) => ({
  filter: {},
  order: byCreation,
  visibility: visible(ctx, 'network:read'),
  page,
});

function blockersOf<T extends { readonly id: string }>(
  type: string,
  found: Page<T> | undefined,
  naturalKey: (thing: T) => string,
): Blocker[] {
  return (found?.items ?? []).map(({ node }) => ({
    id: toGlobalId(type, node.id),
    type,
    naturalKey: naturalKey(node),
  }));
}

const holdings: readonly Holding[] = [
  {
    count: (ctx, siteIds) => ctx.use(deviceStore).count(siteIds, everything),
    async first(ctx, siteId) {
      const [found] = await ctx.use(deviceStore).pages([siteId], firstOnes(ctx));
      return blockersOf('Device', found, ({ hostname }) => hostname);
    },
  },
  {
    count: (ctx, siteIds) =>
      ctx.use(networkStore).count(
        siteIds.map((siteId) => ({ kind: 'site', siteId })),
        everything,
      ),
    async first(ctx, siteId) {
      const [found] = await ctx.use(networkStore).pages([{ kind: 'site', siteId }], firstOnes(ctx));
      return blockersOf('Network', found, ({ cidr }) => cidr);
    },
  },
  {
    count: (ctx, siteIds) => ctx.use(attributeStore).count(siteIds, everything),
    async first(ctx, siteId) {
      const [found] = await ctx.use(attributeStore).pages([siteId], firstOnes(ctx));
      return blockersOf('Attribute', found, ({ resource, name }) => `${resource} ${name}`);
    },
  },
  {
    count: (ctx, siteIds) => ctx.use(protocolTypeStore).count(siteIds.map(siteScope), everything),
    async first(ctx, siteId) {
      const [found] = await ctx.use(protocolTypeStore).pages([siteScope(siteId)], firstOnes(ctx));
      return blockersOf('ProtocolType', found, ({ name }) => name);
    },
  },
];
