import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { block, furnish, message, openTaxii1, statusOf, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
let url: string;
beforeAll(async () => {
  taxii1 = await openTaxii1({
    http: { port: 0 },
    threat: { maxContentLength: '1MiB' },
    taxii: { taxii1: { maxBlockBytes: '64KiB' } },
  });
  await furnish(taxii1);
  url = await taxii1.identity.gateway.listen();
});
afterAll(() => taxii1.identity.gateway.dispose());

const headers = {
  accept: 'application/xml',
  'content-type': 'application/xml',
  'x-taxii-content-type': 'urn:taxii.mitre.org:message:xml:1.1',
  'x-taxii-services': 'urn:taxii.mitre.org:services:1.1',
};
const post = (body: BodyInit, more: Record<string, string> = {}) =>
  fetch(`${url}/services/inbox-A`, {
    method: 'POST',
    headers: { ...headers, ...more },
    body,
    duplex: 'half',
  } as RequestInit);

/** A body of so many bytes that never says how many. */
function unannounced(head: string, bytes: number): ReadableStream<Uint8Array> {
  let sent = 0;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = sent === 0 ? Buffer.from(head) : chunk;
      sent += part.length;
      controller.enqueue(part);
      if (sent > bytes) controller.close();
    },
  });
}

test('a body that is larger than the limit is HTTP 413, announced or not', async () => {
  const blocks = message('Inbox_Message', '', block('x', 'y'.repeat(60_000)).repeat(20));
  const announced = await post(blocks);
  expect([announced.status, await announced.text()]).toEqual([413, 'Request Entity Too Large']);
  const open =
    message('Inbox_Message', '', block('x', ''))
      .replace('<Content></Content>', '<Content>')
      .split('</Content_Block>')[0] ?? '';
  const body = unannounced(open, 100 * 1024 * 1024);
  expect((await post(body)).status).toBe(413);
  expect(await taxii1.volume('collection_open')).toBe(0);
});

test('a block that is larger than its limit is HTTP 413', async () => {
  expect((await post(message('Inbox_Message', '', block('x', 'y'.repeat(65_536))))).status).toBe(200);
  expect((await post(message('Inbox_Message', '', block('x', 'y'.repeat(65_537))))).status).toBe(413);
  expect(await taxii1.volume('collection_open')).toBe(1);
});

test('a bad message is answered while the rest of it is still being sent', async () => {
  // Its end never comes.
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('<!DOCTYPE a><a>')),
  });
  const answer = await post(body);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Request was invalid XML')]);
});

test('others are answered meanwhile, and the same connection goes on', async () => {
  const deep = '<a xmlns:b="c">'.repeat(60_000);
  const [bad, good] = await Promise.all([
    post(message('Inbox_Message', '', block('x', deep)).slice(0, 1_000_000)),
    post(message('Inbox_Message', '', block('x', 'fine'))),
  ]);
  expect(await bad.text()).toContain('BAD_MESSAGE');
  expect(await good.text()).toContain('SUCCESS');
});

test('a client that hangs up in the middle leaves nothing behind', async () => {
  const before = await taxii1.volume('collection_open');
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = message('Inbox_Message', '', block('x', 'half'));
  const lines = Object.entries({ ...headers, host: 'gw.test', 'content-length': String(body.length) });
  socket.write(
    `POST /services/inbox-A HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );
  socket.write(body.slice(0, -20));
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await taxii1.volume('collection_open')).toBe(before);
  expect(statusOf(await taxii1.send('/services/inbox-A', message('Inbox_Message', '')))).toEqual(['SUCCESS', null]);
});

test('a compressed body is no XML', async () => {
  const { gzipSync } = await import('node:zlib');
  const answer = await post(gzipSync(message('Inbox_Message', '')), { 'content-encoding': 'gzip' });
  expect(await answer.text()).toContain('Request was invalid XML');
});
