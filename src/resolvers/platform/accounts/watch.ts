import type { Context } from '#kernel/context.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { toGlobalId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { accountKey } from '#resolvers/platform/accounts/account.ts';
import { accountEvents } from '#resolvers/platform/accounts/events.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';

/** The events of all accounts, each seen with its own right, or those of one. */
export async function watchAccounts(ctx: Context, by: unknown): Promise<FeedSelection> {
  const names = accountEvents.map(({ name }) => name);
  if (by === null) return { names };
  const id = await permittedOwner(ctx, parse(accountKey, by, ['by']), 'account:read');
  return { names, subjects: new Set([toGlobalId('Account', id)]) };
}
