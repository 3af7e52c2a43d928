import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { LogLevel } from '#kernel/job-run.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { jobStore } from '#resolvers/platform/jobs/job.ts';
import { knownClassStore } from '#resolvers/platform/jobs/known-classes.ts';
import { jobLogStore, type NewLogLine } from '#resolvers/platform/jobs/log.ts';
import { type QueueSample, sampleStore } from '#resolvers/platform/queue/sample.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';
import { firstPage, instant, newJob } from './jobs.ts';

const line = (message: string, level: LogLevel = 'INFO'): NewLogLine => ({
  at: instant(0),
  level,
  message,
  exception: null,
});

/** What every storage of the logs of jobs keeps to. */
export const jobLogContract: ContractSuite = (name, open) => {
  describe(`the logs of jobs in ${name}`, () => {
    const storage = sharedStorage(open);
    const log = () => storage.use(jobLogStore);

    /** A job that runs. */
    async function running() {
      const job = newJob();
      const fence = newId();
      await storage.use(jobStore).insertUnique([job]);
      await storage.use(jobStore).claimNext({
        worker: 'w@here',
        running: {},
        exceptProjects: [],
        forcedOnly: false,
        lease: 30_000,
        fence,
        now: instant(1),
      });
      return { id: job.id, fence };
    }

    test('number their lines without a hole, whoever appends', async () => {
      const held = await running();
      const appends = Array.from({ length: 20 }, (_, index) =>
        log().append(held, [line(`a${index}`), line(`b${index}`)]),
      );
      expect(await Promise.all(appends)).toEqual(Array(20).fill(true));
      const lines = await log().read(held.id, 0, 100);
      expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      // What is appended together stays together.
      for (let index = 0; index < 40; index += 2)
        expect(lines[index + 1]?.message).toBe(lines[index]?.message.replace('a', 'b'));
      expect((await storage.use(jobStore).getMany([held.id]))[0]?.logCount).toBe(40);
      expect((await log().read(held.id, 38, 100)).map(({ number }) => number)).toEqual([39, 40]);
    });

    test('take nothing from who does not hold the job, nor of one that is not in the queue', async () => {
      const held = await running();
      expect(await log().append({ id: held.id, fence: newId() }, [line('late')])).toBe(false);
      expect(await log().append({ id: held.id, fence: null }, [line('from outside')])).toBe(true);
      expect(await log().keepOutput({ id: held.id, fence: newId() }, 'late', instant(0))).toBe(false);
      expect(await log().keepOutput(held, 'one', instant(0))).toBe(true);
      expect(await log().keepOutput(held, 'two', instant(1))).toBe(true);
      expect(await log().outputs([newId(), held.id])).toEqual([null, 'two']);
      await storage.use(jobStore).archive([held.id]);
      expect(await log().append({ id: held.id, fence: null }, [line('too late')])).toBe(false);
      expect((await log().read(held.id, 0, 10)).map(({ message }) => message)).toEqual(['from outside']);
      expect(await log().trimOutputs(instant(1), 10)).toBe(0);
      expect(await log().trimOutputs(instant(2), 10)).toBe(1);
    });

    test('are paged for many jobs at once, by level and number', async () => {
      const [one, other] = [await running(), await running()];
      await log().append(one, [line('a'), line('b', 'ERROR'), line('c', 'ERROR')]);
      const texts = async (...asked: Parameters<ReturnType<typeof log>['pages']>) =>
        (await log().pages(...asked)).map(({ items }) => items.map(({ node }) => node.message));
      const both = [one.id, other.id];
      expect(await texts(both, {}, firstPage)).toEqual([['a', 'b', 'c'], []]);
      expect(await texts(both, { levels: ['ERROR'] }, { ...firstPage, limit: 1 })).toEqual([['b'], []]);
      expect(await texts([one.id], { after: 1 }, { ...firstPage, after: ['2'] })).toEqual([['c']]);
      const [page] = await log().pages([one.id], { levels: ['ERROR'] }, { ...firstPage, limit: 1 });
      expect([page?.hasNextPage, await page?.count()]).toEqual([true, 2]);
    });

    test('wake who listens once a line is committed', async () => {
      const held = await running();
      let wake = () => {};
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const stop = await log().listen(() => wake());
      await storage.atomically(async (use) => void (await use(jobLogStore).append(held, [line('heard')])));
      await woken;
      expect((await log().read(held.id, 0, 10)).map(({ message }) => message)).toEqual(['heard']);
      await stop();
    });

    test('go with the job when the journal is trimmed', async () => {
      const held = await running();
      await log().append(held, [line('a'), line('b')]);
      await storage.use(jobStore).finish(held, { state: 'COMPLETE', finishedAt: instant(2) });
      await storage.use(jobStore).archive([held.id]);
      expect(await storage.use(jobStore).trimJournal(instant(3), 10)).toBe(1);
      expect(await log().read(held.id, 0, 10)).toEqual([]);
    });
  });
};

