import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import type { Context } from '#kernel/context.ts';
import { ForbiddenError, InputError, JobExistsError, JobStateError, NotFoundError } from '#kernel/errors.ts';
import { eventLog } from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import { defineJob, enqueue, type JobOptions } from '#kernel/job.ts';
import { grantedRights } from '#kernel/permission.ts';
import { auth } from '#plugins/auth.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobs } from '#plugins/jobs.ts';
import { platform } from '#plugins/platform.ts';
import { queueFigures } from '#plugins/queue-figures.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { pageEvents } from '#resolvers/platform/events/queries.ts';
import { hashArgs } from '#resolvers/platform/jobs/args.ts';
import { listJobClasses } from '#resolvers/platform/jobs/classes.ts';
import { killJob, removeJob, restartJob } from '#resolvers/platform/jobs/control.ts';
import { enqueueJob, enqueueManyJobs } from '#resolvers/platform/jobs/enqueue.ts';
import { listJobs, readJob } from '#resolvers/platform/jobs/find.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { jobLogStore } from '#resolvers/platform/jobs/log.ts';
import { endRun, flagOverdueJobs, startNextJob } from '#resolvers/platform/jobs/run.ts';
import { listHistory, unitFor } from '#resolvers/platform/queue/history.ts';
import { sampleStore } from '#resolvers/platform/queue/sample.ts';
import { summarizeQueue } from '#resolvers/platform/queue/summary.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { adminPassword } from '../../support/identity.ts';

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const handler = () => undefined;

const dummy = defineJob({ name: 'tests.dummy', title: 'Dummy', author: 'ops', tags: ['blue'], handler });
const others = [
  defineJob({ name: 'tests.other', title: 'Other', author: 'ops', properties: { priority: 3 }, handler }),
  defineJob({ name: 'secret.thing', title: 'Secret', author: 'ops', doc: 'Cleans the rooms.', handler }),
  defineJob({ name: 'tests.gone', title: 'Gone', author: 'ops', handler: new URL('./nowhere.ts', import.meta.url) }),
];
const classes = definePlugin({
  name: 'test-classes',
  version: '1.0.0',
  description: 'Job classes.',
  jobs: [dummy, ...others],
  jobOptions: { 'tests.other': { errorTime: 7 } },
});

let gateway: Gateway;
let clock: FakeClock;
let system: Context;
const worker = { worker: 'w@here', running: {}, exceptProjects: [], forcedOnly: false };

const open = (jobsConfig: object = {}, more = [classes]) =>
  createGateway({
    clock,
    config: {
      plugins: [storageMemory, auth, platform, jobs, queueFigures, ...more],
      dataDir: 'memory://',
      log: { level: 'silent' },
      accounts: { adminPassword },
      jobs: jobsConfig,
    },
  });

beforeEach(async () => {
  clock = fakeClock();
  gateway = await open();
  system = gateway.context();
});
afterEach(() => gateway.dispose());

/** Somebody with these permissions. */
const person = (...texts: string[]): Context => {
  const rights = grantedRights(texts, gateway.catalogue.areas);
  return gateway.context({
    viewer: { kind: 'ACCOUNT', id: newId(), name: 'ada', rights, credential: null, mustChangePassword: false },
  });
};
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const put = (args: object = {}, options: JobOptions = {}, name = 'tests.dummy') =>
  enqueueJob(system, { name, args, options });
const start = async () => {
  const running = await startNextJob(system, worker);
  if (!running) throw new Error('Nothing may start.');
  return running;
};
const fail = { kind: 'FAILED', error: { code: 'EXCEPTION', message: 'no', stack: ['here'] } } as const;
const counts = async () => {
  const journal = await listJobs(system, { filter: { journaled: true } }, page);
  return { queue: await (await listJobs(system, {}, page)).count(), journal: await journal.count() };
};
const lines = async (id: string) => (await system.use(jobLogStore).read(id, 0, 1000)).map(({ message }) => message);
const told = async () => {
  const log = system.use(eventLog);
  while ((await log.number(1000)) > 0);
  return (await log.read(0, 1000)).map(({ name }) => name).filter((name) => name.startsWith('platform.job.'));
};

