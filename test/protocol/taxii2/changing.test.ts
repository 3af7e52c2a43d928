import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { furnishRooms, indicatorI, indicatorK, relationshipR } from '../../support/taxii-rooms.ts';
import { openTaxii2, type Received, refusal, type Sending, type Taxii2 } from './gateway.ts';

const noon = '2024-01-01T12:00:00.000000Z';
const indicator = {
  type: 'indicator',
  spec_version: '2.1',
  id: 'indicator--5e113376-8a13-432d-b711-92f566ebbd92',
  created: '2016-04-06T20:03:48.000Z',
  modified: '2016-04-06T20:03:48.000Z',
  pattern: "[ipv4-addr:value = '203.0.113.33']",
  pattern_type: 'stix',
  valid_from: '2016-01-01T00:00:00Z',
};

interface Room {
  readonly taxii2: Taxii2;
  readonly rooms: Awaited<ReturnType<typeof furnishRooms>>;
  readonly user: string;
  readonly base: string;
}

const openRoom = async (threat: Readonly<Record<string, unknown>> = {}): Promise<Room> =>
  furnishRoom(await openTaxii2({ threat: { maxContentLength: 1024, ...threat } }));

async function furnishRoom(taxii2: Taxii2): Promise<Room> {
  const rooms = await furnishRooms(taxii2.identity.system, noon);
  const user = await taxii2.key(...rooms.grants);
  return { taxii2, rooms, user, base: `/taxii2/${rooms.root.id}/collections/` };
}

