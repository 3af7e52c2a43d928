import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { type Schedule as Cron, parseSchedule } from '#kernel/cron.ts';
import { type DeclaredJob, enqueue } from '#kernel/job.ts';
import { tellSkipped } from '#resolvers/platform/jobs/events.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { type Schedule, scheduleStore } from '#resolvers/platform/schedules/schedule.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';

/**
 * Enqueues the classes whose schedule is due. However many ticks were missed, they are made up once; of several
 * schedulers one does it. Nothing happens in global maintenance: those ticks are made up after it.
 */
export async function fireSchedules(ctx: Context): Promise<void> {
  const classes = [...ctx.use(catalogue).jobs.values()].filter(
    (job) => job.class.schedule !== null && job.fault === null,
  );
  if (classes.length === 0 || (await ctx.use(modeStore).read()).global) return;
  const now = ctx.clock.now();
  const seen = await ctx.use(scheduleStore).see(
    classes.map((job) => job.class.name),
    instant(now),
  );
  for (const [index, job] of classes.entries()) {
    const schedule = seen[index] as Schedule;
    const tick = cronOf(job).last(now);
    if (tick !== null && tick > Date.parse(schedule.previous ?? schedule.firstSeenAt))
      await fire(ctx, job, schedule, instant(tick));
  }
}

function fire(ctx: Context, job: DeclaredJob, { name, previous }: Schedule, tick: string): Promise<void> {
  return ctx.atomically(async (ctx) => {
    if (!(await ctx.use(scheduleStore).advance(name, previous, tick))) return;
    const [put] = await ctx.use(enqueue).put(ctx, [{ class: job.class }]);
    if (!put || put.isNew) return;
    const [waiting] = await ctx.use(jobStore).getMany([put.id]);
    if (waiting) tellSkipped(ctx, waiting, tick);
  });
}

const crons = new Map<string, Cron>();

function cronOf({ class: { schedule, timezone } }: DeclaredJob): Cron {
  const key = `${schedule} ${timezone}`;
  const cron = crons.get(key) ?? parseSchedule(schedule ?? '', timezone);
  crons.set(key, cron);
  return cron;
}

const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
