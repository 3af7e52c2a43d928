import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { standardProperties } from '#kernel/job.ts';
import type { PageRequest } from '#kernel/page.ts';
import { type Claim, type JobList, jobStore, type NewJob, pending } from '#resolvers/platform/jobs/job.ts';
import { type ContractSuite, sharedStorage, type TestStorage } from '../suite.ts';

export const instant = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
export const firstPage: PageRequest = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 };

export const newJob = ({ properties, ...over }: Partial<Omit<NewJob, 'properties'>> & { properties?: object } = {}) => {
  const id = over.id ?? newId();
  const job: NewJob = {
    id,
    name: 'tests.dummy',
    args: { id },
    argsHash: id,
    properties: { ...standardProperties, ...properties },
    trial: 0,
    enqueuedAt: instant(0),
    enqueuedBy: { account: null, name: 'system', narrowedTo: null },
    enqueuedHost: 'here',
    parentId: null,
    ...over,
  };
  return job;
};

const claim = (over: Partial<Claim> = {}): Claim => ({
  worker: 'w@here',
  running: {},
  exceptProjects: [],
  forcedOnly: false,
  lease: 30_000,
  fence: newId(),
  now: instant(1),
  ...over,
});

const all: JobList = { filter: {}, journaled: false, visibility: 'all', maskedName: null, orderBy: [] };

