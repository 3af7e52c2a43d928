import { request as httpRequest } from 'node:http';
import { createGateway, type Gateway } from 'gatehouse';
import { createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let gateway: Gateway;
let url: string;
afterEach(() => gateway.dispose());

/** A gateway that signs in by the header in place of sessions; the administrator is called alice. */
async function start(config: Record<string, unknown> = {}): Promise<void> {
  gateway = await createGateway({
    folder: import.meta.dirname,
    config: {
      plugins: ['default', '!auth-lucia', '!storage-prisma', 'storage-memory', './plugin.ts'],
      'auth-header': config,
      accounts: { adminName: 'alice', adminPassword: 'a password of tests' },
      dataDir: 'memory://',
      http: { port: 0 },
      log: { level: 'silent' },
    },
  });
  url = `${await gateway.listen()}/graphql`;
}

interface Answer {
  readonly data?: Record<string, never> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

async function ask(query: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return answer.json() as Promise<Answer>;
}

const whoAmI = '{ profile { account { name roles { name } } credential { kind } } }';
const alice = { 'x-forwarded-user': 'alice' };
const refusal = (message: string) => [expect.objectContaining({ message, extensions: { code: 'UNAUTHENTICATED' } })];

describe('who comes with the header of a proxy', () => {
  test('is the account of that name, in any case', async () => {
    await start();
    for (const name of ['alice', 'ALICE'])
      expect((await ask(whoAmI, { 'x-forwarded-user': name })).data).toEqual({
        profile: { account: { name: 'alice', roles: [] }, credential: { kind: 'PROXY' } },
      });
  });

  test('is anonymous without it', async () => {
    await start();
    expect(await ask(whoAmI)).toEqual({ data: { profile: null } });
  });

  test('is refused when no account has the name, unless the config says that one is made', async () => {
    await start();
    expect((await ask(whoAmI, { 'x-forwarded-user': 'bob' })).errors).toEqual(refusal('Nobody here is called "bob".'));
  });

  test('gets an account with roles at first sight, one for all of his requests', async () => {
    await start({ create: true, roles: ['network-reader'] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(whoAmI, { 'x-forwarded-user': 'bob' })));
    for (const { data } of answers)
      expect(data).toEqual({
        profile: { account: { name: 'bob', roles: [{ name: 'network-reader' }] }, credential: { kind: 'PROXY' } },
      });
    expect((await ask('{ accounts { nodes { name } } }', alice)).data).toEqual({
      accounts: { nodes: [{ name: 'alice' }, { name: 'bob' }] },
    });
  });

  test('is refused when the header does not come from the proxy', async () => {
    await start({ proxies: ['10.0.0.0/8'] });
    const message = 'x-forwarded-user is believed of the proxies in auth-header.proxies alone.';
    expect((await ask(whoAmI, alice)).errors).toEqual(refusal(message));
    expect((await ask(whoAmI, { ...alice, 'x-forwarded-for': '10.0.0.1' })).errors).toEqual(refusal(message));
  });

  test('is refused with two headers, or with one that holds no name', async () => {
    await start({ header: 'remote-user' });
    const message = 'remote-user must hold the name of one account.';
    expect((await ask(whoAmI, { 'remote-user': 'alice bob' })).errors).toEqual(refusal(message));
    const body = await new Promise<string>((resolve) => {
      const headers = [
        'host',
        'here',
        'content-type',
        'application/json',
        'remote-user',
        'alice',
        'remote-user',
        'bob',
      ];
      const sent = httpRequest(url, { method: 'POST', headers }, async (answer) =>
        resolve((await answer.toArray()).join('')),
      );
      sent.end(JSON.stringify({ query: whoAmI }));
    });
    expect(JSON.parse(body).errors).toEqual(refusal(message));
  });
});

describe('sessions', () => {
  test('are not begun, whatever the password', async () => {
    await start();
    for (const password of ['a password of tests', 'wrong'])
      expect(
        (
          await ask(
            `mutation { login(input: { name: "alice", password: "${password}" }) { ... on Error { code message } } }`,
          )
        ).data,
      ).toEqual({
        login: {
          code: 'UNAVAILABLE',
          message: 'This gateway keeps no sessions. Send another credential with each request.',
        },
      });
  });
});

describe('a socket', () => {
  const watch = 'subscription { siteChanged(hello: true) { __typename ... on SiteCreated { site { name } } } }';

  /** The event that closed the socket, or the errors that ended the stream. */
  const inWords = (how: unknown): string =>
    how instanceof Object && 'reason' in how ? String(how.reason) : JSON.stringify(how);

  /** What a subscription of this person receives, and how it ends. */
  function subscribe(name: string) {
    class Socket extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers: { 'x-forwarded-user': name } });
      }
    }
    const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: Socket, retryAttempts: 0 });
    const items: unknown[] = [];
    const ended = new Promise((resolve) => {
      client.subscribe(
        { query: watch },
        {
          next: ({ data }) => items.push(data),
          error: (how) => resolve(inWords(how)),
          complete: () => resolve('complete'),
        },
      );
    });
    return { items, ended };
  }

  test('is signed in by the header of its upgrade, until the account is deactivated', async () => {
    await start({ create: true, roles: ['network-reader'] });
    await ask(whoAmI, { 'x-forwarded-user': 'bob' });
    const { items, ended } = subscribe('bob');
    await expect.poll(() => items.length).toBe(1);
    await ask('mutation { siteCreate(input: { name: "SJC" }) { __typename } }', alice);
    await expect
      .poll(() => items)
      .toEqual([
        { siteChanged: { __typename: 'Subscribed' } },
        { siteChanged: { __typename: 'SiteCreated', site: { name: 'SJC' } } },
      ]);
    const { data } = await ask('{ account(by: { name: "bob" }) { etag } }', alice);
    const { etag } = (data?.account ?? {}) as { etag?: string };
    const input = `{ by: { name: "bob" }, etag: "${etag}", isActive: false }`;
    expect((await ask(`mutation { accountUpdate(input: ${input}) { __typename } }`, alice)).data).toEqual({
      accountUpdate: { __typename: 'AccountUpdateSuccess' },
    });
    expect(await ended).toContain('Account deactivated');
  });

  test('ends when the sign-in is too old', async () => {
    await start({ life: '1s' });
    const { ended } = subscribe('alice');
    expect(await ended).toMatch(/expired|too long ago/i);
  });
});