describe('adding', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
  });
  afterAll(() => room.taxii2.identity.gateway.dispose());

  const post = (body: Sending['body'], { to = room.rooms.c5.id, key = room.user as string | null } = {}) =>
    room.taxii2.send(`${room.base}${to}/objects/`, { method: 'POST', body: body ?? '', key });
  const objects = (...sent: unknown[]) => JSON.stringify({ objects: sent });
  const stored = async (id: string) => {
    const { body } = await room.taxii2.send(`${room.base}${room.rooms.c5.id}/objects/${id}/`, {
      key: room.user,
      query: { 'match[version]': 'all' },
    });
    return body.objects;
  };

  test('is told by a complete status, and gives back what was sent', async () => {
    const answer = await post(objects(indicator));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([202, 'application/taxii+json;version=2.1']);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'complete',
      request_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      total_count: 1,
      success_count: 1,
      successes: [{ id: indicator.id, version: '2016-04-06T20:03:48.000000Z' }],
      failure_count: 0,
      failures: [],
      pending_count: 0,
      pendings: [],
    });
    expect(await stored(indicator.id)).toEqual([indicator]);
  });

  test('takes modified, else created, else the beginning of 1970 for the version', async () => {
    const marking = {
      type: 'marking-definition',
      spec_version: '2.1',
      id: 'marking-definition--5e113376-8a13-432d-b711-92f566ebbd92',
      created: '2017-06-01T00:00:00.000Z',
    };
    const timeless = { type: 'x-no-version', id: 'x-no-version--5e113376-8a13-432d-b711-92f566ebbd92' };
    const { body } = await post(objects(marking, timeless));
    expect(body.successes.map(({ version }: { version: string }) => version)).toEqual([
      '2017-06-01T00:00:00.000000Z',
      '1970-01-01T00:00:00.000000Z',
    ]);
    expect(await stored(timeless.id)).toEqual([{ ...timeless, spec_version: '2.1' }]);
  });

  test('of what is there already succeeds, and changes nothing', async () => {
    const tool = { type: 'tool', id: 'tool--00000000-0000-4000-8000-000000000001', name: 'one' };
    await post(objects(tool));
    const dates = async () => {
      const query = { 'match[id]': tool.id };
      const path = `${room.base}${room.rooms.c5.id}/manifest/`;
      return (await room.taxii2.send(path, { key: room.user, query })).body.objects;
    };
    const before = await dates();
    const again = await post(objects(tool));
    expect(again.body.successes).toEqual([
      { id: tool.id, version: '1970-01-01T00:00:00.000000Z', message: 'already present' },
    ]);
    const other = await post(objects({ ...tool, name: 'two' }));
    expect(other.body.successes[0].message).toBe('already present; content differs and was not stored');
    expect(await dates()).toEqual(before);
    expect(await stored(tool.id)).toEqual([{ ...tool, spec_version: '2.1' }]);
  });

  test('keeps the good ones of many, and names what is wrong with each of the others', async () => {
    const good = { type: 'tool', id: 'tool--00000000-0000-4000-8000-000000000002', x_mine: { deep: [1, null, 'é'] } };
    const bad = { ...good, id: 'tool--00000000-0000-4000-8000-000000000003', type: 'malware' };
    const nul = { ...good, id: 'tool--00000000-0000-4000-8000-000000000004', name: 'a\u0000b' };
    const { status, body } = await post(objects(good, bad, 7, nul));
    expect([status, body.total_count, body.success_count, body.failure_count]).toEqual([202, 4, 1, 3]);
    expect(body.failures.map(({ id, message }: Record<string, string>) => [id, message])).toEqual([
      [bad.id, 'type: must be what its id begins with, not malware'],
      [nul.id, 'name: may not hold U+0000'],
      ['unknown--00000000-0000-4000-8000-000000000000', 'objects[2]: is not an object'],
    ]);
    expect(await stored(good.id)).toEqual([{ ...good, spec_version: '2.1' }]);
  });

  test('takes names that mean something to a program for plain data', async () => {
    const id = 'x-proto--00000000-0000-4000-8000-000000000001';
    const text = `{"type":"x-proto","id":"${id}","spec_version":"2.1","__proto__":{"a":1},"constructor":{"prototype":2}}`;
    expect((await post(`{"objects":[${text}],"__proto__":{"b":1}}`)).body.success_count).toBe(1);
    const answer = await room.taxii2.send(`${room.base}${room.rooms.c5.id}/objects/${id}/`, { key: room.user });
    expect(answer.text).toContain('"__proto__":{"a":1}');
    expect(answer.body.objects[0].constructor).toEqual({ prototype: 2 });
  });

  test('of nothing is complete, and a bundle is taken', async () => {
    const { status, body } = await post(objects());
    expect([status, body.status, body.total_count]).toEqual([202, 'complete', 0]);
    const tool = { type: 'tool', id: 'tool--00000000-0000-4000-8000-000000000005' };
    const bundle = JSON.stringify({ type: 'bundle', id: `bundle--${tool.id.slice(6)}`, objects: [tool] });
    expect((await post(bundle)).body.success_count).toBe(1);
  });

  test('of a body that is no envelope says why, and keeps nothing', async () => {
    const refused = async (body: string | Uint8Array) => refusal(await post(body));
    expect(await refused('')).toEqual([400, 'validation error', 'No data']);
    expect(await refused(' \n')).toEqual([400, 'validation error', 'No data']);
    for (const body of ['{}', '[]', '{"objects":{}}', '{"objects":null}', 'null', '"objects"', '7'])
      expect(await refused(body)).toEqual([400, 'validation error', 'No objects']);
    for (const body of ['abcd', '{"objects":[', '{"objects":[]}}', '\u0000'])
      expect(await refused(body)).toEqual([400, 'validation error', expect.stringMatching(/^Invalid json: ./)]);
    expect(await refused(Uint8Array.of(0x22, 0xff, 0x22))).toEqual([
      400,
      'validation error',
      'Invalid json: the body is no UTF-8',
    ]);
    const deep = `{"objects":[{"type":"tool","id":"tool--00000000-0000-4000-8000-000000000006","a":${'['.repeat(200)}${']'.repeat(200)}}]}`;
    expect((await post(deep)).body.failures[0].message).toBe('a: may not be nested deeper than 100 levels');
  });

  test('asks for the right before it reads the body', async () => {
    const as = async (to: string, key: string | null) => (await post('garbage', { to, key })).status;
    const { c0, c1, c3, c5, c6, c7 } = room.rooms;
    expect([await as(c0.id, room.user), await as(c3.id, room.user), await as('unknown', room.user)]).toEqual([
      404, 404, 404,
    ]);
    expect([await as(c5.id, null), await as(c6.id, null), await as('unknown', null)]).toEqual([401, 401, 401]);
    expect([await as(c1.id, room.user), await as(c7.id, null)]).toEqual([400, 400]);
  });
});

test('a whole envelope is refused for one bad object where the settings say so', async () => {
  const { taxii2, rooms, user, base } = await openRoom({
    stixValidation: 'full',
    allowCustom: false,
    invalidObjects: 'refuse',
  });
  const custom = { ...indicator, x_my_custom_attr: 'foo' };
  const answer = await taxii2.post(`${base}${rooms.c2.id}/objects/`, [indicator, custom], user);
  expect([answer.status, answer.body.description]).toEqual([
    400,
    expect.stringMatching(`^Invalid stix object: ${indicator.id}; .*x_my_custom_attr`),
  ]);
  expect((await taxii2.send(`${base}${rooms.c2.id}/objects/`, { key: user })).text).toBe('{}');
  await taxii2.identity.gateway.dispose();
});

