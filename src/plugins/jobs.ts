import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';
import { enqueue, jobOptions } from '#kernel/job.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobAreas } from '#resolvers/platform/jobs/areas.ts';
import { checkClassSettings, registerClasses } from '#resolvers/platform/jobs/classes.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { enqueuer } from '#resolvers/platform/jobs/enqueue.ts';
import { jobClassEvents, jobEvents } from '#resolvers/platform/jobs/events.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { jobSettings } from '#resolvers/platform/jobs/settings.ts';
import { jobs as jobTypes } from '#schema/platform/job.ts';
import { jobChanges } from '#schema/platform/job-changes.ts';
import { jobClasses } from '#schema/platform/job-class.ts';
import { jobFollow } from '#schema/platform/job-follow.ts';

const config = keys({
  defaults: jobOptions.prefault({}).describe('Properties of all jobs for which neither config nor class says another.'),
  classes: z
    .record(z.string(), jobOptions)
    .default({})
    .describe('Properties by the name of a job class; they go before what the class says.'),
  lease: duration().prefault('30s').describe('How long a worker holds a job without being heard of.'),
  renew: duration().prefault('10s').describe('How often a worker says that it still holds its jobs.'),
  sweep: duration().prefault('5s').describe('How often jobs of lost workers are looked for.'),
  killGrace: duration().prefault('5s').describe('Between the signal to a run that must end and the end of its thread.'),
  stdoutTtl: duration().prefault('7d').describe('How long what runs wrote to their standard output is kept.'),
  journalTtl: duration().nullable().default(null).describe('How long ended jobs are kept; null: for ever.'),
});

export const jobs = definePlugin({
  name: 'jobs',
  version: '1.0.0',
  description: 'Job classes, the queue and the journal.',
  config,
  permissions: jobAreas,
  events: [...jobEvents, ...jobClassEvents],
  uses: { jobStore, jobLogStore, jobCookieStore, knownClassStore },
  provides: [enqueue, jobSettings],
  schema(builder) {
    jobTypes(builder);
    jobClasses(builder);
    jobChanges(builder);
    jobFollow(builder);
  },
  async setup({ config, provide, context }) {
    provide(enqueue, enqueuer);
    provide(jobSettings, config);
    checkClassSettings(context(), config);
    await registerClasses(context());
    return undefined;
  },
});
