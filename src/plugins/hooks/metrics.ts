import type { Context } from '#kernel/context.ts';
import { metrics } from '#kernel/metrics.ts';
import type { Reply } from '#resolvers/platform/hooks/attempt.ts';
import { deliveryStates, hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';

/**
 * @param context a fresh context of the gateway's own.
 * @returns how an attempt is counted.
 */
export function hookMetrics(context: () => Context): (reply: Pick<Reply, 'error'>) => void {
  const measures = context().use(metrics);
  measures.gauge(
    { name: 'hook_deliveries', help: 'Deliveries of hooks that are kept, by state.', labels: ['state'] },
    async (gauge) => {
      const counts = await context().use(hookDeliveryStore).countByState();
      for (const state of deliveryStates) gauge.set({ state }, counts[state] ?? 0);
    },
  );
  measures.gauge({ name: 'hook_breakers_open', help: 'Hooks whose breaker pauses them.' }, async (gauge) =>
    gauge.set({}, await context().use(hookStore).countOpenBreakers()),
  );
  const attempts = measures.counter({
    name: 'hook_attempts_total',
    help: 'Attempts of this process to deliver an event to a hook, by outcome.',
    labels: ['outcome'],
  });
  return ({ error }) => attempts.add({ outcome: error ?? 'SUCCEEDED' });
}
