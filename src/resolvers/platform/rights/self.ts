import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError, ForbiddenError } from '#kernel/errors.ts';
import type { PermissionName, Visibility } from '#kernel/permission.ts';

/**
 * The row id of the account that asks, for what everybody may do with his own.
 * @throws AuthenticationError for anonymous and the gateway itself, ForbiddenError while a change of password is due.
 */
export function requireAccount(ctx: Context): string {
  if (ctx.viewer.id === null) throw new AuthenticationError('Sign in: this concerns your own account.');
  if (ctx.viewer.mustChangePassword) throw new ForbiddenError('Change your password first.');
  return ctx.viewer.id;
}

/**
 * For what everybody may ask who is known, the gateway itself among them.
 * @throws AuthenticationError for anonymous, ForbiddenError while a change of password is due.
 */
export function requireSignedIn(ctx: Context): void {
  if (ctx.viewer.kind !== 'SYSTEM') requireAccount(ctx);
}

/**
 * What of a list the viewer may see.
 * @throws AuthenticationError or ForbiddenError when that could never be anything.
 */
export function requireVisible(ctx: Context, need: PermissionName): Visibility {
  const visibility = visible(ctx, need);
  if (visibility !== 'none') return visibility;
  if (ctx.viewer.mustChangePassword) throw new ForbiddenError('Change your password first.');
  if (ctx.viewer.kind === 'ANONYMOUS') throw new AuthenticationError(`Sign in: this needs ${need}.`);
  throw new ForbiddenError(`Needs ${need}.`);
}
