import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookDeleted, hookDisabled, hookEnabled, tellHook } from '#resolvers/platform/hooks/events.ts';
import { type DisabledReason, type Hook, hookStore, untried } from '#resolvers/platform/hooks/hook.ts';

/*
 * Moves between the states of hooks. The hooks are locked by the caller's unit of work, and what follows from the move is
 * done in it.
 */

/** @throws ConflictError for a hook to which nothing is sent at present. */
export function requireActive({ state }: Hook): void {
  if (state === 'ACTIVE') return;
  throw new ConflictError(`The hook is ${state.toLowerCase()}: nothing is sent until it is enabled.`, ['id']);
}

/** Disables a hook to which nothing can be delivered. */
export async function disableByGateway(ctx: Context, hook: Hook, reason: DisabledReason): Promise<void> {
  await leave(ctx, [hook], 'DISABLED', reason);
}

/** Gives up what the hooks have not delivered; they are told of nothing any more. */
export async function leave(
  ctx: Context,
  hooks: readonly Hook[],
  state: 'DISABLED' | 'SUSPENDED',
  disabledReason: DisabledReason | null = null,
): Promise<Hook[]> {
  const updatedAt = new Date(ctx.clock.now()).toISOString();
  const ids = hooks.map(({ id }) => id);
  const left = await ctx.use(hookStore).updateMany(ids, { state, disabledReason, etag: newEtag(), updatedAt });
  await ctx.use(hookDeliveryStore).close(ids, { state: 'DEAD', deadReason: state }, updatedAt);
  const before = new Map(hooks.map((hook) => [hook.id, hook]));
  for (const after of left) tellHook(ctx, hookDisabled, after, {}, { before: before.get(after.id), after });
  return left;
}

/** Lets the hooks be told of what happens from now on, as if they had never failed. */
export async function enter(ctx: Context, hooks: readonly Hook[]): Promise<Hook[]> {
  const updatedAt = new Date(ctx.clock.now()).toISOString();
  const entered = await ctx.use(hookStore).updateMany(
    hooks.map(({ id }) => id),
    { ...untried, state: 'ACTIVE', disabledReason: null, listensAfter: null, etag: newEtag(), updatedAt },
  );
  const before = new Map(hooks.map((hook) => [hook.id, hook]));
  for (const after of entered) tellHook(ctx, hookEnabled, after, {}, { before: before.get(after.id), after });
  return entered;
}

/** Deletes the hooks; what they have not delivered is cancelled. */
export async function remove(ctx: Context, hooks: readonly Hook[]): Promise<void> {
  const ids = hooks.map(({ id }) => id);
  const now = new Date(ctx.clock.now()).toISOString();
  await ctx.use(hookDeliveryStore).close(ids, { state: 'CANCELLED', deadReason: null }, now);
  await ctx.use(hookStore).delete(ids);
  for (const before of hooks) tellHook(ctx, hookDeleted, before, {}, { before });
}
