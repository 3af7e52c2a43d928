import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCursor, eventLog } from '#kernel/event.ts';
import { RawSocket, socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { openProbe, type Probe, ticks } from '../support/probe.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe({
    live: {
      initTimeout: '300ms',
      keepAlive: '100ms',
      pongTimeout: '400ms',
      max: { operations: 5, perAccount: 30, messageRate: 20, messageBytes: '8KiB' },
    },
  });
});
afterAll(() => probe.gateway.dispose());

const headOf = async ({ gateway }: Probe) => {
  const { epoch, head } = await gateway.context().use(eventLog).state();
  return { epoch, sequence: head };
};

const closeOf = async (act: (socket: RawSocket) => unknown, init = true) => {
  const socket = new RawSocket(probe.url);
  await (init ? socket.open() : socket.opened());
  await act(socket);
  return socket.closed;
};

describe('a socket is closed with the code that says why', () => {
  test('for what is no message', async () => {
    for (const text of ['garbage', '[]', '{}', '{"type":"dance"}', '{"type":"subscribe"}', '\u0000\u0001'])
      expect(await closeOf((socket) => socket.send(text)), text).toMatchObject({ code: 4400 });
  });

  test('for an operation before the acknowledgement', async () => {
    const early = { type: 'subscribe', id: '1', payload: { query: '{ viewer }' } };
    expect(await closeOf((socket) => socket.send(early), false)).toMatchObject({ code: 4401 });
  });

  test('for no connection_init in time, and for a second one', async () => {
    expect(await closeOf(() => undefined, false)).toMatchObject({ code: 4408 });
    expect(await closeOf((socket) => socket.send({ type: 'connection_init' }))).toMatchObject({ code: 4429 });
  });

  test('for a credential that is not good, with the reason', async () => {
    const socket = new RawSocket(probe.url);
    await socket.opened();
    socket.send({ type: 'connection_init', payload: { token: 'gs_garbage' } });
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Unknown' });
  });

  test('for an operation id that is in use', async () => {
    const twice = { type: 'subscribe', id: 'same', payload: { query: ticks } };
    const closed = await closeOf((socket) => {
      socket.send(twice);
      socket.send(twice);
    });
    expect(closed).toEqual({ code: 4409, reason: 'Subscriber for same already exists' });
  });

  test('for another subprotocol', async () => {
    const socket = new RawSocket(probe.url, 'graphql-ws');
    expect((await socket.closed).code).toSatisfy((code: number) => [1006, 4406].includes(code));
  });

  test('for messages that are too large, or too many', async () => {
    const large = { type: 'subscribe', id: '1', payload: { query: `{ viewer } #${'x'.repeat(9000)}` } };
    expect(await closeOf((socket) => socket.send(large))).toMatchObject({ code: 1009 });
    const closed = await closeOf((socket) => {
      for (let count = 0; count < 200; count += 1) socket.send({ type: 'ping' });
    });
    expect(closed).toEqual({ code: 4400, reason: 'Too many messages' });
  });

  test('for no answer to a sign of life', async () => {
    const socket = new RawSocket(probe.url);
    await socket.open();
    expect(await socket.closed).toMatchObject({ code: 1006 });
    const ping = socket.messages.find((message) => message.type === 'ping');
    expect(ping).toEqual({ type: 'ping', payload: { cursors: {} } });
  });
});

test('an id may be used again as soon as its operation ended', async () => {
  const socket = new RawSocket(probe.url);
  await socket.open();
  const pongs = setInterval(() => socket.send({ type: 'pong' }), 100);
  const start = { type: 'subscribe', id: 'again', payload: { query: ticks, variables: { hello: true } } };
  const hellos = () => socket.messages.filter((message) => message.type === 'next').length;
  socket.send(start);
  await expect.poll(hellos).toBe(1);
  // In one chunk: the end of the old and the start of the new.
  socket.send({ type: 'complete', id: 'again' });
  socket.send(start);
  await expect.poll(hellos).toBe(2);
  await probe.tick([4]);
  await expect.poll(hellos).toBe(3);
  expect(socket.messages.filter((message) => message.type === 'complete')).toEqual([]);
  clearInterval(pongs);
  socket.socket.close();
});

