/** A gateway with a worker, and jobs that do whatever their arguments say. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway, type Gateway } from '#gateway';
import type { Clock } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { eventLog, type StoredEvent } from '#kernel/event.ts';
import { defineJob, type JobOptions } from '#kernel/job.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import { systemViewer } from '#kernel/viewer.ts';
import { auth } from '#plugins/auth.ts';
import { authLucia } from '#plugins/auth-lucia/plugin.ts';
import { authToken } from '#plugins/auth-token/plugin.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { jobs } from '#plugins/jobs.ts';
import { platform } from '#plugins/platform.ts';
import { scheduler } from '#plugins/scheduler.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { system } from '#plugins/system.ts';
import { worker } from '#plugins/worker/plugin.ts';
import { enqueueJob } from '#resolvers/platform/jobs/enqueue.ts';
import { type Job, jobStore } from '#resolvers/platform/jobs/job.ts';
import { type JobLogLine, jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { defineRemoteGreeter } from './handlers/greeter.ts';
import { adminPassword } from './identity.ts';

const everything = new URL('./handlers/everything.ts', import.meta.url);

/** What inline jobs of the tests do, by the argument `act`. */
export const inlineActs: Record<string, (run: InlineRun<{ readonly act?: string }>) => unknown> = {};

export const testJobs = definePlugin({
  name: 'test-jobs',
  version: '1.0.0',
  description: 'Jobs that do what their arguments say.',
  provides: [defineRemoteGreeter()],
  jobs: [
    defineJob({ name: 'tests.act', title: 'Act', author: 'ops', handler: everything }),
    defineJob({ name: 'tests.mine', title: 'Act as me', author: 'ops', runAs: 'ENQUEUER', handler: everything }),
    defineJob({
      name: 'tests.broken',
      title: 'Broken',
      author: 'ops',
      handler: new URL('./handlers/broken.ts', import.meta.url),
    }),
    defineJob({
      name: 'tests.held',
      title: 'Held',
      author: 'ops',
      handler: new URL('./handlers/held.ts', import.meta.url),
    }),
    defineJob<{ readonly act?: string }>({
      name: 'tests.inline',
      title: 'Inline',
      author: 'ops',
      handler: (run) => inlineActs[run.args.act ?? '']?.(run),
    }),
    defineJob({ name: 'other.inline', title: 'Inline of another project', author: 'ops', handler: () => undefined }),
  ],
  setup({ provide }) {
    provide(defineRemoteGreeter(), {
      greet: async ({ name }) => `hello ${name}`,
      fail: async () => {
        throw new RangeError('not today');
      },
    });
    return undefined;
  },
});

export interface JobGateway {
  readonly gateway: Gateway;
  readonly system: Context;
  enqueue(name: string, args?: Record<string, unknown>, options?: JobOptions): Promise<Job>;
  /** The job as it is now, in the queue or the journal. */
  job(id: string): Promise<Job>;
  lines(id: string): Promise<string[]>;
  log(id: string): Promise<readonly JobLogLine[]>;
  /** Waits until the job is as wanted. */
  until(id: string, wanted: (job: Job) => boolean, patience?: number): Promise<Job>;
  /** Events since the start, by pattern of their names. */
  events(name: string): Promise<readonly StoredEvent[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface JobGatewayOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly storage?: readonly GatehousePlugin[];
  readonly more?: readonly GatehousePlugin[];
  readonly clock?: Clock;
  readonly works?: boolean;
}

export const jobPlugins = [auth, authLucia, authToken, platform, jobs, system, worker, scheduler, testJobs];

export async function openJobs(options: JobGatewayOptions = {}): Promise<JobGateway> {
  const { config = {}, storage = [storageMemory], more = [], clock, works = true } = options;
  const { worker: workerKeys, ...others } = config as { worker?: object };
  const gateway = await createGateway({
    ...(clock && { clock }),
    config: {
      plugins: [...storage, ...jobPlugins, ...more],
      dataDir: 'memory://',
      log: { level: 'silent' },
      accounts: { adminPassword },
      worker: { threads: 4, poll: '100ms', drain: '1s', minFreeMemoryMb: 0, maxCpu: 100, ...workerKeys },
      ...others,
    },
  });
  if (works) gateway.work();
  const context = () => gateway.context({ viewer: systemViewer });
  const opened: JobGateway = {
    gateway,
    system: gateway.context(),
    enqueue: (name, args = {}, given = {}) => enqueueJob(context(), { name, args, options: given }),
    async job(id) {
      const [job] = await context().use(jobStore).getMany([id]);
      if (!job) throw new Error(`There is no job ${id}.`);
      return job;
    },
    log: (id) => context().use(jobLogStore).read(id, 0, 10_000),
    lines: async (id) => (await opened.log(id)).map(({ message }) => message),
    async until(id, wanted, patience = 10_000) {
      const end = performance.now() + patience;
      for (;;) {
        const job = await opened.job(id);
        if (wanted(job)) return job;
        if (performance.now() > end) throw new Error(`The job stayed ${JSON.stringify(job)}`);
        await sleep(10);
      }
    },
    async events(name) {
      const log = context().use(eventLog);
      while ((await log.number(1000)) > 0);
      const all: StoredEvent[] = [];
      for (let page = await log.read(0, 1000); page.length > 0; page = await log.read(all.at(-1)?.sequence ?? 0, 1000))
        all.push(...page);
      return all.filter((event) => event.name.startsWith(name));
    },
    [Symbol.asyncDispose]: () => gateway.dispose(),
  };
  return opened;
}
