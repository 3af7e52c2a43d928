import { afterEach, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { sweepers } from '#kernel/sweeper.ts';
import { definePlugin } from '#plugins/define.ts';
import { retention } from '#plugins/retention.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { killJob } from '#resolvers/platform/jobs/control.ts';
import { enqueueJob } from '#resolvers/platform/jobs/enqueue.ts';
import { isFinal } from '#resolvers/platform/jobs/job.ts';
import { inlineActs, type JobGateway, type JobGatewayOptions, openJobs } from '../support/jobs.ts';

let open: JobGateway;
afterEach(async () => {
  for (const act of Object.keys(inlineActs)) delete inlineActs[act];
  await open.gateway.dispose();
});

async function opened(options: JobGatewayOptions = {}): Promise<JobGateway> {
  open = await openJobs({ ...options, config: { jobs: { killGrace: '200ms' }, ...options.config } });
  return open;
}

async function run(act: string, handler: (typeof inlineActs)[string]) {
  inlineActs[act] = handler;
  const { id } = await open.enqueue('tests.inline', { act });
  return open.until(id, ({ state }) => isFinal(state));
}

const makeAccount = (ctx: Context, name: string) => createAccount(ctx, { name, permissions: [], roles: [] });
const findAccount = (name: string) => open.system.use(accountStore).find({ name });

describe('a job on the main thread', () => {
  test('works through a context of its own, in transactions, as the system with its enqueuer as the actor', async () => {
    await opened();
    const job = await run('make', async ({ ctx }) => {
      await ctx.atomically(async (ctx) => {
        await makeAccount(ctx, 'made-by-job');
      });
    });
    expect(job.state).toBe('COMPLETE');
    expect(await findAccount('made-by-job')).not.toBeNull();
    const [made] = (await open.events('platform.account.created')).slice(-1);
    expect(made?.actor).toMatchObject({ name: 'system', credential: 'JOB', job: job.id });
  });

  test('that throws leaves nothing of its transaction', async () => {
    await opened();
    const job = await run('half', ({ ctx }) =>
      ctx.atomically(async (ctx) => {
        await makeAccount(ctx, 'half-made');
        throw new Error('half way');
      }),
    );
    expect(job).toMatchObject({ state: 'ERROR', lastError: { code: 'EXCEPTION', message: 'half way' } });
    expect(await findAccount('half-made')).toBeNull();
  });

  test('that ignores its signal is abandoned', async () => {
    await opened();
    inlineActs.deaf = () => new Promise(() => {});
    const { id } = await open.enqueue('tests.inline', { act: 'deaf' });
    await open.until(id, ({ state }) => state === 'RUNNING');
    await killJob(open.system, { id });
    const job = await open.until(id, ({ state }) => state === 'KILLED');
    expect(job.lastError?.code).toBe('ABANDONED');
  });

  test('is given up with what it still does afterwards refused', async () => {
    await opened();
    const refused: string[] = [];
    let after = Promise.resolve();
    inlineActs.later = ({ ctx, progress }) => {
      after = (async () => {
        while (!(await open.job(id)).finishedAt) await new Promise((resolve) => setTimeout(resolve, 20));
        for (const attempt of [() => makeAccount(ctx, 'refused'), () => progress(1, 'late', { force: true })])
          try {
            await attempt();
          } catch (error) {
            refused.push((error as Error).message);
          }
      })();
      return new Promise(() => {});
    };
    const { id } = await open.enqueue('tests.inline', { act: 'later' }, { wallTime: 1 });
    const job = await open.until(id, ({ state }) => state === 'ERROR');
    expect(job.lastError?.code).toBe('ABANDONED');
    await after;
    expect(refused).toEqual(Array(2).fill('This run of the job was given up: its context does nothing any more.'));
    expect(await findAccount('refused')).toBeNull();
  });
});

describe('the rights of a job', () => {
  test('are those that its enqueuer has at each call, where the class says so', async () => {
    await opened();
    const account = await createAccount(open.system, {
      name: 'ada',
      permissions: ['job:execute@tests.', 'role:read'],
      roles: [],
    });
    const ask = async (over: Record<string, unknown> = {}) => {
      const viewer = { ...open.system.viewer, id: account.id, name: 'ada' };
      const { id } = await enqueueJob(open.system.as(viewer), {
        name: 'tests.mine',
        args: { act: 'forbidden', ...over },
      });
      return open.until(id, ({ state }) => isFinal(state));
    };
    expect((await ask()).state).toBe('COMPLETE');
    await updateAccount(open.system, {
      by: { id: account.id },
      etag: account.etag,
      permissions: ['job:execute@tests.'],
    });
    const job = await ask({ count: 2 });
    expect(job).toMatchObject({ state: 'ERROR', lastError: { code: 'EXCEPTION' } });
    expect(job.lastError?.message).toContain('Needs role:read');
    const system = await open.enqueue('tests.act', { act: 'forbidden' });
    expect((await open.until(system.id, ({ state }) => isFinal(state))).state).toBe('COMPLETE');
  });
});

test('a job of who used a narrowed credential has no more rights than that', async () => {
  await opened();
  const permissions = ['job:execute@tests.', 'role:read'];
  const account = await createAccount(open.system, { name: 'ada', permissions, roles: [] });
  const ask = async (narrowedTo: readonly string[], count: number) => {
    const viewer = { ...open.system.viewer, id: account.id, name: 'ada', narrowedTo };
    const { id } = await enqueueJob(open.system.as(viewer), { name: 'tests.mine', args: { act: 'forbidden', count } });
    return open.until(id, ({ state }) => isFinal(state));
  };
  expect((await ask(['*'], 1)).state).toBe('COMPLETE');
  const job = await ask(['job:execute@tests.', 'account:read'], 2);
  expect(job.lastError?.message).toContain('Needs role:read');
});

describe('maintenance', () => {
  test('lets nothing begin of a project, and what is enqueued waits', async () => {
    await opened();
    const { enterMaintenance, leaveMaintenance } = await import('#resolvers/platform/system/maintenance.ts');
    await enterMaintenance(open.system, { project: 'tests' });
    const held = await open.enqueue('tests.inline', { act: 'none' });
    const other = await open.enqueue('other.inline');
    await open.until(other.id, ({ state }) => state === 'COMPLETE');
    expect((await open.job(held.id)).state).toBe('PENDING');
    await leaveMaintenance(open.system, { project: 'tests' });
    await open.until(held.id, ({ state }) => state === 'COMPLETE');
  });

  test('of all lets nothing begin, while heartbeats, kills and what runs go on', async () => {
    await opened({ config: { daemon: { heartbeat: '100ms' } } });
    const { enterMaintenance } = await import('#resolvers/platform/system/maintenance.ts');
    const { findSystem } = await import('#resolvers/platform/system/find.ts');
    inlineActs.wait = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const running = await open.enqueue('tests.inline', { act: 'wait' });
    await open.until(running.id, ({ state }) => state === 'RUNNING');
    await enterMaintenance(open.system, {});
    const held = await open.enqueue('other.inline');
    const before = (await findSystem(open.system)).daemons[1]?.heartbeatAt;
    await expect
      .poll(async () => (await findSystem(open.system)).daemons.map(({ mode, alive }) => ({ mode, alive })))
      .toEqual([
        { mode: 'MAINTENANCE', alive: true },
        { mode: 'MAINTENANCE', alive: true },
      ]);
    expect((await findSystem(open.system)).daemons[1]?.heartbeatAt).not.toBe(before);
    expect((await open.job(running.id)).state).toBe('RUNNING');
    await killJob(open.system, { id: running.id });
    await open.until(running.id, ({ state }) => state === 'KILLED');
    expect((await open.job(held.id)).state).toBe('PENDING');
  });
});

describe('a worker that leaves', () => {
  test('waits for what it runs, and counts as lost what does not end', async () => {
    await opened({ config: { worker: { drain: '500ms' } } });
    inlineActs.short = () => new Promise((resolve) => setTimeout(resolve, 300));
    const short = await open.enqueue('tests.inline', { act: 'short' });
    const long = await open.enqueue('tests.act', { act: 'loop' }, { attempts: 2 });
    for (const { id } of [short, long]) await open.until(id, ({ state }) => state === 'RUNNING');
    const { gateway } = open;
    const ended = (await Promise.all([gateway.dispose(), open.until(short.id, ({ state }) => isFinal(state))]))[1];
    expect(ended.state).toBe('COMPLETE');
    expect(await open.job(long.id)).toMatchObject({ state: 'FAILED', attemptsLeft: 1, lastError: { code: 'LOST' } });
  });
});

describe('the hourly sweep', () => {
  test('asks every domain for what is old, and one that fails keeps no other from it', async () => {
    const left = { good: 2500, bad: 1 };
    const domain = definePlugin({
      name: 'test-sweepers',
      version: '1.0.0',
      description: 'Keeps things for a time.',
      provides: [sweepers],
      setup({ provide }) {
        provide(sweepers, {
          name: 'bad things',
          sweep: async () => {
            throw new Error('stuck');
          },
        });
        provide(sweepers, {
          name: 'good things',
          async sweep() {
            const count = Math.min(left.good, 1000);
            left.good -= count;
            return count;
          },
        });
        return undefined;
      },
    });
    await opened({ more: [retention, domain], config: { jobs: { stdoutTtl: 0, journalTtl: 0 } } });
    const old = await open.enqueue('other.inline');
    await open.until(old.id, ({ state }) => state === 'COMPLETE');
    const { id } = await open.enqueue('platform.retention.sweep', {}, { attempts: 1 });
    const job = await open.until(id, ({ state }) => isFinal(state));
    expect(job).toMatchObject({ state: 'ERROR', lastError: { message: 'Could not be deleted: bad things.' } });
    const lines = await open.lines(id);
    expect(lines).toContain('good things: 2500 deleted');
    expect(lines).toContain('journaled jobs: 1 deleted');
    expect(lines).toContain('bad things could not be deleted.');
    expect(lines.find((line) => line.startsWith('events: nothing is missing from'))).toBeDefined();
    await expect(open.job(old.id)).rejects.toThrow('There is no job');
  });
});
