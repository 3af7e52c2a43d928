import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { accountKey, accountStore } from '#resolvers/platform/accounts/account.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { hookCreated, tellHook } from '#resolvers/platform/hooks/events.ts';
import { type Hook, type HookSecret, hookStore, secretPurpose, untried } from '#resolvers/platform/hooks/hook.ts';
import {
  eventText,
  optionalWishes,
  requireWishes,
  standardWishes,
  targetText,
} from '#resolvers/platform/hooks/input.ts';
import { type HookSigning, hookSignings, makeSecret } from '#resolvers/platform/hooks/signature.ts';
import { requireHeldBy } from '#resolvers/platform/rights/covering.ts';

const HookCreate = z.object({
  owner: accountKey.nullish(),
  event: eventText,
  target: targetText,
  ...optionalWishes,
  signing: z.enum(hookSignings).nullish(),
});
export type HookCreateInput = z.input<typeof HookCreate>;

/** A hook with its new secret, which is shown this once. */
export interface HookWithSecret {
  readonly hook: Hook;
  readonly secret: string;
}

/**
 * Makes a hook, of one's own account when none is named. It is told of what happens from now on, and acts with the rights
 * of its owner.
 */
export async function createHook(ctx: Context, input: HookCreateInput): Promise<HookWithSecret> {
  allow(ctx, 'hook:write');
  const { owner, event, target, signing, ...rest } = parse(HookCreate, input);
  if (owner == null && ctx.viewer.kind === 'SYSTEM') throw InputError.at(['owner'], 'Say whose hook it is.');
  const ownerId = await permittedOwner(ctx, owner ?? null, 'hook:admin');
  await requireWishes(ctx, event, target);
  return ctx.atomically(async (ctx) => {
    // Who deletes or deactivates the account meanwhile waits, or was first.
    const account = (await ctx.use(accountStore).lock(ownerId))?.account;
    if (!account) throw new NotFoundError('account not found', ['owner']);
    await requireHeldBy(ctx, account, ['owner']);
    const now = new Date(ctx.clock.now()).toISOString();
    const id = newId();
    const { text, secret } = newSecret(ctx, id, signing ?? 'HMAC', now);
    const hook = await ctx.use(hookStore).insert(
      {
        id,
        ownerId,
        event,
        target,
        ...standardWishes,
        ...given(rest),
        signing: signing ?? 'HMAC',
        state: account.isActive ? 'ACTIVE' : 'SUSPENDED',
        disabledReason: null,
        ...untried,
        listensAfter: null,
        etag: newEtag(),
        createdAt: now,
        updatedAt: now,
      },
      secret,
    );
    if (!hook) throw notUnique();
    tellHook(ctx, hookCreated, hook, {}, { after: hook });
    return { hook, secret: text };
  });
}

export const notUnique = () => new ConflictError('Hook must be unique.', ['target']);

/** What was said, without what was left out or said to be null. */
export const given = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>;
  };

/** A new secret, as its owner is shown it and as it is kept. */
export function newSecret(
  ctx: Context,
  hookId: string,
  signing: HookSigning,
  createdAt: string,
): { readonly text: string; readonly secret: HookSecret } {
  const id = newId();
  const { secret: text, publicKey } = makeSecret(signing);
  const sealed = ctx.use(secretBox).seal(text, secretPurpose(id));
  return { text, secret: { id, hookId, sealed, publicKey, expiresAt: null, createdAt } };
}
