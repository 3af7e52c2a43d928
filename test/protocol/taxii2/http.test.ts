import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MemoryStixObjects } from '#plugins/storage-memory/threat/stix-objects.ts';
import { furnishRooms, indicatorI } from '../../support/taxii-rooms.ts';
import { mediaType, openTaxii2, refusal, type Sending, type Taxii2 } from './gateway.ts';

let taxii2: Taxii2;
let rooms: Awaited<ReturnType<typeof furnishRooms>>;
let user: string;
let base: string;
let objects: string;
beforeAll(async () => {
  taxii2 = await openTaxii2({ threat: { maxContentLength: 1024 } });
  rooms = await furnishRooms(taxii2.identity.system, '2024-01-01T12:00:00.000000Z');
  user = await taxii2.key(...rooms.grants);
  base = `/taxii2/${rooms.root.id}/`;
  objects = `${base}collections/${rooms.c5.id}/objects/`;
});
afterAll(() => taxii2.identity.gateway.dispose());

const statusOf = async (path: string, sending: Sending = {}) =>
  (await taxii2.send(path, { key: user, ...sending })).status;
const tool = JSON.stringify({ objects: [{ type: 'tool', id: 'tool--00000000-0000-4000-8000-000000000001' }] });

describe('paths', () => {
  test('end with a slash: without it nothing is there', async () => {
    for (const path of ['/taxii2', base.slice(0, -1), objects.slice(0, -1), `${objects}${indicatorI}`]) {
      const answer = await taxii2.send(path, { key: user });
      expect([path, ...refusal(answer)]).toEqual([
        path,
        404,
        'Not Found',
        'Nothing is here. Paths of TAXII 2.1 end with a slash.',
      ]);
      expect(answer.headers.get('location')).toBeNull();
    }
  });

  test('that nobody knows are not found, in the form of the protocol', async () => {
    for (const path of [
      '//',
      `${base}nothing/`,
      `${base}status/`,
      `${objects}${indicatorI}/versions/1/`,
      `${base}/collections/`,
    ]) {
      const url = path.startsWith('/taxii2') ? path : `/taxii2/${path}`;
      const answer = await taxii2.send(url, { key: user });
      expect([url, answer.status, answer.headers.get('content-type')]).toEqual([url, 404, mediaType]);
      expect(answer.body).toEqual({
        title: 'Not Found',
        description: expect.any(String),
        http_status: '404',
        error_code: 'NOT_FOUND',
        error_id: answer.headers.get('x-request-id'),
      });
    }
  });

  test('in answers are relative, whatever host the client names', async () => {
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' };
    const answer = await taxii2.send('/taxii2/', { headers });
    expect(answer.body.api_roots).toEqual([`/taxii2/${rooms.root.id}/`, `/taxii2/${rooms.open.id}/`]);
    expect(answer.text + JSON.stringify([...answer.headers])).not.toContain('evil');
  });
});

describe('methods', () => {
  const allowed = async (path: string, method: string) => {
    const { status, headers } = await taxii2.send(path, { key: user, method });
    return [status, headers.get('allow')];
  };

  test('that a resource does not take are refused with those that it takes', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST'])
      expect([method, ...(await allowed(base, method))]).toEqual([method, 405, 'GET']);
    for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE'])
      expect([method, ...(await allowed(objects, method))]).toEqual([method, 405, 'GET, POST']);
    expect(await allowed(`${objects}${indicatorI}/`, 'POST')).toEqual([405, 'GET, DELETE']);
    expect(await allowed(`${objects}${indicatorI}/versions/`, 'DELETE')).toEqual([405, 'GET']);
    expect(await allowed('/taxii2/', 'DELETE')).toEqual([405, 'GET']);
  });
});

describe('Accept', () => {
  const accepted = (accept: string | null) => statusOf(objects, { headers: { accept } });

  test.for([
    null,
    '',
    '*/*',
    'application/*',
    'application/taxii+json',
    'application/taxii+json;version=2.1',
    'application/taxii+json; version=2.1',
    'Application/TAXII+JSON ; Version = "2.1"',
    'application/taxii+json;version=2.1;charset=utf-8',
    'text/html, application/taxii+json;version=2.1;q=0.1',
    'application/taxii+json;version=2.0, */*;q=0.5',
  ])('%s is served', async (accept) => {
    expect(await accepted(accept)).toBe(200);
  });

  test.for([
    'application/json',
    'text/html',
    'application/xml',
    'application/taxii+json;version=2.0',
    'application/vnd.oasis.taxii+json; version=2.0',
    'application/vnd.oasis.stix+json',
    'application/taxii+json;version=2.1;q=0',
    '*/*;q=0',
    'xml',
    '*/*;q=much',
  ])('%s is not', async (accept) => {
    expect(await accepted(accept)).toBe(406);
  });
});

describe('Content-Type', () => {
  const posted = (headers: Sending['headers'] & object, body: string | Uint8Array = tool) =>
    statusOf(objects, { method: 'POST', body, headers });

  test.for([
    'application/taxii+json;version=2.1',
    'application/taxii+json; version=2.1',
    'application/taxii+json',
    'application/taxii+json;version=2.1;charset=utf-8',
    'APPLICATION/taxii+json; charset=UTF-8; version=2.1',
  ])('%s is taken', async (type) => {
    expect(await posted({ 'content-type': type })).toBe(202);
  });

  test.for([
    'application/json',
    'application/taxii+json;version=2.0',
    'application/vnd.oasis.stix+json; version=2.0',
    'application/taxii+json;charset=utf-16',
    'application/taxii+json;version=2.1;profile=x',
    'application/*',
    'application/taxii+json, text/plain',
    '',
    null,
  ])('%s is not', async (type) => {
    expect(await posted({ 'content-type': type })).toBe(415);
  });

  test('does not help a body that is packed', async () => {
    expect(await posted({ 'content-encoding': 'gzip' }, gzipSync(tool))).toBe(415);
  });
});

