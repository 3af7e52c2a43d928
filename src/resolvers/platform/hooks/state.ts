import type { Context } from '#kernel/context.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookDisabled, hookEnabled, tellHook } from '#resolvers/platform/hooks/events.ts';
import { type DisabledReason, type Hook, hookStore, untried } from '#resolvers/platform/hooks/hook.ts';

/*
 * Moves between the states of a hook. The hook is locked by the caller's unit of work, and what follows from the move is
 * done in it.
 */

/** Disables a hook that nothing can be delivered to. */
export const disableByGateway = (ctx: Context, hook: Hook, reason: DisabledReason): Promise<Hook> =>
  leave(ctx, hook, 'DISABLED', reason);

/** Ends what a hook has under way; it is told of nothing any more. */
export async function leave(
  ctx: Context,
  hook: Hook,
  state: 'DISABLED' | 'SUSPENDED',
  disabledReason: DisabledReason | null = null,
): Promise<Hook> {
  const now = new Date(ctx.clock.now()).toISOString();
  const after = await change(ctx, hook, { state, disabledReason, etag: newEtag(), updatedAt: now });
  await ctx.use(hookDeliveryStore).close([hook.id], { state: 'DEAD', deadReason: state }, now);
  tellHook(ctx, hookDisabled, after, {}, { before: hook, after });
  return after;
}

/** Lets a hook be told of what happens from now on, as if it had never failed. */
export async function enter(ctx: Context, hook: Hook): Promise<Hook> {
  const updatedAt = new Date(ctx.clock.now()).toISOString();
  const fresh = { ...untried, state: 'ACTIVE', disabledReason: null, listensAfter: null } as const;
  const after = await change(ctx, hook, { ...fresh, etag: newEtag(), updatedAt });
  tellHook(ctx, hookEnabled, after, {}, { before: hook, after });
  return after;
}

async function change(ctx: Context, hook: Hook, fields: Partial<Hook>): Promise<Hook> {
  const after = await ctx.use(hookStore).update(hook.id, fields);
  if (!after) throw new Error(`Hook ${hook.id} is gone, though it was locked.`);
  return after;
}
