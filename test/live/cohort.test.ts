import { afterEach, beforeEach, expect, test } from 'vitest';
import { socketClient, subscribeOver } from '../support/clients.ts';
import { openProbe, type Probe, ticks } from '../support/probe.ts';

let probe: Probe;
beforeEach(async () => {
  probe = await openProbe({
    live: { max: { perAccount: 1000, operations: 1000, subscriptions: 5000, messageRate: 10_000 } },
  });
});
afterEach(() => probe.gateway.dispose());

const executions = () => probe.figure('live_executions_total');

test('a thousand equal subscriptions execute the document once for each event', async () => {
  const clients = Array.from({ length: 10 }, () => socketClient(probe.url));
  const streams = clients.flatMap((client) => Array.from({ length: 100 }, () => subscribeOver(client, ticks)));
  await expect.poll(() => probe.figure('live_subscriptions'), { timeout: 10_000 }).toBe(1000);
  expect(await probe.figure('live_cohorts')).toBe(1);
  const before = await executions();
  await probe.tick([1, 2, 3]);
  await probe.tick([4]);
  await Promise.all(streams.map((stream) => stream.reach(4)));
  expect(await executions()).toBe(before + 4);
  expect(streams.every((stream) => stream.items.length === 4)).toBe(true);
  await Promise.all(clients.map((client) => client.dispose()));
  await expect.poll(() => probe.figure('live_cohorts')).toBe(0);
});

test('what concerns delivery alone does not divide equal subscriptions', async () => {
  const client = socketClient(probe.url);
  const inline = (argument: string) => `subscription { clockChanged(${argument}) { ... on ClockTicked { n } } }`;
  const streams = [
    subscribeOver(client, inline('hello: true, overflow: DROP')),
    subscribeOver(client, inline('hello: true, overflow: COALESCE')),
  ];
  await Promise.all(streams.map((stream) => stream.reach(1)));
  expect(await probe.figure('live_cohorts')).toBe(1);
  const before = await executions();
  await probe.tick([5]);
  await Promise.all(streams.map((stream) => stream.reach(2)));
  expect(await executions()).toBe(before + 1);
  await client.dispose();
});

test('two accounts with the same document and other rights get each their own events and never the other’s', async () => {
  probe.accounts.rights.set('anna', ['event:read@lane/a']);
  probe.accounts.rights.set('ben', ['event:read@lane/b']);
  const clients = [socketClient(probe.url, 'anna'), socketClient(probe.url, 'ben')] as const;
  const [anna, ben] = [
    subscribeOver(clients[0], ticks, { hello: true }),
    subscribeOver(clients[1], ticks, { hello: true }),
  ];
  await Promise.all([anna.reach(1), ben.reach(1)]);
  for (let n = 0; n < 40; n += 1) await probe.tick([n], { lane: n % 2 === 0 ? 'a' : 'b' });
  await Promise.all([anna.reach(21), ben.reach(21)]);
  const seen = (stream: typeof anna) =>
    stream.items.slice(1).map((item) => (item.data?.clockChanged as { n: number } | undefined)?.n);
  expect(seen(anna)).toEqual(Array.from({ length: 20 }, (_, index) => index * 2));
  expect(seen(ben)).toEqual(Array.from({ length: 20 }, (_, index) => index * 2 + 1));
  expect(await probe.figure('live_cohorts')).toBe(2);
  await Promise.all(clients.map((client) => client.dispose()));
});

test('accounts of equal rights share a cohort, and one that leaves does not end the others', async () => {
  probe.accounts.rights.set('anna', ['event:read']);
  probe.accounts.rights.set('ben', ['event:read']);
  const [one, other] = [socketClient(probe.url, 'anna'), socketClient(probe.url, 'ben')];
  const [anna, ben] = [subscribeOver(one, ticks, { hello: true }), subscribeOver(other, ticks, { hello: true })];
  await Promise.all([anna.reach(1), ben.reach(1)]);
  expect(await probe.figure('live_cohorts')).toBe(1);
  await one.dispose();
  await expect.poll(() => probe.figure('live_subscriptions')).toBe(1);
  await probe.tick([9]);
  await ben.reach(2);
  expect(anna.items).toHaveLength(1);
  await other.dispose();
});

test('an event that fails to render is an item with errors and its cursor, and the stream goes on', async () => {
  const client = socketClient(probe.url);
  const stream = subscribeOver(
    client,
    'subscription { clockChanged(hello: true) { __typename ... on ClockTicked { subject { id } n } } }',
  );
  await stream.reach(1);
  await probe.tick([3]);
  await stream.reach(2);
  expect(stream.items[1]?.extensions?.cursor).toEqual(expect.any(String));
  await client.dispose();
});
