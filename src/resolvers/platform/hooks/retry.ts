import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { parse, rowId } from '#kernel/input.ts';
import { type HookDelivery, hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { permittedDelivery } from '#resolvers/platform/hooks/find.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { requireActive } from '#resolvers/platform/hooks/state.ts';
import { hookWake } from '#resolvers/platform/hooks/wake.ts';

const HookDeliveryRetry = z.object({ id: rowId('HookDelivery') });
export type HookDeliveryRetryInput = z.input<typeof HookDeliveryRetry>;

/** Gives one delivery another series of attempts, the first of them at once. Its id and its body stay. */
export async function retryHookDelivery(ctx: Context, input: HookDeliveryRetryInput): Promise<HookDelivery> {
  const { id, hookId } = await permittedDelivery(ctx, parse(HookDeliveryRetry, input).id);
  return ctx.atomically(async (ctx) => {
    const [hook] = await ctx.use(hookStore).lock([hookId]);
    if (!hook) throw new ConflictError('The hook of this delivery is gone.', ['id']);
    requireActive(hook);
    const deliveries = ctx.use(hookDeliveryStore);
    await deliveries.reopen(hookId, { ids: [id] }, null, new Date(ctx.clock.now()).toISOString());
    ctx.use(hookWake).due();
    const [reopened] = await deliveries.getMany([id]);
    if (!reopened) throw new ConflictError('The delivery is gone.', ['id']);
    return reopened;
  });
}
