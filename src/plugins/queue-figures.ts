import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';
import { eventLog } from '#kernel/event.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobs } from '#plugins/jobs.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { sampleStore } from '#resolvers/platform/queue/sample.ts';
import { sampleQueue } from '#resolvers/platform/queue/sampler.ts';
import { queueSettings } from '#resolvers/platform/queue/settings.ts';
import { queueFigures as types } from '#schema/platform/queue.ts';

export const queueFigures = definePlugin({
  name: 'queue-figures',
  version: '1.0.0',
  description: 'What the queue holds, now and over time.',
  section: 'queue',
  config: keys({
    historyDays: z.int().min(1).max(3660).default(7).describe('Days before today with which a history begins.'),
    summaryInterval: duration().prefault('3s').describe('Between two summaries of one stream, at least.'),
    sampleResolution: duration().prefault('1s').describe('Time of which one sample of the queue is kept.'),
  }),
  dependsOn: [jobs],
  uses: { eventLog, jobStore, sampleStore },
  provides: [queueSettings],
  tasks: [{ name: 'queue.samples', run: sampleQueue }],
  schema: types,
  setup({ config, provide }) {
    provide(queueSettings, config);
    return undefined;
  },
});
