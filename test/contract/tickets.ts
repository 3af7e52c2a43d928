import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TicketQueue } from '#kernel/tickets.ts';
import { openUnit, openUnits } from '#kernel/unit.ts';

/** A queue under test. */
export interface TestQueue {
  readonly queue: TicketQueue;
  /** The same tickets as another process, or the same one after a restart, sees them. */
  another(): Promise<TicketQueue>;
  close(): Promise<void>;
}

/** What every queue of tickets keeps to. A suite is called with a way to open an empty one. */
export function ticketContract(name: string, open: () => Promise<TestQueue>): void {
  describe(`tickets in ${name}`, () => {
    let storage: TestQueue;
    beforeAll(async () => {
      storage = await open();
    }, 60_000);
    afterAll(() => storage?.close());

    let topics = 0;
    const newTopic = () => {
      topics += 1;
      return `topic${topics}`;
    };
    const received = () => {
      const keys: string[] = [];
      const at: number[] = [];
      return {
        keys,
        at,
        take: async (list: readonly string[]) => {
          for (const key of list) {
            keys.push(key);
            at.push(Date.now());
          }
        },
        reach: async (count: number) => {
          for (let waited = 0; keys.length < count && waited < 8000; waited += 10) await sleep(10);
          return [...keys].sort();
        },
      };
    };

    test('hands on what is due, and what was put before anybody listened', async () => {
      const { queue } = storage;
      const topic = newTopic();
      await queue.put(topic, [
        { key: 'a', runAt: Date.now() },
        { key: 'b', runAt: 0 },
      ]);
      const got = received();
      const stop = await queue.consume(topic, got.take);
      expect(await got.reach(2)).toEqual(['a', 'b']);
      await queue.put(topic, [{ key: 'c', runAt: Date.now() }]);
      expect(await got.reach(3)).toEqual(['a', 'b', 'c']);
      await stop();
    });

    test('hands on nothing before its time', async () => {
      const { queue } = storage;
      const topic = newTopic();
      const runAt = Date.now() + 700;
      const got = received();
      const stop = await queue.consume(topic, got.take);
      await queue.put(topic, [{ key: 'later', runAt }]);
      await sleep(300);
      expect(got.keys).toEqual([]);
      expect(await got.reach(1)).toEqual(['later']);
      expect(got.at[0]).toBeGreaterThanOrEqual(runAt - 20);
      await stop();
    });

    test('keeps one ticket of a key, at the earlier of both times', async () => {
      const { queue } = storage;
      const topic = newTopic();
      const now = Date.now();
      await queue.put(topic, [
        { key: 'forward', runAt: now + 60_000 },
        { key: 'stays', runAt: now },
      ]);
      await queue.put(topic, [
        { key: 'forward', runAt: now },
        { key: 'stays', runAt: now + 60_000 },
        { key: 'fresh', runAt: now },
        { key: 'fresh', runAt: now + 60_000 },
      ]);
      const got = received();
      const stop = await queue.consume(topic, got.take);
      expect(await got.reach(3)).toEqual(['forward', 'fresh', 'stays']);
      await sleep(200);
      expect(got.keys.length).toBe(3);
      await stop();
    });

    test('hands on nothing that was cancelled', async () => {
      const { queue } = storage;
      const topic = newTopic();
      await queue.put(topic, [
        { key: 'gone', runAt: 0 },
        { key: 'kept', runAt: 0 },
      ]);
      await queue.cancel(topic, ['gone', 'unknown']);
      const got = received();
      const stop = await queue.consume(topic, got.take);
      expect(await got.reach(1)).toEqual(['kept']);
      await sleep(200);
      expect(got.keys).toEqual(['kept']);
      await stop();
    });

    test('takes a new ticket of a key while the one before is being consumed', async () => {
      const { queue } = storage;
      const topic = newTopic();
      const got = received();
      let let_go = (): void => {};
      const held = new Promise<void>((resolve) => {
        let_go = resolve;
      });
      const stop = await queue.consume(topic, async (keys) => {
        await got.take(keys);
        if (got.keys.length === 1) await held;
      });
      await queue.put(topic, [{ key: 'a', runAt: 0 }]);
      await got.reach(1);
      await queue.put(topic, [{ key: 'a', runAt: 0 }]);
      let_go();
      expect(await got.reach(2)).toEqual(['a', 'a']);
      await stop();
    });

    test('hands on again what its consumer could not take', { timeout: 20_000 }, async () => {
      const { queue } = storage;
      const topic = newTopic();
      const got = received();
      const stop = await queue.consume(topic, async (keys) => {
        await got.take(keys);
        if (got.keys.length === 1) throw new Error('not now');
      });
      await queue.put(topic, [{ key: 'a', runAt: 0 }]);
      expect(await got.reach(2)).toEqual(['a', 'a']);
      await stop();
      await sleep(100);
      expect(got.keys.length).toBe(2);
    });

    test('gives each ticket to one of several consumers, in whatever process', async () => {
      const { queue } = storage;
      const other = await storage.another();
      const topic = newTopic();
      const one = received();
      const two = received();
      const stops = [await queue.consume(topic, one.take), await other.consume(topic, two.take)];
      const keys = Array.from({ length: 300 }, (_, index) => `k${index}`);
      await queue.put(
        topic,
        keys.map((key) => ({ key, runAt: 0 })),
      );
      for (let waited = 0; one.keys.length + two.keys.length < 300 && waited < 5000; waited += 10) await sleep(10);
      expect([...one.keys, ...two.keys].sort()).toEqual([...keys].sort());
      for (const stop of stops) await stop();
    });

    test('keeps what waits over the end of its consumer', async () => {
      const { queue } = storage;
      const topic = newTopic();
      const first = received();
      await (await queue.consume(topic, first.take))();
      await queue.put(topic, [{ key: 'waits', runAt: 0 }]);
      const other = await storage.another();
      const got = received();
      const stop = await other.consume(topic, got.take);
      expect(await got.reach(1)).toEqual(['waits']);
      expect(first.keys).toEqual([]);
      await stop();
    });

    test('refuses to be used inside a unit of work', async () => {
      const { queue } = storage;
      const inside = openUnits.run(openUnit('u', 1000), () => queue.put('topic', [{ key: 'a', runAt: 0 }]));
      await expect(inside).rejects.toThrow('Put tickets after the commit.');
    });
  });
}
