import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { grantedRights } from '#kernel/permission.ts';
import type { Viewer } from '#kernel/viewer.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';

/** The owners of hooks with their present rights, by row id. Without those who are gone or may not act. */
export async function ownerViewers(ctx: Context, ids: readonly string[]): Promise<ReadonlyMap<string, Viewer>> {
  const owners = new Map<string, Viewer>();
  const distinct = [...new Set(ids)];
  if (distinct.length === 0) return owners;
  for (const held of await ctx.use(accountStore).effective(distinct)) {
    if (!held?.account.isActive) continue;
    const { id, name } = held.account;
    const rights = grantedRights(held.permissions, ctx.use(catalogue).areas);
    owners.set(id, { kind: 'ACCOUNT', id, name, rights, credential: null, mustChangePassword: false });
  }
  return owners;
}
