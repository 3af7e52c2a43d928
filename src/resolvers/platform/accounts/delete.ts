import { z } from 'zod';
import { accountTies } from '#kernel/account-ties.ts';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { accountKey, accountStore } from '#resolvers/platform/accounts/account.ts';
import { requireUndeclared } from '#resolvers/platform/accounts/declared.ts';
import { accountDeleted, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { keyText, permittedAccount } from '#resolvers/platform/accounts/queries.ts';
import { apiKeyStore } from '#resolvers/platform/api-keys/api-key.ts';
import { etagText, requireEtag } from '#resolvers/platform/etag.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { changeRights } from '#resolvers/platform/rights/administrators.ts';
import { endAllSessions } from '#resolvers/platform/sessions/end.ts';

const AccountDelete = z.object({ by: accountKey, etag: etagText });
export type AccountDeleteInput = z.input<typeof AccountDelete>;

/**
 * Deletes an account with its sessions, keys and tokens, and with what other plugins keep of it. Events keep its name.
 * @returns the row id of what was deleted.
 */
export async function deleteAccount(ctx: Context, input: AccountDeleteInput): Promise<string> {
  const { by, etag } = parse(AccountDelete, input);
  const { id } = await permittedAccount(ctx, by, 'account:delete');
  return changeRights(ctx, async (ctx) => {
    const locked = await ctx.use(accountStore).lock(id);
    if (!locked) throw new NotFoundError(`account [${keyText(by)}] not found`, ['by']);
    const { account } = locked;
    requireEtag(account.etag, etag);
    requireUndeclared(ctx, account, 'stays');
    await endAllSessions(ctx, id, 'Account deleted');
    await ctx.use(apiKeyStore).deleteAll(id);
    await ctx.use(externalIdentityStore).unlinkAll(id);
    await ctx.use(resetStore).forget(id);
    for (const ties of ctx.all(accountTies)) await ties.remove?.(ctx, id);
    await ctx.use(accountStore).delete(id);
    tellAccount(ctx, accountDeleted, account, null);
    return id;
  });
}
