import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import {
  type Account,
  type AccountChange,
  accountEmail,
  accountKey,
  accountName,
  accountStore,
  realName,
} from '#resolvers/platform/accounts/account.ts';
import { changedFields, saveAccount } from '#resolvers/platform/accounts/change.ts';
import { requireUndeclared } from '#resolvers/platform/accounts/declared.ts';
import { passwordChanged, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { permittedAccount } from '#resolvers/platform/accounts/queries.ts';
import { etagText, requireEtag } from '#resolvers/platform/etag.ts';
import { changeRights } from '#resolvers/platform/rights/administrators.ts';
import { requireHeld, requireHeldBy, requireHeldRoles } from '#resolvers/platform/rights/covering.ts';
import { permissionTexts, resolvePermissions, roleNames } from '#resolvers/platform/rights/permissions.ts';
import { resolveRoles } from '#resolvers/platform/roles/queries.ts';
import { signInRules } from '#resolvers/platform/rules.ts';
import { endAllSessions } from '#resolvers/platform/sessions/end.ts';
import { newPassword, passwordHasher, requireUnlikeOwner } from '#resolvers/platform/sign-in/passwords.ts';

const Target = z.object({ by: accountKey, etag: etagText });

const isActive = () => z.boolean('isActive must be true or false.');
const mustChangePassword = () => z.boolean('mustChangePassword must be true or false.');

/** What is absent stays; null clears where there is something to clear. */
const accountPatch = (passwordMinLength: number) =>
  z.object({
    name: accountName.optional(),
    email: accountEmail.nullish(),
    realName: realName.nullish(),
    isActive: isActive().optional(),
    permissions: permissionTexts.nullish(),
    roles: roleNames.nullish(),
    password: newPassword(passwordMinLength).optional(),
    mustChangePassword: mustChangePassword().optional(),
  });

/** Everything that can change, whatever is absent at its default. */
const AccountState = z.object({
  name: accountName,
  email: accountEmail.nullish().transform((email) => email ?? null),
  realName: realName.nullish(),
  isActive: isActive()
    .nullish()
    .transform((active) => active ?? true),
  permissions: permissionTexts.nullish().transform((texts) => texts ?? []),
  roles: roleNames.nullish().transform((names) => names ?? []),
  mustChangePassword: mustChangePassword()
    .nullish()
    .transform((must) => must ?? false),
});

export type AccountUpdateInput = z.input<typeof Target> & z.input<ReturnType<typeof accountPatch>>;
export type AccountReplaceInput = z.input<typeof Target> & z.input<typeof AccountState>;

/**
 * Changes what is given of an account. Setting a password or taking activity away ends all its sessions; a password
 * counts as a change even when it is the same.
 */
export async function updateAccount(ctx: Context, input: AccountUpdateInput): Promise<ChangedAccount> {
  const target = await requireTarget(ctx, input);
  const { password, ...patch } = parse(accountPatch(ctx.use(signInRules).passwordMinLength), input);
  return changeAccount(ctx, target, patch, password);
}

/** Sets everything of an account that can change: what is absent gets its default. Password and keys stay. */
export async function replaceAccount(ctx: Context, input: AccountReplaceInput): Promise<ChangedAccount> {
  const target = await requireTarget(ctx, input);
  const { realName, ...state } = parse(AccountState, input);
  return changeAccount(ctx, target, { ...state, realName: realName ?? null });
}

interface ChangedAccount {
  readonly changed: boolean;
  readonly account: Account;
}

interface Targeted {
  readonly found: Account;
  readonly etag: string;
}

async function requireTarget(ctx: Context, input: z.input<typeof Target>): Promise<Targeted> {
  const { by, etag } = parse(Target, input);
  const found = await permittedAccount(ctx, by, 'account:update');
  requireEtag(found.etag, etag);
  return { found, etag };
}

async function changeAccount(
  ctx: Context,
  { found, etag }: Targeted,
  patch: Patch,
  password?: string,
): Promise<ChangedAccount> {
  const change = await resolveChange(ctx, patch);
  if (change.name !== undefined && change.name !== found.name) requireUndeclared(ctx, found, 'keeps its name');
  if (password !== undefined) requirePasswordFits(found, password, change);
  else requireNoPasswordDemand(found, change);
  await requireTakeoverHeld(ctx, found, password, change);
  const passwordHash = password === undefined ? undefined : await ctx.use(passwordHasher).hash(password);
  return changeRights(ctx, async (ctx) => {
    const locked = await ctx.use(accountStore).lock(found.id);
    if (!locked) throw new ConflictError('The account was deleted meanwhile.');
    const before = locked.account;
    requireEtag(before.etag, etag);
    await requireAdditionsHeld(ctx, before, change);
    const changed = changedFields(before, change);
    if (changed.length === 0 && passwordHash === undefined) return { changed: false, account: before };
    const account = await saveAccount(ctx, before, { ...change, ...(passwordHash && { passwordHash }) });
    if (passwordHash) tellAccount(ctx, passwordChanged, null, account, ['password']);
    if (passwordHash) await endAllSessions(ctx, account.id, 'Password changed');
    return { changed: true, account };
  });
}

type Patch = Omit<z.output<ReturnType<typeof accountPatch>>, 'password'>;

async function resolveChange(ctx: Context, patch: Patch): Promise<AccountChange> {
  const { realName, permissions, roles, ...plain } = patch;
  return {
    ...withoutAbsent(plain),
    ...(realName !== undefined && { realName: realName ?? '' }),
    ...(permissions !== undefined && { permissions: await resolvePermissions(ctx, permissions ?? []) }),
    ...(roles !== undefined && { roles: await resolveRoles(ctx, roles ?? []) }),
  };
}

const withoutAbsent = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

function requirePasswordFits(account: Account, password: string, change: AccountChange): void {
  if (account.kind === 'SERVICE')
    throw InputError.at(['password'], 'A SERVICE account has no password: give it an API key.');
  requireUnlikeOwner(password, { ...account, ...change });
}

function requireNoPasswordDemand(account: Account, change: AccountChange): void {
  if (account.kind === 'SERVICE' && change.mustChangePassword)
    throw InputError.at(['mustChangePassword'], 'A SERVICE account has no password to change.');
}

/** A password, or an email that leads to one, would let the viewer act as the other. */
async function requireTakeoverHeld(
  ctx: Context,
  account: Account,
  password: string | undefined,
  change: AccountChange,
): Promise<void> {
  if (password !== undefined) await requireHeldBy(ctx, account, ['password']);
  if (change.email !== undefined && change.email !== account.email) await requireHeldBy(ctx, account, ['email']);
}

async function requireAdditionsHeld(ctx: Context, before: Account, change: AccountChange): Promise<void> {
  const added = (change.permissions ?? []).filter((text) => !before.permissions.includes(text));
  const joined = (change.roles ?? []).filter((role) => !before.roles.includes(role));
  await requireHeld(ctx, added, ['permissions']);
  await requireHeldRoles(ctx, joined, ['roles']);
}
