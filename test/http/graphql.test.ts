import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createExecutor } from '#http/execute.ts';
import { systemViewer } from '#kernel/viewer.ts';
import { ask, testDoor } from './support.ts';

const { door, lines } = testDoor();
const json = { 'content-type': 'application/json' };
const signedIn = { authorization: 'Bearer good' };

const get = (search: string, headers: Record<string, string> = {}) =>
  door.fetch(new Request(`http://localhost:4000/graphql${search}`, { headers }));

describe('GraphQL over HTTP', () => {
  test('answers POST and GET with the result as JSON and the id of the request', async () => {
    const { response, result } = await ask(door, {
      query: 'query ($n: String) { hello(name: $n) }',
      variables: { n: 'you' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(result).toEqual({ data: { hello: 'Hello, you.' } });

    const search = new URLSearchParams({ query: 'query ($n: String) { hello(name: $n) }', variables: '{"n":"GET"}' });
    expect(await (await get(`?${search}`)).json()).toEqual({ data: { hello: 'Hello, GET.' } });
  });

  test.each([
    ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8', 400],
    ['application/json', 'application/json; charset=utf-8', 200],
    [
      'application/json;q=0.5, application/graphql-response+json',
      'application/graphql-response+json; charset=utf-8',
      400,
    ],
    ['application/graphql-response+json;q=0.1, */*', 'application/json; charset=utf-8', 200],
    ['', 'application/json; charset=utf-8', 200],
  ])('answers a client that accepts %j in the form it likes most', async (accept, type, status) => {
    const { response } = await ask(door, { query: '{ nope }' }, accept ? { accept } : {});
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.status).toBe(status);
  });

  test('answers 406 where a client accepts nothing that there is', async () => {
    const { response, error } = await ask(door, { query: '{ hello }' }, { accept: 'text/csv' });
    expect(response.status).toBe(406);
    expect(error?.message).toContain('application/graphql-response+json');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    'application/jsonx',
    '',
  ])('answers a body of type %j with 415', async (type) => {
    const { response, code } = await ask(door, { query: '{ hello }' }, { 'content-type': type });
    expect([response.status, code]).toEqual([415, 'BAD_USER_INPUT']);
  });

  test('answers a body that is compressed with 415', async () => {
    const { status, error } = await ask(door, { query: '{ hello }' }, { 'content-encoding': 'gzip' });
    expect([status, error?.message]).toEqual([415, 'Send the body as it is, without a content encoding.']);
  });

  test('never runs a mutation for GET', async () => {
    const response = await get(`?query=${encodeURIComponent('mutation { rename(input: { hostname: "a" }) }')}`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toEqual({
      errors: [{ message: 'A mutation needs a POST request.', extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  test.each(['PUT', 'DELETE', 'PATCH'])('answers %s with 405', async (method) => {
    const response = await door.fetch(new Request('http://localhost:4000/graphql', { method }));
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  test('refuses variables in an address that are no JSON', async () => {
    const { errors } = (await (await get('?query={hello}&variables=x')).json()) as { errors: { message: string }[] };
    expect(errors[0]?.message).toBe('variables must be a JSON object.');
  });

  test('says where subscriptions are sent instead', async () => {
    expect((await ask(door, { query: 'subscription { ticks }' })).error?.message).toContain('graphql-transport-ws');
    expect(await (await get('?query=subscription{ticks}')).text()).toContain('graphql-transport-ws');
  });

  test('runs a batch where batches are on, and refuses one that is too large or empty', async () => {
    const on = testDoor({ config: { graphql: { limits: { batch: 2 } } } }).door;
    const batch = (count: number) =>
      on.fetch(
        new Request('http://localhost:4000/graphql', {
          method: 'POST',
          headers: json,
          body: JSON.stringify(Array.from({ length: count }, (_, at) => ({ query: at === 1 ? '{ nope }' : '{ me }' }))),
        }),
      );
    expect(await (await batch(2)).json()).toMatchObject([
      { data: { me: 'anonymous' } },
      { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    ]);
    expect(await (await batch(3)).json()).toMatchObject({
      errors: [{ message: 'The list holds 3 operations, the most is 2 (graphql.limits.batch).' }],
    });
    expect(await (await batch(0)).json()).toMatchObject({ errors: [{ message: 'The list of operations is empty.' }] });
  });

  test('hands operations to the stream where a client prefers one, whole and with its viewer', async () => {
    const streaming = testDoor({
      stream: async (_request, operation, { viewer, caller }) =>
        new Response(`${viewer.name} ${operation.query} ${caller.facts.id}`),
    }).door;
    const headers = { ...json, ...signedIn, accept: 'text/event-stream', 'x-request-id': 'stream-1' };
    const body = JSON.stringify({ query: 'subscription { ticks }' });
    const response = await streaming.fetch(
      new Request('http://localhost:4000/graphql', { method: 'POST', headers, body }),
    );
    expect(await response.text()).toBe('ops subscription { ticks } stream-1');
    const both = { ...headers, accept: 'application/json, text/event-stream;q=0.9' };
    const plain = await streaming.fetch(
      new Request('http://localhost:4000/graphql', { method: 'POST', headers: both, body: '{"query":"{ me }"}' }),
    );
    expect(await plain.json()).toEqual({ data: { me: 'ops' } });
  });

  test('answers what a stream refuses as it answers everything', async () => {
    const refusing = testDoor();
    const streaming = testDoor({
      stream: async (_request, operation, { viewer }) => {
        refusing.operations.prepare(operation, viewer);
        return new Response('');
      },
    }).door;
    const headers = { ...json, accept: 'text/event-stream' };
    const request = (body: string) => new Request('http://localhost:4000/graphql', { method: 'POST', headers, body });
    const response = await streaming.fetch(request('{"query":"subscription { nope }"}'));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect((await door.fetch(request('{"query":"{ me }"}'))).status).toBe(406);
  });
});

describe('credentials', () => {
  test('run the operation as the account they speak for, or as anonymous', async () => {
    expect((await ask(door, { query: '{ me secretThing }' }, signedIn)).data).toEqual({
      me: 'ops',
      secretThing: 'seen',
    });
    const { response, result } = await ask(door, { query: '{ me secretThing }' });
    expect(response.status).toBe(200);
    expect(result).toEqual({
      data: null,
      errors: [
        { message: 'Sign in: this needs system:read.', path: ['secretThing'], extensions: { code: 'UNAUTHENTICATED' } },
      ],
    });
  });

  test('that are refused are 401, with the cookie taken back', async () => {
    const { response, result } = await ask(door, { query: '{ hello }' }, { cookie: 'gatehouse_session=ended' });
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual(['gatehouse_session=; Max-Age=0']);
    expect(response.headers.get('www-authenticate')).toContain('Bearer realm="gatehouse"');
    expect(result).toEqual({ errors: [{ message: 'Session ended.', extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  test('that an operation makes reach the client in the headers', async () => {
    const { response } = await ask(door, { query: 'mutation { signIn }' });
    expect(response.headers.getSetCookie()).toEqual(['gatehouse_session=gs_new; HttpOnly', 'secure=false']);
    expect(response.headers.get('x-session-expires-at')).toBe('2030-01-01T00:00:00.000Z');
  });
});

describe('failures', () => {
  test('that were foreseen keep their code, message and path', async () => {
    const { result } = await ask(door, { query: 'mutation { again: rename(input: { hostname: "taken" }) }' });
    expect(result.errors).toEqual([
      {
        message: 'taken already exists in this site.',
        path: ['again'],
        extensions: { code: 'CONFLICT', path: ['hostname'] },
      },
    ]);
  });

  test('that nobody foresaw show a trace id, and are whole in the log', async () => {
    const { result, response } = await ask(door, {
      query: 'query Look($p: String) { broken hello(name: $p) }',
      variables: { p: 'swordfish' },
    });
    const id = response.headers.get('x-request-id');
    expect(result).toEqual({
      data: null,
      errors: [
        { message: `Something went wrong. Trace id: ${id}.`, path: ['broken'], extensions: { code: 'INTERNAL' } },
      ],
    });
    const [line] = lines.filter((one) => one.requestId === id && one.level === 'error');
    expect(line).toMatchObject({ operation: 'Look', path: ['broken'], message: 'An operation failed unexpectedly.' });
    expect(line?.err).toEqual(new Error('the password of the database is hunter2'));
    expect(JSON.stringify(lines)).not.toContain('swordfish');
  });

  test('of an operation whose client has left are no errors of the gateway', async () => {
    const quiet = testDoor();
    const gone = AbortSignal.abort();
    const local = createExecutor(quiet.operations, quiet.source);
    await local({ document: '{ broken }', viewer: systemViewer, signal: gone });
    expect(quiet.lines.map((line) => line.level)).toEqual(['debug']);
  });

  test('of the gateway to keep to its own types are masked as well', async () => {
    expect((await ask(door, { query: '{ wrongNumber }' })).code).toBe('INTERNAL');
  });
});

describe('reading the schema', () => {
  const query = '{ __schema { queryType { name } } }';
  const type = '{ ...Q } fragment Q on Query { __type(name: "Site") { name } }';

  test('needs an account, unless told otherwise', async () => {
    expect((await ask(door, { query })).code).toBe('UNAUTHENTICATED');
    expect((await ask(door, { query: type })).error?.message).toBe(
      'Sign in to read the schema (graphql.introspection).',
    );
    expect((await ask(door, { query }, signedIn)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
    const open = testDoor({ config: { graphql: { introspection: 'always' } } }).door;
    expect((await ask(open, { query: type })).data).toEqual({ __type: { name: 'Site' } });
  });

  test('can be off for everybody, which leaves __typename', async () => {
    const closed = testDoor({ config: { graphql: { introspection: 'never' } } }).door;
    expect((await ask(closed, { query }, signedIn)).code).toBe('FORBIDDEN');
    expect((await ask(closed, { query: '{ __typename }' }, signedIn)).data).toEqual({ __typename: 'Query' });
  });

  test('is not possible through suggestions either', async () => {
    const closed = (await ask(door, { query: '{ helo }' })).error;
    expect(closed?.message).toBe('Cannot query field "helo" on type "Query".');
    const open = (await ask(door, { query: '{ helo }' }, signedIn)).error;
    expect(open?.message).toBe('Cannot query field "helo" on type "Query". Did you mean "hello"?');
    const variable = { query: 'query ($f: Filter) { search(filter: $f) }', variables: { f: { hostnam: 'a' } } };
    expect((await ask(door, variable)).error?.message).not.toContain('Did you mean');
  });

  test('with the question that clients put first stays below every limit', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    const full = getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true, oneOf: true });
    expect((await ask(door, { query: full }, signedIn)).result.errors).toBeUndefined();
  });
});

describe('trusted documents', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  const write = (name: string, content: unknown) => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const text = 'query Me { me }';
  const hash = '52c2eb8eb00b4b2b0a0f9b1e5c2a2a3d'; // no SHA-256: any other id is taken as it is
  const known = write('known.json', { [hash]: text, list: '{ devices(first: 100000) { nodes { hostname } } }' });
  const door = testDoor({ config: { graphql: { trustedDocuments: { file: known } } } }).door;
  const only = testDoor({ config: { graphql: { trustedDocuments: { file: known, only: true } } } }).door;

  test('are found by their id, in each form that clients send it', async () => {
    for (const operation of [
      { documentId: hash },
      { documentId: `sha256:${hash}` },
      { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } },
    ])
      expect((await ask(door, operation)).data).toEqual({ me: 'anonymous' });
    const response = await door.fetch(new Request(`http://localhost:4000/graphql?documentId=${hash}`));
    expect(await response.json()).toEqual({ data: { me: 'anonymous' } });
  });

  test('may be the only ones that are answered', async () => {
    expect((await ask(only, { documentId: hash })).data).toEqual({ me: 'anonymous' });
    expect((await ask(only, { query: text })).data).toEqual({ me: 'anonymous' });
    expect((await ask(only, { query: '{ me }' })).code).toBe('FORBIDDEN');
    expect((await ask(door, { query: '{ me }' })).data).toEqual({ me: 'anonymous' });
  });

  test('are held to the limits', async () => {
    expect((await ask(door, { documentId: 'list' })).error?.message).toContain('graphql.limits.cost');
  });

  test('that are unknown, or not known here at all, are refused by name', async () => {
    expect((await ask(door, { documentId: 'other' })).error).toMatchObject({
      message: 'No trusted document has the id "other".',
      extensions: { code: 'NOT_FOUND' },
    });
    expect((await ask(testDoor().door, { documentId: hash })).error?.message).toContain(
      'graphql.trustedDocuments.file',
    );
  });

  test('may come in the manifest of Apollo', async () => {
    const manifest = write('manifest.json', {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: 'm1', name: 'Me', type: 'query', body: text }],
    });
    const apollo = testDoor({ config: { graphql: { trustedDocuments: { file: manifest } } } }).door;
    expect((await ask(apollo, { documentId: 'm1' })).data).toEqual({ me: 'anonymous' });
  });

  test.each([
    ['is missing', join(folder, 'gone.json'), 'cannot be read'],
    ['is no JSON', write('broken.json', '{'), 'cannot be read'],
    ['is no list of documents', write('list.json', ['a']), 'must hold one JSON object of documents by their id'],
    [
      'has a hash that is not its document’s',
      write('forged.json', { ['0'.repeat(64)]: text }),
      'holds a document under 0000',
    ],
  ])('stop the start when their file %s', (_how, file, message) => {
    expect(() => testDoor({ config: { graphql: { trustedDocuments: { file } } } })).toThrow(message);
  });
});
