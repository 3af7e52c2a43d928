import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeCursor } from '#kernel/event.ts';
import {
  type Item,
  RawSocket,
  type Received,
  socketClient,
  subscribeBySse,
  subscribeOver,
} from '../support/clients.ts';
import { lastTick, openProbe, type Probe } from '../support/probe.ts';

const document =
  'subscription ($subject: String!, $after: EventCursor, $overflow: OverflowPolicy) { handsChanged(subject: $subject, after: $after, overflow: $overflow) { __typename ... on LiveItem { cursor } ... on ClockHands { at } ... on ClockTicked { n } } }';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe({ live: { max: { messageRate: 100_000 } } });
});
afterAll(() => probe.gateway.dispose());

const itemOf = (item: Item) => item.data?.handsChanged as { at?: string; n?: number; cursor: string };
const shown = (items: readonly Item[]) => items.map((item) => itemOf(item).at ?? itemOf(item).n);
const placeOf = (item: Item | undefined) => decodeCursor(item?.extensions?.cursor ?? '').sequence;
const places = (items: readonly Item[]) => items.map(placeOf);

async function both(variables: Record<string, unknown>): Promise<{ streams: Received[]; stop(): Promise<void> }> {
  const client = socketClient(probe.url);
  const streams = [subscribeOver(client, document, variables), await subscribeBySse(probe.url, document, variables)];
  return {
    streams,
    async stop() {
      for (const stream of streams) stream.stop();
      await client.dispose();
    },
  };
}

/** A clock of its own. */
let clocks = 0;
const newClock = () => `clock ${++clocks}`;

describe('a stream about a thing at work', () => {
  test('begins with how it stands, and tells each state in its place among the events', async () => {
    const subject = newClock();
    const { streams, stop } = await both({ subject });
    await Promise.all(streams.map((stream) => stream.reach(1)));
    probe.tell(subject, 'one');
    await Promise.all(streams.map((stream) => stream.reach(2)));
    await probe.tick([1, 2], { subject });
    await Promise.all(streams.map((stream) => stream.reach(4)));
    probe.tell(subject, 'two');
    await Promise.all(streams.map((stream) => stream.reach(5)));
    for (const { items } of streams) {
      expect(shown(items)).toEqual(['kept', 'one', 1, 2, 'two']);
      const [begin = 0, one, first, second, two] = places(items);
      expect([one, first, second, two]).toEqual([begin, begin + 1, begin + 2, begin + 2]);
      expect(items.map((item) => itemOf(item).cursor)).toEqual(items.map(({ extensions }) => extensions?.cursor));
    }
    await stop();
  });

  test('resumes with the present state alone, then with every event after the cursor', async () => {
    const subject = newClock();
    const { streams, stop } = await both({ subject });
    const [socket] = streams;
    await socket?.reach(1);
    await probe.tick([1], { subject });
    await socket?.reach(2);
    probe.tell(subject, 'one');
    const after = (await socket?.reach(3))?.at(-1)?.extensions?.cursor;
    await stop();
    probe.tell(subject, 'two');
    await probe.tick([2], { subject });
    probe.tell(subject, 'three');
    await probe.tick([3], { subject });
    const again = await both({ subject, after });
    for (const stream of again.streams) {
      await stream.reach(3);
      await pause(50);
      expect(shown(stream.items)).toEqual(['three', 2, 3]);
      // The cursor of the state is before what follows it, so that a client that is cut there misses nothing.
      const [state = 0, ...events] = places(stream.items);
      expect(events.every((place) => place > state)).toBe(true);
    }
    await again.stop();
  });

  test('is complete after the event that ends it', async () => {
    const subject = newClock();
    const { streams, stop } = await both({ subject });
    await Promise.all(streams.map((stream) => stream.reach(1)));
    await probe.tick([1, lastTick, 2], { subject });
    for (const stream of streams) {
      expect(await stream.ended).toBe('complete');
      expect(shown(stream.items)).toEqual(['kept', 1, lastTick]);
    }
    await stop();
    expect(await probe.figure('live_subscriptions')).toBeNaN();
  });

  test('of one that has ended tells the end and what came before it after the cursor, and is complete', async () => {
    const subject = newClock();
    const { streams, stop } = await both({ subject });
    const [{ extensions } = {} as Item] = (await streams[0]?.reach(1)) ?? [];
    await probe.tick([1, lastTick], { subject });
    // Told late, by somebody who did not know: what is kept counts.
    probe.tell(subject, 'late');
    probe.accounts.kept.set(subject, { state: { at: 'ended' }, ended: true });
    await stop();
    const now = await both({ subject });
    const from = await both({ subject, after: extensions?.cursor });
    for (const [{ streams: them }, what] of [
      [now, ['ended']],
      [from, ['ended', 1, lastTick]],
    ] as const)
      for (const stream of them) {
        expect(await stream.ended).toBe('complete');
        expect(shown(stream.items)).toEqual(what);
      }
    await Promise.all([now.stop(), from.stop()]);
  });

  test('is complete at the end also when nothing more comes in the log', async () => {
    const subject = newClock();
    probe.accounts.kept.set(subject, { state: { at: 'ended' }, ended: true });
    await probe.tick([1, 2, 3], { subject: newClock() });
    const { streams, stop } = await both({ subject, after: await logCursor() });
    for (const stream of streams) expect(await stream.ended).toBe('complete');
    await stop();
  });

  test('has the identifier of a socket free again when it is complete', async () => {
    const subject = newClock();
    probe.accounts.kept.set(subject, { state: { at: 'ended' }, ended: true });
    const socket = new RawSocket(probe.url);
    await socket.open();
    for (let round = 1; round <= 3; round += 1) {
      socket.send({ type: 'subscribe', id: 'a', payload: { query: document, variables: { subject } } });
      await expect.poll(() => socket.messages.filter(({ type }) => type === 'complete').length).toBe(round);
    }
    expect(socket.messages.map(({ type }) => type).slice(1)).toEqual(Array(3).fill(['next', 'complete']).flat());
    socket.socket.close();
  });

  test('tells nothing of others', async () => {
    const [subject, other] = [newClock(), newClock()];
    const { streams, stop } = await both({ subject });
    await Promise.all(streams.map((stream) => stream.reach(1)));
    probe.tell(other, 'elsewhere');
    probe.tell(subject, 'here');
    for (const stream of streams) {
      await stream.reach(2);
      expect(shown(stream.items)).toEqual(['kept', 'here']);
    }
    await stop();
  });

  test('renders a state once for all equal streams', async () => {
    const subject = newClock();
    const client = socketClient(probe.url);
    const streams = Array.from({ length: 50 }, () => subscribeOver(client, document, { subject }));
    await Promise.all(streams.map((stream) => stream.reach(1)));
    const before = await probe.figure('live_executions_total');
    probe.tell(subject, 'one');
    await Promise.all(streams.map((stream) => stream.reach(2)));
    expect((await probe.figure('live_executions_total')) - before).toBe(1);
    await client.dispose();
  });
});

