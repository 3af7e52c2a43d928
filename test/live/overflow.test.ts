import { expect, test } from 'vitest';
import { type Item, RawSocket, socketClient, subscribeOver } from '../support/clients.ts';
import { openProbe, ticks } from '../support/probe.ts';

const payloadOf = (message: Record<string, unknown>) => message.payload as Item;
const tickOf = (item: Item) =>
  item.data?.clockChanged as { n?: number; __typename: string; from?: string; to?: string };
const wide =
  'subscription ($overflow: OverflowPolicy) { clockChanged(hello: true, overflow: $overflow) { __typename ... on ClockTicked { n data } ... on Gap { from to reason } } }';

const small = {
  queue: { items: 50, bytes: '256KiB' },
  socket: { bytes: '64KiB', closeGrace: '300ms' },
  max: { messageRate: 10_000 },
};

/** A client that reads nothing after its first item. */
async function stalled(url: string, overflow: string): Promise<RawSocket> {
  const socket = new RawSocket(url);
  await socket.open();
  socket.send({ type: 'subscribe', id: 'slow', payload: { query: wide, variables: { overflow } } });
  await socket.until((message) => message.type === 'next');
  socket.socket.pause();
  return socket;
}

/** Far more than the buffers of the system on both sides hold. */
const rounds = 400;
const pad = 100_000;

test('of a hundred clients one stops reading: the others get everything, it is closed with its cursor and resumes', async () => {
  const probe = await openProbe({ live: small });
  const client = socketClient(probe.url);
  const quick = Array.from({ length: 99 }, () => subscribeOver(client, ticks, { hello: true }));
  const slow = await stalled(probe.url, 'DISCONNECT');
  await Promise.all(quick.map((stream) => stream.reach(1)));
  const before = process.memoryUsage().rss;
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad });
  await Promise.all(quick.map((stream) => stream.reach(rounds + 1)));
  for (const stream of quick)
    expect(stream.items.slice(1).map((item) => tickOf(item).n)).toEqual([...Array(rounds).keys()]);
  expect(await probe.figure('live_connections')).toBe(1);
  // The log of this gateway lies in memory too: what was ticked is there, but not once for each client.
  expect(process.memoryUsage().rss - before).toBeLessThan(10 * rounds * pad);
  slow.socket.resume();
  const { code } = await slow.closed;
  // Terminated when it did not take its farewell in time.
  expect([4429, 1006]).toContain(code);
  const last = payloadOf(slow.messages.filter((message) => message.type === 'next').at(-1) ?? {});
  const cursor = last.extensions?.cursor;
  const resumed = subscribeOver(client, ticks, { after: cursor });
  const missing = rounds - 1 - (tickOf(last).n ?? -1);
  await resumed.reach(missing);
  expect(resumed.items.map((item) => tickOf(item).n)).toEqual([...Array(rounds).keys()].slice(rounds - missing));
  await client.dispose();
  await probe.gateway.dispose();
}, 60_000);

test('a stalled client that reads again within the grace sees error, cursor and code', async () => {
  const probe = await openProbe({ live: { ...small, socket: { bytes: '64KiB', closeGrace: '20s' } } });
  const slow = await stalled(probe.url, 'DISCONNECT');
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad });
  slow.socket.resume();
  const { code, reason } = await slow.closed;
  expect(code).toBe(4429);
  const cursor = /^Slow consumer\. Resume after (\S+)$/.exec(reason)?.[1];
  const failed = slow.messages.find((message) => message.type === 'error');
  expect(failed).toMatchObject({ id: 'slow', payload: [{ extensions: { code: 'SLOW_CONSUMER', cursor } }] });
  const last = payloadOf(slow.messages.filter((message) => message.type === 'next').at(-1) ?? {});
  expect(last.extensions?.cursor).toBe(cursor);
  await probe.gateway.dispose();
}, 60_000);

test('under DROP the oldest go, a Gap says which, and what follows is in order', async () => {
  const probe = await openProbe({ live: small });
  const slow = await stalled(probe.url, 'DROP');
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad });
  slow.socket.resume();
  await slow.until((message) => message.type === 'next' && tickOf(payloadOf(message)).n === rounds - 1, 20_000);
  const items = slow.messages.filter((message) => message.type === 'next').map((message) => tickOf(payloadOf(message)));
  const gaps = items.filter((item) => item.__typename === 'Gap');
  expect(gaps.length).toBeGreaterThan(0);
  // The numbers of this log begin with the first tick: event n + 1 is tick n.
  const covered = new Set<number>(items.flatMap((item) => (item.n === undefined ? [] : [item.n])));
  for (const { from, to } of gaps)
    for (let sequence = Number(from) + 1; sequence <= Number(to); sequence += 1) covered.add(sequence - 1);
  expect([...covered].sort((one, other) => one - other)).toEqual([...Array(rounds).keys()]);
  const received = items.flatMap((item) => item.n ?? []);
  expect(received).toEqual([...received].sort((one, other) => one - other));
  expect(new Set(received).size).toBe(received.length);
  await probe.gateway.dispose();
}, 60_000);

test('under COALESCE the newest of each subject is kept, and says how many it stands for', async () => {
  const probe = await openProbe({ live: { ...small, queue: { items: 50, bytes: '1MiB' } } });
  const slow = await stalled(probe.url, 'COALESCE');
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad });
  // One of each of three subjects, at most.
  await expect.poll(() => probe.figure('live_queue_items')).toBeGreaterThan(0);
  expect(await probe.figure('live_queue_items')).toBeLessThanOrEqual(3);
  expect(await probe.figure('live_queue_bytes')).toBeGreaterThan(pad);
  slow.socket.resume();
  await slow.until((message) => message.type === 'next' && tickOf(payloadOf(message)).n === rounds - 1, 20_000);
  const items = slow.messages
    .filter((message) => message.type === 'next')
    .map(payloadOf)
    .slice(1);
  const stoodFor = items.reduce((sum, item) => sum + (item.extensions?.coalesced ?? 1), 0);
  expect(stoodFor).toBe(rounds);
  expect(items.length).toBeLessThan(rounds);
  // Three subjects: the last of each has come.
  const last = items.slice(-3).map((item) => tickOf(item).n);
  expect(last).toEqual([rounds - 3, rounds - 2, rounds - 1]);
  expect([await probe.figure('live_queue_items'), await probe.figure('live_queue_bytes')]).toEqual([0, 0]);
  await probe.gateway.dispose();
}, 60_000);

test('under COALESCE more subjects than the queue holds end the stream', async () => {
  const socket = { bytes: '64KiB', closeGrace: '20s', slowConsumerCode: 1013 };
  const probe = await openProbe({ live: { ...small, socket } });
  const slow = await stalled(probe.url, 'COALESCE');
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad, subject: `own${n}` });
  slow.socket.resume();
  expect((await slow.closed).code).toBe(1013);
  expect(await (await fetch(`${probe.url}/metrics`)).text()).toContain('gatehouse_live_closes_total{code="1013"} 1');
  await probe.gateway.dispose();
}, 60_000);

test('a server-sent stream that stalls is cut without `complete`, so that browsers come back', async () => {
  const probe = await openProbe({ live: small });
  const response = await fetch(`${probe.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: wide }),
  });
  for (let n = 0; n < rounds; n += 1) await probe.tick([n], { pad });
  await expect.poll(() => probe.figure('live_connections').then((count) => count || 0), { timeout: 5000 }).toBe(0);
  const text = await response.text().catch((error: Error) => `cut: ${error.message}`);
  expect(text).not.toContain('event: complete');
  await probe.gateway.dispose();
}, 60_000);
