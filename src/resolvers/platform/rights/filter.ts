import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { foldText, type Logic } from '#kernel/filter.ts';
import { resolvePermission } from '#resolvers/platform/rights/permissions.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';

interface RightsTerms {
  readonly permission?: string | null;
  readonly role?: string | null;
}

/** A filter whose permissions and roles are given by name, with what is kept in their place. */
export async function resolveFilter<Terms extends RightsTerms>(
  ctx: Context,
  filter: Logic<Terms>,
  path: readonly string[] = ['filter'],
): Promise<Logic<Terms>> {
  const { areas } = ctx.use(catalogue);
  const several = (name: 'and' | 'or') =>
    filter[name] &&
    Promise.all(filter[name].map((part, index) => resolveFilter(ctx, part, [...path, name, `${index}`])));
  const [and, or, not] = await Promise.all([
    several('and'),
    several('or'),
    filter.not && resolveFilter(ctx, filter.not, [...path, 'not']),
  ]);
  const permission = filter.permission == null ? null : await resolvePermission(ctx, filter.permission, areas);
  if (filter.permission != null && permission === null)
    throw InputError.at([...path, 'permission'], `Invalid permission "${filter.permission.slice(0, 512)}".`);
  const role = filter.role == null ? null : await roleId(ctx, filter.role);
  return { ...filter, permission, role, and, or, not };
}

/** A role that does not exist is held by nobody. */
async function roleId(ctx: Context, name: string): Promise<string> {
  const [role] = await ctx.use(roleStore).findMany([foldText(name)]);
  return role?.id ?? '00000000-0000-0000-0000-000000000000';
}
