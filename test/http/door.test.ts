import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { welcome } from '#http/graphiql.ts';
import { allow } from '#kernel/access.ts';
import { ForbiddenError, ThrottledError } from '#kernel/errors.ts';
import type { Route } from '#kernel/plugin.ts';
import { testDoor } from './support.ts';

const at = (path: string, init: RequestInit = {}) => new Request(`http://gatehouse.test:4000${path}`, init);
const answerOf = async (response: Response) => [response.status, await response.json()];

describe('health', () => {
  const good = { name: 'database', check: async () => {} };
  const bad = (advisory: boolean) => ({
    name: 'mirror',
    advisory,
    check: async () => {
      throw new Error('db.internal:5432 refuses');
    },
  });

  test('is alive under both its names, whoever asks', async () => {
    const { door } = testDoor();
    for (const path of ['/health', '/health/live'])
      expect(await answerOf(await door.fetch(at(path, { headers: { authorization: 'Bearer garbage' } })))).toEqual([
        200,
        { alive: true },
      ]);
    const head = await door.fetch(at('/health', { method: 'HEAD' }));
    expect(head.status).toBe(200);
  });

  test('is ready when every check passes', async () => {
    const { door } = testDoor({ checks: [good] });
    for (const path of ['/ready', '/health/ready'])
      expect(await answerOf(await door.fetch(at(path)))).toEqual([
        200,
        { ready: true, checks: { database: { ok: true, milliseconds: expect.any(Number) } } },
      ]);
  });

  test('is not ready when a check fails, and keeps the reason in the log', async () => {
    const { door, lines } = testDoor({ checks: [good, bad(false)] });
    const response = await door.fetch(at('/ready'));
    const text = await response.text();
    expect(response.status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ ready: false, checks: { database: { ok: true }, mirror: { ok: false } } });
    expect(text).not.toContain('db.internal');
    expect(lines.find((line) => line.check === 'mirror')?.err).toBeInstanceOf(Error);
  });

  test('stays ready when what fails is advisory', async () => {
    const { door } = testDoor({ checks: [good, bad(true)] });
    expect(await answerOf(await door.fetch(at('/ready')))).toMatchObject([
      200,
      { ready: true, checks: { mirror: { ok: false, advisory: true } } },
    ]);
  });

  test('asks once for all who ask at the same time', async () => {
    let asked = 0;
    const slow = {
      name: 'slow',
      check: async () => {
        asked += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    };
    const { door } = testDoor({ checks: [slow] });
    await Promise.all(Array.from({ length: 10 }, () => door.fetch(at('/ready'))));
    expect(asked).toBe(1);
    await door.fetch(at('/ready'));
    expect(asked).toBe(2);
  });

  test('is not ready from the moment it drains, while it is alive', async () => {
    const { door } = testDoor({ checks: [good] });
    await door.drain();
    expect((await door.fetch(at('/ready'))).status).toBe(503);
    expect((await door.fetch(at('/health'))).status).toBe(200);
  });
});

