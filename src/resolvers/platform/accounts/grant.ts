import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import type { Grants } from '#kernel/grants.ts';
import { parse } from '#kernel/input.ts';
import type { Facts } from '#kernel/permission.ts';
import { type Account, accountKey, accountStore, distinct } from '#resolvers/platform/accounts/account.ts';
import { saveAccount } from '#resolvers/platform/accounts/change.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import { accountByKey, findAccounts, keyText } from '#resolvers/platform/accounts/queries.ts';
import { changeRights } from '#resolvers/platform/rights/administrators.ts';
import { administers, requireHeld } from '#resolvers/platform/rights/covering.ts';
import { permissionTexts, resolvePermissions } from '#resolvers/platform/rights/permissions.ts';

const Grant = z.object({ by: accountKey, permissions: permissionTexts });
export type AccountGrantInput = z.input<typeof Grant>;

export interface GrantResult {
  readonly changed: boolean;
  /** Null for a viewer who may grant but not read accounts. */
  readonly account: Account | null;
}

/** Adds permissions to those of an account. What it has already is left as it is. */
export async function grantAccount(ctx: Context, input: AccountGrantInput): Promise<GrantResult> {
  const { by, permissions } = parse(Grant, input);
  const found = await accountByKey(ctx, by);
  const kept = await resolvePermissions(ctx, permissions);
  await requireGranter(ctx, found, kept);
  if (!found) throw new NotFoundError(`account [${keyText(by)}] not found`, ['by']);
  return changeRights(ctx, async (ctx) => {
    const account = await locked(ctx, found);
    const added = kept.filter((text) => !account.permissions.includes(text));
    await requireHeld(ctx, added, ['permissions']);
    return save(ctx, account, distinct([...account.permissions, ...added]));
  });
}

/** Takes permissions away from an account. What it has not is left aside. */
export async function revokeAccount(ctx: Context, input: AccountGrantInput): Promise<GrantResult> {
  const { by, permissions } = parse(Grant, input);
  const found = await accountByKey(ctx, by);
  // What is kept as it was given goes as it is: the thing that it was scoped by may be gone.
  const literal = permissions.filter((text) => found?.permissions.includes(text));
  const others = permissions.filter((text) => !literal.includes(text));
  const kept = [...literal, ...(await resolvePermissions(ctx, others))];
  await requireGranter(ctx, found, kept);
  if (!found) throw new NotFoundError(`account [${keyText(by)}] not found`, ['by']);
  return changeRights(ctx, async (ctx) => {
    const account = await locked(ctx, found);
    return save(
      ctx,
      account,
      account.permissions.filter((text) => !kept.includes(text)),
    );
  });
}

/** `account:update` on the account, or `admin` of the area of each permission in its scope. */
async function requireGranter(ctx: Context, account: Account | null, kept: readonly string[]): Promise<void> {
  const facts: Facts = account ? accountFacts(account.id) : {};
  if (!ctx.viewer.mustChangePassword && kept.length > 0 && !ctx.viewer.rights.covers('account:update', facts)) {
    const administered = await Promise.all(kept.map((text) => administers(ctx, text)));
    if (administered.every(Boolean)) return;
  }
  allow(ctx, 'account:update', facts);
}

async function locked(ctx: Context, found: Account): Promise<Account> {
  const row = await ctx.use(accountStore).lock(found.id);
  if (!row) throw new NotFoundError(`account [${found.name}] not found`, ['by']);
  return row.account;
}

async function save(ctx: Context, before: Account, permissions: readonly string[]): Promise<GrantResult> {
  const changed = permissions.length !== before.permissions.length;
  const account = changed ? await saveAccount(ctx, before, { permissions }) : before;
  const [seen = null] = await findAccounts(ctx, [account.id]);
  return { changed, account: seen };
}

/** Rights that behaviour derives, given and taken in the unit of work of their cause. */
export const derivedGrants: Grants = {
  async give(ctx, id, ...permissions) {
    await ctx.atomically(async (ctx) => {
      const row = await ctx.use(accountStore).lock(id);
      if (!row || permissions.every((text) => row.account.permissions.includes(text))) return;
      await saveAccount(ctx, row.account, { permissions: distinct([...row.account.permissions, ...permissions]) });
    });
  },
  async take(ctx, id, permission) {
    await changeRights(ctx, async (ctx) => {
      const row = await ctx.use(accountStore).lock(id);
      if (!row?.account.permissions.includes(permission)) return;
      await saveAccount(ctx, row.account, {
        permissions: row.account.permissions.filter((text) => text !== permission),
      });
    });
  },
};
