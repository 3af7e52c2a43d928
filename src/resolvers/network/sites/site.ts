import { z } from 'zod';
import { toGlobalId } from '#kernel/id.ts';
import type { Page } from '#kernel/page.ts';
import type { Facts } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import { factsIn } from '#resolvers/network/access.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import { snapshotEvent } from '#resolvers/network/snapshot.ts';

/** A namespace: every other thing belongs to exactly one. The same CIDR or hostname may exist in two. */
export interface Site {
  readonly id: string;
  /** Unique over all Sites, compared exactly. */
  readonly name: string;
  readonly description: string;
  /** ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface SiteFilter {
  readonly name?: string;
}

/** What this domain asks of the storage of Sites. */
export interface SiteStore {
  getMany(ids: readonly string[]): Promise<(Site | null)[]>;
  getByName(names: readonly string[]): Promise<(Site | null)[]>;
  page(query: ListQuery<SiteFilter>): Promise<Page<Site>>;
  /** Null for each whose name is taken, also by one before it in the call; of racing callers exactly one gets it. */
  insertMany(sites: readonly Site[]): Promise<(Site | null)[]>;
  /**
   * The Sites as they are, which then stay until the unit of work ends: nobody deletes them meanwhile. Any number of
   * units may hold one Site.
   */
  hold(ids: readonly string[]): Promise<(Site | null)[]>;
  /** The Sites as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(Site | null)[]>;
  /**
   * Writes name, description and `updatedAt`. False when the name is taken; the unit of work must then be given up.
   */
  update(site: Site): Promise<boolean>;
  /** Writes description and `updatedAt` of Sites that the unit of work has locked. */
  describeMany(sites: readonly Site[]): Promise<void>;
  deleteMany(ids: readonly string[]): Promise<void>;
}

export const siteStore = definePort<SiteStore>('network.sites');

export const siteFacts = (site: Pick<Site, 'id'>): Facts => factsIn(site.id, 'site');
export const siteGlobalId = (id: string): string => toGlobalId('Site', id);

export const siteSnapshot = z.object({ id: z.string(), name: z.string(), description: z.string() });

export const toSiteSnapshot = ({ id, name, description }: Site): z.output<typeof siteSnapshot> => ({
  id: siteGlobalId(id),
  name,
  description,
});

export const siteCreated = snapshotEvent('site', 'created', siteSnapshot, {});
export const siteUpdated = snapshotEvent('site', 'updated', siteSnapshot, {});
export const siteDeleted = snapshotEvent('site', 'deleted', siteSnapshot, {});
