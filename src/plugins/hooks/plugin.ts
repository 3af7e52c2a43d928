import { aborted } from '#kernel/aborted.ts';
import { accountTies } from '#kernel/account-ties.ts';
import { background } from '#kernel/background.ts';
import type { Context } from '#kernel/context.ts';
import { egress } from '#kernel/egress.ts';
import { eventLog } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { sweepers } from '#kernel/sweeper.ts';
import { queue } from '#kernel/tickets.ts';
import { definePlugin } from '#plugins/define.ts';
import { hooksConfig } from '#plugins/hooks/config.ts';
import { hookMetrics } from '#plugins/hooks/metrics.ts';
import { HookSender } from '#plugins/hooks/sender.ts';
import { WakeUps } from '#plugins/hooks/wake.ts';
import { readVersion } from '#plugins/info.ts';
import { hookArea } from '#resolvers/platform/hooks/area.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { hookEvents } from '#resolvers/platform/hooks/events.ts';
import { hookStore } from '#resolvers/platform/hooks/hook.ts';
import { HookInterest, hookInterest } from '#resolvers/platform/hooks/interest.ts';
import { hookListener } from '#resolvers/platform/hooks/listen.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';
import { hookSweeper } from '#resolvers/platform/hooks/sweep.ts';
import { hookTies } from '#resolvers/platform/hooks/ties.ts';
import { hookWake } from '#resolvers/platform/hooks/wake.ts';
import { hooks as hookTypes } from '#schema/platform/hook.ts';

interface HooksSetup {
  readonly wakeUps: WakeUps;
  context(): Context;
}

const hooksSetup = definePort<HooksSetup>('hooks.setup');

export const hooks = definePlugin({
  name: 'hooks',
  version: '1.0.0',
  description: 'Sends events to the servers of those who want to be told.',
  config: hooksConfig,
  uses: { eventLog, hookStore, hookDeliveryStore, secretBox, egress, queue },
  provides: [hookRules, hookWake, hookInterest, hooksSetup, accountTies, sweepers],
  permissions: [hookArea],
  events: hookEvents,
  schema: hookTypes,
  listeners: [hookListener],
  tasks: [{ name: 'hooks', run: (ctx, signal) => send(ctx.use(hooksSetup), signal) }],
  setup({ config, ports, provide, context }) {
    const { schedule: waits, ...rest } = config;
    provide(hookRules, { ...rest, waits, userAgent: `Gatehouse/${readVersion().gatehouse}` });
    const wakeUps = new WakeUps(
      ports.queue,
      () => context().use(background),
      () => context().clock.now(),
    );
    provide(hookInterest, new HookInterest());
    provide.bound(hookWake, (unit) => wakeUps.bound(unit));
    provide(hooksSetup, { wakeUps, context });
    provide(accountTies, hookTies);
    provide(sweepers, hookSweeper);
    return undefined;
  },
});

async function send({ wakeUps, context }: HooksSetup, signal: AbortSignal): Promise<void> {
  const sender = new HookSender(context, hookMetrics(context));
  const stopHearing = await wakeUps.hear(() => sender.wake());
  sender.wake();
  await aborted(signal);
  await stopHearing();
  await sender.leave();
}
