import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { socketClient, subscribeOver } from '../../support/clients.ts';
import { openRooms, type Roomer, type Rooms } from '../../support/rooms.ts';

let rooms: Rooms;
let writer: Roomer;
beforeAll(async () => {
  rooms = await openRooms({ store: { default: { hello: 'default', shipped: true } }, http: { port: 0 } });
  writer = await rooms.roomer('store:write', 'store:read');
});
afterAll(() => rooms.gateway.dispose());
beforeEach(async () => {
  await writer.change('storeDocumentDelete', { path: '/', recursive: true }, 'removed');
  await rooms.told();
});

const put = (path: string, body: unknown, by = writer, etag?: string) =>
  by.change('storeDocumentReplace', { path, body, etag }, 'changed storeDocument { id path body etag }');
const remove = (path: string, over: object = {}, by = writer) =>
  by.change('storeDocumentDelete', { path, ...over }, 'removed');
const get = (path: string, fields: string, by = writer) =>
  by.ask(`query ($path: String) { storeDocument(path: $path) { ${fields} } }`, { path });

describe('the document store', () => {
  test('lets a document stand where its parent does, and shows what it inherits', async () => {
    expect(await put('/default', { hello: 'world' })).toMatchObject({
      __typename: 'NotFoundError',
      message: 'parent not found',
      path: ['path'],
    });
    expect(await put('/', { hello: 'root' })).toMatchObject({ changed: true, storeDocument: { path: '/' } });
    expect(await put('/default', { hello: 'world' })).toMatchObject({ changed: true });
    expect(await put('/outlier', { out: true })).toMatchObject({ changed: true });
    expect(await put('/defaultx/abc', {})).toMatchObject({ code: 'NOT_FOUND', message: 'parent not found' });
    const { data } = await get('/outlier', 'path parents body inherited effective children { totalCount }');
    expect(data.storeDocument).toEqual({
      path: '/outlier',
      parents: ['/', '/outlier'],
      body: { out: true },
      inherited: { hello: 'root', shipped: true },
      effective: { hello: 'root', shipped: true, out: true },
      children: { totalCount: 0 },
    });
    const root = (await get('/', 'children(first: 1) { totalCount nodes { path effective } }')).data.storeDocument;
    expect(root.children).toEqual({
      totalCount: 2,
      nodes: [{ path: '/default', effective: { hello: 'world', shipped: true } }],
    });
  });

  test('merges key by key and no deeper, and a null hides what is inherited', async () => {
    await put('/', { list: { a: 1, b: 2 }, gone: 1 });
    await put('/x', { list: { b: 3 }, gone: null });
    expect((await get('/x', 'effective')).data.storeDocument.effective).toEqual({
      hello: 'default',
      shipped: true,
      list: { b: 3 },
      gone: null,
    });
  });

  test('shows everybody where he is at home', async () => {
    await put('/', { hello: 'root' });
    await put('/outlier', { out: true });
    const home = async (...permissions: string[]) => {
      const person = await rooms.roomer(...permissions);
      const { data } = await person.ask('{ storeHome { path parents effective children { nodes { path } } etag } }');
      return { person, home: data.storeHome };
    };
    const resident = await home('store:read@/outlier', 'store:read@/outlier/deep');
    expect(resident.home).toMatchObject({
      path: '/outlier',
      parents: ['/', '/outlier'],
      effective: { hello: 'root', out: true },
    });
    const stranger = await home();
    expect(stranger.home).toEqual({
      path: '/',
      parents: ['/'],
      effective: { hello: 'root', shipped: true },
      children: { nodes: [] },
      etag: expect.any(String),
    });
    expect(await remove('/outlier', {}, stranger.person)).toMatchObject({
      code: 'FORBIDDEN',
      message: 'Needs store:write.',
    });
    expect((await get('/', 'path', stranger.person)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await home('store:read@/outlier/not/yet')).home).toMatchObject({
      path: '/outlier',
      parents: ['/', '/outlier', '/outlier/not', '/outlier/not/yet'],
      effective: { out: true },
    });
    await remove('/', { recursive: true });
    expect((await home('store:read@/outlier')).home).toMatchObject({
      path: '/',
      effective: { hello: 'default' },
      etag: null,
    });
    const nobody = await rooms.ask('{ storeHome { path } }');
    expect(nobody.errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  });

  test('deletes what has something below it only when that is said, and nothing beside it', async () => {
    for (const path of ['/', '/a', '/a/b', '/aa', '/x', '/x/a', '/x/a/b']) await put(path, { at: path });
    expect(await remove('/')).toMatchObject({ code: 'CONFLICT', message: 'xpath has [6] children' });
    expect(await remove('/a', { recursive: true })).toEqual({
      __typename: 'StoreDocumentDeleteSuccess',
      removed: ['/a/b', '/a'],
    });
    expect((await get('/x/a/b', 'body')).data.storeDocument).toEqual({ body: { at: '/x/a/b' } });
    expect((await get('/aa', 'body')).data.storeDocument).toEqual({ body: { at: '/aa' } });
    expect((await get('/a/b', 'body')).data.storeDocument).toBeNull();
    expect(await remove('/a')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove('/', { recursive: true })).toMatchObject({ removed: ['/x/a/b', '/x/a', '/x', '/aa', '/'] });
  });

  test('is written by those who may there, and lists what they may see', async () => {
    for (const path of ['/', '/a', '/a/b', '/ab']) await put(path, {});
    const editor = await rooms.roomer('store:write@/a', 'store:read@/a/b');
    expect(await put('/a/b/c', {}, editor)).toMatchObject({ changed: true });
    for (const path of ['/', '/ab', '/ab/c'])
      expect(await put(path, {}, editor)).toMatchObject({ __typename: 'ForbiddenError' });
    expect((await get('/a', 'path', editor)).errors?.[0]?.message).toBe('Needs store:read.');
    expect((await get('/a/b', 'path children { nodes { path } }', editor)).data.storeDocument).toEqual({
      path: '/a/b',
      children: { nodes: [{ path: '/a/b/c' }] },
    });
    const id = (await get('/a/b', 'id')).data.storeDocument.id;
    const node = 'query ($id: ID!) { node(id: $id) { id ... on StoreDocument { path } } }';
    expect((await editor.ask(node, { id })).data.node).toEqual({ id, path: '/a/b' });
    const other = (await get('/ab', 'id')).data.storeDocument.id;
    expect((await editor.ask(node, { id: other })).data.node).toBeNull();
  });

  test('goes by its etag where one is given, and tells nothing of what changes nothing', async () => {
    const first = await put('/', { a: 1 });
    const etag = first.storeDocument.etag as string;
    expect(await put('/', { a: 1 }, writer, etag)).toMatchObject({ changed: false, storeDocument: { etag } });
    const second = await put('/', { a: 2 }, writer, etag);
    expect(second.storeDocument.etag).not.toBe(etag);
    for (const body of [{ a: 2 }, { a: 3 }])
      expect(await put('/', body, writer, etag)).toMatchObject({
        code: 'CONFLICT',
        message: `Changed since you read it: etag ${etag} is not current.`,
      });
    expect(await remove('/', { etag })).toMatchObject({ code: 'CONFLICT', path: ['etag'] });
    expect(await put('/new', {}, writer, etag)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove('/', { etag: second.storeDocument.etag })).toMatchObject({ removed: ['/'] });
    const told = await rooms.tellings();
    expect(told.map(({ name, data, before, after, retain }) => ({ name, data, before, after, retain }))).toEqual([
      {
        name: 'platform.storeDocument.replaced',
        data: { path: '/' },
        before: null,
        after: { a: 1 },
        retain: 'AUDIT',
      },
      {
        name: 'platform.storeDocument.replaced',
        data: { path: '/' },
        before: { a: 1 },
        after: { a: 2 },
        retain: 'AUDIT',
      },
      { name: 'platform.storeDocument.deleted', data: { path: '/' }, before: { a: 2 }, after: null, retain: 'AUDIT' },
    ]);
  });

  test('refuses what is no path and no document', async () => {
    const long = `/${'x'.repeat(129)}`;
    const deep = '/a'.repeat(33);
    for (const path of ['', 'a', '//', '/a/', '/a//b', '/..', '/a/./b', '/a\u0000', '/a\nb', long, deep]) {
      expect(await put(path, {}), path).toMatchObject({ code: 'BAD_USER_INPUT', path: ['path'] });
      expect(await remove(path), path).toMatchObject({ code: 'BAD_USER_INPUT', path: ['path'] });
    }
    let nested: unknown = 1;
    for (let level = 0; level < 65; level += 1) nested = { a: nested };
    const bodies = [[], 'x', 1, { a: 'b\u0000' }, { constructor: 1 }, nested, { a: 'x'.repeat(1024 * 1024) }];
    for (const body of [...bodies, JSON.parse('{"a":{"__proto__":{"polluted":1}}}')])
      expect(await put('/', body)).toMatchObject({ code: 'BAD_USER_INPUT', path: ['body'] });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await rooms.told()).toEqual([]);
    expect((await get('/', 'path')).data.storeDocument).toBeNull();
  });

  test('tells who watches a path what happens there and below, as far as he may see it', async () => {
    const url = await rooms.gateway.listen();
    const reader = await rooms.roomer('store:read@/a', 'event:read');
    const [all, some] = [socketClient(url, writer.key), socketClient(url, reader.key)];
    const document = `subscription ($path: String) { storeDocumentChanged(path: $path, hello: true) {
      __typename ... on StoreDocumentReplaced { eventPath storeDocument { effective } }
      ... on StoreDocumentDeleted { eventPath storeDocument { path } before }
    } }`;
    const streams = [
      subscribeOver(all, document, { path: '/a' }),
      subscribeOver(some, document, {}),
      subscribeOver(all, document, {}),
    ];
    await Promise.all(streams.map((stream) => stream.reach(1)));
    await put('/', { hello: 'root' });
    await put('/a', { own: 1 });
    await put('/ab', {});
    await remove('/a');
    const [atA, seen, everything] = streams;
    const expected = [
      { __typename: 'Subscribed' },
      {
        __typename: 'StoreDocumentReplaced',
        eventPath: '/a',
        storeDocument: { effective: { hello: 'root', shipped: true, own: 1 } },
      },
      { __typename: 'StoreDocumentDeleted', eventPath: '/a', storeDocument: null, before: { own: 1 } },
    ];
    const items = async (stream: (typeof streams)[number] | undefined, count: number) =>
      (await stream?.reach(count))?.map((item) => item.data?.storeDocumentChanged);
    // A document that was deleted meanwhile is gone for the event before as well.
    const forgiving = (list: unknown[] | undefined) =>
      list?.map((item) => ({ ...(item as object), storeDocument: undefined }));
    expect(forgiving(await items(atA, 3))).toEqual(forgiving(expected));
    expect(forgiving(await items(seen, 3))).toEqual(forgiving(expected));
    expect((await items(everything, 5))?.map((item) => (item as { eventPath?: string }).eventPath)).toEqual([
      undefined,
      '/',
      '/a',
      '/ab',
      '/a',
    ]);
    const history = await reader.ask(
      '{ events(filter: { names: ["platform.storeDocument.*"] }, first: 3) { nodes { name data } } }',
    );
    const mine = history.data.events.nodes.filter(({ data }: { data: { path: string } }) => data.path !== '/a');
    expect(mine.every(({ data }: { data: { path: string } }) => data.path.startsWith('/a/'))).toBe(true);
    expect(history.data.events.nodes[0]).toEqual({ name: 'platform.storeDocument.deleted', data: { path: '/a' } });
    const stranger = await rooms.roomer();
    const refused = subscribeOver(socketClient(url, stranger.key), document);
    expect(await refused.ended).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    await Promise.all([all.dispose(), some.dispose()]);
  });
});
