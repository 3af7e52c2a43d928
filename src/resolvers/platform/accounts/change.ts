import { isDeepStrictEqual } from 'node:util';
import { accountTies } from '#kernel/account-ties.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { type Account, type AccountChange, accountStore } from '#resolvers/platform/accounts/account.ts';
import {
  accountActivated,
  accountDeactivated,
  accountUpdated,
  tellAccount,
} from '#resolvers/platform/accounts/events.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { endAllSessions } from '#resolvers/platform/sessions/end.ts';

/** The fields that a change would really change. The order of permissions and roles means nothing. */
export function changedFields<Row extends object>(before: Row, change: Partial<Row>): (keyof Row & string)[] {
  const plain = (value: unknown) => (Array.isArray(value) ? [...value].sort() : value);
  return (Object.keys(change) as (keyof Row & string)[]).filter(
    (field) => field in before && !isDeepStrictEqual(plain(before[field]), plain(change[field])),
  );
}

/**
 * Writes a change of a locked account with a new etag, its events and what follows from them: who is deactivated has no
 * sessions, and a token that was mailed for a password is worth nothing after a new password or another email.
 */
export async function saveAccount(ctx: Context, before: Account, change: AccountChange): Promise<Account> {
  const changed = changedFields(before, change as Partial<Account>);
  const account = await ctx.use(accountStore).update(before.id, before.etag, {
    ...change,
    etag: newEtag(),
    updatedAt: new Date(ctx.clock.now()).toISOString(),
  });
  if (account === 'TAKEN')
    throw new ConflictError('name or email exists', [changed.includes('name') ? 'name' : 'email']);
  if (account === 'STALE') throw new ConflictError('The account changed meanwhile. Read it again.', ['etag']);
  if (change.passwordHash !== undefined || changed.includes('email'))
    await ctx.use(resetStore).revoke(account.id, account.updatedAt);
  const others = changed.filter((field) => field !== 'isActive');
  if (others.length > 0) tellAccount(ctx, accountUpdated, before, account, others);
  if (changed.includes('isActive')) {
    tellAccount(ctx, account.isActive ? accountActivated : accountDeactivated, before, account, ['isActive']);
    if (!account.isActive) await endAllSessions(ctx, account.id, 'Account deactivated');
    for (const ties of ctx.all(accountTies))
      if (account.isActive) await ties.resume?.(ctx, account.id);
      else await ties.suspend?.(ctx, account.id);
  }
  return account;
}