describe('metrics', () => {
  const read = (
    door: ReturnType<typeof testDoor>['door'],
    peerAddress: string | null,
    headers: Record<string, string> = {},
  ) => door.fetch(at('/metrics', { headers }), { peerAddress });

  test('are for listed addresses and for system:read, and nobody else', async () => {
    const { door } = testDoor();
    expect((await read(door, '127.0.0.1')).status).toBe(200);
    expect((await read(door, '::ffff:127.0.0.1')).status).toBe(200);
    expect((await read(door, '198.51.100.7')).status).toBe(401);
    expect((await read(door, null)).status).toBe(401);
    expect((await read(door, '198.51.100.7', { authorization: 'Bearer good' })).status).toBe(200);
    const listed = testDoor({ config: { metrics: { addresses: ['198.51.100.0/24'] } } }).door;
    expect((await read(listed, '198.51.100.7')).status).toBe(200);
    expect((await read(listed, '127.0.0.1')).status).toBe(401);
    const nobody = testDoor({ config: { metrics: { addresses: [] } } }).door;
    expect((await read(nobody, '127.0.0.1')).status).toBe(401);
  });

  test('are not for strangers behind a proxy on this machine that nobody declared', async () => {
    expect((await read(testDoor().door, '127.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
  });

  test('tell operations by type and code, requests by route, and of the process', async () => {
    const { door } = testDoor();
    const post = (query: string) =>
      door.fetch(
        at('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        }),
      );
    await post('{ hello }');
    await post('{ broken }');
    await post('{ nope }');
    await post('mutation { rename(input: { hostname: "a" }) }');
    await door.fetch(at('/made/up/path'));
    const text = await (await read(door, '127.0.0.1')).text();
    expect(text).toContain('gatehouse_operation_seconds_count{type="query",code="OK"} 1');
    expect(text).toContain('gatehouse_operation_seconds_count{type="query",code="INTERNAL"} 1');
    expect(text).toContain('gatehouse_operation_seconds_count{type="none",code="BAD_USER_INPUT"} 1');
    expect(text).toContain('gatehouse_operation_seconds_count{type="mutation",code="OK"} 1');
    expect(text).toContain('gatehouse_http_requests_total{method="POST",route="/graphql",status="200"} 4');
    expect(text).toContain('gatehouse_http_requests_total{method="GET",route="unknown",status="404"} 1');
    expect(text).toMatch(/^gatehouse_process_resident_memory_bytes \d+$/m);
    expect(text.split('\n').filter((line) => /^[a-z]/.test(line) && !line.startsWith('gatehouse_'))).toEqual([]);
  });

  test('of two gateways in one process do not mix', async () => {
    const [one, other] = [testDoor(), testDoor()];
    await one.door.fetch(at('/health'));
    const text = await (await read(other.door, '127.0.0.1')).text();
    expect(text).not.toContain('route="/health"');
  });

  test('are one for everybody who asks under one name, and gauges are read when looked at', async () => {
    const { metrics } = testDoor();
    const measure = { name: 'things_total', help: 'Things.', labels: ['kind'] as const };
    metrics.counter(measure).add({ kind: 'a' });
    metrics.counter(measure).add({ kind: 'a' }, 2);
    let open = 4;
    metrics.gauge({ name: 'open', help: 'Open now.' }, (gauge) => gauge.set({}, open));
    open = 7;
    const text = await metrics.text();
    expect(text).toContain('gatehouse_things_total{kind="a"} 3');
    expect(text).toContain('gatehouse_open 7');
  });
});

describe('routes of plugins', () => {
  const route = (method: Route['method'], path: string, handle: Route['handle']): Route => ({
    method,
    path,
    description: 'A route.',
    permission: null,
    handle,
  });
  const routes = [
    route('POST', '/echo', async (request, ctx) =>
      Response.json({ body: await request.text(), viewer: ctx.viewer.name, id: ctx.request.id }),
    ),
    route('GET', '/echo', async () => new Response('read')),
    route('GET', '/secret', async (_request, ctx) => {
      allow(ctx, 'system:read');
      return new Response('seen');
    }),
    route('GET', '/away', async () => Response.redirect('http://elsewhere.test/')),
    route('POST', '/throttled', async () => {
      throw new ThrottledError('Wait.', 1.2);
    }),
    route('GET', '/forbidden', async () => {
      throw new ForbiddenError('Needs more.');
    }),
    route('GET', '/broken', async () => {
      throw new Error('hunter2');
    }),
    route('POST', '/leave', async (_request, ctx) => {
      ctx.response.headers.append('set-cookie', 'gatehouse_session=; Max-Age=0');
      return new Response(null, { status: 200 });
    }),
  ];
  const { door, lines } = testDoor({ routes, config: { http: { maxBodyBytes: 100 } } });

  test('get the request, the viewer and the id that the answer carries', async () => {
    const headers = { authorization: 'Bearer good', 'x-request-id': 'from-the-client' };
    const response = await door.fetch(at('/echo', { method: 'POST', headers, body: 'hello' }));
    expect(await response.json()).toEqual({ body: 'hello', viewer: 'ops', id: 'from-the-client' });
    expect(response.headers.get('x-request-id')).toBe('from-the-client');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await (await door.fetch(at('/echo'))).text()).toBe('read');
  });

  test('answer failures with their status and code', async () => {
    expect(await answerOf(await door.fetch(at('/secret')))).toEqual([
      401,
      { error: { message: 'Sign in: this needs system:read.', code: 'UNAUTHENTICATED' } },
    ]);
    expect(await answerOf(await door.fetch(at('/forbidden')))).toEqual([
      403,
      { error: { message: 'Needs more.', code: 'FORBIDDEN' } },
    ]);
    const throttled = await door.fetch(at('/throttled', { method: 'POST' }));
    expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '2']);
  });

  test('that throw what nobody foresaw show a trace id only', async () => {
    const response = await door.fetch(at('/broken'));
    const id = response.headers.get('x-request-id');
    expect(await answerOf(response)).toEqual([
      500,
      { error: { message: `Something went wrong. Trace id: ${id}.`, code: 'INTERNAL' } },
    ]);
    expect(lines.find((line) => line.requestId === id && line.level === 'error')).toMatchObject({
      path: '/broken',
      message: 'A request failed unexpectedly.',
    });
  });

  test('set cookies, and may answer with what cannot be changed', async () => {
    const left = await door.fetch(at('/leave', { method: 'POST' }));
    expect([left.headers.getSetCookie(), await left.text()]).toEqual([['gatehouse_session=; Max-Age=0'], '']);
    const away = await door.fetch(at('/away'));
    expect([away.status, away.headers.get('location'), away.headers.has('x-request-id')]).toEqual([
      302,
      'http://elsewhere.test/',
      true,
    ]);
  });

  test('cannot be given a body over the limit', async () => {
    const large = await door.fetch(at('/echo', { method: 'POST', body: 'x'.repeat(101) }));
    expect(await answerOf(large)).toMatchObject([413, { error: { code: 'PAYLOAD_TOO_LARGE' } }]);
    let left = 1000;
    const body = new ReadableStream({
      pull(controller) {
        left -= 1;
        if (left === 0) controller.close();
        else controller.enqueue(new Uint8Array(30));
      },
    });
    const unannounced = await door.fetch(at('/echo', { method: 'POST', body, duplex: 'half' } as RequestInit));
    expect(await answerOf(unannounced)).toMatchObject([413, { error: { code: 'PAYLOAD_TOO_LARGE' } }]);
  });

  test('are 404 where there is none, and 405 with the methods that there are', async () => {
    expect(await answerOf(await door.fetch(at('/nowhere')))).toEqual([
      404,
      { error: { message: 'Nothing is at /nowhere.', code: 'NOT_FOUND' } },
    ]);
    const wrong = await door.fetch(at('/echo', { method: 'DELETE' }));
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD']);
    expect((await door.fetch(at('/health', { method: 'POST' }))).status).toBe(405);
  });

  test('may not answer the same requests twice', () => {
    const twice = [...routes, route('GET', '/echo', async () => new Response(''))];
    expect(() => testDoor({ routes: twice })).toThrow('Two routes answer GET /echo: leave one of their plugins out.');
    expect(() => testDoor({ routes: [route('GET', '/health', async () => new Response(''))] })).toThrow('GET /health');
  });
});

describe('GraphiQL', () => {
  const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  test('is shown to browsers, with nothing from elsewhere in it', async () => {
    const { door } = testDoor();
    const response = await door.fetch(at('/graphql', { headers: browser }));
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*/);
    expect(html).toContain('"subscriptionsProtocol":"WS"');
    expect(html).toContain('Welcome to Gatehouse.');
    expect(html).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?\/\//);
    const zipped = await door.fetch(at('/graphql', { headers: { ...browser, 'accept-encoding': 'gzip, br' } }));
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    const etag = String(response.headers.get('etag'));
    expect((await door.fetch(at('/graphql', { headers: { ...browser, 'if-none-match': etag } }))).status).toBe(304);
    const home = await door.fetch(at('/', { headers: browser }));
    expect([home.status, home.headers.get('location')]).toEqual([302, '/graphql']);
  });

  test('welcomes with operations that are valid', () => {
    const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
    expect(validate(schema, parse(welcome))).toEqual([]);
  });

  test('is not shown to programs, nor where it is off', async () => {
    const { door } = testDoor();
    expect((await door.fetch(at('/graphql?query={hello}'))).headers.get('content-type')).toContain('application/json');
    expect((await door.fetch(at('/'))).status).toBe(404);
    const off = testDoor({ config: { graphql: { graphiql: false } } }).door;
    expect(await answerOf(await off.fetch(at('/graphql', { headers: browser })))).toMatchObject([
      400,
      { errors: [{ message: 'Give the text of a document as query.' }] },
    ]);
  });
});
