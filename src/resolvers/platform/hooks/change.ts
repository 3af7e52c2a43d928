import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { etagText, newEtag, requireEtag } from '#resolvers/platform/etag.ts';
import { type HookWithSecret, newSecret } from '#resolvers/platform/hooks/create.ts';
import { hookSecretRotated, tellHook } from '#resolvers/platform/hooks/events.ts';
import { lockedHook, permittedHook } from '#resolvers/platform/hooks/find.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { hookId } from '#resolvers/platform/hooks/input.ts';
import { enter, leave, remove } from '#resolvers/platform/hooks/state.ts';
import type { ChangedHook } from '#resolvers/platform/hooks/update.ts';

const Target = z.object({ id: hookId });
export type HookTargetInput = z.input<typeof Target>;

const HookDelete = Target.extend({ etag: etagText.nullish() });
export type HookDeleteInput = z.input<typeof HookDelete>;

/** Deletes a hook; what it has not delivered is cancelled. @returns the row id of what was deleted. */
export async function deleteHook(ctx: Context, input: HookDeleteInput): Promise<string> {
  const { id } = await permittedHook(ctx, parse(Target, input).id);
  const { etag } = parse(HookDelete, input);
  return ctx.atomically(async (ctx) => {
    const hook = await lockedHook(ctx, id);
    if (etag != null) requireEtag(hook.etag, etag);
    await remove(ctx, [hook]);
    return id;
  });
}

/** Lets a hook that was disabled be told of what happens from now on. */
export async function enableHook(ctx: Context, input: HookTargetInput): Promise<ChangedHook> {
  const { id, ownerId } = await permittedHook(ctx, parse(Target, input).id);
  return ctx.atomically(async (ctx) => {
    // Who deactivates the account meanwhile waits, or was first.
    const owner = (await ctx.use(accountStore).lock(ownerId))?.account;
    const hook = await lockedHook(ctx, id);
    if (hook.state === 'ACTIVE') return { changed: false, hook };
    if (!owner?.isActive) throw new ConflictError('The owner of the hook may not act; it comes back with him.', ['id']);
    const [enabled = hook] = await enter(ctx, [hook]);
    return { changed: true, hook: enabled };
  });
}

/** Keeps a hook from being told of anything; what it has not delivered is given up. */
export async function disableHook(ctx: Context, input: HookTargetInput): Promise<ChangedHook> {
  const { id } = await permittedHook(ctx, parse(Target, input).id);
  return ctx.atomically(async (ctx) => {
    const hook = await lockedHook(ctx, id);
    if (hook.state === 'DISABLED') return { changed: false, hook };
    const [disabled = hook] = await leave(ctx, [hook], 'DISABLED');
    return { changed: true, hook: disabled };
  });
}

/** Secrets that may sign at once: each makes requests longer. */
const mostSecrets = 10;

const HookSecretRotate = Target.extend({
  keepOld: z
    .number()
    .int('keepOld must be whole seconds.')
    .min(0, 'keepOld may not be negative.')
    .max(30 * 86_400, 'keepOld may not be longer than 30 days.')
    .nullish()
    .transform((seconds) => seconds ?? 86_400),
});
export type HookSecretRotateInput = z.input<typeof HookSecretRotate>;

/** Gives a hook a new secret. The old ones sign beside it for `keepOld` seconds. */
export async function rotateHookSecret(ctx: Context, input: HookSecretRotateInput): Promise<HookWithSecret> {
  const { id } = await permittedHook(ctx, parse(Target, input).id);
  const { keepOld } = parse(HookSecretRotate, input);
  return ctx.atomically(async (ctx) => {
    const before = await lockedHook(ctx, id);
    const now = new Date(ctx.clock.now()).toISOString();
    const [kept = []] = await ctx.use(hookStore).secrets([id], now);
    if (keepOld > 0 && kept.length >= mostSecrets)
      throw new ConflictError(`${kept.length} secrets of this hook sign already: end them with keepOld 0.`, [
        'keepOld',
      ]);
    const { text, secret } = newSecret(ctx, id, before.signing, now);
    await ctx.use(hookStore).rotate(secret, new Date(ctx.clock.now() + keepOld * 1000).toISOString());
    const [hook = before] = await ctx.use(hookStore).updateMany([id], { etag: newEtag(), updatedAt: now });
    tellHook(ctx, hookSecretRotated, hook, {});
    return { hook, secret: text };
  });
}
