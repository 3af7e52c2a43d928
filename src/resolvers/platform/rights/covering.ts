import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { ForbiddenError } from '#kernel/errors.ts';
import { type Facts, parsePermission } from '#kernel/permission.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { displayPermissions } from '#resolvers/platform/rights/permissions.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';

/**
 * Nobody grants more than they hold: refuses permissions that are not covered by the viewer's own.
 * @param kept permissions as they are kept.
 * @param path of the input at fault.
 * @throws ForbiddenError naming what the viewer lacks.
 */
export async function requireHeld(ctx: Context, kept: readonly string[], path: readonly string[]): Promise<void> {
  const { rights } = ctx.viewer;
  const doubtful = kept.filter((text) => !rights.holds(text));
  const held = await Promise.all(doubtful.map(async (text) => rights.holds(text, await ancestors(ctx, text))));
  const lacking = doubtful.filter((_, index) => !held[index]);
  if (lacking.length === 0) return;
  const [first = ''] = await displayPermissions(ctx, lacking.slice(0, 1));
  const more = lacking.length > 1 ? ` and ${lacking.length - 1} more` : '';
  throw new ForbiddenError(`Nobody grants more than they hold: you lack ${first}${more}.`, path);
}

/** The same for roles that are added: whatever they reach, also through inactive ones, which may become active. */
export async function requireHeldRoles(ctx: Context, roles: readonly string[], path: readonly string[]): Promise<void> {
  if (roles.length === 0 || ctx.viewer.rights.holds('*')) return;
  await requireHeld(ctx, await ctx.use(roleStore).reach(roles, 'any'), path);
}

/**
 * Refuses what would let the viewer act as another account that may do more than he: a password, an email to which a
 * new one can be sent, or a key.
 */
export async function requireHeldBy(ctx: Context, account: Account, path: readonly string[]): Promise<void> {
  if (ctx.viewer.id === account.id || ctx.viewer.rights.holds('*')) return;
  const roles = await ctx.use(roleStore).reach(account.roles, 'any');
  await requireHeld(ctx, [...account.permissions, ...roles], path);
}

/**
 * Refuses what would make a credential of the viewer's own account that may do more than the one at hand, such as a key
 * that was narrowed.
 */
export async function requireWholeAccount(ctx: Context, accountId: string, path: readonly string[]): Promise<void> {
  const [effective] = await ctx.use(accountStore).effective([accountId]);
  await requireHeld(ctx, effective?.permissions ?? [], path);
}

async function ancestors(ctx: Context, text: string): Promise<Facts> {
  const { areas } = ctx.use(catalogue);
  const permission = parsePermission(text, areas);
  if (!permission?.scope) return {};
  const kind = areas.get(permission.area)?.kinds?.[permission.scope.kind];
  return (await kind?.ancestors?.(ctx, permission.scope.value)) ?? {};
}

/** Whether the viewer may decide over this permission without `account:update`: as `admin` of its area in its scope. */
export async function administers(ctx: Context, kept: string): Promise<boolean> {
  const permission = parsePermission(kept, ctx.use(catalogue).areas);
  if (!permission) return false;
  const admin = kept.replace(`${permission.area}:${permission.verb}`, `${permission.area}:admin`);
  return ctx.viewer.rights.holds(admin) || ctx.viewer.rights.holds(admin, await ancestors(ctx, kept));
}
