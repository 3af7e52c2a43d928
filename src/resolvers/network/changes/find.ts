import { z } from 'zod';
import { showEvents } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type EventFilter, type EventTopic, eventLog, type StoredEvent } from '#kernel/event.ts';
import { fromGlobalId, isUuid, rowIdOf, toGlobalId } from '#kernel/id.ts';
import { instant, parse } from '#kernel/input.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { only } from '#resolvers/network/bulk.ts';
import {
  type Change,
  changeActions,
  changeNames,
  changeResources,
  toChange,
  typeOfResource,
} from '#resolvers/network/changes/change.ts';
import { changesSeenBy, isSeenBy, visibleHistory, visibleHistoryOf } from '#resolvers/network/changes/visibility.ts';
import type { SiteKey } from '#resolvers/network/keys.ts';
import { siteKey, sitesByKey } from '#resolvers/network/sites/find.ts';

/** The changes with these row ids that the viewer may see, null for the others. */
export async function findChanges(ctx: Context, ids: readonly string[]): Promise<(Change | null)[]> {
  const visibility = await visibleHistory(ctx);
  if (visibility === 'none') return ids.map(() => null);
  const events = await ctx.use(eventLog).getMany(ids);
  const seen = events.filter((event) => event && isSeenBy(visibility, event)) as StoredEvent[];
  const shown = await showEvents(ctx, seen);
  return events.map((event) => {
    const found = event && shown[seen.indexOf(event)];
    return found ? toChange(found) : null;
  });
}

/** The change with this id, or null. */
export async function findChange(ctx: Context, id: string): Promise<Change | null> {
  const row = rowIdOf('Change', id);
  return row === null ? null : ctx.load(findChanges, row);
}

export const resourceInput = z.enum(changeResources, `resource must be one of ${changeResources.join(', ')}.`);
export const actionInput = z.enum(changeActions, `action must be one of ${changeActions.join(', ')}.`);

const filterInput = z
  .object({
    action: actionInput.nullish(),
    resource: resourceInput.nullish(),
    target: z.string('target must be an id.').nullish(),
    actor: z.string('actor must be an id.').nullish(),
    from: instant().nullish(),
    to: instant().nullish(),
  })
  .nullish()
  .transform((given): EventFilter | null => {
    const { action, resource, target, actor, from, to } = given ?? {};
    const account = actor == null ? undefined : rowIdOf('Account', actor);
    if (account === null) return null;
    return {
      names: changeNames(resource ? [resource] : undefined, action ? [action] : undefined),
      ...(target != null && { subjects: subjectsOf(target) }),
      ...(account !== undefined && { actor: account }),
      ...(from != null && { from }),
      ...(to != null && { to }),
    };
  });

/** The global ids that an id may mean: a row id says nothing of the type. */
export function subjectsOf(text: string): string[] {
  const types = changeResources.map(typeOfResource);
  if (isUuid(text)) return types.map((type) => toGlobalId(type, text.toLowerCase()));
  const parts = fromGlobalId(text);
  return parts && types.includes(parts.type) ? [toGlobalId(parts.type, parts.id)] : [];
}

const listInput = z.object({ site: siteKey.nullish(), filter: filterInput });
export type ChangeList = z.input<typeof listInput>;

/** The history that the viewer may see, newest first, of one Site or of all. A Site that is deleted is named by id. */
export async function listChanges(ctx: Context, input: ChangeList, page: PageRequest): Promise<Page<Change>> {
  const { site, filter } = parse(listInput, input);
  const siteId = site ? await historicSite(ctx, site) : null;
  const visibility = await (siteId === null ? visibleHistory(ctx) : visibleHistoryOf(ctx, siteId));
  if (!filter || (site && siteId === null) || visibility === 'none') return emptyPage;
  const log = ctx.use(eventLog);
  const seen = changesSeenBy(visibility);
  if (siteId === null) return toChanges(ctx, await log.page(filter, seen, page));
  const inSite = { kind: 'site', value: siteId };
  if (filter.subjects) return toChanges(ctx, await log.page({ ...filter, scope: [inSite] }, seen, page));
  return toChanges(ctx, only(await log.pages([{ place: inSite }], filter, seen, page)));
}

async function historicSite(ctx: Context, key: SiteKey): Promise<string | null> {
  if ('id' in key) return rowIdOf('Site', key.id);
  return only(await sitesByKey(ctx, [key]))?.id ?? null;
}

export type ChangesOfOne = Omit<ChangeList, 'site'>;

/** The history of one thing: asked for many at once, it takes one read. */
export const listChangesOf = (
  ctx: Context,
  subject: string,
  input: ChangesOfOne,
  page: PageRequest,
): Promise<Page<Change>> => loadPages(ctx, { subject }, input, page);

/** The history of a Site and of all that was ever in it. */
export const listChangesOfSite = (
  ctx: Context,
  siteId: string,
  input: ChangesOfOne,
  page: PageRequest,
): Promise<Page<Change>> => loadPages(ctx, { place: { kind: 'site', value: siteId } }, input, page);

const loadPages = (ctx: Context, topic: EventTopic, input: ChangesOfOne, page: PageRequest): Promise<Page<Change>> =>
  ctx.load(pagesAbout, JSON.stringify(topic), JSON.stringify({ form: Object.keys(topic), input, page }));

async function pagesAbout(ctx: Context, keys: readonly string[], variant: string): Promise<Page<Change>[]> {
  const { input, page } = JSON.parse(variant) as { input: ChangesOfOne; page: PageRequest };
  const { filter } = parse(listInput, input);
  const visibility = await visibleHistory(ctx);
  if (!filter || visibility === 'none') return keys.map(() => emptyPage);
  const topics = keys.map((key) => JSON.parse(key) as EventTopic);
  const pages = await ctx.use(eventLog).pages(topics, filter, changesSeenBy(visibility), page);
  return allToChanges(ctx, pages);
}

const toChanges = async (ctx: Context, page: Page<StoredEvent>): Promise<Page<Change>> =>
  only(await allToChanges(ctx, [page]));

/** Pages of events as the viewer is shown them, read together. */
async function allToChanges(ctx: Context, pages: readonly Page<StoredEvent>[]): Promise<Page<Change>[]> {
  const shown = await showEvents(
    ctx,
    pages.flatMap(({ items }) => items.map(({ node }) => node)),
  );
  let next = 0;
  return pages.map((page) => ({
    ...page,
    items: page.items.map((item) => ({ ...item, node: toChange(shown[next++] ?? item.node) })),
  }));
}
