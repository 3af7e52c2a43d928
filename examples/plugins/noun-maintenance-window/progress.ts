import type { Context } from 'gatehouse/kernel/context';
import type { Task } from 'gatehouse/kernel/plugin';
import { passBoundaries } from './schedule.ts';

/** How late a window may begin or end, in milliseconds. */
const tick = 1000;

/** Begins and ends windows at their times, for as long as the gateway runs. */
export const progress: Task = {
  name: 'maintenance-window.progress',
  async run(ctx, signal) {
    while (!signal.aborted) {
      const moved = await passBoundaries(ctx);
      if (moved === 0) await wait(ctx, signal);
    }
  },
};

function wait(ctx: Context, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = ctx.clock.after(tick, end);
    function end() {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}
