import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';

import { parse } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { PermissionName } from '#kernel/permission.ts';
import {
  type Account,
  type AccountFilter,
  type AccountKey,
  type AccountTerms,
  accountFilter,
  accountKey,
  accountStore,
  type EffectiveRights,
} from '#resolvers/platform/accounts/account.ts';
import { resolveFilter } from '#resolvers/platform/rights/filter.ts';
import { showPermissions } from '#resolvers/platform/rights/permissions.ts';
import { requireAccount, requireVisible } from '#resolvers/platform/rights/self.ts';
import { rolesHeld } from '#resolvers/platform/roles/queries.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';

/** The account that a key names, whoever may see it. */
export async function accountByKey(ctx: Context, key: AccountKey): Promise<Account | null> {
  const store = ctx.use(accountStore);
  return 'id' in key ? ((await store.getMany([key.id]))[0] ?? null) : store.find(key);
}

/** How a key reads in a message. */
export const keyText = (key: AccountKey): string => Object.values(key)[0] ?? '';

/**
 * The account that a key names, for a viewer who has this right on it. He learns that there is none only with the right
 * on every account.
 */
export async function permittedAccount(ctx: Context, key: AccountKey, need: PermissionName): Promise<Account> {
  const account = await accountByKey(ctx, key);
  allow(ctx, need, account ? { account: account.id } : {});
  if (!account) throw new NotFoundError(`account [${keyText(key)}] not found`, ['by']);
  return account;
}

/** The row id of the account whose things are meant: one's own without a key, another's with this right. */
export async function permittedOwner(ctx: Context, key: AccountKey | null, need: PermissionName): Promise<string> {
  if (key === null) return requireAccount(ctx);
  const account = await accountByKey(ctx, key);
  return account && account.id === ctx.viewer.id ? requireAccount(ctx) : (await permittedAccount(ctx, key, need)).id;
}

const sees = (ctx: Context, account: Account): boolean =>
  ctx.viewer.id === account.id ||
  (!ctx.viewer.mustChangePassword && ctx.viewer.rights.covers('account:read', { account: account.id }));

/** The accounts with these ids that the viewer may see: his own, and those that `account:read` covers. */
export async function findAccounts(ctx: Context, ids: readonly string[]): Promise<(Account | null)[]> {
  const accounts = await ctx.use(accountStore).getMany(ids);
  return accounts.map((account) => (account && sees(ctx, account) ? account : null));
}

/** One account by its key. Null when there is none that the viewer may see. */
export async function findAccount(ctx: Context, by: unknown): Promise<Account | null> {
  const account = await accountByKey(ctx, parse(accountKey, by, ['by']));
  if (account && sees(ctx, account)) return account;
  requireVisible(ctx, 'account:read');
  return null;
}

const AccountList = z.object({
  filter: accountFilter.nullish(),
  orderBy: z
    .object({
      by: z.enum(['NAME', 'CREATED', 'LAST_LOGIN']),
      direction: z
        .enum(['ASC', 'DESC'])
        .nullish()
        .transform((direction) => direction ?? 'ASC'),
    })
    .nullish(),
});

/** Accounts, by name unless another order is asked for. */
export async function listAccounts(
  ctx: Context,
  input: z.input<typeof AccountList>,
  page: PageRequest,
): Promise<Page<Account>> {
  const visibility = requireVisible(ctx, 'account:read');
  const { filter, orderBy } = parse(AccountList, input);
  const kept: AccountFilter = await resolveFilter<AccountTerms>(ctx, filter ?? {});
  return ctx.use(accountStore).page(kept, orderBy ?? { by: 'NAME', direction: 'ASC' }, visibility, page);
}

const effectiveRights = (ctx: Context, ids: readonly string[]): Promise<(EffectiveRights | null)[]> =>
  ctx.use(accountStore).effective(ids);

/** The permissions that an account reaches, as people write them. */
export async function effectivePermissions(
  ctx: Context,
  account: Account,
  only: { readonly area?: string | null; readonly scope?: string | null },
): Promise<string[]> {
  const effective = await ctx.load(effectiveRights, account.id);
  return showPermissions(ctx, effective?.permissions ?? [], only);
}

/** The active roles that an account reaches. */
export async function effectiveRoles(ctx: Context, account: Account): Promise<Role[]> {
  const effective = await ctx.load(effectiveRights, account.id);
  return rolesHeld(ctx, effective?.roles ?? []);
}
