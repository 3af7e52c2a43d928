import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';

/** A role as events keep it. Ids are global ids; permissions are scoped by row ids. */
export const RoleSnapshot = z.object({
  id: z.string(),
  name: z.string(),
  realName: z.string(),
  isActive: z.boolean(),
  permissions: z.array(z.string()),
  roles: z.array(z.string()),
  isBuiltIn: z.boolean(),
});
export type RoleSnapshot = z.output<typeof RoleSnapshot>;

export const roleSnapshot = (role: Role): RoleSnapshot => ({
  id: toGlobalId('Role', role.id),
  name: role.name,
  realName: role.realName,
  isActive: role.isActive,
  permissions: [...role.permissions],
  roles: role.roles.map((held) => toGlobalId('Role', held)),
  isBuiltIn: role.isBuiltIn,
});

const RoleData = z.object({ role: RoleSnapshot, changed: z.array(z.string()) });

const options = {
  subject: 'Role',
  seenWith: 'role:read',
  retain: 'AUDIT',
  hookData: (event: { data: unknown }) => (event.data as z.output<typeof RoleData>).role,
} as const;

export const roleCreated = defineEvent('platform.role.created', RoleData, {
  ...options,
  description: 'A role was made.',
});
export const roleUpdated = defineEvent('platform.role.updated', RoleData, {
  ...options,
  description: 'Fields of a role changed; `changed` names them.',
});

export const roleDeleted = defineEvent('platform.role.deleted', RoleData, {
  ...options,
  description: 'A role is gone, from everything that held it too.',
});

export const roleEvents = [roleCreated, roleUpdated, roleDeleted] as const;

/** Appends an event about a role with its snapshots: without one of what comes after for a role that is gone. */
export function tellRole(
  ctx: Context,
  event: EventDefinition<z.output<typeof RoleData>>,
  before: Role | null,
  after: Role | null,
  changed: readonly string[] = [],
): void {
  const role = after ?? before;
  if (!role) throw new Error(`${event.name} is about no role.`);
  ctx.events.append(
    event,
    { role: roleSnapshot(role), changed: [...changed] },
    {
      subject: toGlobalId('Role', role.id),
      scope: { role: role.id },
      ...(before && { before: roleSnapshot(before) }),
      ...(after && { after: roleSnapshot(after) }),
    },
  );
}
