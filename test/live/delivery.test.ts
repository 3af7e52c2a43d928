import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { microseconds } from '#kernel/context.ts';
import { encodeCursor, eventLog } from '#kernel/event.ts';
import { type Item, socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { openProbe, type Probe, ticks } from '../support/probe.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe({ live: { replay: { maxEvents: 50_000 }, max: { messageRate: 100_000 } } });
});
afterAll(() => probe.gateway.dispose());

const itemOf = (item: Item | undefined) => item?.data?.clockChanged as Record<string, unknown>;
const numbers = (items: readonly Item[]) => items.map((item) => itemOf(item).n).filter((n) => n !== undefined);
const cursorOf = (item: Item | undefined) => item?.extensions?.cursor ?? '';
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

async function logState() {
  const { data } = await probe.gateway.execute({ document: '{ eventLog { epoch head cursor } }' });
  return data?.eventLog as { epoch: string; head: string; cursor: string };
}

describe('both transports', () => {
  test('deliver what is committed after Subscribed, in order, with a cursor each', async () => {
    const client = socketClient(probe.url);
    const socket = subscribeOver(client, ticks, { hello: true });
    const sse = await subscribeBySse(probe.url, ticks, { hello: true });
    await Promise.all([socket.reach(1), sse.reach(1)]);
    await probe.tick(range(0, 20));
    await probe.tick([20]);
    await Promise.all([socket.reach(22), sse.reach(22)]);
    expect(itemOf(socket.items[0]).__typename).toBe('Subscribed');
    expect(numbers(socket.items)).toEqual(range(0, 21));
    expect(sse.items).toEqual(socket.items);
    expect(new Set(socket.items.map(cursorOf)).size).toBe(22);
    expect(sse.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(sse.response.headers.get('cache-control')).toBe('no-store');
    expect(sse.response.headers.get('x-accel-buffering')).toBe('no');
    expect(sse.text.join('')).toMatch(/^retry: [1-5]\d{3}\n\n/);
    expect(sse.ids).toEqual(sse.items.map(cursorOf));
    sse.stop();
    await client.dispose();
  });

  test('resume after a cursor without a hole and without a repetition, from each place a cursor may come from', async () => {
    const { cursor } = await logState();
    await probe.tick(range(100, 130));
    const client = socketClient(probe.url);
    const middle = subscribeOver(client, ticks, { after: cursor });
    const place = cursorOf((await middle.reach(12))[11]);
    const resumed = [
      subscribeOver(client, ticks, { after: place }),
      subscribeOver(client, ticks, {}, { resume: place }),
      await subscribeBySse(probe.url, ticks, { after: place }),
      await subscribeBySse(probe.url, ticks, {}, { 'last-event-id': place }),
      // A client library may send its old variables again: the later cursor counts.
      await subscribeBySse(probe.url, ticks, { after: cursor }, { 'last-event-id': place }),
      subscribeOver(client, ticks, { after: place }, { resume: cursor }),
    ];
    await probe.tick([130]);
    for (const stream of resumed) {
      await stream.reach(19);
      expect(numbers(stream.items)).toEqual(range(112, 131));
      stream.stop();
    }
    await client.dispose();
  });

  test('say Subscribed with the place they go on from, even when they resume', async () => {
    const { cursor, head } = await logState();
    await probe.tick([1]);
    const stream = await subscribeBySse(probe.url, ticks, { after: cursor, hello: true });
    await stream.reach(2);
    expect(cursorOf(stream.items[0])).toBe(cursor);
    expect(itemOf(stream.items[0]).head).toBe(String(Number(head) + 1));
    expect(numbers(stream.items)).toEqual([1]);
    stream.stop();
  });

  test('tell a cursor of another log, one beyond the end, and one too far behind by a Gap, then go on live', async () => {
    const { epoch, head } = await logState();
    const foreign = encodeCursor({ epoch: 'aaaaaaaaaa', sequence: 3 });
    const ahead = encodeCursor({ epoch, sequence: Number(head) + 10 });
    const client = socketClient(probe.url);
    const streams = [
      { reason: 'EPOCH', from: '3', stream: subscribeOver(client, ticks, { after: foreign }) },
      {
        reason: 'AHEAD',
        from: String(Number(head) + 10),
        stream: await subscribeBySse(probe.url, ticks, { after: ahead }),
      },
    ];
    for (const { reason, from, stream } of streams) {
      await stream.reach(1);
      expect(itemOf(stream.items[0])).toEqual({ __typename: 'Gap', reason, from, to: head });
    }
    await probe.tick([7]);
    for (const { stream } of streams) {
      await stream.reach(2);
      expect(numbers(stream.items)).toEqual([7]);
      stream.stop();
    }
    await client.dispose();
  });

  test('refuse a text that is no cursor', async () => {
    const client = socketClient(probe.url);
    const message = 'Not a cursor of this log.';
    for (const after of ['', 'garbage', encodeCursor({ epoch: 'x', sequence: 1 }), 'x'.repeat(5000)]) {
      const ended = await subscribeOver(client, ticks, { after }).ended;
      expect(ended).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
    }
    const sse = await subscribeBySse(probe.url, ticks, {}, { 'last-event-id': 'garbage' });
    expect(sse.response.status).toBe(400);
    await client.dispose();
  });

  test('deliver what is about the named subjects alone', async () => {
    const client = socketClient(probe.url);
    const one = subscribeOver(client, ticks, { hello: true, subjects: ['s1', 's2'] });
    const other = subscribeOver(client, ticks, { hello: true, subjects: ['s0'] });
    await Promise.all([one.reach(1), other.reach(1)]);
    await probe.tick(range(0, 9));
    await Promise.all([one.reach(7), other.reach(4)]);
    expect(numbers(one.items)).toEqual([1, 2, 4, 5, 7, 8]);
    expect(numbers(other.items)).toEqual([0, 3, 6]);
    await client.dispose();
  });

  test('never miss a change that was made after Subscribed was sent', async () => {
    const client = socketClient(probe.url);
    for (let round = 0; round < 1000; round += 1) {
      const stream = subscribeOver(client, ticks, { hello: true });
      await stream.reach(1);
      await probe.tick([round]);
      await stream.reach(2);
      expect(numbers(stream.items)).toEqual([round]);
      stream.stop();
    }
    await client.dispose();
  });

  test('deliver the same, once, to those who resume from many places while events go on', async () => {
    const { cursor } = await logState();
    await probe.tick(range(0, 600));
    const client = socketClient(probe.url);
    const all = subscribeOver(client, ticks, { after: cursor });
    await all.reach(600);
    const writing = (async () => {
      for (const n of range(600, 700)) await probe.tick([n]);
    })();
    const readers = range(0, 40).map((index) => ({
      from: index * 15,
      stream: subscribeOver(client, ticks, { after: cursorOf(all.items[index * 15]) }),
    }));
    await writing;
    for (const { from, stream } of readers) {
      await stream.reach(699 - from);
      expect(numbers(stream.items)).toEqual(range(from + 1, 700));
    }
    await client.dispose();
  });
});

test('a log that begins a new life tells open streams by a Gap, and they go on', async () => {
  const own = await openProbe({ events: { poll: '50ms' } });
  const client = socketClient(own.url);
  const stream = subscribeOver(client, ticks, { hello: true });
  await stream.reach(1);
  await own.tick([1]);
  await stream.reach(2);
  await own.gateway.context().atomically(async (ctx) => {
    await ctx.use(eventLog).renewEpoch();
  });
  await stream.reach(3);
  expect(itemOf(stream.items[2])).toMatchObject({ __typename: 'Gap', reason: 'EPOCH' });
  await own.tick([2]);
  await stream.reach(4);
  expect(numbers(stream.items)).toEqual([1, 2]);
  await client.dispose();
  await own.gateway.dispose();
});

test('what retention deleted is a Gap, and everything kept follows', async () => {
  const own = await openProbe();
  const before = (await own.gateway.execute({ document: '{ eventLog { cursor } }' })).data?.eventLog as {
    cursor: string;
  };
  await own.tick(range(0, 10));
  const instant = Date.now() + 1;
  await new Promise((resolve) => setTimeout(resolve, 20));
  await own.tick(range(10, 15));
  const floor = await own.gateway
    .context()
    .use(eventLog)
    .trim({ live: microseconds(instant), audit: null });
  expect(floor).toBe(11);
  const client = socketClient(own.url);
  const stream = subscribeOver(client, ticks, { after: before.cursor });
  await stream.reach(6);
  expect(itemOf(stream.items[0])).toEqual({ __typename: 'Gap', reason: 'RETENTION', from: '0', to: '10' });
  expect(numbers(stream.items)).toEqual(range(10, 15));
  await client.dispose();
  await own.gateway.dispose();
});

test('a cursor further behind than live.replay.maxEvents gets a Gap and the rest', async () => {
  const own = await openProbe({ live: { replay: { maxEvents: 10 } } });
  await own.tick(range(0, 30));
  const client = socketClient(own.url);
  const { epoch } = await own.gateway.context().use(eventLog).state();
  const stream = subscribeOver(client, ticks, { after: encodeCursor({ epoch, sequence: 5 }) });
  await stream.reach(11);
  expect(itemOf(stream.items[0])).toEqual({ __typename: 'Gap', reason: 'REPLAY_LIMIT', from: '5', to: '20' });
  expect(numbers(stream.items)).toEqual(range(20, 30));
  await client.dispose();
  await own.gateway.dispose();
});
