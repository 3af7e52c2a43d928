import type { Context } from '#kernel/context.ts';
import type { Credential } from '#kernel/viewer.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { effectiveRoles } from '#resolvers/platform/accounts/queries.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';

/** Who asks, as he himself may see it. */
export interface Profile {
  readonly account: Account;
  /** What the credential at hand allows, as it is kept: a key may allow less than its account. */
  readonly permissions: readonly string[];
  readonly credential: Credential | null;
  readonly mustChangePassword: boolean;
}

/** The account that asks. Null for anonymous and for the gateway itself. */
export async function findProfile(ctx: Context): Promise<Profile | null> {
  const { id, rights, credential, mustChangePassword } = ctx.viewer;
  const [account = null] = id === null ? [] : await ctx.use(accountStore).getMany([id]);
  return account && { account, permissions: rights.texts, credential, mustChangePassword };
}

/** The active roles that the account reaches. */
export const profileRoles = (ctx: Context, profile: Profile): Promise<Role[]> => effectiveRoles(ctx, profile.account);
