import { aborted } from '#kernel/aborted.ts';
import type { Context } from '#kernel/context.ts';
import { enqueue } from '#kernel/job.ts';
import { definePort } from '#kernel/port.ts';
import { repeat } from '#kernel/repeat.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { fireSchedules } from '#resolvers/platform/schedules/fire.ts';
import { scheduleStore } from '#resolvers/platform/schedules/schedule.ts';
import { jobTriggers } from '#resolvers/platform/schedules/triggers.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';
import { present } from '#resolvers/platform/system/presence.ts';
import { daemonRules } from '#resolvers/platform/system/rules.ts';

interface SchedulerSetup {
  context(): Context;
}

const schedulerSetup = definePort<SchedulerSetup>('scheduler.setup');

/** Milliseconds between two looks at the schedules. */
const look = 1000;

export const scheduler = definePlugin({
  name: 'scheduler',
  version: '1.0.0',
  description: 'Enqueues jobs by their schedules, and at the events that they are declared for.',
  uses: { scheduleStore, modeStore, daemonStore, daemonRules, jobStore, enqueue },
  provides: [schedulerSetup],
  listeners: [jobTriggers],
  tasks: [
    {
      name: 'scheduler',
      run: (ctx, signal) => schedule(ctx.use(schedulerSetup).context, signal),
    },
  ],
  setup({ provide, context }) {
    provide(schedulerSetup, { context });
    return undefined;
  },
});

async function schedule(context: () => Context, signal: AbortSignal): Promise<void> {
  await present('SCHEDULER', context, signal, async (_, leaving) => {
    const { clock, log } = context();
    const failed = (error: unknown) => log.error({ err: error }, 'The schedules could not be looked at.');
    const loop = repeat(clock, look, () => fireSchedules(context()), failed);
    await loop.now();
    await aborted(leaving);
    await loop.stop();
  });
}
