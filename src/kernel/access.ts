import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import type { Facts, PermissionName, Visibility } from '#kernel/permission.ts';
import type { Viewer } from '#kernel/viewer.ts';

/**
 * The first line of a behaviour function: goes on only when the viewer may.
 * @throws AuthenticationError for an anonymous viewer, ForbiddenError naming the permission for any other.
 */
export function allow(ctx: Context, need: PermissionName, facts?: Facts): void {
  if (ctx.viewer.mustChangePassword) throw new ForbiddenError('Change your password first.');
  if (ctx.viewer.rights.covers(need, facts)) return;
  if (ctx.viewer.kind === 'ANONYMOUS') throw new AuthenticationError(`Sign in: this needs ${need}.`);
  throw new ForbiddenError(`Needs ${need}.`);
}

/** What of a list the viewer may see, as a filter for the storage: so pages and counts are right. */
export function visible(ctx: Context, need: PermissionName): Visibility {
  return ctx.viewer.mustChangePassword ? 'none' : ctx.viewer.rights.visibility(need);
}

/** Whether a viewer sees an event: by the right that its definition names, or as the owner it names. */
export function seesEvent(viewer: Viewer, definition: EventDefinition, event: Pick<StoredEvent, 'scope'>): boolean {
  if (viewer.mustChangePassword) return false;
  if (viewer.rights.covers(definition.seenWith, event.scope)) return true;
  return definition.seenByOwner && viewer.id !== null && event.scope['account'] === viewer.id;
}

/** Whether a viewer could ever see an event of this kind, whatever its scope. */
export function couldSeeEvent(viewer: Viewer, definition: EventDefinition): boolean {
  if (viewer.mustChangePassword) return false;
  return viewer.rights.visibility(definition.seenWith) !== 'none' || (definition.seenByOwner && viewer.id !== null);
}
