import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError, ForbiddenError, NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { type Account, accountKey, accountStore } from '#resolvers/platform/accounts/account.ts';
import { saveAccount } from '#resolvers/platform/accounts/change.ts';
import { secretKeyRotated, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { accountByKey, findAccounts, permittedAccount } from '#resolvers/platform/accounts/queries.ts';
import { apiKeyCredential, hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { requireHeldBy, requireWholeAccount } from '#resolvers/platform/rights/covering.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';
import { makeSecretKey } from '#resolvers/platform/secret-keys/secret-key.ts';

const SecretKeyRotate = z.object({ account: accountKey.nullish() });

export interface RotatedKey {
  /** Shown this once. */
  readonly secretKey: string;
  /** Null for a viewer who may not read it. */
  readonly account: Account | null;
}

/**
 * Gives an account a new secret key; all auth tokens made with the one before are dead at once. Everybody does so for
 * himself alone, administrators too; for a SERVICE account whoever may update it.
 */
export async function rotateSecretKey(ctx: Context, input: z.input<typeof SecretKeyRotate>): Promise<RotatedKey> {
  const { account: key } = parse(SecretKeyRotate, input);
  const named = key == null ? null : await accountByKey(ctx, key);
  const target =
    key == null || (named && named.id === ctx.viewer.id) ? await ownAccount(ctx) : await serviceAccount(ctx, key);
  const secretKey = makeSecretKey();
  const account = await ctx.atomically(async (ctx) => {
    const locked = await ctx.use(accountStore).lock(target.id);
    if (!locked) throw new ConflictError('The account was deleted meanwhile.');
    const saved = await saveAccount(ctx, locked.account, { secretKeyHash: hashSecret(secretKey) });
    tellAccount(ctx, secretKeyRotated, locked.account, saved, ['secretKey']);
    return saved;
  });
  const [seen = null] = await findAccounts(ctx, [account.id]);
  return { secretKey, account: seen };
}

/** With the secret key all is possible that the account may do: not for a key that may do less. */
async function ownAccount(ctx: Context): Promise<Account> {
  const id = requireAccount(ctx);
  if (ctx.viewer.credential?.kind === apiKeyCredential) allow(ctx, 'apiKey:write');
  const [own] = await ctx.use(accountStore).getMany([id]);
  if (!own) throw new NotFoundError('account not found', ['account']);
  await requireWholeAccount(ctx, id, ['account']);
  return own;
}

async function serviceAccount(ctx: Context, key: z.output<typeof accountKey>): Promise<Account> {
  const account = await permittedAccount(ctx, key, 'account:update');
  if (account.kind !== 'SERVICE')
    throw new ForbiddenError('Nobody rotates the secret key of another person.', ['account']);
  await requireHeldBy(ctx, account, ['account']);
  return account;
}
