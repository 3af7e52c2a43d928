import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDoor } from './support.ts';

/** Everything here goes over a real socket, and after each blow the gateway still answers. */
const { door, lines } = testDoor();
let url: string;

beforeAll(async () => {
  url = `${await door.listen()}/graphql`;
});
afterAll(() => door.close());

const json = { 'content-type': 'application/json' };

async function post(body: unknown, init: RequestInit = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', headers: json, body: text, ...init });
  const result = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string } }[];
  };
  return { status: response.status, data: result.data, error: result.errors?.[0], errors: result.errors ?? [] };
}

async function stillAnswers() {
  expect((await post({ query: '{ hello }' })).data).toEqual({ hello: 'Hello, world.' });
}

/** Writes to a socket as it stands and reads until the gateway hangs up or has answered once. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (/\r\n\r\n[\s\S]*\}$/.test(answer)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('bodies', () => {
  test.each([
    ['cut off', '{"query": "{ hello }"'],
    ['no JSON at all', 'hello'],
    ['with a comma too many', '{"query": "{ hello }",}'],
  ])('refuses JSON that is %s with 400, without quoting it', async (_how, body) => {
    const { status, error } = await post(body);
    expect(status).toBe(400);
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    expect(error?.message).toMatch(
      /^The body is no JSON in UTF-8: it ceases to be (at position \d+|before its end)\.$/,
    );
    await stillAnswers();
  });

  test('refuses bytes that are no UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"query":"{ hello }","operationName":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const response = await fetch(url, { method: 'POST', headers: json, body });
    expect(response.status).toBe(400);
  });

  test.each([
    ['null', 'An operation is an object with a query; this is null.'],
    ['7', 'An operation is an object with a query; this is a number.'],
    ['"{ hello }"', 'An operation is an object with a query; this is a string.'],
    ['{}', 'Give the text of a document as query.'],
    ['{"query":7}', 'query must be a text, not a number.'],
    ['{"query":"{ hello }","variables":[1]}', 'variables must be an object, not a list.'],
    ['{"query":"{ hello }","variables":"x"}', 'variables must be an object, not a string.'],
    ['{"query":"{ hello }","extensions":3}', 'extensions must be an object, not a number.'],
    ['{"query":"{ hello }","operationName":{}}', 'operationName must be a text, not a object.'],
    [
      '{"query":"{ hello }","variable":{}}',
      'variable is no parameter: there are query, documentId, operationName, variables, extensions.',
    ],
    ['[{"query":"{ hello }"}]', 'Send one operation, not a list: batches are off (graphql.limits.batch).'],
  ])('refuses %s and says why', async (body, message) => {
    const { error } = await post(body);
    expect(error).toMatchObject({ message, extensions: { code: 'BAD_USER_INPUT' } });
  });

  test('refuses an empty body', async () => {
    expect((await post('')).error?.message).toBe('The body is empty: send a JSON object with a query.');
  });

  test('refuses 20 MB that were announced, without waiting for them', async () => {
    const { status, error } = await post(JSON.stringify({ query: 'x'.repeat(20_000_000) }));
    expect(status).toBe(413);
    expect(error?.extensions.code).toBe('PAYLOAD_TOO_LARGE');
    expect(error?.message).toContain('http.maxBodyBytes');
    await stillAnswers();
  });

  test('refuses 20 MB that come in chunks, as soon as the limit is passed', async () => {
    const chunks = Readable.from(
      (function* () {
        for (let at = 0; at < 320; at += 1) yield Buffer.alloc(65_536, 'x');
      })(),
    );
    const { status, error } = await post('', { body: Readable.toWeb(chunks) as never, duplex: 'half' } as RequestInit);
    expect(status).toBe(413);
    expect(error?.extensions.code).toBe('PAYLOAD_TOO_LARGE');
    await stillAnswers();
  });

  test('reads a body in chunks that is within the limit', async () => {
    const text = JSON.stringify({ query: `{ hello } ${'#'.repeat(200_000)}` });
    const chunks = Readable.from(
      (function* () {
        for (let at = 0; at < text.length; at += 1000) yield Buffer.from(text.slice(at, at + 1000));
      })(),
    );
    const { data } = await post('', { body: Readable.toWeb(chunks) as never, duplex: 'half' } as RequestInit);
    expect(data).toEqual({ hello: 'Hello, world.' });
  });

  test('goes on with the next request of a connection whose body was too large', async () => {
    const large = 'x'.repeat(17 * 1024 ** 2);
    const small = JSON.stringify({ query: '{ hello }' });
    const request = (body: string, more = '') =>
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
    const { port, hostname } = new URL(url);
    const answers = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.end(request(large) + request(small, 'connection: close\r\n')),
      );
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
    expect(answers).toMatch(/^HTTP\/1\.1 413/);
    expect(answers).toContain('Hello, world.');
  });
});

describe('documents', () => {
  test('refuses a syntax error and says where', async () => {
    const { error } = await post({ query: '{ hello' });
    expect(error).toMatchObject({
      message: 'Syntax Error: Expected Name, found <EOF>.',
      locations: [{ line: 1, column: 8 }],
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  test('refuses an unknown field, a wrong type and a fragment in a circle as bad input', async () => {
    expect((await post({ query: '{ nope }' })).error).toMatchObject({
      message: 'Cannot query field "nope" on type "Query".',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await post({ query: '{ hello(name: 7) }' })).error?.extensions.code).toBe('BAD_USER_INPUT');
    const circle = '{ node { ...A } } fragment A on Node { node { ...A } }';
    expect((await post({ query: circle })).error?.message).toContain('Cannot spread fragment "A" within itself');
  });

  test('refuses 10,000 levels before the parser follows them', async () => {
    const { error } = await post({ query: `${'{ node '.repeat(10_000)}{ id }${'}'.repeat(10_000)}` });
    expect(error).toMatchObject({
      message:
        'The document opens more than 115 brackets within each other; the most levels of fields are 15 (graphql.limits.depth).',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    await stillAnswers();
  });

  test('refuses a document of too many tokens', async () => {
    const { error } = await post({ query: `{ ${'hello '.repeat(5000)} }` });
    expect(error?.message).toBe('The document has more than 5000 tokens, which is the most (graphql.limits.tokens).');
  });

  test.each([
    ['selections', `{ ${'node { '.repeat(1600)} id ${'}'.repeat(1601)}`],
    ['lists', `{ hello(name: ${'['.repeat(4000)} 1`],
    ['objects', `{ search(filter: ${'{and: '.repeat(1200)} {} ${'}'.repeat(1200)}) }`],
    ['types', `query ($x: ${'['.repeat(2000)} Int ${']'.repeat(2000)}) { hello }`],
    ['inline fragments', `{ ${'... { '.repeat(1600)} hello ${'}'.repeat(1601)}`],
  ])('refuses %s as deep as the tokens allow', async (_what, query) => {
    const { error } = await post({ query });
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    await stillAnswers();
  });

  test('survives any depth where the limits are off', async () => {
    const limits = { tokens: 10_000_000, depth: 10_000_000 };
    const open = testDoor({ config: { graphql: { limits } } });
    const base = await open.door.listen();
    const body = JSON.stringify({ query: `${'{ node '.repeat(100_000)}{ id }${'}'.repeat(100_000)}` });
    const response = await fetch(`${base}/graphql`, { method: 'POST', headers: json, body });
    const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
    expect(errors[0]).toMatchObject({
      message: 'The document is nested too deeply to be read.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    await open.door.close();
  });

  test('refuses an alias bomb', async () => {
    const bomb = Array.from({ length: 1000 }, (_, at) => `a${at}: hello`).join(' ');
    const { error } = await post({ query: `{ ${bomb} }` });
    expect(error?.message).toContain(
      'The number of aliases of the operation is 1000, the most is 50 (graphql.limits.aliases).',
    );
    await stillAnswers();
  });

  test('refuses a bomb of fragments without unfolding it', async () => {
    const levels = Array.from(
      { length: 100 },
      (_, at) => `fragment F${at} on Node { a: node { ...F${at + 1} } b: node { ...F${at + 1} } }`,
    );
    const begun = performance.now();
    const { error } = await post({ query: `{ node { ...F0 } } ${levels.join(' ')} fragment F100 on Node { id }` });
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test('refuses thousands of equal fields before validation compares each with each', async () => {
    const begun = performance.now();
    const { error } = await post({ query: `{ node { ${'id '.repeat(4900)} } }` });
    expect(error?.message).toContain('graphql.limits.aliases');
    const hidden = `query Small { hello } query Large { node { ${'id '.repeat(4900)} } }`;
    expect((await post({ query: hidden, operationName: 'Small' })).error?.message).toContain('graphql.limits.aliases');
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test.each([
    ['inline fragments', `{ node { ${'... { id } '.repeat(1240)} } }`],
    [
      'fragments',
      `{ node { ${Array.from({ length: 450 }, (_, at) => `...F${at}`).join(' ')} } } ${Array.from({ length: 450 }, (_, at) => `fragment F${at} on Node { id }`).join(' ')}`,
    ],
  ])('gives up on the same fields in hundreds of %s, and says so', async (_what, query) => {
    const { error } = await post({ query });
    expect(error?.message).toContain('selects the same fields too often to be checked');
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    await stillAnswers();
  });

  test('names the operations where it was not told which, and where it has none of the name', async () => {
    const query = 'query A { hello } query B { me }';
    expect((await post({ query })).error?.message).toBe('Name one of the operations: A, B.');
    expect((await post({ query, operationName: 'C' })).error?.message).toBe(
      'The document holds no operation "C", but A, B.',
    );
    expect((await post({ query: 'fragment F on Node { id }' })).error?.message).toBe(
      'The document holds no operation.',
    );
    expect((await post({ query, operationName: 'B' })).data).toEqual({ me: 'anonymous' });
  });
});

describe('variables', () => {
  const rename = 'mutation ($input: RenameInput!) { rename(input: $input) }';

  test('refuses every part that does not fit, each at its path, without quoting the rest', async () => {
    const input = { port: 'x', password: 'hunter2', colour: 'red' };
    const { error } = await post({ query: rename, variables: { input } });
    expect(error?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      path: ['input'],
      fields: [
        { path: ['input'], message: 'Field "hostname" of required type "String!" was not provided.' },
        { path: ['input', 'port'], message: 'Int cannot represent non-integer value: "x"' },
        { path: ['input'], message: 'Field "colour" is not defined by type "RenameInput".' },
      ],
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  test('refuses a missing variable and a null one', async () => {
    expect((await post({ query: rename })).error?.message).toBe('The variable $input of type RenameInput! is missing.');
    expect((await post({ query: rename, variables: { input: null } })).error?.message).toBe(
      'Expected non-nullable type "RenameInput!" not to be null.',
    );
  });

  test('refuses variables that are nested 100,000 levels deep', async () => {
    const deep = `${'{"and":['.repeat(100_000)}{}${']}'.repeat(100_000)}`;
    const { error } = await post(`{"query":"query ($f: Filter) { search(filter: $f) }","variables":{"f":${deep}}}`);
    expect(error).toMatchObject({
      message: 'variables may not be nested deeper than 100 levels.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    await stillAnswers();
  });

  test('takes a key named like a part of JavaScript for an unknown field', async () => {
    const { error } = await post(
      `{"query":${JSON.stringify(rename)},"variables":{"input":{"hostname":"a","__proto__":{"x":1}}}}`,
    );
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe('credentials', () => {
  test.each(['Bearer garbage', 'Bearer', 'Bearer a b c', 'Nonsense xyz', `Bearer ${'x'.repeat(5000)}`])(
    'refuses %s with 401 and the ways to sign in',
    async (authorization) => {
      const headers = { ...json, authorization };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: '{ hello }' }) });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse", Basic realm="gatehouse"');
      expect(await response.json()).toEqual({
        errors: [{ message: 'The credential is not good.', extensions: { code: 'UNAUTHENTICATED' } }],
      });
    },
  );

  test('refuses two Authorization headers, though one is good', async () => {
    const body = JSON.stringify({ query: '{ hello }' });
    const answer = await raw(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nauthorization: Bearer good\r\nauthorization: Bearer good\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401/);
  });
});

describe('requests that are hardly any', () => {
  test.each([
    ['no HTTP', 'HELLO\r\n\r\n', 400],
    ['a header without end', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
      400,
    ],
    ['a host that is none', 'GET /health HTTP/1.1\r\nhost: not a host\r\nconnection: close\r\n\r\n', 400],
  ])('answers %s with JSON and a status', async (_what, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({
      error: { code: 'BAD_USER_INPUT' },
    });
    await stillAnswers();
  });
});

test('logs none of this as a failure of its own', () => {
  expect(lines.filter((line) => line.level === 'error')).toEqual([]);
});
