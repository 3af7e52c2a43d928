import { eventLog } from '#kernel/event.ts';
import { defineJob } from '#kernel/job.ts';
import { sweepers } from '#kernel/sweeper.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobs } from '#plugins/jobs.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { platformSweepers, sweepAll } from '#resolvers/platform/retention/sweep.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';

export const retention = definePlugin({
  name: 'retention',
  version: '1.0.0',
  description: 'Deletes what has been kept for long enough.',
  dependsOn: [jobs],
  uses: { eventLog, jobStore, jobLogStore, sessionStore, daemonStore },
  provides: [sweepers],
  jobs: [
    defineJob({
      name: 'platform.retention.sweep',
      title: 'Delete what is old',
      author: 'gatehouse',
      doc: 'Deletes events, sessions, outputs and journaled jobs whose time is over, and what other domains keep for a time.',
      // Seven minutes past, when little else is scheduled.
      schedule: '7 * * * *',
      properties: { maxParallel: 1, attempts: 3, errorTime: 60 },
      handler: sweepAll,
    }),
  ],
  setup({ provide }) {
    for (const sweeper of platformSweepers) provide(sweepers, sweeper);
    return undefined;
  },
});
