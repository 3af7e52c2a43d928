import { describe, expect, test } from 'vitest';
import {
  type AppendedEvent,
  type EventFilter,
  type EventTopic,
  type EventVisibility,
  eventLog,
} from '#kernel/event.ts';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Facts, ScopeGrant } from '#kernel/permission.ts';
import { type OpenStorage, sharedStorage, type TestStorage } from '../suite.ts';

/** An event as `append` takes it. */
export function newEvent(over: Partial<AppendedEvent> = {}): AppendedEvent {
  return {
    id: newId(),
    name: 'network.device.created',
    subject: null,
    scope: {},
    actor: { account: null, name: 'system', credential: null, address: null },
    occurredAt: '2026-03-04T05:06:07.123456Z',
    data: {},
    before: null,
    after: null,
    traceparent: null,
    tx: newId(),
    retain: 'LIVE',
    truncated: false,
    ...over,
  };
}

const firstPage: PageRequest = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 };

/** What every storage of the event log guarantees. */
export function eventLogContract(name: string, open: OpenStorage): void {
  describe(`${name}: the event log`, () => {
    const storage = sharedStorage(open);
    const log = () => storage.use(eventLog);
    const append = (...events: AppendedEvent[]) => storage.atomically((use) => use(eventLog).append(events));
    const sequencesOf = async (filter: EventFilter, visibility: EventVisibility = 'all', request = firstPage) =>
      (await log().page(filter, visibility, request)).items.map(({ node }) => node.sequence);

    async function numbered(...events: AppendedEvent[]): Promise<void> {
      await append(...events);
      await log().number(1000);
    }

    describe('pages by topic', () => {
      test('gives the events about each thing, and those of each place, newest first, in one read', async () => {
        await numbered(
          newEvent({ subject: 'x', scope: { site: ['a', 'a/device'], kind: 'device' } }),
          newEvent({ subject: 'y', scope: { site: ['b', 'b/device'], kind: 'device' } }),
          newEvent({ subject: 'x', scope: { site: ['a', 'a/device'], device: 'b' } }),
          newEvent({ subject: 'z', scope: { device: 'q', site: 'a' } }),
          newEvent({ subject: null, scope: {} }),
        );
        const of = async (topics: readonly EventTopic[], request = firstPage, filter: EventFilter = {}) => {
          const pages = await log().pages(topics, filter, 'all', request);
          return pages.map(({ items }) => items.map(({ node }) => node.sequence));
        };
        const subjects = ['y', 'nobody', 'x', 'y'].map((subject) => ({ subject }));
        expect(await of(subjects)).toEqual([[2], [], [3, 1], [2]]);
        const places = ['a', 'b', 'q'].map((value) => ({ place: { kind: 'site', value } }));
        expect(await of(places)).toEqual([[3, 1], [2], []]);
        expect(await of([{ place: { kind: 'device', value: 'q' } }])).toEqual([[4]]);
        expect(await of(places, { ...firstPage, limit: 1 })).toEqual([[3], [2], []]);
        expect(await of(places, { ...firstPage, after: ['3'] })).toEqual([[1], [2], []]);
        expect(await of(places, firstPage, { subjects: ['y'] })).toEqual([[], [2], []]);
        expect(await of([])).toEqual([]);
        const [first] = await log().pages(places, {}, 'all', { ...firstPage, limit: 1 });
        expect([first?.hasNextPage, await first?.count()]).toEqual([true, 2]);
        expect((await storage.countStatements(() => log().pages(places, {}, 'all', firstPage))) ?? 1).toBe(1);
      });

      test('gives what the viewer may see alone', async () => {
        await numbered(
          newEvent({ subject: 'x', scope: { site: 'a' } }),
          newEvent({ subject: 'x', scope: { site: 'b' } }),
        );
        const visibility: EventVisibility = [
          {
            names: ['network.device.created'],
            visibility: { allOf: [[{ kind: 'site', value: 'b' }]] },
            owner: null,
          },
        ];
        const [page] = await log().pages([{ subject: 'x' }], {}, visibility, firstPage);
        expect([page?.items.map(({ node }) => node.sequence), await page?.count()]).toEqual([[2], 1]);
      });
    });

    describe('appending and numbering', () => {
      test('begins empty, with an epoch of ten characters of base32', async () => {
        expect(await log().state()).toEqual({
          epoch: expect.stringMatching(/^[a-z2-7]{10}$/),
          head: 0,
          floor: 1,
          oldestAt: null,
        });
        expect(await log().number(10)).toBe(0);
        expect(await log().read(0, 10)).toEqual([]);
      });

      test('shows an event to readers only after it was numbered', async () => {
        await append(newEvent());
        expect(await log().read(0, 10)).toEqual([]);
        expect(await log().countUnnumbered()).toBe(1);
        expect(await log().number(10)).toBe(1);
        expect((await log().read(0, 10)).map(({ sequence }) => sequence)).toEqual([1]);
        expect(await log().countUnnumbered()).toBe(0);
      });

      test('gives back every part of an event as it was appended', async () => {
        const event = newEvent({
          subject: 'ZGV2aWNlOjE',
          scope: { site: 'a', network: ['b', 'c'], circuit: { all: ['d', 'e'] } },
          actor: { account: newId(), name: 'Zoë 🛰', credential: 'SESSION', address: '2001:db8::1' },
          data: { z: 1, a: [null, true, 1.5, '\u0000 "quoted" \\ \ud83d\ude80'], nested: { deep: { er: [] } } },
          before: { hostname: 'old' },
          after: { hostname: 'new' },
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          retain: 'AUDIT',
          truncated: true,
        });
        await numbered(event);
        const { epoch } = await log().state();
        expect(await log().read(0, 10)).toEqual([{ ...event, sequence: 1, epoch }]);
        expect(Object.keys((await log().read(0, 1))[0]?.data as object)).toEqual(['z', 'a', 'nested']);
      });

      test('keeps the microseconds of an instant', async () => {
        await numbered(newEvent({ occurredAt: '1999-12-31T23:59:59.000001Z' }));
        expect((await log().read(0, 1))[0]?.occurredAt).toBe('1999-12-31T23:59:59.000001Z');
        expect((await log().state()).oldestAt).toBe('1999-12-31T23:59:59.000001Z');
      });

      test('numbers the events of one transaction as neighbours, in the order of appending', async () => {
        await append(...['a', 'b', 'c'].map((subject) => newEvent({ subject })));
        await append(newEvent({ subject: 'd' }));
        await log().number(1000);
        const events = await log().read(0, 10);
        expect(events.map(({ sequence, subject }) => [sequence, subject])).toEqual([
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
          [4, 'd'],
        ]);
      });

      test('never cuts a transaction in two, and takes no more of them than asked for', async () => {
        await append(newEvent(), newEvent(), newEvent());
        await append(newEvent(), newEvent());
        await append(newEvent());
        expect(await log().number(2)).toBe(3);
        expect(await log().number(3)).toBe(3);
        expect(await log().number(3)).toBe(0);
        expect((await log().read(0, 10)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      });

      test('leaves no trace of a transaction that was rolled back', async () => {
        await append(newEvent({ subject: 'first' }));
        const failed = storage.atomically(async (use) => {
          await use(eventLog).append([newEvent(), newEvent()]);
          throw new Error('given up');
        });
        await expect(failed).rejects.toThrow('given up');
        await append(newEvent({ subject: 'second' }));
        expect(await log().countUnnumbered()).toBe(2);
        await log().number(1000);
        const events = await log().read(0, 10);
        expect(events.map(({ sequence, subject }) => [sequence, subject])).toEqual([
          [1, 'first'],
          [2, 'second'],
        ]);
      });

      test('numbers in one pass for racing callers', async () => {
        for (let index = 0; index < 20; index += 1) await append(newEvent(), newEvent());
        const counts = await Promise.all(Array.from({ length: 8 }, () => log().number(5)));
        const rest = await log().number(1000);
        expect(counts.reduce((sum, count) => sum + count, rest)).toBe(40);
        expect((await log().read(0, 100)).map(({ sequence }) => sequence)).toEqual(
          Array.from({ length: 40 }, (_, index) => index + 1),
        );
      });

      test('sends a constant number of statements, however many events are appended', async () => {
        const statements = (count: number) =>
          storage.countStatements(() => append(...Array.from({ length: count }, () => newEvent())));
        expect(await statements(200)).toBe(await statements(1));
      });
    });

    test('knows the units of work that were committed with events, before and after they are numbered', async () => {
      const [early, late, failed] = [newId(), newId(), newId()];
      await numbered(newEvent({ tx: early }), newEvent({ tx: early }));
      await append(newEvent({ tx: late }));
      const failing = storage.atomically(async (use) => {
        await use(eventLog).append([newEvent({ tx: failed })]);
        throw new Error('given up');
      });
      await expect(failing).rejects.toThrow('given up');
      const known = await log().committed([failed, late, 'no id', early, newId()]);
      expect(known.toSorted()).toEqual([early, late]);
      expect(await log().committed([])).toEqual([]);
    });

    describe('reading', () => {
      test('answers what comes after a number, at most as many as asked for', async () => {
        await numbered(...Array.from({ length: 5 }, () => newEvent()));
        expect((await log().read(2, 2)).map(({ sequence }) => sequence)).toEqual([3, 4]);
        expect(await log().read(5, 10)).toEqual([]);
        expect((await log().state()).head).toBe(5);
      });

      test('finds events by id, in the order asked, null for those that are none or have no number', async () => {
        const [one, other, waiting] = [newEvent(), newEvent(), newEvent()];
        await numbered(one, other);
        await append(waiting);
        const found = await log().getMany([other.id, 'no id', waiting.id, newId(), one.id.toUpperCase()]);
        expect(found.map((event) => event?.id ?? null)).toEqual([other.id, null, null, null, one.id]);
      });
    });

    describe('history', () => {
      const names = ['network.device.created', 'network.device.deleted', 'network.site.created', 'threat.object.added'];
      const history = async () => {
        await numbered(
          ...names.map((name, index) =>
            newEvent({
              name,
              subject: index % 2 === 0 ? 'even' : 'odd',
              scope: index < 2 ? { site: 'one' } : { site: ['two', 'three'] },
              actor: { account: index === 3 ? alice : null, name: '', credential: null, address: null },
              occurredAt: `2026-01-0${index + 1}T00:00:00.000000Z`,
            }),
          ),
        );
      };
      const alice = newId();

      test('is newest first', async () => {
        await history();
        expect(await sequencesOf({})).toEqual([4, 3, 2, 1]);
      });

      test.each<[string, EventFilter, number[]]>([
        ['a full name', { names: ['network.device.created'] }, [1]],
        ['several names', { names: ['threat.object.added', 'network.device.created'] }, [4, 1]],
        ['a prefix', { names: ['network.*'] }, [3, 2, 1]],
        ['a prefix of whole parts only', { names: ['network.dev.*'] }, []],
        ['a prefix and a name', { names: ['network.device.*', 'network.site.created'] }, [3, 2, 1]],
        ['every name', { names: ['*'] }, [4, 3, 2, 1]],
        ['no name', { names: [] }, []],
        ['a name with a sign of LIKE', { names: ['network.device.%'] }, []],
        ['subjects', { subjects: ['odd', 'none'] }, [4, 2]],
        ['a subject and a name', { subjects: ['even'], names: ['network.*'] }, [3, 1]],
        ['a fact', { scope: [{ kind: 'site', value: 'one' }] }, [2, 1]],
        ['one of several facts', { scope: [{ kind: 'site', value: 'three' }] }, [4, 3]],
        ['any of some facts', { scope: ['one', 'two'].map((value) => ({ kind: 'site', value })) }, [4, 3, 2, 1]],
        ['a fact of another kind', { scope: [{ kind: 'device', value: 'one' }] }, []],
        ['who did it', { actor: alice }, [4]],
        ['an actor that is no id', { actor: "'; --" }, []],
        [
          'times, the first included and the last not',
          { from: '2026-01-02T00:00:00Z', to: '2026-01-04T00:00:00Z' },
          [3, 2],
        ],
      ])('is narrowed by %s', async (_, filter, expected) => {
        await history();
        expect(await sequencesOf(filter)).toEqual(expected);
        expect(await (await log().page(filter, 'all', firstPage)).count()).toBe(expected.length);
      });

      test('finds an all-of fact by each of its members', async () => {
        await numbered(newEvent({ scope: { device: { all: ['a', 'b'] } } }));
        expect(await sequencesOf({ scope: [{ kind: 'device', value: 'b' }] })).toEqual([1]);
      });

      test.each<[string, Partial<PageRequest>, number[], boolean, boolean]>([
        ['the first page', { limit: 2 }, [6, 5], true, false],
        ['after a position', { limit: 2, after: ['5'] }, [4, 3], true, true],
        ['the end', { limit: 10, after: ['3'] }, [2, 1], false, true],
        ['past the end', { after: ['1'] }, [], false, true],
        ['the last page', { limit: 2, direction: 'backward' }, [2, 1], false, true],
        ['before a position', { limit: 2, direction: 'backward', before: ['2'] }, [4, 3], true, true],
        ['between two positions', { after: ['6'], before: ['3'] }, [5, 4], false, true],
        ['an offset', { limit: 2, offset: 3 }, [3, 2], true, true],
        ['nothing', { limit: 0 }, [], true, false],
      ])('is paged: %s', async (_, over, expected, hasNextPage, hasPreviousPage) => {
        await numbered(...Array.from({ length: 6 }, () => newEvent({ subject: 'x' })));
        for (const filter of [{}, { subjects: ['x', 'y'] }, { names: ['network.*'] }]) {
          const page = await log().page(filter, 'all', { ...firstPage, ...over });
          expect(page.items.map(({ node }) => node.sequence)).toEqual(expected);
          expect(page.items.map(({ position }) => position)).toEqual(expected.map((sequence) => [String(sequence)]));
          expect({ ...page, items: [] }).toMatchObject({ hasNextPage, hasPreviousPage });
          expect(await page.count()).toBe(6);
        }
      });

      test('refuses the cursor of another list', async () => {
        for (const position of [['device-a', newId()], ['1e3'], ["1' OR 1=1"]]) {
          const page = Promise.resolve().then(() => log().page({}, 'all', { ...firstPage, after: position }));
          await expect(page).rejects.toMatchObject({ code: 'BAD_USER_INPUT', path: ['after'] });
        }
      });
    });

    describe('what a viewer may see of the history', () => {
      const grants = (...values: string[]): ScopeGrant[] =>
        values.map((text) => ({ kind: text.split('/')[0] ?? '', value: text.split('/')[1] ?? '' }));
      const seesWith = async (scope: Facts, ...lists: ScopeGrant[][]) => {
        await numbered(newEvent({ scope }), newEvent({ name: 'threat.object.added', scope }));
        const rule = { names: ['network.device.created'], visibility: { allOf: lists }, owner: null };
        const seen = await sequencesOf({}, [rule]);
        expect(await (await log().page({}, [rule], firstPage)).count()).toBe(seen.length);
        await storage.clear();
        expect(seen).not.toContain(2);
        return seen.length === 1;
      };

      test('is nothing without a rule, and nothing of names that no rule knows', async () => {
        await numbered(newEvent());
        expect(await sequencesOf({}, [])).toEqual([]);
        expect(await sequencesOf({}, [{ names: [], visibility: 'all', owner: null }])).toEqual([]);
        expect(await sequencesOf({}, [{ names: ['network.device.created'], visibility: 'none', owner: null }])).toEqual(
          [],
        );
        expect(await sequencesOf({}, [{ names: ['network.device.created'], visibility: 'all', owner: null }])).toEqual([
          1,
        ]);
      });

      test('is decided by a grant on one member of an any-of fact', async () => {
        expect(await seesWith({ site: 'a' }, grants('site/a'))).toBe(true);
        expect(await seesWith({ site: 'a' }, grants('site/b', 'device/a'))).toBe(false);
        expect(await seesWith({ network: ['a', 'b'] }, grants('network/b'))).toBe(true);
        expect(await seesWith({ network: [] }, grants('network/b'))).toBe(false);
        expect(await seesWith({}, grants('site/a'))).toBe(false);
      });

      test('needs a grant for every member of an all-of fact', async () => {
        const ends = { all: ['a', 'b'] };
        expect(await seesWith({ device: ends }, grants('device/a'))).toBe(false);
        expect(await seesWith({ device: ends }, grants('device/a', 'device/b'))).toBe(true);
        expect(await seesWith({ device: ends }, grants('device/a', 'site/b'))).toBe(false);
        expect(await seesWith({ device: { all: [] } }, grants('device/a'))).toBe(false);
        expect(await seesWith({ site: 's', device: ends }, grants('site/s'))).toBe(true);
      });

      test('needs a grant of every list', async () => {
        const scope = { site: 'a', device: 'd' };
        expect(await seesWith(scope, grants('site/a'), grants('device/d'))).toBe(true);
        expect(await seesWith(scope, grants('site/a'), grants('device/e'))).toBe(false);
        expect(await seesWith(scope, grants('site/a'), [])).toBe(false);
      });

      test('includes what the viewer owns, of the names where that counts', async () => {
        const mine = newId();
        await numbered(
          newEvent({ scope: { account: mine } }),
          newEvent({ scope: { account: newId() } }),
          newEvent({ scope: { account: mine }, name: 'platform.job.finished' }),
          newEvent({ scope: { account: [mine] } }),
        );
        const rules: EventVisibility = [
          { names: ['network.device.created'], visibility: 'none', owner: mine },
          { names: ['platform.job.finished'], visibility: 'none', owner: null },
        ];
        expect(await sequencesOf({}, rules)).toEqual([1]);
      });

      test('joins the rules, and the filter narrows what they show', async () => {
        await numbered(
          newEvent({ scope: { site: 'a' } }),
          newEvent({ name: 'network.site.created', scope: { site: 'b' } }),
          newEvent({ name: 'threat.object.added' }),
        );
        const rules: EventVisibility = [
          {
            names: ['network.device.created', 'network.site.created'],
            visibility: { allOf: [grants('site/a')] },
            owner: null,
          },
          { names: ['threat.object.added'], visibility: 'all', owner: null },
        ];
        expect(await sequencesOf({}, rules)).toEqual([3, 1]);
        expect(await sequencesOf({ names: ['network.*'] }, rules)).toEqual([1]);
        expect(await sequencesOf({ names: ['network.site.created'] }, rules)).toEqual([]);
      });
    });

    describe('trimming', () => {
      const aged = (day: number, retain: 'LIVE' | 'AUDIT') =>
        newEvent({ retain, occurredAt: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000000Z` });
      const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T00:00:00.000000Z`;

      test('deletes old LIVE events, keeps AUDIT ones, and moves the floor to where nothing is missing', async () => {
        await numbered(aged(1, 'AUDIT'), aged(2, 'LIVE'), aged(3, 'AUDIT'), aged(4, 'LIVE'), aged(5, 'LIVE'));
        expect(await log().trim({ live: day(5), audit: null })).toBe(5);
        expect(await sequencesOf({})).toEqual([5, 3, 1]);
        expect(await log().state()).toMatchObject({ head: 5, floor: 5, oldestAt: day(5) });
        expect((await log().read(4, 10)).map(({ sequence }) => sequence)).toEqual([5]);
      });

      test('deletes AUDIT events only when told a time for them', async () => {
        await numbered(aged(1, 'AUDIT'), aged(2, 'AUDIT'), aged(3, 'LIVE'));
        expect(await log().trim({ live: null, audit: day(2) })).toBe(2);
        expect(await sequencesOf({})).toEqual([3, 2]);
      });

      test('never moves the floor back, and leaves it where nothing was deleted', async () => {
        await numbered(aged(1, 'LIVE'), aged(2, 'LIVE'));
        expect(await log().trim({ live: day(1), audit: day(1) })).toBe(1);
        expect(await log().trim({ live: day(9), audit: null })).toBe(3);
        expect(await log().trim({ live: day(9), audit: null })).toBe(3);
        expect(await log().state()).toMatchObject({ head: 2, floor: 3, oldestAt: null });
      });

      test('goes on numbering from the head after everything was deleted', async () => {
        await numbered(aged(1, 'LIVE'), aged(1, 'LIVE'));
        await log().trim({ live: day(9), audit: day(9) });
        await numbered(aged(2, 'LIVE'));
        expect((await log().read(0, 10)).map(({ sequence }) => sequence)).toEqual([3]);
        expect(await log().state()).toMatchObject({ head: 3, floor: 3 });
      });

      test('is undone with its unit of work', async () => {
        await numbered(aged(1, 'LIVE'));
        const failed = storage.atomically(async (use) => {
          await use(eventLog).trim({ live: day(9), audit: null });
          throw new Error('given up');
        });
        await expect(failed).rejects.toThrow('given up');
        expect(await log().state()).toMatchObject({ floor: 1, oldestAt: day(1) });
      });
    });

    describe('epochs and wake-ups', () => {
      test('begins a new life with another epoch and the same events', async () => {
        await numbered(newEvent());
        const { epoch } = await log().state();
        const renewed = await log().renewEpoch();
        expect(renewed).toMatch(/^[a-z2-7]{10}$/);
        expect(renewed).not.toBe(epoch);
        expect(await log().state()).toMatchObject({ epoch: renewed, head: 1 });
        expect((await log().read(0, 1))[0]?.epoch).toBe(renewed);
      });

      test.each(['appended', 'numbered'] as const)('wakes a listener when rows were %s', async (topic) => {
        const { waken, stop } = await listen(storage, topic);
        await append(newEvent());
        await log().number(10);
        await waken();
        await stop();
      });

      test('does not wake for what was rolled back, nor after it was stopped', async () => {
        const appended = await listen(storage, 'appended');
        const failed = storage.atomically(async (use) => {
          await use(eventLog).append([newEvent()]);
          throw new Error('given up');
        });
        await expect(failed).rejects.toThrow('given up');
        const stopped = await listen(storage, 'numbered');
        await stopped.stop();
        await log().number(10);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(appended.count()).toBe(0);
        await append(newEvent());
        await appended.waken();
        await log().number(10);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(stopped.count()).toBe(0);
        await appended.stop();
      });
    });
  });
}

async function listen(storage: TestStorage, topic: 'appended' | 'numbered') {
  let calls = 0;
  let woken = () => {};
  const stop = await storage.use(eventLog).listen(topic, () => {
    calls += 1;
    woken();
  });
  return {
    stop,
    count: () => calls,
    /** Milliseconds until the listener was called. */
    waken: () => {
      const start = performance.now();
      return new Promise<number>((resolve) => {
        woken = () => resolve(performance.now() - start);
        if (calls > 0) woken();
      });
    },
  };
}
