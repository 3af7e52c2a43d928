import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { JobOptions } from '#kernel/job.ts';
import { prismaStorage } from '#plugins/storage-prisma/plugin.ts';
import { type Job, jobStore } from '#resolvers/platform/jobs/job.ts';
import { endRun, keepLines, keepProgress } from '#resolvers/platform/jobs/run.ts';
import { daemonStore } from '#resolvers/platform/system/daemon.ts';
import { haltSystem } from '#resolvers/platform/system/maintenance.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { adminPassword } from '../support/identity.ts';
import { type JobGateway, openJobs } from '../support/jobs.ts';
import { findPostgres } from '../support/postgres.ts';

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(stopSharedServer);

const settings = (url: string) => ({
  storage: { url },
  log: { level: 'error' },
  accounts: { adminPassword },
  jobs: { lease: '3s', renew: '1s', sweep: '500ms' },
  worker: { threads: 20, poll: '200ms', minFreeMemoryMb: 0, maxCpu: 100 },
});

async function startWorker(url: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../support/work.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(settings(url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

interface Note {
  readonly what: 'start' | 'end';
  readonly id: string;
  readonly trial: number;
  readonly pid: number;
  readonly at: number;
}

const openWatcher = (url: string): Promise<JobGateway> =>
  openJobs({ storage: [prismaStorage()], works: false, config: settings(url) });

const jobsOf = async (open: JobGateway, ids: readonly string[]): Promise<Job[]> =>
  (await open.system.use(jobStore).getMany(ids)) as Job[];

describe.skipIf(!findPostgres())('two workers on one server', () => {
  test('of which one is killed leave each job as it should end: none twice at once, none lost', {
    timeout: 120_000,
  }, async () => {
    const url = await newServerDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-held-'));
    await using open = await openWatcher(url);
    const enqueue = async (number: number, options: JobOptions) =>
      (await open.enqueue('tests.held', { folder, number }, { maxParallel: null, errorTime: 1, ...options })).id;
    const retried = await Promise.all(Array.from({ length: 10 }, (_, n) => enqueue(n, { attempts: 2 })));
    const spent = await Promise.all(Array.from({ length: 5 }, (_, n) => enqueue(10 + n, { attempts: 1 })));
    const given = await Promise.all(
      Array.from({ length: 5 }, (_, n) => enqueue(15 + n, { attempts: 3, onLost: 'KILL' })),
    );
    const waiting = await Promise.all(Array.from({ length: 5 }, (_, n) => enqueue(20 + n, { priority: -1 })));
    const running = [...retried, ...spent, ...given];

    const first = await startWorker(url);
    await expect
      .poll(async () => (await jobsOf(open, running)).every(({ state }) => state === 'RUNNING'), { timeout: 60_000 })
      .toBe(true);
    await startWorker(url);
    await expect
      .poll(async () => (await jobsOf(open, waiting)).every(({ state }) => state === 'RUNNING'), { timeout: 60_000 })
      .toBe(true);
    const before = await jobsOf(open, running);
    expect(new Set(before.map(({ lease }) => lease?.worker)).size).toBe(1);

    const killedAt = Date.now();
    first.kill('SIGKILL');
    await once(first, 'exit');
    await expect
      .poll(async () => (await jobsOf(open, running)).every((job) => job.lease?.worker !== before[0]?.lease?.worker), {
        timeout: 30_000,
      })
      .toBe(true);

    // The dead worker's writes, as they would come late.
    const late = before.map((job) => ({ id: job.id, fence: job.lease?.fence ?? '' }));
    const line = { at: new Date().toISOString(), level: 'INFO', message: 'late', exception: null } as const;
    for (const held of late) {
      expect(await endRun(open.system, held, { kind: 'COMPLETE' })).toBeNull();
      expect(await keepProgress(open.system, held, { value: 1, message: 'late' })).toBeNull();
      expect(await keepLines(open.system, held, [line])).toBe(false);
    }

    writeFileSync(join(folder, 'go'), '');
    const all = [...running, ...waiting];
    await expect
      .poll(async () => (await jobsOf(open, all)).filter(({ state }) => /COMPLETE|KILLED/.test(state)).length, {
        timeout: 60_000,
      })
      .toBe(25);
    const ended = new Map((await jobsOf(open, all)).map((job) => [job.id, job]));
    for (const id of retried) expect(ended.get(id)).toMatchObject({ state: 'COMPLETE', trial: 2, attemptsLeft: 1 });
    for (const id of waiting) expect(ended.get(id)).toMatchObject({ state: 'COMPLETE', trial: 1 });
    for (const id of spent)
      expect(ended.get(id)).toMatchObject({ state: 'KILLED', attemptsLeft: 0, lastError: { code: 'LOST' } });
    for (const id of given)
      expect(ended.get(id)).toMatchObject({ state: 'KILLED', attemptsLeft: 2, lastError: { code: 'LOST' } });

    const notes: Note[] = readFileSync(join(folder, 'notes'), 'utf8')
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    const starts = Map.groupBy(
      notes.filter(({ what }) => what === 'start'),
      ({ id }) => id,
    );
    expect(starts.size).toBe(25);
    for (const [id, runs] of starts) {
      expect(runs.length).toBe(retried.includes(id) ? 2 : 1);
      const [, second] = runs;
      if (second) expect(second.at).toBeGreaterThan(killedAt);
    }
    expect(notes.filter(({ what }) => what === 'end').length).toBe(15);
    expect((await open.lines(retried[0] ?? '')).filter((text) => text === 'late')).toEqual([]);
    expect((await open.events('platform.job.lost')).length).toBe(20);
    rmSync(folder, { recursive: true });
  });

  test('leave when the system is halted, and finish what they run before', { timeout: 90_000 }, async () => {
    const url = await newServerDatabase();
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-held-'));
    await using open = await openWatcher(url);
    await haltSystem(open.system);
    const workers = await Promise.all([startWorker(url), startWorker(url)]);
    const { id } = await open.enqueue('tests.held', { folder });
    await open.until(id, ({ state }) => state === 'RUNNING', 30_000);
    const gone = Promise.all(workers.map((worker) => once(worker, 'exit')));
    await haltSystem(open.system);
    // Each learns of it from the log, a moment after it was said.
    const phases = async () => (await open.system.use(daemonStore).list()).map(({ phase }) => phase).sort();
    await expect.poll(phases, { timeout: 15_000 }).not.toContain('RUNNING');
    const later = await open.enqueue('tests.held', { folder, number: 2 });
    await expect.poll(() => workers.filter(({ exitCode }) => exitCode === 0).length, { timeout: 15_000 }).toBe(1);
    expect((await open.job(id)).state).toBe('RUNNING');
    writeFileSync(join(folder, 'go'), '');
    await gone;
    expect(workers.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect((await open.job(id)).state).toBe('COMPLETE');
    expect((await open.job(later.id)).state).toBe('PENDING');
    rmSync(folder, { recursive: true });
  });
});
