import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { defaultPlugins } from '#plugins/built-in.ts';
import type { Account } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createApiKey, revokeApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createRole, updateRole } from '#resolvers/platform/roles/change.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';
import { endSession } from '#resolvers/platform/sessions/end.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Received, socketClient, subscribeBySse, subscribeOver } from '../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { testAreas } from '../support/identity.ts';
import { findPostgres } from '../support/postgres.ts';

const password = 'tall grass and rain';
const roleChanges = `subscription ($hello: Boolean) { roleChanged(hello: $hello) {
  __typename ... on RoleCreated { role { name } } ... on RoleUpdated { role { name } changed } } }`;

describe.skipIf(!findPostgres())('open streams of two processes (named as skipped without PostgreSQL programs)', () => {
  let gateways: readonly { gateway: Gateway; url: string }[];
  let account: Account;
  let role: Role;
  let count = 0;

  beforeAll(async () => {
    const storage = { url: await newServerDatabase() };
    const open = async () => {
      const config = {
        plugins: [...defaultPlugins, testAreas],
        storage,
        http: { port: 0 },
        log: { level: 'silent' },
        accounts: { adminPassword: 'correct horse battery' },
      };
      const gateway = await createGateway({ config });
      return { gateway, url: await gateway.listen() };
    };
    gateways = [await open(), await open()];
  }, 60_000);
  afterAll(async () => {
    await Promise.all((gateways ?? []).map(({ gateway }) => gateway.dispose()));
    await stopSharedServer();
  });

  const node = (index: number) => gateways[index] ?? expect.unreachable('There are two gateways.');
  const system = () => node(0).gateway.context();

  /** A listener with the right to see roles through a role of his own, and a way to sign in. */
  async function listener(): Promise<string> {
    count += 1;
    role = await createRole(system(), { name: `listens${count}`, permissions: ['role:read'] });
    account = await createAccount(system(), { name: `listener${count}`, password, roles: [role.name] });
    return account.name;
  }

  /** His streams: over a socket and over SSE, on each node. */
  async function listen(token: string): Promise<{ streams: Received[]; close: () => Promise<void> }> {
    const clients = gateways.map(({ url }) => socketClient(url, token));
    const streams = [
      ...clients.map((client) => subscribeOver(client, roleChanges, { hello: true })),
      ...(await Promise.all(
        gateways.map(({ url }) =>
          subscribeBySse(url, roleChanges, { hello: true }, { authorization: `Bearer ${token}` }),
        ),
      )),
    ];
    await Promise.all(streams.map((stream) => stream.reach(1)));
    return {
      streams,
      close: async () => {
        for (const stream of streams) stream.stop();
        await Promise.all(clients.map((client) => client.dispose()));
      },
    };
  }

  const somethingHappens = async () => {
    count += 1;
    await createRole(system(), { name: `made${count}` });
  };
  const within = <T>(work: Promise<T>, milliseconds: number) =>
    Promise.race([work, sleep(milliseconds).then(() => expect.unreachable(`Nothing for ${milliseconds} ms.`))]);

  /** All four streams end with the reason within a second, and nothing reaches them afterwards. */
  async function endsAll(token: string, cause: () => Promise<unknown>, reason: string): Promise<void> {
    const { streams, close } = await listen(token);
    await somethingHappens();
    await Promise.all(streams.map((stream) => stream.reach(2)));
    await cause();
    const ends = await within(Promise.all(streams.map((stream) => stream.ended)), 1000);
    for (const end of ends.slice(0, 2)) expect(end).toMatchObject({ code: 4403, reason });
    const before = streams.map((stream) => stream.items.filter((item) => item.data?.roleChanged).length);
    await somethingHappens();
    await sleep(300);
    expect(streams.map((stream) => stream.items.filter((item) => item.data?.roleChanged).length)).toEqual(before);
    for (const stream of streams.slice(2))
      expect(stream.items.at(-1)?.errors?.[0]).toMatchObject({ message: expect.stringContaining(reason) });
    await close();
  }

  test('end with the session', async () => {
    const name = await listener();
    const { token, session } = await login(system(), { name, password });
    await endsAll(token, () => endSession(system(), { id: session.id }), 'Session ended');
  });

  test('end with the API key', async () => {
    await listener();
    const { key, apiKey } = await createApiKey(system(), { account: { id: account.id }, name: 'live' });
    await endsAll(key, () => revokeApiKey(system(), { id: apiKey.id }), 'Key revoked');
  });

  test('end with the activity of the account, whatever the credential', async () => {
    await listener();
    const { key } = await createApiKey(system(), { account: { id: account.id }, name: 'live' });
    const deactivate = () => updateAccount(system(), { by: { id: account.id }, etag: account.etag, isActive: false });
    await endsAll(key, deactivate, 'Account deactivated');
  });

  test('fall silent when a role loses the right they live by', async () => {
    const name = await listener();
    const { token } = await login(system(), { name, password });
    const { streams, close } = await listen(token);
    await updateRole(system(), { by: { id: role.id }, etag: role.etag, permissions: [] });
    await sleep(1000);
    await somethingHappens();
    await sleep(300);
    const types = streams.map((stream) =>
      stream.items.flatMap((item) => (item.data?.roleChanged as { __typename?: string } | undefined)?.__typename ?? []),
    );
    // Whether the change itself was still seen is all the same; what came after it was not.
    for (const seen of types) expect(seen).not.toContain('RoleCreated');
    await close();
  });

  test('tell an account of itself, and a stranger nothing', async () => {
    await listener();
    const accountChanges = `subscription ($by: AccountKey, $hello: Boolean) { accountChanged(by: $by, hello: $hello) {
      __typename ... on AccountUpdated { account { name realName } changed } } }`;
    const keyOf = async (id: string) => (await createApiKey(system(), { account: { id }, name: 'own' })).key;
    const own = socketClient(node(1).url, await keyOf(account.id));
    const stranger = socketClient(
      node(1).url,
      await keyOf((await createAccount(system(), { name: `stranger${count}` })).id),
    );
    const mine = subscribeOver(own, accountChanges, { hello: true });
    const his = subscribeOver(stranger, accountChanges, { hello: true });
    const refused = subscribeOver(stranger, accountChanges, { by: { name: account.name } });
    await Promise.all([mine.reach(1), his.reach(1)]);
    expect(await refused.ended).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    await updateAccount(system(), { by: { id: account.id }, etag: account.etag, realName: 'Me' });
    await mine.reach(2);
    expect(mine.items[1]?.data?.accountChanged).toEqual({
      __typename: 'AccountUpdated',
      account: { name: account.name, realName: 'Me' },
      changed: ['realName'],
    });
    await sleep(200);
    expect(his.items).toHaveLength(1);
    await Promise.all([own.dispose(), stranger.dispose()]);
  });

  test('show the rights that another process changed, within a second', async () => {
    await listener();
    const { key } = await createApiKey(system(), { account: { id: account.id }, name: 'live' });
    const ask = async () => {
      const answer = await fetch(`${node(1).url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: '{ roleNames }' }),
      });
      return ((await answer.json()) as { errors?: unknown[] }).errors === undefined;
    };
    expect(await ask()).toBe(true);
    await updateRole(system(), { by: { id: role.id }, etag: role.etag, isActive: false });
    await sleep(1000);
    expect(await ask()).toBe(false);
  });
});
