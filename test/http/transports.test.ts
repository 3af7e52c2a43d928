import { afterAll, beforeAll, expect, test } from 'vitest';
import { socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { openProbe, type Probe } from '../support/probe.ts';

/** Whatever is refused is refused on every transport alike: there is one way from a request to an answer. */
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe({
    graphql: { introspection: 'never', limits: { depth: 4, aliases: 5, rootFields: 3, tokens: 400, cost: 200 } },
    live: { max: { messageBytes: '1MiB' } },
  });
});
afterAll(() => probe.gateway.dispose());

const feed = (selection: string) => `subscription ($ns: [String!]) { clockChanged(subjects: $ns) { ${selection} } }`;
const aliases = Array.from({ length: 50 }, (_, at) => `a${at}: viewer`).join(' ');

const refusals: readonly (readonly [string, string, Record<string, unknown>, RegExp])[] = [
  ['a syntax error', '{ viewer', {}, /^Syntax Error: /],
  ['an unknown field', '{ nothing }', {}, /^Cannot query field "nothing" on type "Query"\.$/],
  ['an unknown field of a subscription', feed('nothing'), {}, /^Cannot query field "nothing"/],
  [
    'a wrong type in the document',
    '{ events(first: "x") { totalCount } }',
    {},
    /^Int cannot represent non-integer value: "x"/,
  ],
  ['a wrong type in the variables', feed('__typename'), { ns: [{}] }, /^String cannot represent a non string value/],
  ['10,000 levels', `${'{ viewer '.repeat(10_000)}${'}'.repeat(10_000)}`, {}, /graphql\.limits\.depth/],
  [
    '10,000 levels of a subscription',
    `subscription ${'{ clockChanged '.repeat(5000)}${'}'.repeat(5000)}`,
    {},
    /graphql\.limits\.depth/,
  ],
  [
    'more levels than may be',
    '{ events { edges { node { actor { name } } } } }',
    {},
    /^The depth of the operation is 5, the most is 4/,
  ],
  ['an alias bomb', `{ ${aliases} }`, {}, /graphql\.limits\.aliases/],
  [
    'an alias bomb in a subscription',
    feed(`... on LiveItem { ${aliases.replaceAll('viewer', 'cursor')} }`),
    {},
    /graphql\.limits\.aliases/,
  ],
  ['too many root fields', '{ a: viewer b: viewer c: viewer d: viewer }', {}, /graphql\.limits\.rootFields/],
  ['too many tokens', `{ ${'viewer '.repeat(500)} }`, {}, /^The document has more than 400 tokens/],
  [
    'too large a page',
    '{ events(first: 500) { nodes { id } } }',
    {},
    /^The cost of the operation is 501, the most is 200/,
  ],
  ['reading the schema', '{ __schema { types { name } } }', {}, /graphql\.introspection/],
  [
    'a cursor that is none',
    'subscription { clockChanged(after: "garbage") { __typename } }',
    {},
    /Not a cursor of this log\./,
  ],
  ['no operation', 'fragment F on Query { viewer }', {}, /^The document holds no operation\.$/],
];

interface Refusal {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

async function overHttp(query: string, variables: object, accept: string): Promise<Refusal[]> {
  const headers = { 'content-type': 'application/json', accept };
  const response = await fetch(`${probe.url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  // What fails before a stream has begun is answered as JSON, so that clients see the reason and do not come again.
  return (JSON.parse(text) as { errors: Refusal[] }).errors;
}

async function overSocket(query: string, variables: Record<string, unknown>): Promise<Refusal[]> {
  const client = socketClient(probe.url);
  try {
    const received = subscribeOver(client, query, variables);
    const how = await received.ended;
    return Array.isArray(how) ? how : ((received.items[0]?.errors as Refusal[] | undefined) ?? []);
  } finally {
    await client.dispose();
  }
}

const transports = [
  ['over HTTP', (query: string, variables: object) => overHttp(query, variables, 'application/json')],
  ['over a socket', overSocket],
  ['as a stream', (query: string, variables: object) => overHttp(query, variables, 'text/event-stream')],
] as const;

for (const [what, query, variables, message] of refusals) {
  // Plain HTTP answers no subscription, so its arguments are not looked at there.
  const fitting = transports.filter(([how]) => how !== 'over HTTP' || !query.startsWith('subscription'));
  test.each(fitting)(`${what} is refused %s`, async (_how, ask) => {
    const [error] = await ask(query, variables);
    expect(error?.message).toMatch(message);
    expect(error?.extensions?.code).toMatch(/^(BAD_USER_INPUT|FORBIDDEN)$/);
  });
}

test('after all that, every transport still answers', async () => {
  expect(await (await fetch(`${probe.url}/graphql?query={viewer}`)).json()).toEqual({ data: { viewer: 'all' } });
  const client = socketClient(probe.url);
  const overSockets = subscribeOver(client, '{ viewer }');
  expect((await overSockets.reach(1))[0]?.data).toEqual({ viewer: 'all' });
  await client.dispose();
  const stream = await subscribeBySse(probe.url, '{ viewer }');
  expect((await stream.reach(1))[0]?.data).toEqual({ viewer: 'all' });
});
