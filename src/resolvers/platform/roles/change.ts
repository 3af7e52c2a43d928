import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { distinct, realName } from '#resolvers/platform/accounts/account.ts';
import { changedFields } from '#resolvers/platform/accounts/change.ts';
import { etagText, newEtag, requireEtag } from '#resolvers/platform/etag.ts';
import { changeRights } from '#resolvers/platform/rights/administrators.ts';
import { requireHeld, requireHeldRoles } from '#resolvers/platform/rights/covering.ts';
import { permissionTexts, resolvePermissions, roleNames } from '#resolvers/platform/rights/permissions.ts';
import { roleCreated, roleUpdated, tellRole } from '#resolvers/platform/roles/events.ts';
import { permittedRole, resolveRoles } from '#resolvers/platform/roles/queries.ts';
import { type Role, type RoleChange, roleKey, roleName, roleStore } from '#resolvers/platform/roles/role.ts';

const RoleCreate = z.object({
  name: roleName,
  realName: realName.nullish().transform((text) => text ?? ''),
  isActive: z
    .boolean()
    .nullish()
    .transform((active) => active ?? true),
  permissions: permissionTexts.nullish(),
  roles: roleNames.nullish(),
});
export type RoleCreateInput = z.input<typeof RoleCreate>;

/** Makes a role of what the viewer holds himself. */
export async function createRole(ctx: Context, input: RoleCreateInput): Promise<Role> {
  allow(ctx, 'role:create');
  const { permissions, roles, ...fresh } = parse(RoleCreate, input);
  const kept = await resolvePermissions(ctx, permissions ?? []);
  const held = await resolveRoles(ctx, roles ?? []);
  await requireHeld(ctx, kept, ['permissions']);
  await requireHeldRoles(ctx, held, ['roles']);
  return ctx.atomically(async (ctx) => {
    const role = await ctx.use(roleStore).insert({
      ...fresh,
      id: newId(),
      permissions: kept,
      roles: held,
      isBuiltIn: false,
      etag: newEtag(),
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (!role) throw new ConflictError('name or email exists', ['name']);
    tellRole(ctx, roleCreated, null, role);
    return role;
  });
}

const Target = z.object({ by: roleKey, etag: etagText });
const isActive = () => z.boolean('isActive must be true or false.');

const RolePatch = z.object({
  name: roleName.optional(),
  realName: realName.nullish(),
  isActive: isActive().optional(),
  permissions: permissionTexts.nullish(),
  roles: roleNames.nullish(),
});

/** Everything that can change, whatever is absent at its default. */
const RoleState = z.object({
  name: roleName,
  realName: realName.nullish().transform((text) => text ?? ''),
  isActive: isActive()
    .nullish()
    .transform((active) => active ?? true),
  permissions: permissionTexts.nullish().transform((texts) => texts ?? []),
  roles: roleNames.nullish().transform((names) => names ?? []),
});

export type RoleUpdateInput = z.input<typeof Target> & z.input<typeof RolePatch>;
export type RoleReplaceInput = z.input<typeof Target> & z.input<typeof RoleState>;

interface ChangedRole {
  readonly changed: boolean;
  readonly role: Role;
}

/** Changes what is given of a role: what is absent stays, null clears. */
export async function updateRole(ctx: Context, input: RoleUpdateInput): Promise<ChangedRole> {
  const target = await requireTarget(ctx, input);
  return changeRole(ctx, target, await resolveChange(ctx, parse(RolePatch, input)));
}

/** Sets everything of a role that can change: what is absent gets its default. */
export async function replaceRole(ctx: Context, input: RoleReplaceInput): Promise<ChangedRole> {
  const target = await requireTarget(ctx, input);
  return changeRole(ctx, target, await resolveChange(ctx, parse(RoleState, input)));
}

interface Targeted {
  readonly found: Role;
  readonly etag: string;
}

async function requireTarget(ctx: Context, input: z.input<typeof Target>): Promise<Targeted> {
  const { by, etag } = parse(Target, input);
  const found = await permittedRole(ctx, by, 'role:update');
  requireEtag(found.etag, etag);
  return { found, etag };
}

function changeRole(ctx: Context, { found, etag }: Targeted, change: RoleChange): Promise<ChangedRole> {
  return changeRights(ctx, async (ctx) => {
    const before = await ctx.use(roleStore).lock(found.id);
    if (!before) throw new ConflictError('The role was deleted meanwhile.');
    requireEtag(before.etag, etag);
    if (before.isBuiltIn && change.name !== undefined && change.name !== before.name)
      throw new ConflictError(`Role ${before.name} is built in and keeps its name.`, ['name']);
    await requireAdditionsHeld(ctx, before, change);
    const changed = changedFields(before, change as Partial<Role>);
    if (changed.length === 0) return { changed: false, role: before };
    return { changed: true, role: await save(ctx, before, change, changed) };
  });
}

async function resolveChange(ctx: Context, patch: z.output<typeof RolePatch>): Promise<RoleChange> {
  const { name, realName, isActive, permissions, roles } = patch;
  return {
    ...(name !== undefined && { name }),
    ...(realName !== undefined && { realName: realName ?? '' }),
    ...(isActive !== undefined && { isActive }),
    ...(permissions !== undefined && { permissions: await resolvePermissions(ctx, permissions ?? []) }),
    ...(roles !== undefined && { roles: distinct(await resolveRoles(ctx, roles ?? [])) }),
  };
}

/** An inactive role gives nothing, so making it active adds all that it reaches. */
async function requireAdditionsHeld(ctx: Context, before: Role, change: RoleChange): Promise<void> {
  const added = (change.permissions ?? []).filter((text) => !before.permissions.includes(text));
  const joined = (change.roles ?? []).filter((role) => !before.roles.includes(role));
  await requireHeld(ctx, added, ['permissions']);
  await requireHeldRoles(ctx, joined, ['roles']);
  if (change.isActive === true && !before.isActive) {
    await requireHeld(ctx, change.permissions ?? before.permissions, ['isActive']);
    await requireHeldRoles(ctx, change.roles ?? before.roles, ['isActive']);
  }
}

async function save(ctx: Context, before: Role, change: RoleChange, changed: readonly string[]): Promise<Role> {
  const role = await ctx.use(roleStore).update(before.id, before.etag, {
    ...change,
    etag: newEtag(),
    updatedAt: new Date(ctx.clock.now()).toISOString(),
  });
  if (role === 'TAKEN') throw new ConflictError('name or email exists', ['name']);
  if (role === 'STALE') throw new ConflictError('The role changed meanwhile. Read it again.', ['etag']);
  tellRole(ctx, roleUpdated, before, role, changed);
  return role;
}
