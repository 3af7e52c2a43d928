import { ConflictError } from '#kernel/errors.ts';
import { showPermissions } from '#resolvers/platform/rights/permissions.ts';
import {
  createRole,
  type RoleCreateInput,
  type RoleReplaceInput,
  type RoleUpdateInput,
  replaceRole,
  updateRole,
} from '#resolvers/platform/roles/change.ts';
import { deleteRole, type RoleDeleteInput } from '#resolvers/platform/roles/delete.ts';
import { roleCreated, roleDeleted, roleEvents, roleUpdated } from '#resolvers/platform/roles/events.ts';
import {
  findRole,
  findRoles,
  listRoleNames,
  listRoles,
  rolesHeld,
  watchRoles,
} from '#resolvers/platform/roles/queries.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { orderInput, textMatch } from '#schema/filter.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { oneGone } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Role: Role;
  }
  interface InputShapes {
    RoleKey: { id?: string | null; name?: string | null };
  }
}

export function roles(builder: Builder): void {
  node(builder, 'Role', {
    description: 'A named bundle of permissions and other roles.',
    find: findRoles,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Unique without regard to case.' }),
      realName: t.exposeString('realName', { description: 'How people call it.' }),
      isActive: t.exposeBoolean('isActive', {
        description: 'An inactive role gives nothing, and what it holds is not reached through it.',
      }),
      permissions: t.stringList({
        description: 'What it holds itself.',
        resolve: (role, _, ctx) => showPermissions(ctx, role.permissions),
      }),
      roles: t.field({
        type: ['Role'],
        description: 'The roles that it holds itself.',
        resolve: (role, _, ctx) => rolesHeld(ctx, role.roles),
      }),
      isBuiltIn: t.exposeBoolean('isBuiltIn', {
        description: 'Whether the gateway or a plugin made it; it keeps its name.',
      }),
      etag: t.exposeString('etag', { description: 'Marks this state; a change must name it.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
      updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    }),
  });
  builder.inputType('RoleKey', {
    description: 'Which role.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its global id.' }),
      name: t.string({ description: 'Its name, without regard to case.' }),
    }),
  });
  lookups(builder);
  changes(builder);
  feed(builder, 'roleChanged', {
    description: 'What happens to roles.',
    needs: 'role:read',
    events: roleEvents,
    select: (ctx) => watchRoles(ctx),
  });
}

function lookups(builder: Builder): void {
  const filter = builder.inputRef('RoleFilter');
  filter.implement({
    description: 'Which roles; everything given must hold.',
    fields: (t) => ({
      name: t.field({ type: textMatch(builder), description: 'Its name.' }),
      realName: t.field({ type: textMatch(builder), description: 'How people call it.' }),
      permission: t.string({ description: 'Holds this permission itself.' }),
      role: t.string({ description: 'Holds the role of this name itself.' }),
      isActive: t.boolean({ description: 'Gives something, or does not.' }),
      and: t.field({ type: [filter as never], description: 'All of these hold as well.' }),
      or: t.field({ type: [filter as never], description: 'One of these holds as well.' }),
      not: t.field({ type: filter as never, description: 'This does not hold.' }),
    }),
  });
  const order = orderInput(builder, 'Role', {
    NAME: 'By name.',
    CREATED: 'By when they were made.',
  });
  builder.queryFields((t) => ({
    role: t.field({
      type: 'Role',
      nullable: true,
      description: describeField({
        description: 'One role; null when there is none that the viewer may see.',
        needs: 'role:read',
      }),
      args: { by: t.arg({ type: 'RoleKey', required: true, description: 'Which one.' }) },
      resolve: (_, { by }, ctx) => findRole(ctx, by),
    }),
    roles: connection(builder, t, 'Role', {
      description: describeField({
        description: 'Roles, by name unless another order is asked for.',
        needs: 'role:read',
      }),
      args: {
        filter: t.arg({ type: filter as never, description: 'Which ones.' }),
        orderBy: t.arg({ type: order, description: 'In which order.' }),
      },
      resolve: (_, args, page, ctx) => listRoles(ctx, args, page),
    }),
    roleNames: t.stringList({
      description: describeField({
        description: 'The names of all roles that the viewer may see.',
        needs: 'role:read',
      }),
      resolve: (_, __, ctx) => listRoleNames(ctx),
    }),
  }));
}

function changes(builder: Builder): void {
  mutation(builder, 'roleCreate', {
    description: 'Makes a role of what the viewer holds himself.',
    needs: 'role:create',
    emits: [roleCreated],
    errors: [ConflictError],
    input: (t) => ({
      name: t.string({ required: true, description: '1 to 128 characters without white space.' }),
      realName: t.string({ description: 'How people call it.' }),
      isActive: t.boolean({ description: 'True unless said.' }),
      permissions: t.stringList({ description: 'What it holds itself.' }),
      roles: t.stringList({ description: 'Names of the roles that it holds itself.' }),
    }),
    resolve: async (ctx, input) => ({ role: await createRole(ctx, input as RoleCreateInput) }),
    success: (t) => ({ role: t.expose('role', { type: 'Role', description: 'The new role.' }) }),
  });
  mutation(builder, 'roleUpdate', {
    description: 'Changes what is given of a role: what is absent stays, null clears.',
    needs: 'role:update',
    emits: [roleUpdated],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'RoleKey', required: true, description: 'Which role.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
      name: t.string({ description: 'A new name.' }),
      realName: t.string({ description: 'How people call it.' }),
      isActive: t.boolean({ description: 'False: it gives nothing any more.' }),
      permissions: t.stringList({ description: 'All that it is to hold itself.' }),
      roles: t.stringList({ description: 'Names of all roles that it is to hold itself.' }),
    }),
    resolve: (ctx, input) => updateRole(ctx, input as unknown as RoleUpdateInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      role: t.expose('role', { type: 'Role', description: 'The role as it is now.' }),
    }),
  });
  mutation(builder, 'roleReplace', {
    description: 'Sets everything of a role that can change: what is absent gets its default.',
    needs: 'role:update',
    emits: [roleUpdated],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'RoleKey', required: true, description: 'Which role.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
      name: t.string({ required: true, description: 'Its name.' }),
      realName: t.string({ description: 'How people call it; empty unless said.' }),
      isActive: t.boolean({ description: 'True unless said.' }),
      permissions: t.stringList({ description: 'All that it is to hold itself; nothing unless said.' }),
      roles: t.stringList({ description: 'Names of all roles that it is to hold itself; none unless said.' }),
    }),
    resolve: (ctx, input) => replaceRole(ctx, input as unknown as RoleReplaceInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      role: t.expose('role', { type: 'Role', description: 'The role as it is now.' }),
    }),
  });
  mutation(builder, 'roleDelete', {
    description: 'Deletes a role, and takes it out of every list that it stands in.',
    needs: 'role:delete',
    emits: [roleDeleted],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'RoleKey', required: true, description: 'Which role.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
    }),
    resolve: async (ctx, input) => ({ id: await deleteRole(ctx, input as unknown as RoleDeleteInput) }),
    success: oneGone('Role'),
  });
}
