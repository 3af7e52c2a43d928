import type { Sweeper } from '#kernel/sweeper.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';

/** Rows that are deleted at once: whoever wants the storage meanwhile waits for a moment only. */
const batch = 1000;

/** Forgets deliveries that were done with for long enough. */
export const hookSweeper: Sweeper = {
  name: 'deliveries of hooks',
  sweep(ctx) {
    const { retention, deadRetention } = ctx.use(hookRules);
    const ago = (milliseconds: number) => new Date(ctx.clock.now() - milliseconds).toISOString();
    return ctx.use(hookDeliveryStore).trim({ dead: ago(deadRetention), others: ago(retention) }, batch);
  },
};
