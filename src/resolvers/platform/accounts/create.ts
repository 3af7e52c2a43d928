import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import {
  type Account,
  accountEmail,
  accountName,
  accountStore,
  realName,
} from '#resolvers/platform/accounts/account.ts';
import { accountCreated, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { mailTokenLater } from '#resolvers/platform/password-resets/mail.ts';
import { requireHeld, requireHeldRoles } from '#resolvers/platform/rights/covering.ts';
import { permissionTexts, resolvePermissions, roleNames } from '#resolvers/platform/rights/permissions.ts';
import { resolveRoles } from '#resolvers/platform/roles/queries.ts';
import { accountRules, signInRules } from '#resolvers/platform/rules.ts';
import { makeSecretKey } from '#resolvers/platform/secret-keys/secret-key.ts';
import { newPassword, passwordHasher, requireUnlikeOwner } from '#resolvers/platform/sign-in/passwords.ts';

const accountCreate = (passwordMinLength: number) =>
  z
    .object({
      name: accountName,
      email: accountEmail.nullish().transform((email) => email ?? null),
      kind: z
        .enum(['HUMAN', 'SERVICE'])
        .nullish()
        .transform((kind) => kind ?? 'HUMAN'),
      realName: realName.nullish().transform((text) => text ?? ''),
      isActive: z
        .boolean()
        .nullish()
        .transform((active) => active ?? true),
      permissions: permissionTexts.nullish(),
      roles: roleNames.nullish(),
      password: newPassword(passwordMinLength).nullish(),
      mustChangePassword: z
        .boolean()
        .nullish()
        .transform((must) => must ?? false),
    })
    .refine(({ kind, password }) => kind === 'HUMAN' || password == null, {
      path: ['password'],
      message: 'A SERVICE account has no password: give it an API key.',
    })
    .refine(({ kind, mustChangePassword }) => kind === 'HUMAN' || !mustChangePassword, {
      path: ['mustChangePassword'],
      message: 'A SERVICE account has no password to change.',
    });

export type AccountCreateInput = z.input<ReturnType<typeof accountCreate>>;

/** Makes an account whose secret key nobody asks for. */
export const createAccount = async (ctx: Context, input: AccountCreateInput): Promise<Account> =>
  (await createAccountAndKey(ctx, input)).account;

/**
 * Makes an account. Without `roles` it gets those of `accounts.defaultRoles`; without a password nobody can sign in to
 * it with one, until he chose it with the token that is mailed to him.
 * @returns its secret key too, which is shown this once.
 */
export async function createAccountAndKey(
  ctx: Context,
  input: AccountCreateInput,
): Promise<{ readonly account: Account; readonly secretKey: string }> {
  allow(ctx, 'account:create');
  const { password, permissions, roles, ...fresh } = parse(
    accountCreate(ctx.use(signInRules).passwordMinLength),
    input,
  );
  if (password != null) requireUnlikeOwner(password, fresh);
  const kept = await resolvePermissions(ctx, permissions ?? []);
  const held = await resolveRoles(ctx, roles ?? ctx.use(accountRules).defaultRoles);
  await requireHeld(ctx, kept, ['permissions']);
  if (roles != null) await requireHeldRoles(ctx, held, ['roles']);
  const passwordHash = password == null ? null : await ctx.use(passwordHasher).hash(password);
  const secretKey = makeSecretKey();
  const made = await ctx.atomically(async (ctx) => {
    const account = await ctx.use(accountStore).insert({
      ...fresh,
      id: newId(),
      permissions: kept,
      roles: held,
      passwordHash,
      secretKeyHash: hashSecret(secretKey),
      etag: newEtag(),
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (!account) throw new ConflictError('name or email exists', ['name']);
    tellAccount(ctx, accountCreated, null, account);
    return account;
  });
  if (made.email !== null && passwordHash === null && made.kind === 'HUMAN')
    mailTokenLater(ctx, async () => made, 'FIRST');
  return { account: made, secretKey };
}
