import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { killJob } from '#resolvers/platform/jobs/control.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { isFinal } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { type JobGateway, openJobs } from '../support/jobs.ts';

let open: JobGateway;
beforeAll(async () => {
  open = await openJobs({ config: { jobs: { killGrace: '300ms' }, worker: { threadMemoryMb: 64 } } });
}, 30_000);
afterAll(() => open.gateway.dispose());

const ended = (act: string, more: Record<string, unknown> = {}) => run('tests.act', { act, ...more });

async function run(name: string, args: Record<string, unknown>, patience = 15_000) {
  const { id } = await open.enqueue(name, args);
  return open.until(id, ({ state }) => isFinal(state), patience);
}

describe('a job in a thread', () => {
  test('completes, and says so in its log', async () => {
    const job = await ended('return');
    expect(job).toMatchObject({ state: 'COMPLETE', trial: 1, journaled: true, lease: null, progress: { value: 1 } });
    expect(await open.lines(job.id)).toEqual(['start execution', 'done execution with [complete]']);
    const [cookie] = await open.system.use(jobCookieStore).getMany(['tests.act']);
    expect(cookie?.lastRuntime).toBeGreaterThan(0);
  });

  test('may return JSON, and nothing else', async () => {
    expect((await ended('result')).state).toBe('COMPLETE');
    for (const act of ['bad result', 'cyclic result']) {
      const job = await ended(act);
      expect(job).toMatchObject({ state: 'ERROR', lastError: { code: 'BAD_RESULT' } });
    }
  });

  test('that throws is an error with its message and stack', async () => {
    const job = await ended('throw');
    expect(job).toMatchObject({
      state: 'ERROR',
      attemptsLeft: 0,
      lastError: { code: 'EXCEPTION', message: 'TypeError: nothing there' },
    });
    expect(job.lastError?.stack[0]).toMatch(/^at run .*everything\.ts/);
    const lines = await open.log(job.id);
    expect(lines.map(({ message }) => message)).toEqual([
      'start execution',
      'TypeError: nothing there',
      'done execution with [error]',
    ]);
    expect(lines[1]?.exception).toMatch(/^TypeError: nothing there\n +at run/);
  });

  test.each([
    ['throws what is no error', 'throw garbage', 'EXCEPTION'],
    ['throws where nobody catches', 'throw later', 'EXCEPTION'],
    ['rejects where nobody listens', 'reject later', 'EXCEPTION'],
    ['asks with what cannot be cloned', 'not cloned', 'EXCEPTION'],
  ])('that %s is an error', async (_, act, code) => {
    expect(await ended(act)).toMatchObject({ state: 'ERROR', lastError: { code } });
  });

  test('that ends its thread is lost at once', async () => {
    const job = await ended('exit');
    expect(job).toMatchObject({ state: 'KILLED', lastError: { code: 'LOST' } });
    expect(job.lastError?.message).toContain('ended with code 3');
    expect((await open.events('platform.job.lost')).length).toBeGreaterThan(0);
  });

  test.each(['heap', 'leak', 'buffers'])(
    'that takes memory without bound is lost (%s)',
    { timeout: 40_000 },
    async (act) => {
      const job = await run('tests.act', { act }, 30_000);
      expect(job).toMatchObject({ state: 'KILLED', lastError: { code: 'LOST' } });
      expect(job.lastError?.message).toContain('more than 64 MiB');
      expect((await ended('result', { count: Math.random() })).state).toBe('COMPLETE');
    },
  );

  test('whose module cannot be loaded is an error, its attempts untouched', async () => {
    const { id } = await open.enqueue('tests.broken', {}, { attempts: 3 });
    const job = await open.until(id, ({ state }) => isFinal(state));
    expect(job).toMatchObject({ state: 'ERROR', attemptsLeft: 3, trial: 0, lastError: { code: 'LOAD' } });
    expect(job.lastError?.message).toContain('broken at its top');
  });

  test('keeps what it prints, whatever that is, the last mebibyte of it', async () => {
    const job = await ended('print', { count: 2_000_000 });
    const [output] = await open.system.use(jobLogStore).outputs([job.id]);
    expect(job.state).toBe('COMPLETE');
    expect(output?.length).toBeLessThanOrEqual(1024 * 1024);
    // The two streams come in no order of their own.
    const text = output?.replace('and an error\n', '') ?? '';
    expect(text.endsWith(`${'x'.repeat(1_000_000)}\nlast line\n`)).toBe(true);
    const small = await ended('print', { count: 1 });
    const [short] = await open.system.use(jobLogStore).outputs([small.id]);
    expect(short).toContain('and an error\n');
    expect(short?.replace('and an error\n', '')).toContain('\ufffd\ufffdAx\nlast line\n');
  });

  test('keeps every line, in order, before its end', { timeout: 30_000 }, async () => {
    const job = await ended('lines', { count: 9_000 });
    expect(await open.lines(job.id)).toEqual([
      'start execution',
      ...Array.from({ length: 9_000 }, (_, index) => `line ${index + 1}`),
      'done execution with [complete]',
    ]);
    expect(job.logCount).toBe(9_002);
  });

  test('may write anything in its log', async () => {
    const job = await ended('garbage lines');
    expect(job.state).toBe('COMPLETE');
    const [, nul, symbol, long] = await open.log(job.id);
    expect(nul?.message).toBe('nul  and half \ufffd of a pair');
    expect(symbol).toMatchObject({ level: 'ERROR', message: 'Symbol(s)', exception: '[cannot be shown as text]' });
    expect(long?.message.length).toBe(64 * 1024);
    expect(long?.exception).toContain('with a stack');
  });

  test('says how far it is, not more often than its interval unless forced', async () => {
    const job = await ended('progress');
    expect(job.progress).toEqual({ value: 1, message: 'too much' });
    const told = await open.events('platform.job.progressed');
    const own = told.filter((event) => JSON.stringify(event.data).includes('"act":"progress"'));
    expect(own.map((event) => (event.data as { job: { progress: unknown } }).job.progress)).toEqual([
      { value: 0.25, message: 'a quarter' },
      { value: 1, message: 'too much' },
    ]);
    expect(await open.lines(job.id)).toContain('progress 25%: a quarter');
  });

  test('defers itself', async () => {
    const { id } = await open.enqueue('tests.act', { act: 'defer' }, { deferTime: 60 });
    const job = await open.until(id, ({ state }) => state === 'DEFERRED');
    expect(job.attemptsLeft).toBe(1);
    expect(await open.lines(id)).toEqual(['start execution', 'deferred: not yet', 'done execution with [deferred]']);
  });

  test('names its sources once each', async () => {
    expect((await ended('source')).sources).toEqual(['a.txt', 'b.txt']);
  });

  test('has a cookie that all jobs of its name share', async () => {
    const job = await ended('cookie');
    expect(await open.lines(job.id)).toContain('[{"deep":[1,null]},null]');
    const [cookie] = await open.system.use(jobCookieStore).getMany(['tests.act']);
    expect(cookie).toMatchObject({ runs: 3, most: 7, seen: { deep: [1, null] } });
  });

  test('uses ports that are open to threads, and no others', async () => {
    const job = await ended('port');
    expect(await open.lines(job.id)).toEqual([
      'start execution',
      'hello thread',
      'RangeError: not today',
      'done execution with [complete]',
    ]);
    const closed = await ended('closed port');
    expect(closed.lastError?.message).toContain('Port clock is not open to threads');
  });

  test.each(['loop', 'ignore', 'wait'])('is ended by a kill whatever it does (%s)', async (act) => {
    const { id } = await open.enqueue('tests.act', { act });
    await open.until(id, ({ state }) => state === 'RUNNING');
    const at = performance.now();
    await killJob(open.system, { id });
    const job = await open.until(id, ({ state }) => state === 'KILLED');
    expect(performance.now() - at).toBeLessThan(3000);
    expect(job).toMatchObject({ lease: null, lastError: { code: 'KILLED' } });
    expect(job.killedAt).not.toBeNull();
    expect((await open.lines(id)).at(-1)).toBe('done execution with [killed]');
  });

  test('is ended when its wall time is over, even in an endless loop, and the next job runs', async () => {
    const { id } = await open.enqueue('tests.act', { act: 'loop', count: 1 }, { wallTime: 1 });
    const job = await open.until(id, ({ state }) => state === 'ERROR', 7000);
    expect(job.wallAt).not.toBeNull();
    expect(job.lastError?.code).toBe('WALL_TIME');
    expect(await open.lines(id)).toContain('successfully set non-stop job');
    expect((await ended('return', { count: 2 })).state).toBe('COMPLETE');
  });

  test('whose wall time only flags it goes on', async () => {
    const { id } = await open.enqueue('tests.act', { act: 'wait', count: 3 }, { wallTime: 1, onWallTime: 'FLAG' });
    const job = await open.until(id, ({ wallAt }) => wallAt !== null);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await open.job(id)).state).toBe('RUNNING');
    expect(job.state).toBe('RUNNING');
    await killJob(open.system, { id });
    await open.until(id, ({ state }) => state === 'KILLED');
  });
});