async function logCursor(): Promise<string> {
  const { data } = await probe.gateway.execute({ document: '{ eventLog { cursor } }' });
  const log = data?.eventLog as { cursor: string };
  return log.cursor;
}

test.each(['DISCONNECT', 'DROP', 'COALESCE'])(
  'a client that stalls gets the newest state when it reads again, not what lay between, and the events after it (%s)',
  async (overflow) => {
    const own = await openProbe({ live: { socket: { bytes: '64KiB' } } });
    const subject = newClock();
    const padded = document.replace('{ at }', '{ at pad }');
    const quick = subscribeOver(socketClient(own.url), padded, { subject });
    await quick.reach(1);
    const slow = new RawSocket(own.url);
    await slow.open();
    slow.send({ type: 'subscribe', id: 'slow', payload: { query: padded, variables: { subject, overflow } } });
    await slow.until((message) => message.type === 'next');
    slow.socket.pause();
    // Far more than the buffers of the system on both sides hold.
    const rounds = 6000;
    for (let round = 1; round <= rounds; round += 1) {
      own.tell(subject, `state ${round}`, 'x'.repeat(6500));
      if (round % 10 === 0) await pause(0);
    }
    await own.tick([1, lastTick], { subject });
    expect(await quick.ended).toBe('complete');
    slow.socket.resume();
    await slow.until((message) => message.type === 'complete', 20_000);
    const items = slow.messages.filter(({ type }) => type === 'next').map(({ payload }) => payload as Item);
    expect(items.length).toBeLessThan(rounds);
    const events = overflow === 'COALESCE' ? [lastTick] : [1, lastTick];
    expect(shown(items).slice(-1 - events.length)).toEqual([`state ${rounds}`, ...events]);
    expect(places(items)).toEqual(places(items).toSorted((one, other) => one - other));
    slow.socket.close();
    await own.gateway.dispose();
  },
  60_000,
);