/** What every storage of what jobs remember, of classes and of samples keeps to. */
export const jobRoomsContract: ContractSuite = (name, open) => {
  describe(`what jobs remember in ${name}`, () => {
    const storage = sharedStorage(open);
    const cookies = () => storage.use(jobCookieStore);

    test('is any JSON by name and key', async () => {
      const value = { a: [1, null, 'x'], b: { c: true } };
      await cookies().set('tests.a', 'one', value);
      await cookies().set('tests.a', 'none', null);
      await cookies().set('tests.b', 'one', 2);
      expect(await cookies().getMany(['tests.b', 'tests.c', 'tests.a'])).toEqual([
        { one: 2 },
        {},
        { none: null, one: value },
      ]);
      await cookies().delete('tests.a', 'one');
      await cookies().set('tests.a', 'none', 1);
      expect(await cookies().getMany(['tests.a'])).toEqual([{ none: 1 }]);
    });

    test('is counted right by many at once', async () => {
      const sums = await Promise.all(Array.from({ length: 20 }, () => cookies().adjust('tests.a', 'n', 'inc', 2.5)));
      expect(Math.max(...sums)).toBe(50);
      expect(new Set(sums).size).toBe(20);
      await Promise.all([5, 1, 9].map((n) => cookies().adjust('tests.a', 'low', 'min', n)));
      await Promise.all([5, 1, 9].map((n) => cookies().adjust('tests.a', 'high', 'max', n)));
      await cookies().set('tests.a', 'text', 'no number');
      expect(await cookies().adjust('tests.a', 'text', 'inc', 3)).toBe(3);
      expect(await cookies().getMany(['tests.a'])).toEqual([{ high: 9, low: 1, n: 50, text: 3 }]);
    });
  });

  describe(`known job classes in ${name}`, () => {
    const storage = sharedStorage(open);

    test('are told of when they are new or another, to one of racing starts', async () => {
      const known = storage.use(knownClassStore);
      const classes = (fingerprint: string) => ['tests.a', 'tests.b'].map((name) => ({ name, fingerprint }));
      const starts = await Promise.all([1, 2, 3].map(() => known.remember(classes('x'), instant(0))));
      expect(starts.flatMap(({ registered }) => registered).sort()).toEqual(['tests.a', 'tests.b']);
      expect(starts.flatMap(({ changed }) => changed)).toEqual([]);
      expect(await known.remember([{ name: 'tests.a', fingerprint: 'y' }], instant(1))).toEqual({
        registered: [],
        changed: ['tests.a'],
      });
      expect(await known.firstSeen(['tests.a', 'tests.c'])).toEqual([instant(0), null]);
    });
  });

  describe(`the history of the queue in ${name}`, () => {
    const storage = sharedStorage(open);
    const samples = () => storage.use(sampleStore);
    const sample = (seconds: number, total: number, running = 0): QueueSample => ({
      at: instant(seconds),
      pending: total - running,
      deferred: 0,
      failed: 0,
      running,
      error: 0,
      inactive: 0,
      killed: 0,
      total,
    });

    test('keeps of one instant the sample with the largest total', async () => {
      for (const one of [sample(0, 3), sample(0, 5, 1), sample(0, 5, 2), sample(0, 4), sample(60, 1)])
        await samples().record(one);
      const page = await samples().page({}, firstPage);
      expect(page.items.map(({ node }) => node)).toEqual([sample(60, 1), sample(0, 5, 1)]);
      expect(await (await samples().page({ from: instant(1) }, firstPage)).count()).toBe(1);
    });

    test('gives of each piece the largest, the earliest of equal ones, in either order', async () => {
      for (const one of [sample(1, 1), sample(20, 7), sample(40, 7), sample(61, 2), sample(3600, 9)])
        await samples().record(one);
      const totals = async (...asked: Parameters<ReturnType<typeof samples>['buckets']>) => {
        const page = await samples().buckets(...asked);
        return [page.items.map(({ node }) => node.at), await page.count()];
      };
      expect(await totals({}, 'minute', 'DESC', firstPage)).toEqual([[instant(3600), instant(61), instant(20)], 3]);
      expect(await totals({}, 'hour', 'ASC', firstPage)).toEqual([[instant(20), instant(3600)], 2]);
      expect(await totals({ to: instant(40) }, 'day', 'ASC', firstPage)).toEqual([[instant(20)], 1]);
      expect(await totals({ from: instant(21) }, 'second', 'ASC', { ...firstPage, limit: 2 })).toEqual([
        [instant(40), instant(61)],
        3,
      ]);
      const second = await samples().buckets({}, 'minute', 'DESC', { ...firstPage, limit: 1, after: [instant(61)] });
      expect(second.items.map(({ node }) => node.at)).toEqual([instant(20)]);
    });

    test('forgets the oldest first', async () => {
      for (const one of [sample(1, 1), sample(2, 1), sample(3, 1)]) await samples().record(one);
      expect(await samples().trim(instant(3), 1)).toBe(1);
      expect((await samples().page({}, firstPage)).items.map(({ node }) => node.at)).toEqual([instant(3), instant(2)]);
    });
  });
};
