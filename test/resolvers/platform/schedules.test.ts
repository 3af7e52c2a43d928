import { afterEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import type { Context } from '#kernel/context.ts';
import { eventLog } from '#kernel/event.ts';
import { defineJob } from '#kernel/job.ts';
import { definePlugin } from '#plugins/define.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import type { JobData } from '#resolvers/platform/jobs/events.ts';
import { type Job, jobStore } from '#resolvers/platform/jobs/job.ts';
import { endRun, startNextJob } from '#resolvers/platform/jobs/run.ts';
import { fireSchedules } from '#resolvers/platform/schedules/fire.ts';
import { jobTriggers } from '#resolvers/platform/schedules/triggers.ts';
import { enterMaintenance, leaveMaintenance } from '#resolvers/platform/system/maintenance.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { adminPassword } from '../../support/identity.ts';
import { jobPlugins } from '../../support/jobs.ts';

let gateway: Gateway | null = null;
afterEach(() => gateway?.dispose());

const minute = 60_000;
const day = 24 * 60 * minute;

interface Scheduled {
  readonly clock: FakeClock;
  readonly ctx: Context;
  /** Names and instants (`HH:MM:SS`) of the jobs that were enqueued. */
  fired(): Promise<string[]>;
  skipped(): Promise<number>;
  /** Runs all that waits to its end. */
  runAll(): Promise<void>;
}

async function open(
  schedules: Record<string, string | { schedule?: string; timezone?: string; on?: string[] }>,
  start: number,
): Promise<Scheduled> {
  const clock = fakeClock(start);
  const classes = definePlugin({
    name: 'test-schedules',
    version: '1.0.0',
    description: 'Classes with schedules.',
    jobs: Object.entries(schedules).map(([name, given]) =>
      defineJob({
        name: `cron.${name}`,
        title: name,
        author: 'ops',
        handler: () => undefined,
        ...(typeof given === 'string' ? { schedule: given } : given),
      }),
    ),
  });
  gateway = await createGateway({
    clock,
    config: {
      plugins: [storageMemory, ...jobPlugins, classes],
      dataDir: 'memory://',
      log: { level: 'silent' },
      accounts: { adminPassword },
    },
  });
  const ctx = gateway.context();
  const events = async (name: string) => {
    const log = ctx.use(eventLog);
    while ((await log.number(1000)) > 0);
    return (await log.read(0, 1000)).filter((event) => event.name === name);
  };
  return {
    clock,
    ctx,
    fired: async () =>
      (await events('platform.job.enqueued')).map(
        ({ data, occurredAt }) => `${(data as JobData).job.name.slice(5)} ${occurredAt.slice(11, 19)}`,
      ),
    skipped: async () => (await events('platform.job.scheduleSkipped')).length,
    async runAll() {
      for (;;) {
        const who = { worker: 'w@test', running: {}, exceptProjects: [], forcedOnly: false };
        const running = await startNextJob(ctx, who);
        if (!running) return;
        await endRun(ctx, running, { kind: 'COMPLETE' });
      }
    },
  };
}

describe('schedules', () => {
  test('fire each tick once, and nothing of the past', { timeout: 60_000 }, async () => {
    const { clock, ctx, fired, runAll } = await open(
      { five: '5 * * * *', ten: '10 */2 * * *', each: '* * * * *' },
      Date.UTC(2026, 0, 1, 23, 50),
    );
    await clock.walk(60 * minute - 1000, 1000, async () => {
      await fireSchedules(ctx);
      await runAll();
    });
    const all = await fired();
    expect(all.filter((text) => text.startsWith('five'))).toEqual(['five 00:05:00']);
    expect(all.filter((text) => text.startsWith('ten'))).toEqual(['ten 00:10:00']);
    const each = all.filter((text) => text.startsWith('each'));
    expect(each.length).toBe(59);
    expect(new Set(each).size).toBe(59);
  });

  test('make missed ticks up once, and lose a tick while the job of the one before waits', async () => {
    const base = Date.UTC(2026, 0, 1);
    const at = (hours: number, minutes: number, seconds = 0) => base + ((hours * 60 + minutes) * 60 + seconds) * 1000;
    const { clock, ctx, fired, skipped, runAll } = await open({ often: '20,30,40 * * * *' }, at(0, 9));
    await fireSchedules(ctx);
    for (const [instant, count] of [
      [at(0, 10, 30), 0],
      [at(23, 19), 1],
      [at(23, 19, 1), 1],
      [at(23, 0) + day, 1],
    ] as const) {
      clock.jump(instant);
      await fireSchedules(ctx);
      expect((await fired()).length).toBe(count);
    }
    expect(await skipped()).toBe(1);
    await runAll();
    clock.jump(at(23, 20) + day);
    await fireSchedules(ctx);
    expect((await fired()).length).toBe(2);
  });

  test('fire one job for one tick however many schedulers look', async () => {
    const { clock, ctx, fired, skipped } = await open({ each: '* * * * *' }, Date.UTC(2026, 0, 1));
    await fireSchedules(ctx);
    clock.advance(minute);
    await Promise.all(Array.from({ length: 8 }, () => fireSchedules((gateway as Gateway).context())));
    expect(await fired()).toEqual(['each 00:01:00']);
    expect(await skipped()).toBe(0);
  });

  test('rest in global maintenance, and are made up once after it', async () => {
    const { clock, ctx, fired } = await open({ each: '* * * * *' }, Date.UTC(2026, 0, 1));
    await fireSchedules(ctx);
    await enterMaintenance(ctx, {});
    await clock.walk(10 * minute, minute, () => fireSchedules(ctx));
    expect(await fired()).toEqual([]);
    await leaveMaintenance(ctx, {});
    await fireSchedules(ctx);
    await fireSchedules(ctx);
    expect(await fired()).toEqual(['each 00:10:00']);
  });

  test('are read in the zone of their class, also when its clocks change', async () => {
    const { clock, ctx, fired, runAll } = await open(
      { berlin: { schedule: '30 2 * * *', timezone: 'Europe/Berlin' }, utc: '30 2 * * *' },
      Date.UTC(2026, 2, 28),
    );
    await clock.walk(3 * day, 10 * minute, async () => {
      await fireSchedules(ctx);
      await runAll();
    });
    // On 29 March the hour from 2:00 is left out in Berlin: what was due in it comes right after.
    expect(await fired()).toEqual([
      'berlin 01:30:00',
      'utc 02:30:00',
      'berlin 01:00:00',
      'utc 02:30:00',
      'berlin 00:30:00',
      'utc 02:30:00',
    ]);
  });

  test('fire jobs of the system without arguments', async () => {
    const { clock, ctx } = await open({ each: '* * * * *' }, Date.UTC(2026, 0, 1));
    await fireSchedules(ctx);
    clock.advance(minute);
    await fireSchedules(ctx);
    const who = { worker: 'w@test', running: {}, exceptProjects: [], forcedOnly: false };
    const job = (await startNextJob(ctx, who))?.job as Job;
    expect(job).toMatchObject({
      args: {},
      argsHash: null,
      enqueuedBy: { account: null, name: 'system', narrowedTo: null },
    });
    expect(await ctx.use(jobStore).countByState()).toMatchObject({ RUNNING: 1 });
  });
});

describe('classes that start at events', () => {
  test('are enqueued once for each event, with its id, and never at their own jobs', async () => {
    const { ctx, fired } = await open(
      { made: { on: ['platform.account.created'] }, jobs: { on: ['platform.job.*'] } },
      Date.UTC(2026, 0, 1),
    );
    gateway?.work();
    await createAccount(ctx, { name: 'ada', permissions: [], roles: [] });
    await createAccount(ctx, { name: 'bob', permissions: [], roles: [] });
    const made = async () => (await fired()).filter((text) => text.startsWith('made')).length;
    await expect.poll(made, { timeout: 5000 }).toBe(2);
    const [event] = await ctx
      .use(eventLog)
      .read(0, 1000)
      .then((all) => all.filter(({ name }) => name === 'platform.account.created').slice(-1));
    const names = (jobTriggers.events as (declared: unknown) => string[])(gateway?.catalogue);
    expect(names).toEqual(['platform.account.created', 'platform.job.*']);
    expect(event?.name).toBe('platform.account.created');
    // Each of the two jobs tells of itself once or more; the class that listens to jobs hears those, not its own.
    await expect
      .poll(async () => (await fired()).filter((text) => text.startsWith('jobs')).length)
      .toBeGreaterThanOrEqual(2);
    const about = await ctx.use(eventLog).read(0, 1000);
    const queued = about
      .filter(({ name }) => name === 'platform.job.enqueued')
      .map(({ data }) => (data as JobData).job)
      .filter(({ name }) => name === 'cron.made');
    const ids = queued.map(({ args }) => (args as { eventId: string }).eventId);
    expect(new Set(ids).size).toBe(2);
    const answer = await gateway?.execute({
      document: 'query ($id: ID!) { event(id: $id) { name } }',
      variables: { id: ids[0] },
    });
    expect(answer?.data).toEqual({ event: { name: 'platform.account.created' } });
  });
});
