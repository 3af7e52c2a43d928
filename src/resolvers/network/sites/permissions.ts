import type { Context } from '#kernel/context.ts';
import type { PermissionName } from '#kernel/permission.ts';
import { type Site, siteFacts } from '#resolvers/network/sites/site.ts';

/** What may be done in the domain, from least to most. */
export const verbs = ['read', 'create', 'update', 'delete', 'allocate', 'write', 'reveal', 'admin'] as const;

/** The permissions that the viewer has on a whole Site, by whichever grants. */
export function findSitePermissions(ctx: Context, site: Site): string[] {
  if (ctx.viewer.mustChangePassword) return [];
  return verbs
    .map((verb): PermissionName => `network:${verb}`)
    .filter((permission) => ctx.viewer.rights.covers(permission, siteFacts(site)));
}
