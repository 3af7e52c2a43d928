import { allow, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import type { Facts, PermissionName } from '#kernel/permission.ts';

/** The kinds of things in a Site, as permissions and scope facts name them. */
export const kinds = [
  'site',
  'attribute',
  'device',
  'network',
  'interface',
  'circuit',
  'protocolType',
  'protocol',
] as const;
export type Kind = (typeof kinds)[number];

/** What every thing of a kind in a Site is checked with: a grant may name the Site, the kind, or the kind in the Site. */
export const factsIn = (siteId: string, kind: Kind): Facts => ({ site: [siteId, `${siteId}/${kind}`], kind });

/** Whether the viewer may read a thing with these facts. */
export const mayRead = (ctx: Context, facts: Facts): boolean =>
  !ctx.viewer.mustChangePassword && ctx.viewer.rights.covers('network:read', facts);

/** Whether the viewer reads some things by grants on single things of these kinds, which others may lie in. */
export function readsByGrantsOn(ctx: Context, ...kinds: readonly Kind[]): boolean {
  const visibility = visible(ctx, 'network:read');
  const isOne = (kind: string) => (kinds as readonly string[]).includes(kind);
  return typeof visibility === 'object' && visibility.allOf.some((grants) => grants.some(({ kind }) => isOne(kind)));
}

/** What `allow` would throw, for calls that collect what is wrong with many items. */
export function refusal(ctx: Context, need: PermissionName, facts: Facts): GatehouseError | null {
  try {
    allow(ctx, need, facts);
    return null;
  } catch (error) {
    if (error instanceof GatehouseError) return error;
    throw error;
  }
}
