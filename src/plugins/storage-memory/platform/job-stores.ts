import { type Provision, provision } from '#plugins/provision.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { MemoryJobCookies } from '#plugins/storage-memory/platform/job-cookies.ts';
import { MemoryJobLog } from '#plugins/storage-memory/platform/job-log.ts';
import { MemoryJobs } from '#plugins/storage-memory/platform/jobs.ts';
import { MemoryKnownClasses } from '#plugins/storage-memory/platform/known-classes.ts';
import { MemoryQueueSamples } from '#plugins/storage-memory/platform/queue-samples.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { sampleStore } from '#resolvers/platform/queue/sample.ts';

export const jobStores: readonly Provision<Session>[] = [
  provision(jobStore, (session) => new MemoryJobs(session)),
  provision(jobLogStore, (session) => new MemoryJobLog(session)),
  provision(jobCookieStore, (session) => new MemoryJobCookies(session)),
  provision(knownClassStore, (session) => new MemoryKnownClasses(session)),
  provision(sampleStore, (session) => new MemoryQueueSamples(session)),
];
