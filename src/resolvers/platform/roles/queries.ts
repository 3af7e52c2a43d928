import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { foldText } from '#kernel/filter.ts';
import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { PermissionName } from '#kernel/permission.ts';
import { distinct } from '#resolvers/platform/accounts/account.ts';
import { resolveFilter } from '#resolvers/platform/rights/filter.ts';
import { requireVisible } from '#resolvers/platform/rights/self.ts';
import { roleEvents } from '#resolvers/platform/roles/events.ts';
import {
  type Role,
  type RoleKey,
  type RoleTerms,
  roleFilter,
  roleKey,
  roleStore,
} from '#resolvers/platform/roles/role.ts';

/** The role that a key names, whoever may see it. */
export async function roleByKey(ctx: Context, key: RoleKey): Promise<Role | null> {
  const store = ctx.use(roleStore);
  const [role = null] = 'id' in key ? await store.getMany([key.id]) : await store.findMany([key.name]);
  return role;
}

/** The role that a key names, for a viewer who has this right on it. */
export async function permittedRole(ctx: Context, key: RoleKey, need: PermissionName): Promise<Role> {
  const role = await roleByKey(ctx, key);
  allow(ctx, need, role ? { role: role.id } : {});
  if (!role) throw new NotFoundError(`role [${Object.values(key)[0]}] not found`, ['by']);
  return role;
}

/**
 * Row ids of roles by their names; repetitions collapse.
 * @throws NotFoundError for the first that does not exist.
 */
export async function resolveRoles(
  ctx: Context,
  names: readonly string[],
  path: readonly string[] = ['roles'],
): Promise<string[]> {
  const found = await ctx.use(roleStore).findMany(names.map(foldText));
  const missing = found.indexOf(null);
  if (missing >= 0) throw new NotFoundError(`role [${names[missing]}] not found`, [...path, String(missing)]);
  return distinct(found.flatMap((role) => role?.id ?? []));
}

/** The roles with these ids that the viewer may see. */
export async function findRoles(ctx: Context, ids: readonly string[]): Promise<(Role | null)[]> {
  const roles = await ctx.use(roleStore).getMany(ids);
  const { rights, mustChangePassword } = ctx.viewer;
  return roles.map((role) =>
    role && !mustChangePassword && rights.covers('role:read', { role: role.id }) ? role : null,
  );
}

const rolesById = (ctx: Context, ids: readonly string[]): Promise<(Role | null)[]> => ctx.use(roleStore).getMany(ids);

/** The roles that a parent holds: who sees the parent sees what it consists of. */
export async function rolesHeld(ctx: Context, ids: readonly string[]): Promise<Role[]> {
  const roles = await Promise.all(ids.map((id) => ctx.load(rolesById, id)));
  return roles.filter((role) => role !== null);
}

/** One role by its key. Null when there is none that the viewer may see. */
export async function findRole(ctx: Context, by: unknown): Promise<Role | null> {
  requireVisible(ctx, 'role:read');
  const role = await roleByKey(ctx, parse(roleKey, by, ['by']));
  return role && ctx.viewer.rights.covers('role:read', { role: role.id }) ? role : null;
}

const RoleList = z.object({
  filter: roleFilter.nullish(),
  orderBy: z
    .object({
      by: z.enum(['NAME', 'CREATED']),
      direction: z
        .enum(['ASC', 'DESC'])
        .nullish()
        .transform((direction) => direction ?? 'ASC'),
    })
    .nullish(),
});

/** Roles, by name unless another order is asked for. */
export async function listRoles(ctx: Context, input: z.input<typeof RoleList>, page: PageRequest): Promise<Page<Role>> {
  const visibility = requireVisible(ctx, 'role:read');
  const { filter, orderBy } = parse(RoleList, input);
  const kept = await resolveFilter<RoleTerms>(ctx, filter ?? {});
  return ctx.use(roleStore).page(kept, orderBy ?? { by: 'NAME', direction: 'ASC' }, visibility, page);
}

/** The names of all roles that the viewer may see, in order. */
export async function listRoleNames(ctx: Context): Promise<string[]> {
  return ctx.use(roleStore).names(requireVisible(ctx, 'role:read'));
}

/** The events of all roles, each seen with its own right. */
export async function watchRoles(ctx: Context): Promise<FeedSelection> {
  requireVisible(ctx, 'role:read');
  return { names: roleEvents.map(({ name }) => name) };
}
