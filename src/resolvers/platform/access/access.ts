import { z } from 'zod';
import { type AccessHolder, type AccessProvider, accessProviders } from '#kernel/access-provider.ts';
import type { Context } from '#kernel/context.ts';
import { ForbiddenError, UnavailableError } from '#kernel/errors.ts';
import { parse, sought } from '#kernel/input.ts';
import { bothRights } from '#kernel/permission.ts';
import { lastingRights, narrowTokens } from '#resolvers/platform/access/narrow.ts';
import { accessTokenStore, mayUse } from '#resolvers/platform/access/token.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';

/** Databases of one system that an account may have a token for. */
export interface AccessOffer {
  readonly protocol: string;
  readonly databases: readonly string[];
  /** When the account was last given a token; null for never, or one that is revoked. */
  readonly tokenCreatedAt: string | null;
}

/** What the viewer may have tokens for, by protocol. */
export async function listAccess(ctx: Context): Promise<AccessOffer[]> {
  const account = holderOf(ctx);
  const tokens = await ctx.use(accessTokenStore).ofAccounts([account.id]);
  const offers = await Promise.all(
    ctx.all(accessProviders).map(async (provider) => ({
      protocol: provider.protocol,
      databases: await permitted(ctx, provider, account),
      tokenCreatedAt: tokens.find(({ protocol }) => protocol === provider.protocol)?.createdAt ?? null,
    })),
  );
  return offers
    .filter(({ databases }) => databases.length > 0)
    .sort((one, other) => (one.protocol < other.protocol ? -1 : 1));
}

const AccessTokenCreate = z.object({ protocol: sought('protocol') });

/** A token of the viewer's own for all the databases of a protocol that he may use. The one before opens nothing more. */
export async function createAccessToken(
  ctx: Context,
  input: z.input<typeof AccessTokenCreate>,
): Promise<{ token: string; offer: AccessOffer }> {
  const { protocol } = parse(AccessTokenCreate, input);
  const account = holderOf(ctx);
  const provider = ctx.all(accessProviders).find((one) => one.protocol === protocol);
  if (!provider) throw new UnavailableError(`Nothing provides access to ${protocol.slice(0, 100)}.`, ['protocol']);
  const databases = await permitted(ctx, provider, account);
  if (databases.length === 0) throw new ForbiddenError(`Needs access:use@${protocol}/… on one of its databases.`);
  const createdAt = new Date(ctx.clock.now()).toISOString();
  // Known before it is made: a token that nobody knows of could not be taken back.
  await ctx.atomically((ctx) =>
    ctx.use(accessTokenStore).put({ accountId: account.id, accountName: account.name, protocol, databases, createdAt }),
  );
  const token = await asked(ctx, provider, () => provider.create(account, databases));
  // The account may have lost a right while the token was made, before anybody knew of it.
  await ctx.atomically((ctx) => narrowTokens(ctx, [account.id]));
  return { token, offer: { protocol, databases, tokenCreatedAt: createdAt } };
}

const holderOf = (ctx: Context): AccessHolder => ({ id: requireAccount(ctx), name: ctx.viewer.name });

/** A token outlives the credential: it opens what the viewer may use, and his account by itself as well. */
async function permitted(ctx: Context, provider: AccessProvider, account: AccessHolder): Promise<string[]> {
  const offered = await asked(ctx, provider, () => provider.offers(account));
  const [held = null] = await ctx.use(accountStore).effective([account.id]);
  const both = bothRights(ctx.viewer.rights, lastingRights(ctx, held));
  return [...offered].filter((database) => mayUse(both, provider.protocol, database)).sort();
}

/** @throws UnavailableError in place of whatever the provider threw: it is another system that does not answer. */
async function asked<T>(ctx: Context, { protocol }: AccessProvider, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    ctx.log.warn({ err: error, protocol }, 'A provider of access failed.');
    throw new UnavailableError(`Access to ${protocol} cannot be had now.`, ['protocol']);
  }
}