describe('bodies', () => {
  /** A body without an end, and how much of it was taken. */
  function endless(): { readonly body: ReadableStream<Uint8Array>; taken(): number } {
    let taken = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        taken += 512;
        if (taken > 1 << 20) controller.close();
        else controller.enqueue(new Uint8Array(512).fill(0x20));
      },
    });
    return { body, taken: () => taken };
  }

  test('that are too large are refused as soon as they are, whatever was announced', async () => {
    const large = JSON.stringify({ objects: [], padding: 'x'.repeat(1024) });
    const { body } = endless();
    const answers = await Promise.all([
      taxii2.send(objects, { method: 'POST', key: user, body: large }),
      taxii2.send(objects, { method: 'POST', key: user, body: large, headers: { 'content-length': '10' } }),
      taxii2.send(objects, { method: 'POST', key: user, body }),
    ]);
    for (const answer of answers)
      expect(refusal(answer)).toEqual([
        413,
        'Request Entity Too Large',
        'The body is larger than 1024 bytes, which is the most (threat.maxContentLength).',
      ]);
  });

  test('of just the largest size are read', async () => {
    const full = JSON.stringify({ objects: [], padding: '' });
    const body = full.replace('""', `"${'x'.repeat(1024 - full.length)}"`);
    expect([body.length, await statusOf(objects, { method: 'POST', body })]).toEqual([1024, 202]);
    expect(await statusOf(objects, { method: 'POST', body: `${body} ` })).toBe(413);
  });
});

describe('what is wrong is told in this order', () => {
  const announced = { 'content-length': '2000' };
  const xml = { accept: 'application/xml' };
  const json = { 'content-type': 'application/json' };
  const broken = { authorization: 'Bearer broken' };
  const everything = { ...broken, ...announced, ...xml, ...json };
  const { authorization: _, ...others } = everything;
  const send = (path: string, method: string, headers: Sending['headers'] & object, key: string | null = user) => {
    const body = method === 'POST' ? 'garbage' : undefined;
    return statusOf(path, { method, key, headers, ...(body !== undefined && { body }) });
  };

  test('credential, path, length, method, Accept, Content-Type, right, body, parameters', async () => {
    const closed = `${base}collections/${rooms.c3.id}/objects/`;
    expect(await send('/taxii2/nowhere/at/all/?limit=a', 'PUT', everything)).toBe(401);
    expect(await send('/taxii2/nowhere/at/all/?limit=a', 'PUT', others)).toBe(404);
    expect(await send(closed, 'PUT', others)).toBe(413);
    expect(await send(closed, 'PUT', { ...xml, ...json })).toBe(405);
    expect(await send(closed, 'POST', { ...xml, ...json })).toBe(406);
    expect(await send(closed, 'POST', json)).toBe(415);
    expect(await send(closed, 'POST', json, null)).toBe(415);
    expect(await send(closed, 'POST', {})).toBe(404);
    expect(await send(closed, 'POST', {}, null)).toBe(401);
    expect(await send(objects, 'POST', {})).toBe(400);
    expect(await send(`${closed}?limit=a`, 'GET', {})).toBe(404);
    expect(await send(`${objects}?limit=a`, 'GET', {})).toBe(400);
    expect(await send(`${objects}tool--x/?limit=a`, 'GET', {})).toBe(404);
  });
});

test('a fault of the gateway tells nothing but its trace id', async () => {
  const failing = await openTaxii2({}, 'memory');
  const { root, c6 } = await furnishRooms(failing.identity.system, '2024-01-01T12:00:00.000000Z');
  const fault = vi.spyOn(MemoryStixObjects.prototype, 'pages').mockRejectedValue(new Error('a secret of the database'));
  const answer = await failing.send(`/taxii2/${root.id}/collections/${c6.id}/objects/`);
  fault.mockRestore();
  const id = answer.headers.get('x-request-id');
  expect([answer.status, answer.body]).toEqual([
    500,
    {
      title: 'Internal Server Error',
      description: `Something went wrong. Trace id: ${id}.`,
      http_status: '500',
      error_code: 'INTERNAL',
      error_id: id,
    },
  ]);
  await failing.identity.gateway.dispose();
});

test('a client that stops in the middle of its body keeps nobody waiting, and leaves nothing behind', async () => {
  const served = await openTaxii2({ http: { port: 0 } });
  const { root, c6, c7 } = await furnishRooms(served.identity.system, '2024-01-01T12:00:00.000000Z');
  const url = new URL(await served.identity.gateway.listen());
  const socket = connect(Number(url.port), url.hostname);
  socket.write(
    `POST /taxii2/${root.id}/collections/${c7.id}/objects/ HTTP/1.1\r\nhost: ${url.host}\r\n` +
      `content-type: ${mediaType}\r\ncontent-length: 1000\r\n\r\n{"objects":[`,
  );
  const answer = await fetch(new URL(`/taxii2/${root.id}/collections/${c6.id}/objects/`, url));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, mediaType]);
  socket.destroy();
  const writer = await served.key('*');
  const { data } = await served.ask('{ taxiiStatuses { totalCount } }', {}, writer);
  expect(data.taxiiStatuses.totalCount).toBe(0);
  await served.identity.gateway.dispose();
});
