import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { type Account, accountEmail, accountStore } from '#resolvers/platform/accounts/account.ts';
import { accountCreated, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { resolveRoles } from '#resolvers/platform/roles/queries.ts';

/** What to do with a person of whom another system says who he is, and who has no account here. */
export interface StrangerRules {
  readonly createAccounts: boolean;
  /** Names of the roles of an account that is made. */
  readonly newAccountRoles: readonly string[];
}

/**
 * The account of a person of whom another system gives the email, by email or name. Where the rules allow, one is made for a stranger:
 * its name is the email, and it has no password. Of racing requests one makes it.
 * @param ctx of the gateway itself.
 * @throws AuthenticationError when the text is no email, and for a stranger who gets no account.
 */
export async function vouchedAccount(ctx: Context, text: string, rules: StrangerRules): Promise<Account> {
  const email = accountEmail.safeParse(text);
  if (!email.success) throw new AuthenticationError('Username must contain a valid email address');
  const known = await findVouched(ctx, email.data);
  if (known) return known;
  if (!rules.createAccounts) throw new AuthenticationError('There is no account for this person here.');
  const roles = await resolveRoles(ctx, rules.newAccountRoles);
  const made = await ctx.atomically(async (ctx) => {
    const account = await ctx.use(accountStore).insert({
      id: newId(),
      name: email.data,
      email: email.data,
      kind: 'HUMAN',
      realName: '',
      isActive: true,
      permissions: [],
      roles,
      mustChangePassword: false,
      passwordHash: null,
      etag: newEtag(),
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (account) tellAccount(ctx, accountCreated, null, account);
    return account;
  });
  const account = made ?? (await findVouched(ctx, email.data));
  if (!account) throw new AuthenticationError('There is no account for this person here.');
  return account;
}

async function findVouched(ctx: Context, email: string): Promise<Account | null> {
  const [account = null] = await ctx.use(accountStore).findMany([email]);
  return account;
}
