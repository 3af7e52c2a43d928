import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { parse } from '#kernel/input.ts';
import { type AttributeResource, attributeResources } from '#resolvers/network/attributes/attribute.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import { fits, openSetQuery } from '#resolvers/network/attributes/query.ts';
import {
  type ChangeResource,
  changeNames,
  type Snapshot,
  siteIdOf,
  snapshotsOf,
} from '#resolvers/network/changes/change.ts';
import { actionInput, resourceInput, subjectsOf } from '#resolvers/network/changes/find.ts';
import { findSite, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';

const watchInput = z.object({
  site: siteKey.nullish(),
  resources: z.array(resourceInput).nullish(),
  actions: z.array(actionInput).nullish(),
  targetId: z.string('targetId must be an id.').nullish(),
  query: z.string('query must be a text.').nullish(),
  mineOnly: z.boolean().nullish(),
});
export type ChangeWatch = z.input<typeof watchInput>;

/**
 * Changes as they happen.
 * @throws InputError for a Site that the viewer may not read, and for a query that is none or is not about one kind.
 */
export async function watchChanges(ctx: Context, input: ChangeWatch | null | undefined): Promise<FeedSelection> {
  const { site: key, resources, actions, targetId, query, mineOnly } = parse(watchInput, input ?? {}, ['filter']);
  const site = key ? await findSite(ctx, key) : null;
  if (key && !site) throw new InputError([unknownSite(key, ['filter', 'site'])]);
  const inQuery = query == null ? null : await queryMatcher(ctx, query, resources ?? [], site);
  const mine = ctx.viewer.id;
  return {
    names: changeNames(resources ?? undefined, actions ?? undefined),
    ...(targetId != null && { subjects: new Set(subjectsOf(targetId)) }),
    ...(mineOnly && { personal: true }),
    matches: (event) =>
      (!site || siteIdOf(event) === site.id) &&
      (!mineOnly || (mine !== null && event.actor.account === mine)) &&
      (!inQuery || inQuery(event)),
  };
}

/** A set query is held against the thing before and after the change: so that it leaves the set is seen too. */
async function queryMatcher(
  ctx: Context,
  query: string,
  resources: readonly ChangeResource[],
  site: Site | null,
): Promise<(event: StoredEvent) => boolean> {
  const [resource] = resources;
  if (resources.length !== 1 || !isAttributeResource(resource))
    throw InputError.at(
      ['filter', 'resources'],
      `A query is about one kind of things: give one of ${attributeResources.join(', ')}.`,
    );
  const { siteId, terms } = await openSetQuery(ctx, resource, query, site);
  return (event) => {
    if (siteId === null || siteIdOf(event) !== siteId) return false;
    const { before, after } = snapshotsOf(event);
    return [before, after].some((snapshot) => snapshot && fits(terms, attributesIn(snapshot)));
  };
}

const isAttributeResource = (resource: ChangeResource | undefined): resource is AttributeResource =>
  (attributeResources as readonly (string | undefined)[]).includes(resource);

const attributesIn = ({ attributes }: Snapshot): Attributes => (attributes ?? {}) as Attributes;
