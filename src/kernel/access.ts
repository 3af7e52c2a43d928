import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { isUuid } from '#kernel/id.ts';
import { isInAudience } from '#kernel/open-rights.ts';
import { compilePattern } from '#kernel/pattern.ts';
import type { Facts, PermissionName, ScopeGrant, Visibility } from '#kernel/permission.ts';
import type { Viewer } from '#kernel/viewer.ts';

/**
 * The first line of a behaviour function: goes on only when the viewer may.
 * @throws AuthenticationError for an anonymous viewer, ForbiddenError naming the permission for any other.
 */
export function allow(ctx: Context, need: PermissionName, facts?: Facts): void {
  if (ctx.viewer.mustChangePassword) throw new ForbiddenError('Change your password first.');
  if (ctx.viewer.rights.covers(need, facts)) return;
  throw lackOf(ctx.viewer, named(need, facts));
}

/**
 * Refuses a viewer who has the permission nowhere, before anything is looked up: what he names stays unconfirmed.
 * @throws AuthenticationError, ForbiddenError
 */
export function allowSomewhere(ctx: Context, need: PermissionName): void {
  if (visible(ctx, need) === 'none') allow(ctx, need);
}

/** What a viewer is told who lacks permissions: an AuthenticationError for an anonymous one, else a ForbiddenError. */
export function lackOf(viewer: Viewer, wanted: string): AuthenticationError | ForbiddenError {
  return viewer.kind === 'ANONYMOUS'
    ? new AuthenticationError(`Sign in: this needs ${wanted}.`)
    : new ForbiddenError(`Needs ${wanted}.`);
}

/** The permission with the name of the thing, where the area's own fact is a name people know (`job:execute on a.b`). */
function named(need: PermissionName, facts: Facts = {}): string {
  const fact = facts[need.slice(0, need.indexOf(':'))];
  return typeof fact === 'string' && !isUuid(fact) ? `${need} on ${fact}` : need;
}

/** What of a list the viewer may see, as a filter for the storage: so pages and counts are right. */
export function visible(ctx: Context, need: PermissionName): Visibility {
  return ctx.viewer.mustChangePassword ? 'none' : ctx.viewer.rights.visibility(need);
}

/**
 * The same in values that a storage can compare: the names that patterns cover take the place of the patterns. A path
 * stays one: rows name the path they lie at and all above it.
 */
export async function visibleExactly(ctx: Context, need: PermissionName): Promise<Visibility> {
  const visibility = visible(ctx, need);
  const area = ctx.use(catalogue).areas.get(need.slice(0, need.indexOf(':')));
  if (typeof visibility === 'string' || area?.scope !== 'pattern') return visibility;
  const values = await ctx.load(valuesOfAreas, area.name);
  return { allOf: visibility.allOf.map((grants) => coveredValues(grants, values)) };
}

const valuesOfAreas = (ctx: Context, areas: readonly string[]): Promise<(readonly string[])[]> =>
  Promise.all(areas.map(async (area) => (await ctx.use(catalogue).areas.get(area)?.values?.(ctx)) ?? []));

/** Patterns are held against values here, by the one engine for them, and never by a storage's own. */
function coveredValues(grants: readonly ScopeGrant[], values: readonly string[]): ScopeGrant[] {
  return [...Map.groupBy(grants, ({ kind }) => kind)].flatMap(([kind, list]) => {
    const patterns = list.map(({ value }) => compilePattern(value));
    return values
      .filter((value) => patterns.some((pattern) => pattern.matchesStart(value)))
      .map((value) => ({ kind, value }));
  });
}

/** Whether a viewer sees an event: by the right that its definition names, or as the owner or the audience it names. */
export function seesEvent(viewer: Viewer, definition: EventDefinition, event: Pick<StoredEvent, 'scope'>): boolean {
  if (viewer.mustChangePassword) return false;
  if (viewer.rights.covers(definition.seenWith, event.scope)) return true;
  if (definition.seenByAudience && isInAudience(viewer, event.scope)) return true;
  return definition.seenByOwner && viewer.id !== null && event.scope.account === viewer.id;
}

/** Whether a viewer could ever see an event of this kind, whatever its scope. */
export function couldSeeEvent(viewer: Viewer, definition: EventDefinition): boolean {
  if (viewer.mustChangePassword) return false;
  if (definition.seenByAudience || viewer.rights.visibility(definition.seenWith) !== 'none') return true;
  return definition.seenByOwner && viewer.id !== null;
}

/**
 * Events that the viewer sees as far as they are for him: what names other things that he may not see is left out. Every
 * door shows events through this.
 */
export async function showEvents(ctx: Context, events: readonly StoredEvent[]): Promise<StoredEvent[]> {
  const { events: definitions } = ctx.use(catalogue);
  const shown = new Map<StoredEvent, StoredEvent>();
  for (const [show, group] of Map.groupBy(events, ({ name }) => definitions.get(name)?.show)) {
    const some = show ? await show(ctx, group) : group;
    group.forEach((event, index) => {
      shown.set(event, some[index] ?? event);
    });
  }
  return events.map((event) => shown.get(event) ?? event);
}
