import type { Context } from '#kernel/context.ts';
import { metrics } from '#kernel/metrics.ts';
import { jobStates, jobStore } from '#resolvers/platform/jobs/job.ts';

export type WorkerMetrics = ReturnType<typeof workerMetrics>;

/** @param context a fresh context of the gateway's own. */
export function workerMetrics(context: () => Context) {
  const measures = context().use(metrics);
  measures.gauge({ name: 'jobs', help: 'Jobs in the queue, by state.', labels: ['state'] }, async (gauge) => {
    const counts = await context().use(jobStore).countByState();
    for (const state of jobStates) if (state !== 'COMPLETE') gauge.set({ state }, counts[state] ?? 0);
  });
  return {
    runs: measures.histogram({
      name: 'job_run_seconds',
      help: 'How long runs of jobs took on this worker, by the state they ended in.',
      labels: ['name', 'state'],
      buckets: [0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600],
    }),
    lost: measures.counter({ name: 'job_lost_total', help: 'Runs whose worker or thread was gone.' }),
    skips: measures.counter({
      name: 'worker_skips_total',
      help: 'Looks at the queue that began no job because the machine was too busy.',
    }),
  };
}