test('signs of life carry a checkpoint that moves on while nothing is delivered', async () => {
  const client = socketClient(probe.url);
  const cursors: string[] = [];
  client.on('ping', (received, payload) => {
    const { quiet } = (payload?.cursors ?? {}) as Record<string, string>;
    const only = Object.values((payload?.cursors ?? {}) as Record<string, string>)[0];
    if (received && (quiet ?? only)) cursors.push(quiet ?? only ?? '');
  });
  const stream = subscribeOver(client, ticks, { hello: true, subjects: ['never'] });
  const sse = await subscribeBySse(probe.url, ticks, { hello: true, subjects: ['never'] });
  await stream.reach(1);
  await probe.tick([1, 2, 3]);
  const cursor = encodeCursor(await headOf(probe));
  await expect.poll(() => cursors.at(-1), { timeout: 3000 }).toBe(cursor);
  await expect.poll(() => sse.ids.at(-1), { timeout: 3000 }).toBe(cursor);
  expect(sse.text.join('')).toContain(`:\nid: ${cursor}\n\n`);
  expect(stream.items).toHaveLength(1);
  sse.stop();
  await client.dispose();
});

test('limits of operations and connections are told by their code', async () => {
  const client = socketClient(probe.url);
  const streams = Array.from({ length: 6 }, () => subscribeOver(client, ticks));
  const ended = await streams[5]?.ended;
  expect(ended).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }]);
  await client.dispose();
  await expect.poll(() => probe.figure('live_subscriptions').then((count) => count || 0)).toBe(0);
  const sockets = Array.from({ length: 31 }, () => new RawSocket(probe.url));
  await Promise.all(sockets.map((socket) => socket.opened().then(() => socket.send({ type: 'connection_init' }))));
  const first = await Promise.race(sockets.map((socket) => socket.closed));
  expect(first.code).toBe(1013);
  for (const socket of sockets) socket.socket.close();
});

test('queries, mutations and their refusals travel over sockets and streams as over plain requests', async () => {
  const cases = [
    { query: '{ viewer }', code: null },
    { query: '{ nothing }', code: 'BAD_USER_INPUT' },
    { query: '{', code: 'BAD_USER_INPUT' },
    { query: `{ ${'a: viewer '.repeat(60)} }`, code: 'BAD_USER_INPUT' },
    { query: `{ ${'node(id: "x") { id '.repeat(1)} } }`, code: 'BAD_USER_INPUT' },
    { query: 'subscription { clockChanged(after: 3) { __typename } }', code: 'BAD_USER_INPUT' },
    { query: 'subscription { a: clockChanged { __typename } b: clockChanged { __typename } }', code: 'BAD_USER_INPUT' },
  ];
  for (const { query, code } of cases) {
    const client = socketClient(probe.url);
    const overSocket = subscribeOver(client, query);
    const how = await overSocket.ended;
    const sse = await subscribeBySse(probe.url, query);
    const body = sse.response.headers.get('content-type')?.startsWith('text/event-stream') ? null : 'refused';
    await sse.ended;
    const error = overSocket.items[0]?.errors?.[0] ?? (Array.isArray(how) ? how[0] : null);
    expect(error?.extensions?.code ?? null, query).toBe(code);
    if (code === null) expect(sse.items).toEqual(overSocket.items);
    else
      expect(body ?? sse.items[0]?.errors?.[0]?.extensions?.code, query).toSatisfy(
        (seen: string) => seen === 'refused' || seen === code,
      );
    await client.dispose();
  }
});

test('a gateway that stops tells sockets when to come back and ends streams', async () => {
  const own = await openProbe({ live: { drainSpread: '2s' } });
  const socket = new RawSocket(own.url);
  await socket.open();
  socket.send({ type: 'subscribe', id: '1', payload: { query: ticks, variables: { hello: true } } });
  await socket.until((message) => message.type === 'next');
  const sse = await subscribeBySse(own.url, ticks, { hello: true });
  await sse.reach(1);
  const disposed = own.gateway.dispose();
  const { code, reason } = await socket.closed;
  expect(code).toBe(1012);
  expect(Number(/^Restarting\. Retry in (\d+)$/.exec(reason)?.[1])).toBeLessThanOrEqual(2000);
  expect(await sse.ended).not.toBe('complete');
  await disposed;
});
