/** A real collection, as clients of TAXII 2.1 push it and page through it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiRoot } from '#resolvers/threat/api-roots/create.ts';
import { createCollection } from '#resolvers/threat/collections/create.ts';
import { type AttackObject, attackObjects } from '../../support/attack.ts';
import { openTaxii2, type Taxii2 } from './gateway.ts';

interface Room {
  readonly taxii2: Taxii2;
  readonly key: string;
  /** The path of the collection. */
  readonly path: string;
}

async function openRoom(config: Readonly<Record<string, unknown>> = {}): Promise<Room> {
  const taxii2 = await openTaxii2(config);
  const root = await createApiRoot(taxii2.identity.system, { title: 'a root', slug: 'trust' });
  await createCollection(taxii2.identity.system, { apiRoot: { id: root.id }, title: 'ICS', alias: 'ics' });
  return { taxii2, key: await taxii2.key('threat:read', 'threat:write'), path: '/taxii2/trust/collections/ics/' };
}

/**
 * Pages as taxii2client does it: on while there is more, from `next` where it is told, else from the last date.
 * @returns what was on each page.
 */
async function asPages(
  { taxii2, key, path }: Room,
  resource: 'objects/' | 'manifest/',
  limit: number | null,
  query: Readonly<Record<string, string>> = {},
): Promise<AttackObject[][]> {
  const pages: AttackObject[][] = [];
  const asked: Record<string, string> = { ...query, ...(limit !== null && { limit: String(limit) }) };
  for (;;) {
    const { status, body, headers } = await taxii2.send(`${path}${resource}`, { key, query: asked });
    expect(status).toBe(200);
    pages.push(body.objects ?? []);
    if (!body.more) return pages;
    if (body.next === undefined) asked.added_after = headers.get('x-taxii-date-added-last') ?? '';
    else asked.next = body.next;
  }
}

async function pushInEnvelopes({ taxii2, key, path }: Room, objects: readonly unknown[], size: number): Promise<void> {
  for (let done = 0; done < objects.length; done += size) {
    const envelope = objects.slice(done, done + size);
    const { status, body } = await taxii2.post(`${path}objects/`, envelope, key);
    expect([status, body.status, body.success_count]).toEqual([202, 'complete', envelope.length]);
  }
}

describe('ATT&CK for ICS', () => {
  const objects = attackObjects();
  const ids = objects.map(({ id }) => id);
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
    await pushInEnvelopes(room, objects, 200);
  }, 60_000);
  afterAll(() => room.taxii2.identity.gateway.dispose());

  test.for([
    [7, 261],
    [100, 19],
    [10_000, 1],
    [999_999, 1],
    [null, 2],
  ] as const)('pushed in envelopes, comes back once and in order in pages of %s', async ([limit, count]) => {
    const pages = await asPages(room, 'objects/', limit);
    expect([pages.length, pages.flat().map(({ id }) => id)]).toEqual([count, ids]);
  });

  test('comes back as it was sent', async () => {
    expect((await asPages(room, 'objects/', 1000)).flat()).toEqual(objects);
  });

  test('comes back in pages of one too', async () => {
    const pages = await asPages(room, 'manifest/', 1);
    expect([pages.length, pages.flat().map(({ id }) => id)]).toEqual([1826, ids]);
  }, 60_000);

  test('comes back from the last date that a client saw', async () => {
    const found: string[] = [];
    for (let after = '2000-01-01T00:00:00Z'; ; ) {
      const query = { limit: 500, added_after: after };
      const { body, headers } = await room.taxii2.send(`${room.path}objects/`, { key: room.key, query });
      found.push(...(body.objects ?? []).map(({ id }: AttackObject) => id));
      if (!body.more) break;
      after = headers.get('x-taxii-date-added-last') ?? '';
    }
    expect(found).toEqual(ids);
  });

  test('has as many of each type as it was made of', async () => {
    const of = async (type: string) => (await asPages(room, 'manifest/', 1000, { 'match[type]': type })).flat().length;
    expect([
      await of('relationship'),
      await of('attack-pattern'),
      await of('x-mitre-tactic'),
      await of('malware'),
    ]).toEqual([1373, 95, 12, 30]);
    const marking = 'marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168';
    const { body } = await room.taxii2.send(`${room.path}objects/${marking}/versions/`, { key: room.key });
    expect(body.versions).toEqual(['2017-06-01T00:00:00.000000Z']);
  });
});

describe('while somebody else keeps adding', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
  });
  afterAll(() => room.taxii2.identity.gateway.dispose());

  test('a client that goes on from next, or from the last date, gets each object once and in order', async () => {
    const tools = Array.from({ length: 400 }, (_, at) => ({
      type: 'tool',
      spec_version: '2.1',
      id: `tool--00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    }));
    await pushInEnvelopes(room, tools.slice(0, 50), 50);
    const parts = [tools.slice(50, 230), tools.slice(230)];
    let adding = true;
    const added = Promise.all(parts.map((part) => pushInEnvelopes(room, part, 10))).finally(() => {
      adding = false;
    });
    const seen: string[] = [];
    for (let query: Record<string, string> = { limit: '7' }; ; ) {
      const isWhole = !adding;
      const { body, headers } = await room.taxii2.send(`${room.path}objects/`, { key: room.key, query });
      seen.push(...(body.objects ?? []).map(({ id }: AttackObject) => id));
      const last = headers.get('x-taxii-date-added-last');
      // The last page has no next: what comes after it is asked for by its last date.
      if (body.more) query = { limit: '7', next: body.next };
      else if (last !== null) query = { limit: '7', added_after: last };
      if (isWhole && !body.more) break;
    }
    await added;
    expect(seen.length).toBe(new Set(seen).size);
    const whole = (await asPages(room, 'objects/', 1000)).flat().map(({ id }) => id);
    expect([whole.length, seen]).toEqual([400, whole]);
  }, 60_000);
});

describe('a page', () => {
  test('ends before its bodies are too many bytes, but always holds one', async () => {
    const room = await openRoom({ threat: { maxPageBytes: 65_536 } });
    await pushInEnvelopes(room, attackObjects(), 1000);
    const [first = [], second = []] = await asPages(room, 'objects/', null);
    expect(first.map(({ id }) => id)).toEqual(['x-mitre-collection--90c00720-636b-4485-b342-8751d232bf09']);
    expect(second.length).toBeGreaterThan(1);
    expect(Buffer.byteLength(JSON.stringify(second))).toBeLessThan(66_000);
    await room.taxii2.identity.gateway.dispose();
  }, 60_000);

  test('of manifests is three for five objects in pairs', async () => {
    const room = await openRoom();
    const tools = Array.from({ length: 5 }, (_, at) => ({
      type: 'tool',
      id: `tool--00000000-0000-4000-8000-00000000000${at}`,
    }));
    await pushInEnvelopes(room, tools, 5);
    const pages = await asPages(room, 'manifest/', 2);
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    await room.taxii2.identity.gateway.dispose();
  });
});
