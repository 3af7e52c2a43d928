import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '#kernel/context.ts';
import type { Task } from '#kernel/plugin.ts';

/** Milliseconds before a task that failed is begun again. */
const retryPause = 5000;

/** Runs tasks until the signal is aborted. Resolves when all have returned. A task that throws disturbs nobody. */
export async function runTasks(tasks: readonly Task[], context: () => Context, signal: AbortSignal): Promise<void> {
  await Promise.all(tasks.map((task) => runTask(task, context, signal)));
}

async function runTask(task: Task, context: () => Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const ctx = context();
    try {
      await task.run(ctx, signal);
      return;
    } catch (error) {
      ctx.log.error({ err: error, task: task.name }, 'A task failed; it begins again in a moment.');
      await pause(retryPause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
