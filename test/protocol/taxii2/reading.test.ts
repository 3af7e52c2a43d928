import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { furnishRooms, indicatorI, indicatorK, relationshipR } from '../../support/taxii-rooms.ts';
import { datesOf, openTaxii2, type Received, refusal, type Sending, type Taxii2 } from './gateway.ts';

const whole = '2024-01-01T12:00:00.000000Z';

describe.for([whole, '2024-01-01T12:00:00.123456Z'])('objects that were added at %s', (now) => {
  let taxii2: Taxii2;
  let rooms: Awaited<ReturnType<typeof furnishRooms>>;
  let user: string;
  let base: string;
  beforeAll(async () => {
    taxii2 = await openTaxii2({ threat: { maxContentLength: 1024 } });
    rooms = await furnishRooms(taxii2.identity.system, now);
    user = await taxii2.key(...rooms.grants);
    base = `/taxii2/${rooms.root.id}/collections/`;
  });
  afterAll(() => taxii2.identity.gateway.dispose());

  const get = (path: string, query: Sending['query'] = {}, key: string | null = user) =>
    taxii2.send(`${base}${path}`, { query, key });
  /** What of the objects of an answer tells them apart. */
  const named = ({ body }: Received) =>
    (body.objects ?? []).map(
      ({ id, modified, version }: { id: string; modified?: string; version?: string }) =>
        `${id} ${modified ?? version}`,
    );
  const o0 = () => `${indicatorI} ${rooms.at(1)}`;
  const o1 = () => `${relationshipR} ${rooms.at(3)}`;
  const o2 = () => `${indicatorI} ${rooms.at(-1)}`;

  test('come in the order in which they were added, with the dates between which they were', async () => {
    const answer = await get(`${rooms.c5.id}/objects/`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/taxii+json;version=2.1']);
    expect(answer.body).toEqual({
      more: false,
      objects: [
        { type: 'indicator', id: indicatorI, spec_version: '2.0', created: rooms.at(1), modified: rooms.at(1) },
        { type: 'relationship', id: relationshipR, spec_version: '2.1', created: rooms.at(3), modified: rooms.at(3) },
      ],
    });
    expect(datesOf(answer)).toEqual([now, rooms.at(2)]);
  });

  test('are found by the alias of their collection too, in capitals of its UUID, and by escapes', async () => {
    const paths = [
      `${rooms.c5.alias}/objects/`,
      `${rooms.c5.id.toUpperCase()}/objects/`,
      'this%2Dis-an-alias/objects/',
    ];
    for (const path of paths) expect(named(await get(path))).toEqual([o0(), o1()]);
  });

  test('come one by one to whoever asks so, and the last page has no next', async () => {
    const first = await get(`${rooms.c5.id}/objects/`, { limit: 1 });
    expect([first.body.more, named(first)]).toEqual([true, [o0()]]);
    expect(datesOf(first)).toEqual([now, now]);
    const second = await get(`${rooms.c5.id}/objects/`, { limit: 1, next: first.body.next });
    expect([second.body.more, second.body.next, named(second)]).toEqual([false, undefined, [o1()]]);
    expect((await get(`${rooms.c5.id}/objects/`, { limit: 999 })).body).toEqual(
      (await get(`${rooms.c5.id}/objects/`)).body,
    );
  });

  test('are told apart by version', async () => {
    const of = async (version: string) => {
      const answer = await get(`${rooms.c5.id}/objects/`, { 'match[version]': version });
      return [named(answer), datesOf(answer)];
    };
    const all = [
      [o0(), o1(), o2()],
      [now, rooms.at(3)],
    ];
    expect(await of('last')).toEqual([
      [o0(), o1()],
      [now, rooms.at(2)],
    ]);
    expect(await of('first')).toEqual([
      [o1(), o2()],
      [rooms.at(2), rooms.at(3)],
    ]);
    expect(await of('all')).toEqual(all);
    expect(await of(rooms.at(1))).toEqual([[o0()], [now, now]]);
    expect(await of('first,last')).toEqual(all);
    expect(await of(`${rooms.at(-1)},last`)).toEqual(all);
    expect(await of('garbage,all')).toEqual(all);
    expect(await of('garbage')).toEqual([[], [null, null]]);
  });

  test('are taken for equal in time however many digits a client writes', async () => {
    if (now !== whole) return;
    for (const version of ['2024-01-01T12:00:01Z', '2024-01-01T12:00:01.0Z', '2024-01-01T12:00:01.000Z'])
      expect(named(await get(`${rooms.c5.id}/objects/`, { 'match[version]': version }))).toEqual([o0()]);
  });

  test('are filtered by what all filters say together, one value of each being enough', async () => {
    const of = async (query: Sending['query']) => named(await get(`${rooms.c5.id}/objects/`, query));
    expect(await of({ 'match[type]': 'indicator,malware' })).toEqual([o0()]);
    expect(await of('match[type]=indicator&match[type]=relationship')).toEqual([o0(), o1()]);
    expect(await of('match%5Bid%5D='.concat(relationshipR))).toEqual([o1()]);
    expect(await of({ 'match[spec_version]': '2.0' })).toEqual([o0()]);
    expect(await of({ 'match[spec_version]': '2.1', 'match[type]': 'indicator' })).toEqual([]);
    expect(await of({ 'match[spec_version]': '2.1', 'match[type]': 'indicator', 'match[version]': 'all' })).toEqual([
      o2(),
    ]);
    expect(await of({ added_after: now })).toEqual([o1()]);
    expect(await of({ added_after: '2016-01-01T00:00:00Z' })).toEqual([o0(), o1()]);
  });

  test('are nothing but an empty resource where nothing fits', async () => {
    for (const path of ['objects/', 'manifest/', `objects/${indicatorI}/`, `objects/${indicatorI}/versions/`]) {
      const answer = await get(`${rooms.c5.id}/${path}`, { added_after: rooms.at(9) });
      expect([path, answer.status, answer.text, datesOf(answer)]).toEqual([path, 200, '{}', [null, null]]);
    }
    expect((await get(`${rooms.c4.id}/objects/`)).text).toBe('{}');
  });

  test('are asked for by their own path', async () => {
    const of = async (query: Sending['query'] = {}) => {
      const answer = await get(`${rooms.c5.id}/objects/${indicatorI}/`, query);
      return [answer.status, named(answer), answer.body.more];
    };
    expect(await of()).toEqual([200, [o0()], false]);
    expect(await of({ 'match[version]': 'all' })).toEqual([200, [o0(), o2()], false]);
    expect(await of({ 'match[version]': 'all', limit: 1 })).toEqual([200, [o0()], true]);
    expect(await of({ added_after: now })).toEqual([200, [], undefined]);
    expect(await of({ added_after: now, 'match[version]': 'all' })).toEqual([200, [o2()], false]);
    expect(await of({ 'match[spec_version]': 'a' })).toEqual([200, [], undefined]);
    const first = await get(`${rooms.c5.id}/objects/${indicatorI}/`, { 'match[version]': 'all', limit: 1 });
    expect(await of({ 'match[version]': 'all', next: first.body.next })).toEqual([200, [o2()], false]);
  });

  test('are listed with their versions', async () => {
    const answer = await get(`${rooms.c5.id}/objects/${indicatorI}/versions/`);
    expect(answer.body).toEqual({ more: false, versions: [rooms.at(1), rooms.at(-1)] });
    expect(datesOf(answer)).toEqual([now, rooms.at(3)]);
    const first = await get(`${rooms.c5.id}/objects/${indicatorI}/versions/`, { limit: 1 });
    expect(first.body).toEqual({ more: true, next: expect.any(String), versions: [rooms.at(1)] });
    const second = await get(`${rooms.c5.id}/objects/${indicatorI}/versions/`, { limit: 1, next: first.body.next });
    expect(second.body).toEqual({ more: false, versions: [rooms.at(-1)] });
    const filtered = await get(`${rooms.c5.id}/objects/${indicatorI}/versions/`, { 'match[spec_version]': '2.1' });
    expect(filtered.body.versions).toEqual([rooms.at(-1)]);
  });

  test('are told of without their bodies in a manifest, which has a next too', async () => {
    const record = (id: string, added: number, version: number, spec: string) => ({
      id,
      date_added: rooms.at(added),
      version: rooms.at(version),
      media_type: `application/stix+json;version=${spec}`,
    });
    const records = [
      record(indicatorI, 0, 1, '2.0'),
      record(relationshipR, 2, 3, '2.1'),
      record(indicatorI, 3, -1, '2.1'),
    ];
    const answer = await get(`${rooms.c5.id}/manifest/`, { 'match[version]': 'all' });
    expect(answer.body).toEqual({ more: false, objects: records });
    expect(datesOf(answer)).toEqual([now, rooms.at(3)]);
    const first = await get(`${rooms.c5.id}/manifest/`, { limit: 1 });
    expect(first.body).toEqual({ more: true, next: expect.any(String), objects: records.slice(0, 1) });
    expect((await get(`${rooms.c5.id}/manifest/`, { next: first.body.next })).body.objects).toEqual([records[1]]);
  });

  test('are behind the rights of their collection', async () => {
    const paths = ['objects/', 'manifest/', `objects/${indicatorI}/`, `objects/${indicatorI}/versions/`];
    for (const path of paths) {
      const statuses = await Promise.all([
        ...[rooms.c1, rooms.c3, rooms.c7].map(({ id }) => get(`${id}/${path}`)),
        get(`${rooms.c5.id}/${path}`, {}, null),
        get(`${rooms.c7.id}/${path}`, {}, null),
        get(`unknown/${path}`),
        get(`unknown/${path}`, {}, null),
      ]);
      expect([path, ...statuses.map(({ status }) => status)]).toEqual([path, 404, 404, 404, 401, 401, 404, 401]);
    }
  });

  test('of a public collection are shown to everybody', async () => {
    for (const key of [user, null]) {
      expect(named(await get(`${rooms.c6.id}/objects/`, {}, key))).toEqual([`${indicatorK} ${rooms.at(1)}`]);
      expect((await get(`${rooms.c6.id}/objects/${indicatorK}/`, {}, key)).status).toBe(200);
    }
    const unknown = `${rooms.c6.id}/objects/${indicatorI}/`;
    expect([(await get(unknown)).status, (await get(unknown, {}, null)).status]).toEqual([404, 401]);
  });

  test('that are unknown are not found, whatever they are called', async () => {
    for (const id of [indicatorK, 'x', 'indicator--1', '%00', '%E0%A4%A', "';--", 'a%2Fb', `x${'y'.repeat(4000)}--1`]) {
      expect(refusal(await get(`${rooms.c5.id}/objects/${id}/`))).toEqual([404, 'Not Found', 'Object not found.']);
      expect((await get(`${rooms.c5.id}/objects/${id}/versions/`)).status).toBe(404);
    }
  });

  test('are not given to a query that cannot be understood', async () => {
    const of = async (query: string, path = 'objects/') => {
      const answer = await get(`${rooms.c5.id}/${path}`, query);
      return [answer.status, answer.body.details, answer.body.description];
    };
    const fault = (name: string, text: string) => [400, { [name]: [text] }, `${name}: ${text}`];
    const noInteger = fault('limit', 'Not a valid integer.');
    for (const limit of ['a', '', '1e3', '1.0', '+1', '%20', '١'])
      expect(await of(`limit=${limit}`)).toEqual(noInteger);
    for (const limit of ['0', '-1', '-99999999999999999999'])
      expect(await of(`limit=${limit}`)).toEqual(fault('limit', 'Must be at least 1.'));
    for (const next of ['a', '', 'x'.repeat(10_240), btoa('["a","b","c"]'), btoa('{}')])
      expect(await of(`next=${next}`)).toEqual(fault('next', 'Not a valid value.'));
    for (const time of ['', 'a', '2016-01-01', '2016-01-01T00:00:00', '2016-01-01T00:00:00%2B00:00'])
      expect(await of(`added_after=${time}`)).toEqual(fault('added_after', 'Not a valid datetime.'));
    for (const time of ['2016-02-30T00:00:00Z', '2016-01-01T00:00:00.1234567Z'])
      expect(await of(`added_after=${time}`)).toEqual(fault('added_after', 'Not a valid datetime.'));
    expect(await of('foo=1')).toEqual(fault('foo', 'Unknown field.'));
    expect(await of('__proto__=1')).toEqual(fault('__proto__', 'Unknown field.'));
    expect(await of('limit=1&limit=1')).toEqual(fault('limit', 'Given more than once.'));
    expect(await of('limit=a&foo=1&next=b')).toEqual([
      400,
      { foo: ['Unknown field.'], limit: ['Not a valid integer.'], next: ['Not a valid value.'] },
      'foo: Unknown field.; limit: Not a valid integer.; next: Not a valid value.',
    ]);
    const { body } = await get(`${rooms.c5.id}/objects/`, 'limit=a');
    expect(body).toEqual({
      title: 'validation error',
      description: 'limit: Not a valid integer.',
      http_status: '400',
      error_code: 'BAD_USER_INPUT',
      error_id: expect.any(String),
      details: { limit: ['Not a valid integer.'] },
    });
    for (const name of ['match[id]', 'match[type]']) {
      expect(await of(`${name}=x`, `objects/${indicatorI}/`)).toEqual(fault(name, 'Unknown field.'));
      expect(await of(`${name}=x`, `objects/${indicatorI}/versions/`)).toEqual(fault(name, 'Unknown field.'));
    }
    expect(await of('match[version]=all', `objects/${indicatorI}/versions/`)).toEqual(
      fault('match[version]', 'Unknown field.'),
    );
  });

  test('take values that nothing can have for values of nothing', async () => {
    for (const query of ['match[id]=', 'match[type]=%F0%9F%98%80', 'match[spec_version]=a,,b', 'match[version]='])
      expect([query, (await get(`${rooms.c5.id}/objects/`, query)).text]).toEqual([query, '{}']);
    const many = await get(`${rooms.c5.id}/objects/`, `match[id]=${'a,'.repeat(1001)}`);
    expect([many.status, many.body.details]).toEqual([400, { 'match[id]': ['id may not name more than 1000.'] }]);
    expect((await get(`${rooms.c5.id}/objects/`, 'match[type]=a%00b')).status).toBe(400);
    expect(named(await get(`${rooms.c5.id}/objects/`, `limit=${'9'.repeat(400)}`))).toEqual([o0(), o1()]);
  });

  test('of one collection are not shown by a place in another', async () => {
    const { body } = await get(`${rooms.c5.id}/objects/`, { limit: 1 });
    expect((await get(`${rooms.c6.id}/objects/`, { next: body.next })).body.objects).toEqual([
      expect.objectContaining({ id: indicatorK }),
    ]);
    expect((await get(`${rooms.c1.id}/objects/`, { next: body.next })).status).toBe(404);
  });
});
