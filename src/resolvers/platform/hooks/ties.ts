import type { AccountTies } from '#kernel/account-ties.ts';
import type { Context } from '#kernel/context.ts';
import { type Hook, type HookState, hookStates, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { enter, leave, remove } from '#resolvers/platform/hooks/state.ts';

/** Hooks that are moved at once. */
const batch = 1000;

/** Hooks rest while their owner may not act, and go with him. */
export const hookTies: AccountTies = {
  suspend: (ctx, accountId) => each(ctx, accountId, ['ACTIVE'], (hooks) => leave(ctx, hooks, 'SUSPENDED')),
  resume: (ctx, accountId) => each(ctx, accountId, ['SUSPENDED'], (hooks) => enter(ctx, hooks)),
  remove: (ctx, accountId) => each(ctx, accountId, hookStates, (hooks) => remove(ctx, hooks)),
};

/** Moves all hooks of an account out of these states, some at a time. */
async function each(
  ctx: Context,
  accountId: string,
  states: readonly HookState[],
  move: (hooks: readonly Hook[]) => Promise<unknown>,
): Promise<void> {
  const store = ctx.use(hookStore);
  for (;;) {
    const ids = await store.ofOwner(accountId, states, batch);
    // The gateway may have disabled one between the look and the lock.
    const locked = (await store.lock(ids)).filter((hook) => hook !== null && states.includes(hook.state));
    if (locked.length > 0) await move(locked as Hook[]);
    if (ids.length < batch) return;
  }
}
