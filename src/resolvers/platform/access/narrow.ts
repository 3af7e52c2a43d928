import { accessProviders } from '#kernel/access-provider.ts';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import type { StoredEvent } from '#kernel/event.ts';
import type { Listener } from '#kernel/listener.ts';
import { grantedRights, noRights, type Rights } from '#kernel/permission.ts';
import { type AccessToken, accessTokenStore, mayUse } from '#resolvers/platform/access/token.ts';
import { accountStore, type EffectiveRights } from '#resolvers/platform/accounts/account.ts';

/** Accounts looked at in one step. */
const batch = 200;

/** Takes back what accounts were given and may not have any more. A provider that fails is asked again, later. */
export const accessListener: Listener = {
  name: 'platform.access',
  events: ['platform.account.*', 'platform.role.*'],
  async handle(ctx, events) {
    const accounts = accountsOf(events);
    if (accounts) return narrowTokens(ctx, accounts);
    const store = ctx.use(accessTokenStore);
    for (let after: string | null = null; ; ) {
      const holders: string[] = await store.holders(after, batch);
      await narrowTokens(ctx, holders);
      after = holders.at(-1) ?? null;
      if (holders.length < batch) return;
    }
  },
};

/** The accounts whose rights may be others now; null for all of them. */
function accountsOf(events: readonly StoredEvent[]): string[] | null {
  if (events.some(({ name }) => name.startsWith('platform.role.'))) return null;
  return [...new Set(events.flatMap(({ scope }) => (typeof scope.account === 'string' ? [scope.account] : [])))];
}

/** Narrows the tokens of these accounts to what they may have now. */
export async function narrowTokens(ctx: Context, accountIds: readonly string[]): Promise<void> {
  const tokens = await ctx.use(accessTokenStore).ofAccounts(accountIds);
  if (tokens.length === 0) return;
  const held = await ctx.use(accountStore).effective(accountIds);
  for (const token of tokens) await narrow(ctx, token, held[accountIds.indexOf(token.accountId)] ?? null);
}

/** What an account may do by itself, whatever the credential of the moment adds. */
export const lastingRights = (ctx: Context, held: EffectiveRights | null): Rights =>
  held?.account.isActive ? grantedRights(held.permissions, ctx.use(catalogue).areas) : noRights;

async function narrow(ctx: Context, token: AccessToken, held: EffectiveRights | null): Promise<void> {
  const { accountId, accountName, protocol, databases } = token;
  const provider = ctx.all(accessProviders).find((one) => one.protocol === protocol);
  if (!provider) return;
  const rights = lastingRights(ctx, held);
  const left = databases.filter((database) => mayUse(rights, protocol, database));
  if (left.length === databases.length) return;
  const account = { id: accountId, name: accountName };
  const store = ctx.use(accessTokenStore);
  if (left.length > 0 && provider.narrow) {
    await store.put({ ...token, databases: left });
    await provider.narrow(account, left);
  } else {
    await store.remove(accountId, protocol);
    await provider.revoke(account);
  }
}