describe('a job is put in the queue', () => {
  test('once for its name and arguments, whatever their order', async () => {
    const first = await put({ a1: 1, a2: 2, a3: 3 });
    const again = await errorOf(put({ a3: 3, a1: 1, a2: 2 }));
    expect(again).toBeInstanceOf(JobExistsError);
    expect(again).toMatchObject({
      jobId: first.id,
      message: 'job [tests.dummy] exists with args {"a1":1,"a2":2,"a3":3}',
    });
    const empty = await put();
    expect(await errorOf(put())).toMatchObject({ jobId: empty.id });
    await put({ a1: '1' });
    await put({ a1: 1 });
    expect(first.argsHash).toBe('c89f3183c1c8887e279f5a6153f3f4c37d3cfc9a14f82ba8e5a429eb87a2a4cb');
    expect(hashArgs({})).toBeNull();
    expect(await told()).toEqual(Array(4).fill('platform.job.enqueued'));
  });

  test('with its options apart from its arguments', async () => {
    const job = await put(
      { arg1: 100, arg2: 200, priority: 'mine' },
      { deferMax: 1, deferTime: 2, maxParallel: 5, priority: 6 },
    );
    expect(job.properties).toMatchObject({ deferMax: 1, deferTime: 2, maxParallel: 5, priority: 6, errorTime: 600 });
    expect(job.args).toEqual({ arg1: 100, arg2: 200, priority: 'mine' });
  });

  test('by nobody without the right, and leaves nothing then', async () => {
    const stranger = person('job:read', 'job:execute@other.');
    expect(await errorOf(enqueueJob(stranger, { name: 'tests.dummy' }))).toMatchObject({
      code: 'FORBIDDEN',
      message: 'Needs job:execute on tests.dummy.',
    });
    expect(await errorOf(enqueueJob(stranger, { name: 'tests.unknown' }))).toBeInstanceOf(ForbiddenError);
    expect(await counts()).toEqual({ queue: 0, journal: 0 });
    expect(await told()).toEqual([]);
    const allowed = await enqueueJob(person('job:execute@tests.'), { name: 'tests.dummy' });
    expect(allowed.enqueuedBy.name).toBe('ada');
  });

  test('of a class that is there and can be run', async () => {
    for (const name of ['dummy', 'tests.unknown', 'tests.gone'])
      expect(await errorOf(enqueueJob(system, { name }))).toMatchObject({
        code: 'NOT_FOUND',
        message: `Unknown job "${name}".`,
      });
  });

  test('with arguments and options that are good, every fault with its path', async () => {
    const error = await errorOf(
      enqueueJob(system, {
        name: 'tests.dummy',
        args: JSON.parse('{"a":{"__proto__":1}}'),
        options: { attempts: 0, deferTime: null, wallTime: 1.5, urgent: true },
      }),
    );
    expect(error).toBeInstanceOf(InputError);
    expect(error.fields.map(({ path }: { path: string[] }) => path.join('.')).sort()).toEqual([
      'args',
      'options.attempts',
      'options.deferTime',
      'options.urgent',
      'options.wallTime',
    ]);
    for (const args of [{ a: 'x\u0000' }, [1], 'text', { a: 'x'.repeat(1024 * 1024) }])
      expect(await errorOf(put(args as object))).toBeInstanceOf(InputError);
    expect(await counts()).toEqual({ queue: 0, journal: 0 });
  });

  test('with an event that repeats its arguments unless they are large', async () => {
    await put({ text: 'x'.repeat(1000) });
    await put({ text: 'x'.repeat(70_000) });
    const log = system.use(eventLog);
    while ((await log.number(1000)) > 0);
    const events = (await log.read(0, 1000)).filter(({ name }) => name === 'platform.job.enqueued');
    const snapshots = events.map(({ data }) => (data as { job: { args?: object; argsOmitted?: true } }).job);
    expect(snapshots.map(({ args, argsOmitted }) => [args !== undefined, argsOmitted ?? false])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(events[0]?.scope).toEqual({ job: 'tests.dummy', project: 'tests' });
  });

  test('all of many, or none', async () => {
    await put({ n: 2 });
    const many = [1, 2, 3].map((n) => ({ name: 'tests.dummy', args: { n } }));
    expect(await errorOf(enqueueManyJobs(system, many))).toBeInstanceOf(JobExistsError);
    expect(await counts()).toEqual({ queue: 1, journal: 0 });
    expect(
      await enqueueManyJobs(
        system,
        many.filter(({ args }) => args.n !== 2),
      ),
    ).toHaveLength(2);
  });

  test('by a domain without a right on it, and one that is there is no failure', async () => {
    const nobody = person();
    const [first] = await nobody.use(enqueue).put(nobody, [{ class: dummy, args: { n: 1 } }]);
    const again = await nobody.use(enqueue).put(nobody, [
      { class: dummy, args: { n: 1 } },
      { class: dummy, args: { n: 2 } },
    ]);
    expect(first?.isNew).toBe(true);
    expect(again).toEqual([
      { id: first?.id, isNew: false },
      { id: again[1]?.id, isNew: true },
    ]);
  });
});

describe('the properties of a job', () => {
  test('are those of the nearest that says them', async () => {
    await gateway.dispose();
    gateway = await open({
      defaults: { attempts: 2, priority: 1, errorTime: 5 },
      classes: { 'tests.other': { deferTime: 9 } },
    });
    system = gateway.context();
    expect((await put()).properties).toMatchObject({ attempts: 2, priority: 1, errorTime: 5, deferTime: 300 });
    const other = await put({}, { deferMax: 4 }, 'tests.other');
    expect(other.properties).toMatchObject({ attempts: 2, priority: 3, errorTime: 7, deferTime: 9, deferMax: 4 });
  });

  test('of a class that nobody declares are refused at the start', async () => {
    await expect(open({ classes: { 'tests.nothing': { priority: 1 } } })).rejects.toThrow(
      'jobs.classes.tests.nothing: is no job class',
    );
  });
});

describe('a job class is refused at the start', () => {
  const declared = (over: object) =>
    definePlugin({
      name: 'faulty',
      version: '1.0.0',
      description: 'A class that is not good.',
      jobs: [defineJob({ name: 'tests.bad', title: 'Bad', author: 'ops', handler, ...over })],
    });

  test.each([
    [{ author: '' }, 'it has no author of its own'],
    [{ author: undefined }, 'it has no author of its own'],
    [{ name: 'bad' }, 'a name has two or more parts'],
    [{ schedule: '61 * * * *' }, 'its schedule cannot be read'],
    [{ schedule: '* * * * * *' }, 'cron has five'],
    [{ schedule: '* * * * *', timezone: 'Mars/Olympus' }, 'its schedule cannot be read'],
    [{ properties: { deferTime: null } }, 'deferTime'],
    [{ on: ['network.nothing.happened'] }, 'means no event'],
    [{ isolation: 'THREAD' }, 'a function cannot be sent to a thread'],
    [{ name: 'tests.dummy' }, 'plugin "test-classes" declares a class of this name as well'],
  ])('when it says %j', async (over, fault) => {
    const refused = open({}, [classes, declared(over)]);
    await expect(refused).rejects.toThrow(fault);
    await expect(refused).rejects.toThrow('of plugin "faulty" cannot be used');
  });
});

describe('a run', () => {
  test('goes by priority, then by age', async () => {
    for (const i of [0, 1, 2, 3, 4]) await put({ i });
    expect([await start(), await start(), await start()].map(({ job }) => job.args.i)).toEqual([0, 1, 2]);
    await put({ i: 5 }, { priority: 10 });
    expect((await start()).job.args).toEqual({ i: 5 });
  });

  test('that completes takes the job to the journal and remembers how long it took', async () => {
    const { id } = await put({}, {}, 'tests.other');
    const held = await start();
    clock.advance(2500);
    const ended = await endRun(system, held, { kind: 'COMPLETE' });
    expect(ended).toMatchObject({
      state: 'COMPLETE',
      journaled: true,
      runtime: 2.5,
      progress: { value: 1 },
      lease: null,
    });
    expect(await counts()).toEqual({ queue: 0, journal: 1 });
    expect(await lines(id)).toEqual(['start execution', 'done execution with [complete]']);
    expect(await endRun(system, held, { kind: 'COMPLETE' })).toBeNull();
    expect(await told()).toEqual(['enqueued', 'started', 'completed'].map((verb) => `platform.job.${verb}`));
  });

  test('that always fails is tried as often as said, with the wait between', async () => {
    const { id } = await put({}, { attempts: 3, errorTime: 3 });
    for (const state of ['FAILED', 'FAILED', 'ERROR']) {
      const ended = await endRun(system, await start(), fail);
      expect(ended).toMatchObject({ state, lastError: { code: 'EXCEPTION', message: 'no', stack: ['here'] } });
      clock.advance(2999);
      expect(await startNextJob(system, worker)).toBeNull();
      clock.advance(1);
    }
    expect(await startNextJob(system, worker)).toBeNull();
    const log = await lines(id);
    expect(log.filter((line) => line === 'start execution')).toHaveLength(3);
    expect(log.filter((line) => line === 'done execution with [failed]')).toHaveLength(2);
    expect(log.filter((line) => line === 'done execution with [error]')).toHaveLength(1);
    expect(await counts()).toEqual({ queue: 1, journal: 0 });
  });

  test('that always puts itself off becomes inactive once; one that fails does not', async () => {
    const { id } = await put({}, { deferTime: 2, deferMax: 10 });
    let deferred = 0;
    for (; deferred < 20; deferred += 1) {
      const held = await startNextJob(system, worker);
      if (!held) break;
      expect((await endRun(system, held, { kind: 'DEFERRED' }))?.attemptsLeft).toBe(1);
      clock.advance(2000);
    }
    expect(deferred).toBe(5);
    expect((await readJob(system, { id })).state).toBe('INACTIVE');
    expect((await lines(id)).filter((line) => line === 'done execution with [inactive]')).toHaveLength(1);
    const failing = await put({ n: 1 }, { attempts: 10, deferMax: 5, errorTime: 1 });
    for (let held = await startNextJob(system, worker); held; held = await startNextJob(system, worker)) {
      await endRun(system, held, fail);
      clock.advance(1000);
    }
    expect((await readJob(system, { id: failing.id })).state).toBe('ERROR');
  });

  test('that is lost is tried again, or ends, as the job says', async () => {
    await put({ n: 1 }, { attempts: 2 });
    await put({ n: 2 }, { attempts: 2, onLost: 'KILL' });
    await put({ n: 3 }, { attempts: 1 });
    const ends = [];
    for (let held = await startNextJob(system, worker); held; held = await startNextJob(system, worker))
      ends.push(await endRun(system, held, { kind: 'LOST', message: 'gone' }));
    expect(ends.map((job) => [job?.state, job?.attemptsLeft, job?.lastError?.code])).toEqual([
      ['FAILED', 1, 'LOST'],
      ['KILLED', 1, 'LOST'],
      ['KILLED', 0, 'LOST'],
    ]);
  });

  test('without a class ends with its attempts untouched', async () => {
    const [id] = await system
      .use(jobStore)
      .insertUnique([{ ...(await put()), id: newId(), name: 'old.class', argsHash: 'x' }]);
    await removeJob(system, {
      id: (await listJobs(system, { filter: { name: { eq: 'tests.dummy' } } }, page)).items[0]?.node.id ?? '',
    });
    expect(await startNextJob(system, worker)).toBeNull();
    expect(await readJob(system, { id: id ?? '' })).toMatchObject({
      state: 'ERROR',
      attemptsLeft: 1,
      trial: 0,
      lastError: { code: 'LOAD' },
    });
  });

  test('that is silent or too long is marked once, and the marks stay', async () => {
    const { id } = await put({}, { zombieTime: 1, wallTime: 2 });
    const held = await start();
    clock.advance(3000);
    await flagOverdueJobs(system);
    await flagOverdueJobs(system);
    expect((await told()).filter((name) => name === 'platform.job.flagged')).toHaveLength(2);
    expect(await lines(id)).toContain('successfully set non-stop job');
    const ended = await endRun(system, held, { kind: 'COMPLETE' });
    expect([ended?.zombieAt, ended?.wallAt]).toEqual(['2026-01-01T00:00:03.000Z', '2026-01-01T00:00:03.000Z']);
  });
});

describe('control of a job', () => {
  test('kills a running one, and no other', async () => {
    const { id } = await put();
    const refused = await errorOf(killJob(system, { id }));
    expect(refused).toBeInstanceOf(JobStateError);
    expect(refused.message).toBe('Only a running job can be killed; this one is pending.');
    expect(await readJob(system, { id })).toMatchObject({ state: 'PENDING', killedAt: null });
    const held = await start();
    expect((await killJob(system, { id })).killedAt).toBe('2026-01-01T00:00:00.000Z');
    expect(await errorOf(killJob(system, { id }))).toBeInstanceOf(JobStateError);
    expect((await endRun(system, held, fail))?.state).toBe('KILLED');
    expect(await removeJob(system, { id })).toMatchObject({ state: 'KILLED', journaled: true });
    expect(await counts()).toEqual({ queue: 0, journal: 1 });
    expect(await errorOf(removeJob(system, { id }))).toBeInstanceOf(NotFoundError);
  });

  test('lets a job that completes before its end be complete', async () => {
    const { id } = await put();
    const held = await start();
    await killJob(system, { id });
    expect((await endRun(system, held, { kind: 'COMPLETE' }))?.state).toBe('COMPLETE');
  });

  test('removes a running job when it has finished, in whatever state, and never retries it', async () => {
    const done = await put({ n: 1 });
    const first = await start();
    expect(await removeJob(system, { id: done.id })).toMatchObject({ state: 'RUNNING', journaled: false });
    expect(await errorOf(removeJob(system, { id: done.id }))).toBeInstanceOf(JobStateError);
    expect(await endRun(system, first, { kind: 'COMPLETE' })).toMatchObject({ state: 'COMPLETE', journaled: true });
    const failing = await put({ n: 2 }, { attempts: 5 });
    const second = await start();
    await removeJob(system, { id: failing.id });
    expect(await endRun(system, second, fail)).toMatchObject({ state: 'FAILED', journaled: true });
    expect(await counts()).toEqual({ queue: 0, journal: 2 });
  });

  test('removes a running job at once by force, and its worker is refused then', async () => {
    const { id } = await put();
    const held = await start();
    expect(await errorOf(removeJob(person('job:execute'), { id, hard: true }))).toMatchObject({
      message: 'Needs system:control.',
    });
    expect(await removeJob(system, { id, hard: true })).toMatchObject({ state: 'KILLED', journaled: true });
    expect(await endRun(system, held, { kind: 'COMPLETE' })).toBeNull();
  });

  test('restarts a stopped job as a new one that goes on counting', async () => {
    const parent = await put({ n: 1 }, { attempts: 1 });
    await endRun(system, await start(), fail);
    const { job: child } = await restartJob(system, { id: parent.id });
    expect(child).toMatchObject({ args: { n: 1 }, parentId: parent.id, trial: 1, attemptsLeft: 1, state: 'PENDING' });
    await endRun(system, await start(), { kind: 'COMPLETE' });
    expect(await counts()).toEqual({ queue: 0, journal: 2 });
    expect(await readJob(system, { id: parent.id })).toMatchObject({ state: 'ERROR', childId: child.id });
    expect(await readJob(system, { id: child.id })).toMatchObject({ state: 'COMPLETE', childId: null, trial: 2 });
    expect((await told()).slice(3, 6)).toEqual(
      ['restarted', 'removed', 'enqueued'].map((verb) => `platform.job.${verb}`),
    );
  });

  test('restarts one that waits for its time, and refuses one that waits for nothing', async () => {
    const { id } = await put({}, { attempts: 2 });
    expect(await errorOf(restartJob(system, { id }))).toBeInstanceOf(JobStateError);
    await endRun(system, await start(), fail);
    expect(await restartJob(system, { id })).toMatchObject({ job: { id, queryAt: null }, parent: null });
    expect((await start()).id).toBe(id);
  });

  test('is for those who may run the job', async () => {
    const { id } = await put();
    for (const work of [killJob, removeJob, restartJob])
      expect(await errorOf(work(person('job:read', 'job:execute@secret.'), { id }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(killJob(system, { id: newId() }))).toBeInstanceOf(NotFoundError);
  });
});

describe('what a viewer sees', () => {
  beforeEach(async () => {
    await put({ key: 1 });
    await put({ key: 1 }, {}, 'secret.thing');
  });

  test('is the jobs that his patterns cover, in lists and in history', async () => {
    const reader = person('job:read@tests.', 'event:read');
    const found = await listJobs(reader, {}, page);
    expect([found.items.map(({ node }) => node.name), await found.count()]).toEqual([['tests.dummy'], 1]);
    await told();
    const events = await pageEvents(reader, { names: ['platform.job.*'] }, page);
    expect([events.items.map(({ node }) => node.scope.job), await events.count()]).toEqual([['tests.dummy'], 1]);
    const anyOf = await pageEvents(person('job:read@(tests|sec).*', 'event:read'), { names: ['platform.job.*'] }, page);
    expect(await anyOf.count()).toBe(2);
    const none = await pageEvents(person('job:read@ests.', 'event:read'), { names: ['platform.job.*'] }, page);
    expect(await none.count()).toBe(0);
  });

  test('is the others without their names, where that is asked for and allowed', async () => {
    expect(await errorOf(listJobs(person('job:read'), { unauthorized: 'MASK' }, page))).toMatchObject({
      message: 'Needs queue:read.',
    });
    const viewer = person('job:read@tests.', 'queue:read');
    const { items } = await listJobs(viewer, { unauthorized: 'MASK', orderBy: [{ by: 'NAME' }] }, page);
    expect(items.map(({ node }) => [node.name, node.masked ?? false, node.args])).toEqual([
      ['UnauthorizedJob', true, {}],
      ['tests.dummy', false, { key: 1 }],
    ]);
    const filtered = await listJobs(viewer, { unauthorized: 'MASK', filter: { name: { like: 'secret*' } } }, page);
    expect(await filtered.count()).toBe(0);
  });

  test('is forbidden or unknown when one job is asked for', async () => {
    const hidden = (await listJobs(system, { filter: { name: { eq: 'secret.thing' } } }, page)).items[0]?.node.id ?? '';
    expect(await errorOf(readJob(person('job:read@tests.'), { id: hidden }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(readJob(person('job:read@tests.'), { id: newId() }))).toBeInstanceOf(NotFoundError);
  });

  test('is the classes that he may run, found by what people read of them', async () => {
    const names = async (ctx: Context, input = {}) =>
      (await listJobClasses(ctx, input, page)).items.map(({ node }) => node.class.name);
    expect(await names(person('job:execute@tests.'))).toEqual(['tests.dummy', 'tests.gone', 'tests.other']);
    expect(await errorOf(names(person('job:read')))).toBeInstanceOf(ForbiddenError);
    expect(await names(system, { search: 'CLEANS*rooms' })).toEqual(['secret.thing']);
    expect(await names(system, { search: 'blu?' })).toEqual(['tests.dummy']);
    expect(await names(system, { filter: { tags: ['blue'] } })).toEqual(['tests.dummy']);
    const second = await listJobClasses(system, {}, { ...page, limit: 2, after: ['tests.dummy'] });
    expect([second.items.map(({ node }) => node.class.name), await second.count()]).toEqual([
      ['tests.gone', 'tests.other'],
      4,
    ]);
  });

  test('is the queue in figures, with one name for all that he may not read', async () => {
    const kind = { state: 'PENDING', zombie: false, wall: false, removed: false, killed: false, progress: 0 };
    await put({ key: 2 });
    await put({}, {}, 'tests.other');
    expect(await summarizeQueue(person('job:read@tests.d'))).toEqual([
      { ...kind, name: 'UnauthorizedJob', n: 2 },
      { ...kind, name: 'tests.dummy', n: 2 },
    ]);
    expect(await summarizeQueue(person())).toEqual([{ ...kind, name: 'UnauthorizedJob', n: 4 }]);
  });
});

describe('the history of the queue', () => {
  const sample = (at: string, total: number) => ({
    at,
    pending: total,
    deferred: 0,
    failed: 0,
    running: 0,
    error: 0,
    inactive: 0,
    killed: 0,
    total,
  });
  const shown = async (input: object) =>
    (await listHistory(system, input, page)).items.map(({ node }) => [node.at, node.total]);

  test('is cut by the largest unit of its length', () => {
    const from = '2024-02-29T00:00:00.000Z';
    expect(unitFor(from, '2025-03-01T00:00:00.000Z')).toBe('day');
    expect(unitFor(from, '2024-03-29T00:00:00.000Z')).toBe('hour');
    expect(unitFor(from, '2024-03-01T00:00:00.000Z')).toBe('minute');
    expect(unitFor(from, '2024-02-29T23:59:59.999Z')).toBe('second');
  });

  test('shows of each piece the moment with the most jobs, the first of equal ones', async () => {
    const store = system.use(sampleStore);
    for (const [at, total] of [
      ['2026-01-01T00:00:01.000Z', 3],
      ['2026-01-01T00:00:20.000Z', 5],
      ['2026-01-01T00:00:40.000Z', 5],
      ['2026-01-01T00:01:00.000Z', 1],
    ] as const)
      await store.record(sample(at, total));
    const day = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    expect(await shown(day)).toEqual([
      ['2026-01-01T00:01:00.000Z', 1],
      ['2026-01-01T00:00:20.000Z', 5],
    ]);
    expect(await shown({ ...day, order: 'ASC' })).toEqual((await shown(day)).reverse());
    const refused = await errorOf(listHistory(system, { from: day.to, to: day.from }, page));
    expect(refused.message).toBe('Invalid time period. Start date > End date');
    expect(await errorOf(listHistory(person('job:read'), {}, page))).toBeInstanceOf(ForbiddenError);
  });

  test('begins at midnight seven days ago unless it is said', async () => {
    await system.use(sampleStore).record(sample('2025-12-24T23:59:59.000Z', 1));
    await system.use(sampleStore).record(sample('2025-12-25T00:00:00.000Z', 2));
    expect(await shown({})).toEqual([['2025-12-25T00:00:00.000Z', 2]]);
  });
});
