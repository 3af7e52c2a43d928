import type { Context } from '#kernel/context.ts';
import type { InlineRun } from '#kernel/job-run.ts';
import { definePort } from '#kernel/port.ts';
import { type Sweeper, sweepers } from '#kernel/sweeper.ts';
import { type RetentionPeriods, trimEventLog } from '#resolvers/platform/events/retention.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { jobSettings } from '#resolvers/platform/jobs/settings.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';

/** What the config says of the log. */
export const eventRetention = definePort<RetentionPeriods>('events.retention');

/** Rows that are deleted at once: whoever wants the storage meanwhile waits for a moment only. */
const batch = 1000;
/** Milliseconds for which daemons that stopped are remembered. */
const daemonTtl = 7 * 86_400_000;

const ago = (ctx: Context, milliseconds: number): string => new Date(ctx.clock.now() - milliseconds).toISOString();

/** What the platform itself keeps for a time. */
export const platformSweepers: readonly Sweeper[] = [
  { name: 'sessions', sweep: (ctx) => ctx.use(sessionStore).forget(ago(ctx, 0), batch) },
  { name: 'daemons', sweep: (ctx) => ctx.use(daemonStore).forget(ago(ctx, daemonTtl)) },
  {
    name: 'outputs of jobs',
    sweep: (ctx) => ctx.use(jobLogStore).trimOutputs(ago(ctx, ctx.use(jobSettings).stdoutTtl), batch),
  },
  {
    name: 'journaled jobs',
    async sweep(ctx) {
      const { journalTtl } = ctx.use(jobSettings);
      return journalTtl === null ? 0 : ctx.use(jobStore).trimJournal(ago(ctx, journalTtl), batch);
    },
  },
];

/**
 * Deletes everything that has been kept for long enough, of all domains. What cannot be deleted now does not keep the
 * rest.
 * @throws Error naming what could not be deleted.
 */
export async function sweepAll({ ctx, log, signal }: InlineRun): Promise<void> {
  const failed: string[] = [];
  const attempt = async (name: string, work: () => Promise<string>) => {
    signal.throwIfAborted();
    try {
      log.info(await work());
    } catch (error) {
      signal.throwIfAborted();
      failed.push(name);
      log.error(`${name} could not be deleted.`, error);
    }
  };
  await attempt('events', async () => {
    const floor = await trimEventLog(ctx, ctx.use(eventRetention));
    return `events: nothing is missing from ${floor} on`;
  });
  for (const { name, sweep } of ctx.all(sweepers))
    await attempt(name, async () => {
      let count = 0;
      for (let more = await sweep(ctx); more > 0; more = await sweep(ctx)) {
        signal.throwIfAborted();
        count += more;
      }
      return `${name}: ${count} deleted`;
    });
  if (failed.length > 0) throw new Error(`Could not be deleted: ${failed.join(', ')}.`);
}
