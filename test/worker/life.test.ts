import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import type { Port } from '#kernel/port.ts';
import { JobWorker } from '#plugins/worker/worker.ts';
import { killJob } from '#resolvers/platform/jobs/control.ts';
import { isFinal, jobStore } from '#resolvers/platform/jobs/job.ts';
import { type JobGateway, openJobs } from '../support/jobs.ts';

let open: JobGateway;
beforeAll(async () => {
  open = await openJobs({ config: { jobs: { sweep: '200ms', killGrace: '300ms' } } });
}, 30_000);
afterAll(() => open.gateway.dispose());

const count = (lines: readonly string[], wanted: string) => lines.filter((line) => line === wanted).length;

describe('the life of a job', () => {
  test('that always throws has as many runs as attempts, with its wait between them', { timeout: 30_000 }, async () => {
    const { id } = await open.enqueue('tests.act', { act: 'throw' }, { attempts: 3, errorTime: 1 });
    const job = await open.until(id, ({ state }) => isFinal(state), 15_000);
    expect(job).toMatchObject({ state: 'ERROR', attemptsLeft: 0, trial: 3, journaled: false });
    const lines = await open.lines(id);
    expect(count(lines, 'start execution')).toBe(3);
    expect(count(lines, 'done execution with [failed]')).toBe(2);
    expect(count(lines, 'done execution with [error]')).toBe(1);
    const starts = (await open.log(id)).filter(({ message }) => message === 'start execution');
    const ends = (await open.log(id)).filter(({ message }) => message.startsWith('done execution'));
    for (const [index, start] of starts.slice(1).entries())
      expect(Date.parse(start.at) - Date.parse(ends[index]?.at ?? '')).toBeGreaterThanOrEqual(1000);
  });

  test('that always defers itself becomes inactive once its time is over', { timeout: 30_000 }, async () => {
    const { id } = await open.enqueue('tests.act', { act: 'defer' }, { deferTime: 1, deferMax: 3 });
    const job = await open.until(id, ({ state }) => isFinal(state), 15_000);
    expect(job).toMatchObject({ state: 'INACTIVE', attemptsLeft: 1 });
    const lines = await open.lines(id);
    expect(count(lines, 'done execution with [deferred]')).toBeGreaterThan(1);
    expect(count(lines, 'done execution with [inactive]')).toBe(1);
  });

  test('that is silent is marked as a zombie once, and goes on', { timeout: 20_000 }, async () => {
    const { id } = await open.enqueue('tests.act', { act: 'wait' }, { zombieTime: 1 });
    await open.until(id, ({ zombieAt }) => zombieAt !== null);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await open.job(id)).state).toBe('RUNNING');
    const flagged = (await open.events('platform.job.flagged')).filter(
      ({ data }) => (data as { flag: string }).flag === 'ZOMBIE',
    );
    expect(flagged.length).toBe(1);
    await killJob(open.system, { id });
    const job = await open.until(id, ({ state }) => state === 'KILLED');
    expect(job.zombieAt).not.toBeNull();
  });

  test('runs as many of one name on one worker as it may', async () => {
    const options = { maxParallel: 2, worker: null };
    const ids: string[] = [];
    for (let number = 0; number < 4; number += 1)
      ids.push((await open.enqueue('tests.act', { act: 'wait', count: number + 10 }, options)).id);
    await open.until(ids[1] ?? '', ({ state }) => state === 'RUNNING');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const states = await Promise.all(ids.map(async (id) => (await open.job(id)).state));
    expect(states).toEqual(['RUNNING', 'RUNNING', 'PENDING', 'PENDING']);
    await killJob(open.system, { id: ids[0] ?? '' });
    await open.until(ids[2] ?? '', ({ state }) => state === 'RUNNING');
    for (const id of ids.slice(1, 3)) await killJob(open.system, { id });
    await open.until(ids[3] ?? '', ({ state }) => state === 'RUNNING');
    await killJob(open.system, { id: ids[3] ?? '' });
    await open.until(ids[3] ?? '', ({ state }) => state === 'KILLED');
  });

  test('waits for the worker that it is pinned to', async () => {
    const { data } = await open.gateway.execute({ document: '{ system { daemons { id kind } } }' });
    const { daemons } = (data as { system: { daemons: { id: string; kind: string }[] } }).system;
    const own = daemons.find(({ kind }) => kind === 'WORKER')?.id ?? '';
    const elsewhere = await open.enqueue('other.inline', {}, { worker: 'other@nowhere' });
    const here = await open.enqueue('tests.inline', { act: 'pinned' }, { worker: own });
    await open.until(here.id, ({ state }) => state === 'COMPLETE');
    expect((await open.job(elsewhere.id)).state).toBe('PENDING');
  });
});

describe('a worker that cannot renew its leases', () => {
  test('ends its threads before the lease is over, and writes nothing more', { timeout: 30_000 }, async () => {
    await using cut = await openJobs({ works: false, config: { jobs: { lease: '2s', renew: '200ms' } } });
    let isAway = false;
    const away = <T extends object>(value: T): T =>
      new Proxy(value, {
        get: (target, key) => {
          const found = Reflect.get(target, key, target);
          if (typeof found !== 'function') return found;
          return (...args: unknown[]) =>
            isAway ? Promise.reject(new Error('The storage is away.')) : found.apply(target, args);
        },
      });
    const context = (): Context => {
      const ctx = cut.gateway.context();
      return new Proxy(ctx, {
        get: (target, key) => {
          if (key === 'use')
            return <T extends object>(port: Port<T>) =>
              port.name === jobStore.name ? away(target.use(port)) : target.use(port);
          const found = Reflect.get(target, key, target);
          if (key === 'atomically' && isAway) return () => Promise.reject(new Error('The storage is away.'));
          return found;
        },
      });
    };
    const config = { poll: 100, drain: 0, maxCpu: 100, minFreeMemoryMb: 0, threadMemoryMb: 64, threads: 2 };
    const worker = new JobWorker({ id: () => 'w@test', config, context });
    const { id } = await cut.enqueue('tests.act', { act: 'loop' }, { attempts: 2, errorTime: 1 });
    worker.start();
    const running = await cut.until(id, ({ state }) => state === 'RUNNING');
    const at = performance.now();
    isAway = true;
    await expect.poll(() => worker.size, { timeout: 5000 }).toBe(0);
    expect(performance.now() - at).toBeLessThan(2500);
    expect((await cut.job(id)).lease?.fence).toBe(running.lease?.fence);
    expect((await cut.job(id)).state).toBe('RUNNING');
    isAway = false;
    await cut.until(id, ({ state }) => state === 'FAILED', 10_000);
    expect((await cut.job(id)).lastError?.code).toBe('LOST');
    await worker.leave();
  });
});
