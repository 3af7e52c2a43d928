import type { LiveOperation } from '#http/live/operation.ts';
import { couldSeeEvent } from '#kernel/access.ts';
import type { Catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import { matchesName } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';

/**
 * What a viewer gets of an operation.
 * @throws AuthenticationError or ForbiddenError when that could never be anything, and whatever the field itself refuses.
 */
export async function admit(ctx: Context, operation: LiveOperation, { events }: Catalogue): Promise<FeedSelection> {
  const selection = await operation.plan.select(ctx, operation.args);
  const kinds = operation.plan.events ?? [...events.values()];
  const possible = kinds.filter((kind) => selection.names.some((pattern) => matchesName(pattern, kind.name)));
  if (possible.length > 0 && !possible.some((kind) => couldSeeEvent(ctx.viewer, kind))) {
    const needs = [...new Set(possible.map((kind) => kind.seenWith))].join(' or ');
    if (ctx.viewer.kind === 'ANONYMOUS') throw new AuthenticationError(`Sign in: this needs ${needs}.`);
    throw new ForbiddenError(`Needs ${needs}.`);
  }
  // Who sees an event as its owner shares it with nobody of equal rights.
  return possible.some((kind) => kind.seenByOwner) ? { ...selection, personal: true } : selection;
}
