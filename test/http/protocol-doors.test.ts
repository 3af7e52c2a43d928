import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { DoorCall } from '#kernel/door-call.ts';
import { ConflictError } from '#kernel/errors.ts';
import type { ProtocolDoor } from '#kernel/plugin.ts';
import { type TestDoorOptions, testDoor } from './support.ts';

const door = (path: string, handle: ProtocolDoor['handle']): ProtocolDoor => ({
  path,
  methods: ['GET', 'POST'],
  description: 'Speaks a protocol.',
  handle,
});

const echo = (path: string) => door(path, async (call) => Response.json({ door: path, path: call.path }));

const opened = (handle: ProtocolDoor['handle'], options: TestDoorOptions = {}) =>
  testDoor({ ...options, doors: [door('/wire/', handle)] });

const at = (path: string, init?: RequestInit) => new Request(`http://gw.test${path}`, init);
const textOf = async (response: Promise<Response>) => (await response).text();

describe('the door of a protocol', () => {
  test('takes every method at its path and below, and nothing beside it', async () => {
    const { door: gate } = opened(async ({ request, path }) => new Response(`${request.method} ${path}`));
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])
      expect(await textOf(gate.fetch(at('/wire/a/b', { method })))).toBe(`${method} /wire/a/b`);
    expect(await textOf(gate.fetch(at('/wire')))).toBe('GET /wire');
    expect((await gate.fetch(at('/wired'))).status).toBe(404);
  });

  test('sees the path with its escapes, which it reads by itself', async () => {
    const { door: gate } = opened(async ({ path }) => new Response(path));
    expect(await textOf(gate.fetch(at('/wire/a%2Fb/%ff/?x=1')))).toBe('/wire/a%2Fb/%ff/');
  });

  test('goes after routes below its path, and the longer path before the shorter', async () => {
    const { door: gate } = testDoor({
      doors: [echo('/wire/'), echo('/wire/deep/')],
      routes: [
        {
          method: 'GET',
          path: '/wire/route',
          description: 'A route.',
          anonymous: true,
          handle: async () => new Response('route'),
        },
      ],
    });
    expect(await textOf(gate.fetch(at('/wire/route')))).toBe('route');
    expect((await gate.fetch(at('/wire/route', { method: 'POST' }))).status).toBe(405);
    expect(await (await gate.fetch(at('/wire/deep/x'))).json()).toEqual({ door: '/wire/deep/', path: '/wire/deep/x' });
    expect(() => testDoor({ doors: [echo('/wire/'), echo('/wire')] })).toThrow('Two doors answer at /wire');
  });

  test('looks at the credential when it wants to, and answers a bad one in its own form', async () => {
    const { door: gate } = opened(async ({ path, ctx, enter, challenges, mask }) => {
      if (path === '/wire/open') return Response.json([ctx.viewer.name, ctx.viewer.rights.texts]);
      try {
        const { viewer } = await enter();
        return new Response(viewer.name);
      } catch (error) {
        return new Response(`refused: ${mask(error).code} ${challenges[0]}`, { status: 401 });
      }
    });
    const bad = { headers: { authorization: 'Foo x' } };
    expect(await (await gate.fetch(at('/wire/open', bad))).json()).toEqual(['anonymous', []]);
    expect(await textOf(gate.fetch(at('/wire/me', bad)))).toBe('refused: UNAUTHENTICATED Bearer realm="gatehouse"');
    expect(await textOf(gate.fetch(at('/wire/me', { headers: { authorization: 'Bearer good' } })))).toBe('ops');
    expect(await textOf(gate.fetch(at('/wire/me')))).toBe('anonymous');
  });

  test('refuses pages of other origins with the credential, in its own form', async () => {
    const { door: gate } = opened(async ({ enter, mask }) => {
      const entered = await enter().catch(mask);
      return new Response('viewer' in entered ? 'entered' : entered.code);
    });
    const foreign = { headers: { origin: 'https://evil.test', cookie: 'gatehouse_session=good' } };
    expect(await textOf(gate.fetch(at('/wire/x', { method: 'POST', ...foreign })))).toBe('FORBIDDEN');
    expect(await textOf(gate.fetch(at('/wire/x', foreign)))).toBe('entered');
  });

  test('passes the headers of a credential on: a cookie that is no longer good is taken away', async () => {
    const { door: gate } = opened(async ({ enter }) => {
      await enter().catch(() => null);
      return new Response('');
    });
    const response = await gate.fetch(at('/wire/', { headers: { cookie: 'gatehouse_session=ended' } }));
    expect(response.headers.getSetCookie()).toEqual(['gatehouse_session=; Max-Age=0']);
  });

  test('holds bodies to a limit of its own, announced or not', async () => {
    const { door: gate } = opened(async ({ body, mask }) => {
      let length = 0;
      try {
        for await (const chunk of body(100, 'wire.max')) length += chunk.byteLength;
      } catch (error) {
        return new Response(`${mask(error).message} After ${length}.`, { status: 413 });
      }
      return new Response(String(length));
    });
    const post = (body: BodyInit | null, headers = {}) =>
      textOf(gate.fetch(at('/wire/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)));
    expect(await post('x'.repeat(100))).toBe('100');
    expect(await post(null)).toBe('0');
    const refusal = 'The body is larger than 100 bytes, which is the most (wire.max).';
    expect(await post('x', { 'content-length': '101' })).toBe(`${refusal} After 0.`);
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1;
        if (sent > 20) controller.close();
        else controller.enqueue(new Uint8Array(30));
      },
    });
    expect(await post(endless)).toBe(`${refusal} After 90.`);
  });

  test('says nothing outside of what nobody foresaw, and the log all of it', async () => {
    const { door: gate, lines } = opened(async ({ path, mask }) => {
      if (path === '/wire/thrown') throw new Error('the password of the database is hunter2');
      const fault = path === '/wire/foreseen' ? new ConflictError('Taken.') : new Error('hunter2');
      return new Response(mask(fault).message);
    });
    expect(await textOf(gate.fetch(at('/wire/foreseen')))).toBe('Taken.');
    const masked = await gate.fetch(at('/wire/broken'));
    const id = masked.headers.get('x-request-id');
    expect(await masked.text()).toBe(`Something went wrong. Trace id: ${id}.`);
    expect(lines.find((line) => line.requestId === id && line.level === 'error')).toMatchObject({
      path: '/wire/broken',
    });
    const thrown = await gate.fetch(at('/wire/thrown'));
    expect(thrown.status).toBe(500);
    expect(await thrown.text()).not.toContain('hunter2');
  });

  test('knows how clients reach the gateway', async () => {
    const answer = (config: Record<string, unknown>, headers = {}) =>
      textOf(
        opened(async ({ publicUrl }) => new Response(publicUrl), { config }).door.fetch(
          at('/wire/', { headers: { host: 'Taxii.example:8080', ...headers } }),
          { peerAddress: '192.0.2.9' },
        ),
      );
    expect(await answer({})).toBe('http://taxii.example:8080');
    expect(await answer({ http: { publicUrl: 'https://gw.example/base/' } })).toBe('https://gw.example/base');
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'front.example' };
    expect(await answer({}, forwarded)).toBe('http://taxii.example:8080');
    expect(await answer({ http: { trustedProxies: ['192.0.2.0/24'] } }, forwarded)).toBe('https://front.example');
    expect(await answer({}, { host: '"><x>' })).toBe('http://gw.test');
  });

  test('is counted under its own path', async () => {
    const { door: gate, metrics } = opened(async () => new Response('', { status: 202 }));
    await gate.fetch(at('/wire/a/b/c', { method: 'POST' }));
    expect(await metrics.text()).toContain(
      'gatehouse_http_requests_total{method="POST",route="/wire/",status="202"} 1',
    );
  });
});

describe('a connection', () => {
  test.each([
    ['before it reads any', async () => {}],
    [
      'in the middle',
      async ({ body }: DoorCall) => {
        for await (const _chunk of body(10_000_000, 'wire.max')) return;
      },
    ],
    [
      'when it is too much',
      async ({ body }: DoorCall) => {
        for await (const _chunk of body(100_000, 'wire.max'));
      },
    ],
  ])('goes on with the next request when a door leaves a body %s', async (_when, read) => {
    const { door: gate } = opened(async (call) => {
      await read(call).catch(() => {});
      return new Response(`answered ${call.path};`);
    });
    const { port } = new URL(await gate.listen());
    const socket = connect(Number(port));
    const head = (path: string, length: number) =>
      `POST /wire/${path} HTTP/1.1\r\nhost: here\r\ncontent-length: ${length}\r\n\r\n`;
    socket.write(head('one', 3_000_000));
    socket.write(Buffer.alloc(3_000_000, 'x'));
    socket.write(head('two', 0));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    await expect
      .poll(() => received.match(/answered \/wire\/(one|two);/g), { timeout: 5000 })
      .toEqual(['answered /wire/one;', 'answered /wire/two;']);
    socket.destroy();
    await gate.close();
  });
});
