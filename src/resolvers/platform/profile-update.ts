import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import {
  type Account,
  type AccountChange,
  accountEmail,
  accountStore,
  realName,
} from '#resolvers/platform/accounts/account.ts';
import { changedFields, saveAccount } from '#resolvers/platform/accounts/change.ts';
import { etagText, requireEtag } from '#resolvers/platform/etag.ts';
import { findProfile, type Profile } from '#resolvers/platform/profile.ts';
import { requireWholeAccount } from '#resolvers/platform/rights/covering.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';
import { checkPassword, signInName } from '#resolvers/platform/sign-in/check.ts';
import { password } from '#resolvers/platform/sign-in/passwords.ts';

const Target = z.object({ etag: etagText });
const ProfilePatch = z.object({
  realName: realName.nullish(),
  email: accountEmail.nullish(),
  current: password.nullish(),
});
export type ProfileUpdateInput = z.input<typeof Target> & z.input<typeof ProfilePatch>;

/**
 * Changes what is given of one's own account: what is absent stays, null clears. Another email needs the current
 * password, where there is one: new passwords are sent to it.
 */
export async function updateProfile(
  ctx: Context,
  input: ProfileUpdateInput,
): Promise<{ changed: boolean; profile: Profile | null }> {
  const id = requireAccount(ctx);
  const { etag } = parse(Target, input);
  const [own] = await ctx.use(accountStore).getMany([id]);
  if (!own) throw new ConflictError('The account was deleted meanwhile.');
  requireEtag(own.etag, etag);
  const { current, ...patch } = parse(ProfilePatch, input);
  const change: AccountChange = {
    ...(patch.realName !== undefined && { realName: patch.realName ?? '' }),
    ...(patch.email !== undefined && { email: patch.email }),
  };
  if (change.email !== undefined && change.email !== own.email) await requireOwner(ctx, own, current ?? null);
  const changed = await ctx.atomically(async (ctx) => {
    const locked = await ctx.use(accountStore).lock(id);
    if (!locked) throw new ConflictError('The account was deleted meanwhile.');
    requireEtag(locked.account.etag, etag);
    if (changedFields(locked.account, change).length === 0) return false;
    await saveAccount(ctx, locked.account, change);
    return true;
  });
  return { changed, profile: await findProfile(ctx) };
}

async function requireOwner(ctx: Context, own: Account, current: string | null): Promise<void> {
  await requireWholeAccount(ctx, own.id, ['email']);
  const proven = await ctx.use(accountStore).findForSignIn(signInName(own.name));
  if (!proven?.passwordHash) return;
  if (current === null) throw InputError.at(['current'], 'Another email needs the current password.');
  await checkPassword(ctx, { name: own.name, password: current, address: ctx.request.address });
}
