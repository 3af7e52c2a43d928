import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ConflictError, NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { etagText, requireEtag } from '#resolvers/platform/etag.ts';
import { changeRights } from '#resolvers/platform/rights/administrators.ts';
import { roleDeleted, tellRole } from '#resolvers/platform/roles/events.ts';
import { permittedRole } from '#resolvers/platform/roles/queries.ts';
import { roleKey, roleStore } from '#resolvers/platform/roles/role.ts';

const RoleDelete = z.object({ by: roleKey, etag: etagText });
export type RoleDeleteInput = z.input<typeof RoleDelete>;

/**
 * Deletes a role, and takes it out of every list that it stands in.
 * @returns the row id of what was deleted.
 */
export async function deleteRole(ctx: Context, input: RoleDeleteInput): Promise<string> {
  const { by, etag } = parse(RoleDelete, input);
  const { id, name } = await permittedRole(ctx, by, 'role:delete');
  return changeRights(ctx, async (ctx) => {
    const role = await ctx.use(roleStore).lock(id);
    if (!role) throw new NotFoundError(`role [${name}] not found`, ['by']);
    requireEtag(role.etag, etag);
    if (role.isBuiltIn) throw new ConflictError(`Role ${role.name} is built in and stays.`, ['by']);
    await ctx.use(roleStore).delete(id);
    tellRole(ctx, roleDeleted, role, null);
    return id;
  });
}
