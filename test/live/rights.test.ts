import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawSocket, socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { openProbe, type Probe, ticks } from '../support/probe.ts';

let probe: Probe;
beforeEach(async () => {
  probe = await openProbe({ live: { max: { messageRate: 10_000 } } });
  probe.accounts.rights.set('anna', ['event:read@lane/a', 'event:read@lane/b']);
});
afterEach(() => probe.gateway.dispose());

type Received = ReturnType<typeof subscribeOver>;
const seen = (stream: Received) =>
  stream.items.flatMap((item) => (item.data?.clockChanged as { n?: number } | undefined)?.n ?? []);

async function annasStreams() {
  const client = socketClient(probe.url, 'anna');
  const socket = subscribeOver(client, ticks, { hello: true });
  const sse = await subscribeBySse(probe.url, ticks, { hello: true }, { authorization: 'Bearer anna' });
  await Promise.all([socket.reach(1), sse.reach(1)]);
  return { client, socket, sse };
}

describe('a change of rights that the log tells', () => {
  test('narrows open streams: nothing numbered after it is delivered under the old right', async () => {
    const { client, socket, sse } = await annasStreams();
    await probe.tick([1], { lane: 'b' });
    await Promise.all([socket.reach(2), sse.reach(2)]);
    // Rights take their time to be read; events go on meanwhile.
    probe.accounts.delay = 100;
    probe.accounts.rights.set('anna', ['event:read@lane/a']);
    await probe.tick([2], { lane: 'b', about: 'anna' });
    await probe.tick([3], { lane: 'b' });
    await probe.tick([4], { lane: 'a' });
    await Promise.all([socket.reach(3), sse.reach(3)]);
    await probe.tick([5], { lane: 'a' });
    await Promise.all([socket.reach(4), sse.reach(4)]);
    expect(seen(socket)).toEqual([1, 4, 5]);
    expect(seen(sse)).toEqual([1, 4, 5]);
    await client.dispose();
    sse.stop();
  });

  test('widens them without a hole', async () => {
    const { client, socket, sse } = await annasStreams();
    probe.accounts.delay = 50;
    probe.accounts.rights.set('anna', ['event:read']);
    await probe.tick([1], { lane: 'c', about: 'anna' });
    await probe.tick([2], { lane: 'c' });
    await Promise.all([socket.reach(3), sse.reach(3)]);
    expect(seen(socket)).toEqual([1, 2]);
    expect(seen(sse)).toEqual([1, 2]);
    await client.dispose();
    sse.stop();
  });

  test('ends an operation that could see nothing any more, and leaves the others alone', async () => {
    const socket = new RawSocket(probe.url);
    await socket.open('anna');
    socket.send({ type: 'subscribe', id: 'live', payload: { query: ticks, variables: { hello: true } } });
    await socket.until((message) => message.type === 'next');
    probe.accounts.rights.set('anna', []);
    await probe.tick([1], { lane: 'a', about: 'anna' });
    const error = await socket.until((message) => message.type === 'error');
    expect(error).toMatchObject({ id: 'live', payload: [{ extensions: { code: 'FORBIDDEN' } }] });
    socket.send({ type: 'subscribe', id: 'ask', payload: { query: '{ viewer }' } });
    const answer = await socket.until((message) => message.type === 'next' && message.id === 'ask');
    expect(answer.payload).toEqual({ data: { viewer: 'anna' } });
    expect(socket.messages.filter((message) => message.type === 'complete' && message.id === 'live')).toEqual([]);
    socket.socket.close();
  });

  test('that ends the credential closes sockets with 4403 and its reason, and completes server-sent streams', async () => {
    const raw = new RawSocket(probe.url);
    await raw.open('anna');
    const { client, sse } = await annasStreams();
    raw.send({ type: 'subscribe', id: '1', payload: { query: ticks } });
    const begun = Date.now();
    probe.accounts.rights.set('anna', { ended: 'Session ended' });
    await probe.tick([1, 2, 3], { lane: 'a', about: 'anna' });
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Session ended' });
    expect(await sse.ended).toBe('complete');
    expect(Date.now() - begun).toBeLessThan(1000);
    expect(sse.items.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(seen(sse)).toEqual([]);
    expect(raw.messages.some((message) => message.type === 'next')).toBe(false);
    await client.dispose();
  });

  test('concerns nobody else', async () => {
    probe.accounts.rights.set('ben', ['event:read@lane/a', 'event:read@lane/b']);
    const other = socketClient(probe.url, 'ben');
    const ben = subscribeOver(other, ticks, { hello: true });
    const { client, socket, sse } = await annasStreams();
    await ben.reach(1);
    expect(await probe.figure('live_cohorts')).toBe(1);
    probe.accounts.rights.set('anna', ['event:read@lane/a']);
    await probe.tick([1, 2], { lane: 'b', about: 'anna' });
    await ben.reach(3);
    expect(seen(ben)).toEqual([1, 2]);
    await probe.tick([3], { lane: 'a' });
    await Promise.all([ben.reach(4), socket.reach(2), sse.reach(2)]);
    expect(seen(socket)).toEqual([3]);
    await Promise.all([client.dispose(), other.dispose()]);
    sse.stop();
  });
});

test('what waits for a slow client is judged anew when its rights change', async () => {
  const own = await openProbe({ live: { socket: { bytes: '64KiB' }, queue: { items: 1000, bytes: '64MiB' } } });
  own.accounts.rights.set('anna', ['event:read@lane/a', 'event:read@lane/b']);
  const socket = new RawSocket(own.url);
  await socket.open('anna');
  const wide = 'subscription { clockChanged(hello: true) { ... on ClockTicked { n data } } }';
  socket.send({ type: 'subscribe', id: '1', payload: { query: wide } });
  await socket.until((message) => message.type === 'next');
  socket.socket.pause();
  // More than the system buffers, so that the last of them wait in the gateway.
  for (let n = 0; n < 200; n += 1) await own.tick([n], { lane: 'b', pad: 100_000 });
  const sent = await own.figure('live_delivered_total');
  expect(sent).toBeLessThan(200);
  own.accounts.rights.set('anna', ['event:read@lane/a']);
  await own.tick([200], { lane: 'a', about: 'anna' });
  socket.socket.resume();
  const tickOf = (message: Record<string, unknown>) =>
    (message.payload as { data: { clockChanged: { n?: number } } }).data.clockChanged.n;
  await socket.until((message) => message.type === 'next' && tickOf(message) === 200, 20_000);
  const got = socket.messages.filter((message) => message.type === 'next').flatMap((message) => tickOf(message) ?? []);
  expect(got).toEqual([...Array(sent).keys(), 200]);
  socket.socket.close();
  await own.gateway.dispose();
}, 60_000);

test('who may see nothing is refused when subscribing, with the permission he lacks', async () => {
  probe.accounts.rights.set('nobody', []);
  const client = socketClient(probe.url, 'nobody');
  const ended = await subscribeOver(client, ticks).ended;
  expect(ended).toMatchObject([{ message: 'Needs event:read.', extensions: { code: 'FORBIDDEN' } }]);
  const sse = await subscribeBySse(probe.url, ticks, {}, { authorization: 'Bearer nobody' });
  expect(sse.response.status).toBe(403);
  await client.dispose();
});

test('a socket renews its credential for one of the same account, and keeps it when the new one is of another', async () => {
  probe.accounts.rights.set('ben', ['event:read']);
  const socket = new RawSocket(probe.url);
  await socket.open('anna');
  socket.send({ type: 'subscribe', id: 'live', payload: { query: ticks, variables: { hello: true } } });
  await socket.until((message) => message.type === 'next');
  const renew = async (id: string, credential: string) => {
    const query =
      'mutation ($input: ConnectionRenewInput!) { connectionRenew(input: $input) { __typename ... on Error { code } } }';
    socket.send({ type: 'subscribe', id, payload: { query, variables: { input: { credential } } } });
    const message = await socket.until((one) => one.type === 'next' && one.id === id);
    return (message.payload as { data: { connectionRenew: unknown } }).data.connectionRenew;
  };
  expect(await renew('1', 'anna')).toEqual({ __typename: 'ConnectionRenewSuccess' });
  expect(await renew('2', 'ben')).toEqual({ __typename: 'ForbiddenError', code: 'FORBIDDEN' });
  expect(await renew('3', 'garbage')).toEqual({ __typename: 'AuthenticationError', code: 'UNAUTHENTICATED' });
  await probe.tick([8]);
  const live = await socket.until((message) => message.id === 'live' && JSON.stringify(message).includes('"n":8'));
  expect(live.type).toBe('next');
  socket.socket.close();
});