/** What every storage of jobs keeps to. */
export const jobContract: ContractSuite = (name, open) => {
  describe(`jobs in ${name}`, () => {
    const storage = sharedStorage(open);
    const jobs = () => storage.use(jobStore);
    const started = (over: Partial<Claim> = {}) => startOne(storage, over);

    test('are given back as they were put in', async () => {
      const fresh = newJob({
        args: { zeta: 1, alpha: [true, null, 'x'], nested: { b: 1.5 } },
        properties: {
          attempts: 3,
          worker: 'w@here',
          maxParallel: null,
          wallTime: 9,
          onWallTime: 'FLAG',
          onLost: 'KILL',
        },
        enqueuedBy: { account: newId(), name: 'Ada', narrowedTo: ['job:execute@a.b', 'job:read'] },
        parentId: newId(),
        trial: 2,
      });
      expect(await jobs().insertUnique([fresh])).toEqual([fresh.id]);
      expect(await jobs().getMany([newId(), fresh.id])).toEqual([null, pending(fresh)]);
      expect(await jobs().names()).toEqual(['tests.dummy']);
    });

    test('are unique by name and arguments, whatever their state', async () => {
      const first = newJob({ argsHash: 'h' });
      const other = newJob({ argsHash: 'h', name: 'tests.other' });
      await jobs().insertUnique([first]);
      expect(await jobs().insertUnique([newJob({ argsHash: 'h' }), other])).toEqual([first.id, other.id]);
      const { job, fence } = await started();
      expect(job.id).toBe(first.id);
      await jobs().finish({ id: first.id, fence }, { state: 'ERROR', finishedAt: instant(2) });
      expect(await jobs().insertUnique([newJob({ argsHash: 'h' })])).toEqual([first.id]);
      await jobs().archive([first.id]);
      const again = newJob({ argsHash: 'h' });
      expect(await jobs().insertUnique([again])).toEqual([again.id]);
    });

    test('without arguments there is one of a name, also in one call', async () => {
      const [one, two, three] = [newJob({ argsHash: null }), newJob({ argsHash: null }), newJob({ argsHash: 'x' })];
      expect(await jobs().insertUnique([one, two, three])).toEqual([one.id, one.id, three.id]);
      expect(await jobs().insertUnique([two])).toEqual([one.id]);
      expect(await jobs().countByState()).toEqual({ PENDING: 2 });
    });

    test('that twenty callers put in at once are one job', async () => {
      const fresh = Array.from({ length: 20 }, () => newJob({ argsHash: 'same' }));
      const ids = (await Promise.all(fresh.map((job) => jobs().insertUnique([job])))).flat();
      expect(new Set(ids).size).toBe(1);
      expect(await jobs().countByState()).toEqual({ PENDING: 1 });
    });

    test('start with those that are forced, then by priority, then the oldest', async () => {
      const [low, old, young, high, forced] = [
        newJob({ properties: { priority: -1 } }),
        newJob(),
        newJob(),
        newJob({ properties: { priority: 10 } }),
        newJob({ properties: { priority: -5, force: true } }),
      ];
      await jobs().insertUnique([young, low, old, high, forced]);
      const order = [];
      for (let next = await jobs().claimNext(claim()); next; next = await jobs().claimNext(claim()))
        order.push(next.job.id);
      expect(order).toEqual([forced, high, old, young, low].map(({ id }) => id));
    });

    test('that start have a lease, one trial more, and at first an end to their patience', async () => {
      const fresh = newJob({ properties: { deferMax: 60 } });
      await jobs().insertUnique([fresh]);
      const claimed = await jobs().claimNext(claim({ fence: '01890000-0000-7000-8000-000000000001' }));
      expect(claimed?.from).toBe('PENDING');
      expect(claimed?.job).toMatchObject({
        state: 'RUNNING',
        trial: 1,
        startedAt: instant(1),
        heartbeatAt: instant(1),
        inactiveAt: instant(61),
        queryAt: null,
        lease: { worker: 'w@here', fence: '01890000-0000-7000-8000-000000000001' },
      });
      const held = { id: fresh.id, fence: '01890000-0000-7000-8000-000000000001' };
      await jobs().finish(held, { state: 'DEFERRED', queryAt: instant(5) });
      expect(await jobs().claimNext(claim({ now: instant(4) }))).toBeNull();
      expect(await jobs().nextDue(instant(1))).toBe(instant(5));
      expect((await jobs().claimNext(claim({ now: instant(5) })))?.job).toMatchObject({
        trial: 2,
        inactiveAt: instant(61),
      });
    });

    test('that put themselves off for too long become inactive; those that failed do not', async () => {
      const [deferring, failing] = [newJob({ properties: { deferMax: 5 } }), newJob({ properties: { deferMax: 5 } })];
      await jobs().insertUnique([deferring, failing]);
      const one = await started();
      const two = await started();
      await jobs().finish({ id: one.job.id, fence: one.fence }, { state: 'DEFERRED', queryAt: instant(3) });
      await jobs().finish({ id: two.job.id, fence: two.fence }, { state: 'FAILED', queryAt: instant(3) });
      const late = await jobs().claimNext(claim({ now: instant(6) }));
      expect(late).toMatchObject({
        from: 'DEFERRED',
        job: { id: deferring.id, state: 'INACTIVE', trial: 1, lease: null },
      });
      expect(late?.job.finishedAt).toBe(instant(6));
      expect((await jobs().claimNext(claim({ now: instant(7) })))?.job).toMatchObject({
        id: failing.id,
        state: 'RUNNING',
      });
    });

    test('do not start when they may not', async () => {
      await jobs().insertUnique([
        newJob({ properties: { worker: 'other@there' } }),
        newJob({ name: 'paused.job' }),
        newJob({ name: 'tests.full', properties: { maxParallel: 2 } }),
      ]);
      const narrow = { exceptProjects: ['paused'], running: { 'tests.full': 2 } };
      expect(await jobs().claimNext(claim(narrow))).toBeNull();
      expect((await jobs().claimNext(claim({ ...narrow, running: { 'tests.full': 1 } })))?.job.name).toBe('tests.full');
      expect(await jobs().claimNext(claim({ forcedOnly: true }))).toBeNull();
      expect(
        (await jobs().claimNext(claim({ worker: 'other@there', exceptProjects: ['paused'] })))?.job.properties.worker,
      ).toBe('other@there');
    });

    test('go to exactly one of fifty racing workers', async () => {
      await jobs().insertUnique(Array.from({ length: 60 }, () => newJob()));
      const claims = await Promise.all(
        Array.from({ length: 50 }, (_, index) => jobs().claimNext(claim({ worker: `w${index}@here` }))),
      );
      const ids = claims.map((claimed) => claimed?.job.id);
      expect(new Set(ids).size).toBe(50);
      expect(ids).not.toContain(undefined);
      expect(await jobs().countByState()).toEqual({ PENDING: 10, RUNNING: 50 });
    });

    test('whose fence is another are left alone', async () => {
      const fresh = newJob();
      await jobs().insertUnique([fresh]);
      const { fence } = await started();
      const wrong = { id: fresh.id, fence: newId() };
      expect(await jobs().finish(wrong, { state: 'COMPLETE' })).toBeNull();
      expect(await jobs().progress(wrong, { value: 0.5, message: null }, instant(2))).toBeNull();
      expect(await jobs().addSource(wrong, 'a.csv')).toBe(false);
      expect(await jobs().renew([wrong], 60_000)).toEqual([]);
      expect((await jobs().getMany([fresh.id]))[0]).toMatchObject({ state: 'RUNNING', sources: [] });
      const held = { id: fresh.id, fence };
      expect(await jobs().progress(held, { value: 0.5, message: 'half' }, instant(2))).toMatchObject({
        progress: { value: 0.5, message: 'half' },
        heartbeatAt: instant(2),
      });
      expect([await jobs().addSource(held, 'a.csv'), await jobs().addSource(held, 'a.csv')]).toEqual([true, true]);
      expect(await jobs().finish(held, { state: 'ERROR' })).toMatchObject({
        state: 'ERROR',
        lease: null,
        sources: ['a.csv'],
      });
      expect(await jobs().finish(held, { state: 'COMPLETE' })).toBeNull();
    });

    test('whose lease is over go to exactly one, under a new fence; those that were renewed stay', async () => {
      await jobs().insertUnique([newJob(), newJob()]);
      const [kept, lost] = [await started({ lease: 200 }), await started({ lease: 200 })];
      const renewed = await jobs().renew([{ id: kept.job.id, fence: kept.fence }], 60_000);
      expect(renewed.map(({ id }) => id)).toEqual([kept.job.id]);
      expect(await jobs().takeExpired({ fence: newId(), lease: 1000 }, 10)).toEqual([]);
      await pause(300);
      const fences = Array.from({ length: 10 }, newId);
      const taken = (await Promise.all(fences.map((fence) => jobs().takeExpired({ fence, lease: 60_000 }, 10)))).flat();
      expect(taken.map(({ id }) => id)).toEqual([lost.job.id]);
      expect(taken[0]?.lease?.worker).toBe('w@here');
      expect(await jobs().finish({ id: lost.job.id, fence: lost.fence }, { state: 'COMPLETE' })).toBeNull();
      const held = { id: lost.job.id, fence: taken[0]?.lease?.fence ?? '' };
      expect((await jobs().finish(held, { state: 'KILLED' }))?.state).toBe('KILLED');
    });

    test('that are silent or run too long are marked once', async () => {
      await jobs().insertUnique([newJob({ properties: { zombieTime: 10, wallTime: 20 } })]);
      const { job, fence } = await started();
      const none = { zombies: [], overtime: [] };
      expect(await jobs().flagOverdue(instant(11), 10)).toEqual(none);
      const [first, second] = await Promise.all([
        jobs().flagOverdue(instant(12), 10),
        jobs().flagOverdue(instant(12), 10),
      ]);
      expect([...first.zombies, ...second.zombies].map(({ zombieAt }) => zombieAt)).toEqual([instant(12)]);
      await jobs().progress({ id: job.id, fence }, { value: null, message: null }, instant(20));
      const { zombies, overtime } = await jobs().flagOverdue(instant(22), 10);
      expect(zombies).toEqual([]);
      expect(overtime.map(({ wallAt }) => wallAt)).toEqual([instant(22)]);
      expect(await jobs().flagOverdue(instant(99), 10)).toEqual(none);
    });

    test('that go to the journal leave the queue as they are', async () => {
      const fresh = newJob();
      await jobs().insertUnique([fresh]);
      const { job } = await started();
      const [archived] = await jobs().archive([job.id]);
      expect(archived).toEqual({ ...job, lease: null, journaled: true });
      expect(await jobs().getMany([job.id])).toEqual([archived]);
      expect(await jobs().lock([job.id])).toEqual([null]);
      expect(await jobs().archive([job.id])).toEqual([]);
      expect(await jobs().countByState()).toEqual({});
      expect(await jobs().names()).toEqual(['tests.dummy']);
    });

    test('are counted by name, state and flags as they change', async () => {
      await jobs().insertUnique([newJob(), newJob(), newJob({ name: 'tests.other' })]);
      const one = await started();
      await jobs().progress({ id: one.job.id, fence: one.fence }, { value: 0.25, message: null }, instant(2));
      await jobs().update(one.job.id, { killedAt: instant(2) });
      const kind = { zombie: false, wall: false, removed: false, killed: false };
      const rows = async () => (await jobs().summary()).sort((a, b) => (a.name + a.state < b.name + b.state ? -1 : 1));
      const expected = [
        { ...kind, name: 'tests.dummy', state: 'PENDING', count: 1, progress: 0 },
        { ...kind, name: 'tests.dummy', state: 'RUNNING', killed: true, count: 1, progress: 0.25 },
        { ...kind, name: 'tests.other', state: 'PENDING', count: 1, progress: 0 },
      ];
      expect(await rows()).toEqual(expected);
      expect(await rows()).toEqual(expected);
      await jobs().archive([one.job.id]);
      expect(await rows()).toEqual([expected[0], expected[2]]);
    });

    test('are listed by filter, newest first unless another order is asked for', async () => {
      const [a, b, c] = [
        newJob({
          name: 'tests.a',
          args: { to: { site: 'SJC' }, n: [1, 2] },
          enqueuedBy: { account: null, name: 'Ada', narrowedTo: [] },
        }),
        newJob({ name: 'tests.b', properties: { priority: 3 }, enqueuedAt: instant(10) }),
        newJob({ name: 'other.c' }),
      ];
      await jobs().insertUnique([a, b, c]);
      const found = async (list: Partial<JobList>) =>
        (await jobs().page({ ...all, ...list }, firstPage)).items.map(({ node }) => node.name);
      expect(await found({})).toEqual(['other.c', 'tests.b', 'tests.a']);
      expect(await found({ orderBy: [{ by: 'NAME', direction: 'ASC' }] })).toEqual(['other.c', 'tests.a', 'tests.b']);
      expect(
        await found({
          orderBy: [
            { by: 'PRIORITY', direction: 'DESC' },
            { by: 'ENQUEUED', direction: 'ASC' },
          ],
        }),
      ).toEqual(['tests.b', 'tests.a', 'other.c']);
      expect(await found({ filter: { name: { like: 'TESTS.?' } } })).toEqual(['tests.b', 'tests.a']);
      expect(await found({ filter: { args: [{ path: ['to', 'site'], eq: 'SJC' }] } })).toEqual(['tests.a']);
      expect(await found({ filter: { args: [{ path: ['n', '1'], eq: 2 }] } })).toEqual(['tests.a']);
      expect(await found({ filter: { by: { like: 'ada' } } })).toEqual(['tests.a']);
      expect(await found({ filter: { not: { by: { eq: 'Ada' } } } })).toEqual(['other.c', 'tests.b']);
      expect(await found({ filter: { enqueued: { from: instant(5), to: instant(11) } } })).toEqual(['tests.b']);
      expect(await found({ filter: { state: ['RUNNING'] } })).toEqual([]);
      expect(await found({ filter: { flags: ['KILLED'] } })).toEqual([]);
      const { job } = await started();
      expect(job.name).toBe('tests.b');
      expect(await found({ filter: { worker: { eq: 'w@here' }, state: ['RUNNING'] } })).toEqual(['tests.b']);
      await jobs().archive([job.id]);
      expect([await found({}), await found({ journaled: true })]).toEqual([['other.c', 'tests.a'], ['tests.b']]);
    });

    test('that a viewer may not read are left out, or take part under another name and without arguments', async () => {
      const [open_, hidden] = [newJob({ name: 'tests.open' }), newJob({ name: 'secret.thing', args: { key: 1 } })];
      await jobs().insertUnique([open_, hidden]);
      const visibility = { allOf: [[{ kind: 'job', value: 'tests.open' }]] };
      const ids = async (list: Partial<JobList>) => {
        const page = await jobs().page({ ...all, visibility, ...list }, firstPage);
        expect(await page.count()).toBe(page.items.length);
        return page.items.map(({ node }) => node.id);
      };
      const mask = { maskedName: 'Unauthorized' };
      expect(await ids({})).toEqual([open_.id]);
      expect(await ids(mask)).toEqual([hidden.id, open_.id]);
      expect(await ids({ ...mask, filter: { name: { like: 'secret*' } } })).toEqual([]);
      expect(await ids({ ...mask, filter: { args: [{ path: ['key'], eq: 1 }] } })).toEqual([]);
      expect(await ids({ ...mask, filter: { name: { eq: 'Unauthorized' } } })).toEqual([hidden.id]);
      const byName = await jobs().page(
        { ...all, visibility, ...mask, orderBy: [{ by: 'NAME', direction: 'ASC' }] },
        firstPage,
      );
      expect(byName.items.map(({ position }) => position[0])).toEqual(['Unauthorized', 'tests.open']);
      expect(await ids({ ...mask, visibility: 'none' })).toEqual([hidden.id, open_.id]);
      expect(await ids({ visibility: 'none' })).toEqual([]);
    });

    test('that ended long ago are forgotten, the oldest first', async () => {
      const fresh = [newJob(), newJob(), newJob()];
      await jobs().insertUnique(fresh);
      for (const [index, { id }] of fresh.entries()) await jobs().update(id, { removedAt: instant(index) });
      await jobs().archive(fresh.map(({ id }) => id));
      expect(await jobs().trimJournal(instant(2), 1)).toBe(1);
      expect(await jobs().trimJournal(instant(2), 10)).toBe(1);
      const left = (await jobs().page({ ...all, journaled: true }, firstPage)).items.map(({ node }) => node.id);
      expect(left).toEqual([fresh[2]?.id]);
    });

    test('that a unit of work gives up were never there, and others do not wait for those it works on', async () => {
      await jobs().insertUnique([newJob(), newJob()]);
      await expect(
        storage.atomically(async (use) => {
          await use(jobStore).claimNext(claim());
          await use(jobStore).insertUnique([newJob({ name: 'tests.gone' })]);
          throw new Error('given up');
        }),
      ).rejects.toThrow('given up');
      expect(await jobs().countByState()).toEqual({ PENDING: 2 });
    });
  });
};

async function startOne(storage: TestStorage, over: Partial<Claim>) {
  const fence = newId();
  const claimed = await storage.use(jobStore).claimNext(claim({ fence, ...over }));
  if (!claimed) throw new Error('There is no job to start.');
  return { job: claimed.job, fence };
}