test('an object with properties of its own fails alone where only the standard is allowed', async () => {
  const { taxii2, rooms, user, base } = await openRoom({ stixValidation: 'full', allowCustom: false });
  const custom = { ...indicator, id: indicator.id.replace('5e', '6e'), x_my_custom_attr: 'foo' };
  const { status, body } = await taxii2.post(`${base}${rooms.c2.id}/objects/`, [indicator, custom], user);
  expect([status, body.success_count, body.failure_count, body.failures[0].id]).toEqual([202, 1, 1, custom.id]);
  await taxii2.identity.gateway.dispose();
});

describe('deleting', () => {
  let taxii2: Taxii2;
  let room: Room;
  beforeAll(async () => {
    taxii2 = await openTaxii2();
  });
  beforeEach(async () => {
    room = await furnishRoom(taxii2);
  });
  afterAll(() => taxii2.identity.gateway.dispose());

  const remove = (collection: string, id: string, query: Sending['query'] = {}, key: string | null = room.user) =>
    room.taxii2.send(`${room.base}${collection}/objects/${id}/`, { method: 'DELETE', query, key });
  const versions = async (query: Sending['query'] = { 'match[version]': 'all' }) => {
    const { body } = await room.taxii2.send(`${room.base}${room.rooms.c5.id}/manifest/`, { key: room.user, query });
    return (body.objects ?? []).map(({ id, version }: Record<string, string>) => [id, version]);
  };

  test('removes all versions of an object, and nothing else', async () => {
    const { at, c5, c4, c6 } = room.rooms;
    expect(await remove(c4.id, indicatorI)).toMatchObject({ status: 200, text: '' });
    expect((await versions()).length).toBe(3);
    const answer = await remove(c5.id, indicatorI);
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(await versions()).toEqual([[relationshipR, at(3)]]);
    for (const unknown of [indicatorI, 'nothing', '%00']) expect((await remove(c5.id, unknown)).status).toBe(200);
    expect(await versions()).toEqual([[relationshipR, at(3)]]);
    expect((await room.taxii2.send(`${room.base}${c6.id}/objects/`)).body.objects.length).toBe(1);
  });

  test('of one version makes the one before it the last', async () => {
    const { at, c5 } = room.rooms;
    await remove(c5.id, indicatorI, { 'match[version]': at(1) });
    expect(await versions({})).toEqual([
      [relationshipR, at(3)],
      [indicatorI, at(-1)],
    ]);
  });

  test('goes by the version of the specification too', async () => {
    const { at, c5 } = room.rooms;
    await remove(c5.id, indicatorI, { 'match[spec_version]': '2.1' });
    expect(await versions()).toEqual([
      [indicatorI, at(1)],
      [relationshipR, at(3)],
    ]);
    await remove(c5.id, indicatorI, { 'match[version]': 'garbage' });
    expect((await versions()).length).toBe(2);
  });

  test('needs both rights', async () => {
    const { c0, c1, c3, c5, c6, c7 } = room.rooms;
    const statuses = (answers: readonly Received[]) => answers.map(({ status }) => status);
    const mine = [c3.id, c0.id, c1.id, 'unknown'].map((id) => remove(id, indicatorI));
    expect(statuses(await Promise.all(mine))).toEqual([404, 403, 403, 404]);
    const nobodys = [c5.id, c6.id, c7.id, 'unknown'].map((id) => remove(id, indicatorK, {}, null));
    expect(statuses(await Promise.all(nobodys))).toEqual([401, 401, 401, 401]);
    expect(refusal(await remove(c0.id, indicatorI))).toEqual([
      403,
      'Forbidden',
      expect.stringContaining('threat:write'),
    ]);
  });

  test('takes versions alone, and judges that after the right', async () => {
    const { c3, c5 } = room.rooms;
    for (const name of ['limit', 'next', 'added_after', 'match[id]', 'match[type]']) {
      const answer = await remove(c5.id, indicatorI, { [name]: '1' });
      expect([answer.status, answer.body.details]).toEqual([400, { [name]: ['Unknown field.'] }]);
    }
    expect((await remove(c3.id, indicatorI, { limit: 1 })).status).toBe(404);
    expect((await versions()).length).toBe(3);
  });
});
