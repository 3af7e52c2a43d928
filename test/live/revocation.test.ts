import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { RawSocket, type SseReceived, subscribeBySse } from '../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { admin, ask, signIn } from '../support/gateway-process.ts';
import { findPostgres } from '../support/postgres.ts';

const stream = 'subscription { deviceChanged(hello: true) { __typename } }';
const password = 'a quiet long password';

/** Everything that one person has open: a socket and a server-sent stream on each of two gateways. */
interface Open {
  readonly sockets: RawSocket[];
  readonly streams: SseReceived[];
}

describe.skipIf(!findPostgres())('open streams on two gateways of one database', () => {
  let gateways: Gateway[];
  let urls: string[];
  let boss: string;
  let count = 0;
  const next = (prefix: string) => {
    count += 1;
    return `${prefix}${count}`;
  };

  beforeAll(async () => {
    const storage = { url: await newServerDatabase() };
    const config = {
      storage,
      http: { port: 0 },
      log: { level: 'error' },
      accounts: { adminEmail: 'a@example.org', adminPassword: admin.password },
    };
    // At the same time: of two first starts one makes the administrator.
    gateways = await Promise.all([createGateway({ config }), createGateway({ config })]);
    urls = await Promise.all(gateways.map((gateway) => gateway.listen()));
    boss = await signIn(urls[0] ?? '');
    await mutate('mutation ($input: SiteCreateInput!) { result: siteCreate(input: $input) { __typename } }', {
      name: 'S',
    });
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.dispose()));
    await stopSharedServer();
  });

  async function mutate(
    document: string,
    input: Record<string, unknown>,
    url = urls[0],
  ): Promise<Record<string, unknown>> {
    const { result } = await ask<{ result: Record<string, unknown> }>(url ?? '', document, { input }, boss);
    expect(String(result.__typename), JSON.stringify(result)).toMatch(/Success$/);
    return result;
  }

  const addDevice = (url = urls[0]) =>
    mutate(
      'mutation ($input: DeviceCreateInput!) { result: deviceCreate(input: $input) { __typename ... on Error { message } } }',
      {
        site: { name: 'S' },
        hostname: next('d'),
      },
      url,
    );

  let person: { name: string; role: string; token: string; key: string; etag: string; roleEtag: string };

  beforeEach(async () => {
    const name = next('person');
    const role = `role${count}`;
    const made = await mutate(
      'mutation ($input: RoleCreateInput!) { result: roleCreate(input: $input) { __typename ... on RoleCreateSuccess { role { etag } } } }',
      { name: role, permissions: ['network:read'] },
    );
    const account = await mutate(
      'mutation ($input: AccountCreateInput!) { result: accountCreate(input: $input) { __typename ... on Error { message } ... on AccountCreateSuccess { account { etag } } } }',
      { name, password, roles: [role] },
    );
    const token = await signIn(urls[0] ?? '', { name, password });
    const { result } = await ask<{ result: { token: string } }>(
      urls[0] ?? '',
      'mutation ($input: ApiKeyCreateInput!) { result: apiKeyCreate(input: $input) { ... on ApiKeyCreateSuccess { token: key } } }',
      { input: { name: 'k' } },
      token,
    );
    person = {
      name,
      role,
      token,
      key: result.token,
      etag: (account.account as { etag: string }).etag,
      roleEtag: (made.role as { etag: string }).etag,
    };
  });

  async function openAll(token: string): Promise<Open> {
    const sockets = urls.map((url) => new RawSocket(url));
    await Promise.all(sockets.map((socket) => socket.open(token)));
    for (const socket of sockets) socket.send({ type: 'subscribe', id: '1', payload: { query: stream } });
    const streams = await Promise.all(
      urls.map((url) => subscribeBySse(url, stream, {}, { authorization: `Bearer ${token}` })),
    );
    await Promise.all(sockets.map((socket) => socket.until((message) => message.type === 'next')));
    await Promise.all(streams.map((sse) => sse.reach(1)));
    return { sockets, streams };
  }

  const received = ({ sockets, streams }: Open) => [
    ...sockets.map((socket) => socket.messages.filter((message) => message.type === 'next').length),
    ...streams.map((sse) => sse.items.filter((item) => !item.errors).length),
  ];

  /** Does what takes the right away; after a second nothing may come any more, on any of the streams. */
  async function losesEverything(open: Open, act: () => Promise<unknown>) {
    await addDevice(urls[1]);
    await expect.poll(() => received(open)).toEqual([2, 2, 2, 2]);
    await act();
    // Committed after the loss: not even within the second.
    await addDevice(urls[0]);
    await addDevice(urls[1]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await addDevice(urls[1]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(received(open)).toEqual([2, 2, 2, 2]);
  }

  async function areClosed({ sockets, streams }: Open, reason: string) {
    expect(await Promise.all(sockets.map((socket) => socket.closed))).toEqual([
      { code: 4403, reason },
      { code: 4403, reason },
    ]);
    expect(await Promise.all(streams.map((sse) => sse.ended))).toEqual(['complete', 'complete']);
    for (const sse of streams) expect(sse.items.at(-1)?.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  }

  test('end with the session when it is ended by somebody else', async () => {
    const open = await openAll(person.token);
    const { sessions } = await ask<{ sessions: { nodes: { id: string }[] } }>(
      urls[1] ?? '',
      'query ($account: AccountKey) { sessions(account: $account) { nodes { id } } }',
      { account: { name: person.name } },
      boss,
    );
    await losesEverything(open, () =>
      mutate('mutation ($input: SessionEndInput!) { result: sessionEnd(input: $input) { __typename } }', {
        id: sessions.nodes[0]?.id,
      }),
    );
    await areClosed(open, 'Session ended');
  });

  test('end with a logout', async () => {
    const open = await openAll(person.token);
    await losesEverything(open, () => ask(urls[1] ?? '', 'mutation { logout { __typename } }', {}, person.token));
    await areClosed(open, 'Session ended');
  });

  test('end with the key when it is revoked', async () => {
    const open = await openAll(person.key);
    const { apiKeys } = await ask<{ apiKeys: { nodes: { id: string }[] } }>(
      urls[0] ?? '',
      '{ apiKeys { nodes { id } } }',
      {},
      person.token,
    );
    await losesEverything(open, () =>
      mutate('mutation ($input: ApiKeyRevokeInput!) { result: apiKeyRevoke(input: $input) { __typename } }', {
        id: apiKeys.nodes[0]?.id,
      }),
    );
    await areClosed(open, 'Key revoked');
  });

  test('end when the account is deactivated', async () => {
    const open = await openAll(person.key);
    await losesEverything(open, () =>
      mutate(
        'mutation ($input: AccountUpdateInput!) { result: accountUpdate(input: $input) { __typename ... on Error { message } } }',
        {
          by: { name: person.name },
          etag: person.etag,
          isActive: false,
        },
      ),
    );
    await areClosed(open, 'Account deactivated');
  });

  test('are refused when a role of the account loses the right, while the credential stays good', async () => {
    const open = await openAll(person.token);
    await losesEverything(open, () =>
      mutate(
        'mutation ($input: RoleUpdateInput!) { result: roleUpdate(input: $input) { __typename ... on Error { message } } }',
        {
          by: { name: person.role },
          etag: person.roleEtag,
          permissions: [],
        },
      ),
    );
    for (const socket of open.sockets) {
      const error = await socket.until((message) => message.type === 'error');
      expect(error.payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
      expect(socket.socket.readyState).toBe(socket.socket.OPEN);
      socket.socket.close();
    }
    expect(await Promise.all(open.streams.map((sse) => sse.ended))).toEqual(['complete', 'complete']);
  });

  test('go on when the account gains a right, with what it lets see', async () => {
    const { result } = await ask<{ result: { site: { id: string } } }>(
      urls[0] ?? '',
      'mutation ($input: SiteCreateInput!) { result: siteCreate(input: $input) { ... on SiteCreateSuccess { site { id } } } }',
      { input: { name: next('T') } },
      boss,
    );
    await mutate(
      'mutation ($input: RoleUpdateInput!) { result: roleUpdate(input: $input) { __typename ... on Error { message } } }',
      {
        by: { name: person.role },
        etag: person.roleEtag,
        permissions: [`network:read@site/${result.site.id}`],
      },
    );
    const open = await openAll(person.token);
    await addDevice();
    await mutate(
      'mutation ($input: AccountGrantInput!) { result: accountGrant(input: $input) { __typename ... on Error { message } } }',
      {
        by: { name: person.name },
        permissions: ['network:read'],
      },
    );
    await addDevice();
    await expect.poll(() => received(open), { timeout: 3000 }).toEqual([2, 2, 2, 2]);
    for (const socket of open.sockets) socket.socket.close();
    for (const sse of open.streams) sse.stop();
  });
});
