import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Door } from '#http/door.ts';
import { type TestDoorOptions, testDoor } from './support.ts';

const open: Door[] = [];
afterEach(async () => {
  for (const door of open.splice(0)) await door.close();
});

async function listening(options: TestDoorOptions = {}) {
  const { door } = testDoor(options);
  open.push(door);
  const base = await door.listen();
  return { door, base };
}

/** A connection that stays, and what came over it so far. */
function dial(base: string, text = ''): Promise<{ socket: Socket; received: () => string; closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(base);
    let received = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(text);
      resolve({ socket, received: () => received, closed: new Promise((done) => socket.once('close', () => done())) });
    });
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', reject);
  });
}

const slowRoute = (milliseconds: number) => ({
  method: 'GET' as const,
  path: '/slow',
  description: 'Takes its time.',
  permission: null,
  handle: async () => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return new Response('done');
  },
});

describe('the server', () => {
  test('listens where it says, and is found by its port', async () => {
    const { base } = await listening();
    expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${base}/health`)).json()).toEqual({ alive: true });
  });

  test('says what to do when its port is taken', async () => {
    const { base } = await listening();
    const { port } = new URL(base);
    const second = testDoor({ config: { http: { port: Number(port) } } }).door;
    await expect(second.listen()).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is taken: choose another by http.port or PORT.`,
    );
  });

  test('says what to do when its address is not of this machine', async () => {
    const { door } = testDoor({ config: { http: { host: '203.0.113.77' } } });
    await expect(door.listen()).rejects.toThrow('203.0.113.77 is no address of this machine: set http.host.');
  });

  test('tells an operation that its client hung up', async () => {
    let gone = false;
    const { base } = await listening({
      routes: [
        {
          ...slowRoute(0),
          handle: (_request, ctx) =>
            new Promise((resolve) => {
              ctx.signal.addEventListener('abort', () => {
                gone = true;
                resolve(new Response(null));
              });
            }),
        },
      ],
    });
    const { socket } = await dial(base, 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await expect.poll(() => gone).toBe(true);
  });

  test('sends a stream as it comes, and can break it off', async () => {
    const { base } = await listening({
      stream: async (_request, _operation, { hangUp }) => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('data: 1\n\n'));
            setTimeout(() => hangUp?.(), 50);
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      },
    });
    const response = await fetch(`${base}/graphql?query={hello}`, { headers: { accept: 'text/event-stream' } });
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n');
    await expect(reader?.read()).rejects.toThrow();
  });
});

describe('an upgrade', () => {
  const upgrade = (path: string, more = '') =>
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: x3JJHMbDL1EzLkh9GBhXDw==\r\n${more}\r\n`;
  const handler: TestDoorOptions['upgrade'] = (_message, socket, _head, caller) =>
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nx-from: ${caller.facts.address}\r\n\r\n`);

  test('at /graphql is handed over with who calls', async () => {
    const { base } = await listening({ upgrade: handler });
    const call = await dial(base, upgrade('/graphql?x=1'));
    await call.closed;
    expect(call.received()).toContain('x-from: 127.0.0.1');
  });

  test.each([
    ['elsewhere', '/other', '', 404],
    ['from a page of another origin', '/graphql', 'origin: https://evil.example\r\n', 403],
  ])('%s is refused', async (_where, path, more, status) => {
    const { base } = await listening({ upgrade: handler });
    const call = await dial(base, upgrade(path, more));
    await call.closed;
    expect(call.received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(call.received().split('\r\n\r\n')[1] ?? '')).toMatchObject({
      error: { code: expect.any(String) },
    });
  });

  test('from a page of this host goes through', async () => {
    const { base } = await listening({ upgrade: handler });
    const call = await dial(
      base,
      upgrade('/graphql', 'origin: http://localhost\r\ncookie: gatehouse_session=good\r\n'),
    );
    await call.closed;
    expect(call.received()).toContain('101 Switching Protocols');
  });

  test('that its handler fails at is 500 and leaves the gateway alive', async () => {
    const { base } = await listening({
      upgrade: () => {
        throw new Error('hunter2');
      },
    });
    const call = await dial(base, upgrade('/graphql'));
    await call.closed;
    expect(call.received()).toMatch(/^HTTP\/1\.1 500 /);
    expect(call.received()).not.toContain('hunter2');
    expect((await fetch(`${base}/health`)).status).toBe(200);
  });
});

describe('draining', () => {
  test('finishes what is under way and takes nothing new', async () => {
    const { door, base } = await listening({ routes: [slowRoute(200)] });
    const slow = fetch(`${base}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const drained = door.drain();
    await expect(fetch(`${base}/health`)).rejects.toThrow();
    expect(await (await slow).text()).toBe('done');
    await drained;
  });

  test('closes idle connections, and those that were busy after their answer', async () => {
    const { door, base } = await listening({ routes: [slowRoute(200)] });
    const idle = await dial(base, 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const busy = await dial(base, 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await expect.poll(() => idle.received()).toContain('alive');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await door.drain();
    await idle.closed;
    await busy.closed;
    expect(busy.received()).toContain('done');
  });

  test('does not wait longer than it may', async () => {
    const { door, base } = await listening({ routes: [slowRoute(60_000)] });
    const call = await dial(base, 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begun = performance.now();
    await door.drain(100);
    expect(performance.now() - begun).toBeLessThan(2000);
    await door.close();
    await call.closed;
  });

  test('of a door that never listened is over at once', async () => {
    const { door } = testDoor();
    await door.drain();
    await door.close();
  });
});
