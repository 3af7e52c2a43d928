import { aborted } from '#kernel/aborted.ts';
import type { Clock, Timer } from '#kernel/clock.ts';
import { commits } from '#kernel/commits.ts';
import type { Context } from '#kernel/context.ts';
import { type AppendedEvent, eventLog } from '#kernel/event.ts';
import { ownWorker } from '#kernel/own-worker.ts';
import { definePort } from '#kernel/port.ts';
import { repeat } from '#kernel/repeat.ts';
import { storageFacts } from '#kernel/storage.ts';
import { queue, type Ticket } from '#kernel/tickets.ts';
import { definePlugin } from '#plugins/define.ts';
import { type WorkerConfig, workerConfig } from '#plugins/worker/config.ts';
import { JobWorker } from '#plugins/worker/worker.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import {
  type JobData,
  jobDeferred,
  jobEnqueued,
  jobFailed,
  jobKillRequested,
  jobRemoved,
  jobRestarted,
} from '#resolvers/platform/jobs/events.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { jobSettings } from '#resolvers/platform/jobs/settings.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';
import { present } from '#resolvers/platform/system/presence.ts';
import { daemonRules } from '#resolvers/platform/system/rules.ts';

/** What the worker's task is given by its plugin's setup. */
interface WorkerSetup {
  /** Told which worker this process is; null when it is none any more. */
  is(id: (() => string) | null): void;
  readonly config: WorkerConfig;
  context(): Context;
}

const workerSetup = definePort<WorkerSetup>('worker.setup');

/** Milliseconds in which events of the log come together to one look at the queue. */
const gather = 50;
/** Milliseconds between two looks for tickets that are missing. */
const ticketSweep = 10_000;
/** The key of the ticket for whatever may start now. One wake-up is enough, however many jobs there are. */
const anyJob = 'now';
const topic = 'job';

export const worker = definePlugin({
  name: 'worker',
  version: '1.0.0',
  description: 'Runs jobs: in threads of their own, or on the main thread where they are declared so.',
  config: workerConfig,
  uses: {
    eventLog,
    jobStore,
    jobLogStore,
    jobCookieStore,
    jobSettings,
    modeStore,
    daemonStore,
    daemonRules,
    queue,
  },
  provides: [workerSetup, ownWorker],
  tasks: [
    {
      name: 'worker',
      run: (ctx, signal) => work(ctx.use(workerSetup), signal),
    },
  ],
  setup({ config, provide, context }) {
    let own: (() => string) | null = null;
    provide(ownWorker, { id: () => own?.() ?? null });
    provide(workerSetup, {
      config,
      context,
      is: (id) => {
        own = id;
      },
    });
    return undefined;
  },
});

async function work({ config, context, is }: WorkerSetup, signal: AbortSignal): Promise<void> {
  await present('WORKER', context, signal, async (presence, leaving) => {
    const worker = new JobWorker({ id: () => presence.id, config, context });
    const ends = await Promise.all([wakeByLog(worker, context), wakeByTickets(worker, context)]);
    worker.start();
    is(() => presence.id);
    await aborted(leaving);
    is(null);
    await presence.enter('DRAINING');
    for (const end of ends) await end();
    await worker.leave();
  });
}

/**
 * What other processes commit. They cannot in a storage of this process alone, where each look would keep everybody
 * else waiting.
 */
async function wakeByLog(worker: JobWorker, context: () => Context): Promise<() => Promise<void>> {
  const { clock } = context();
  if (context().find(storageFacts)?.shared !== true) return async () => {};
  let timer: Timer | null = null;
  const stop = await context()
    .use(eventLog)
    .listen('numbered', () => {
      timer ??= clock.after(gather, () => {
        timer = null;
        worker.wake();
      });
    });
  return async () => {
    timer?.cancel();
    await stop();
  };
}

/** Puts tickets for what this process commits and for what is due later, and is woken by those of all processes. */
async function wakeByTickets(worker: JobWorker, context: () => Context): Promise<() => Promise<void>> {
  const { clock, log } = context();
  const tickets = context().use(queue);
  const failed = (error: unknown) => log.warn({ err: error }, 'A ticket of a job could not be put.');
  const stopConsuming = await tickets.consume(topic, async () => worker.wake());
  const stopListening = context()
    .use(commits)
    .listen((events) => {
      if (events.some(({ name }) => stops.includes(name))) worker.wakeRuns();
      const wanted = ticketsFor(events, clock);
      if (wanted.length === 0) return;
      if (wanted.some(({ key }) => key === anyJob)) worker.wake();
      tickets.put(topic, wanted).catch(failed);
    });
  const sweep = repeat(
    clock,
    ticketSweep,
    async () => {
      const due = await context().use(jobStore).nextDue(new Date(clock.now()).toISOString());
      if (due !== null) await tickets.put(topic, [{ key: anyJob, runAt: Date.parse(due) }]);
    },
    failed,
  );
  return async () => {
    stopListening();
    await sweep.stop();
    await stopConsuming();
  };
}

const starts: readonly string[] = [jobEnqueued, jobRestarted, jobFailed, jobDeferred].map(({ name }) => name);
const stops: readonly string[] = [jobKillRequested, jobRemoved].map(({ name }) => name);

function ticketsFor(events: readonly AppendedEvent[], clock: Clock): Ticket[] {
  return events
    .filter(({ name }) => starts.includes(name))
    .map(({ data }) => {
      const { id, queryAt } = (data as JobData).job;
      return queryAt === null ? { key: anyJob, runAt: clock.now() } : { key: id, runAt: Date.parse(queryAt) };
    });
}
