import { type Provision, provision } from '#plugins/provision.ts';
import { PrismaJobCookies } from '#plugins/storage-prisma/platform/job-cookies.ts';
import { PrismaJobLog } from '#plugins/storage-prisma/platform/job-log.ts';
import { PrismaJobs } from '#plugins/storage-prisma/platform/jobs.ts';
import { PrismaKnownClasses } from '#plugins/storage-prisma/platform/known-classes.ts';
import { PrismaQueueSamples } from '#plugins/storage-prisma/platform/queue-samples.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { sampleStore } from '#resolvers/platform/queue/sample.ts';

export const jobStores: readonly Provision<Session>[] = [
  provision(jobStore, (session) => new PrismaJobs(session)),
  provision(jobLogStore, (session) => new PrismaJobLog(session)),
  provision(jobCookieStore, (session) => new PrismaJobCookies(session)),
  provision(knownClassStore, (session) => new PrismaKnownClasses(session)),
  provision(sampleStore, (session) => new PrismaQueueSamples(session)),
];
