import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import type { Account } from '#resolvers/platform/accounts/account.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createRole } from '#resolvers/platform/roles/change.ts';
import { deleteRole } from '#resolvers/platform/roles/delete.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';
import { socketClient, subscribeOver } from '../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { findPostgres } from '../support/postgres.ts';

describe.skipIf(!findPostgres())(
  'streams of accounts and roles over two gateways (skipped without PostgreSQL programs)',
  () => {
    let gateways: readonly { gateway: Gateway; url: string }[];
    let account: Account;
    let role: Role;
    let count = 0;

    beforeAll(async () => {
      const storage = { url: await newServerDatabase() };
      const open = async () => {
        const config = {
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

    /** An account with a role of its own. */
    async function listener(): Promise<void> {
      count += 1;
      role = await createRole(system(), { name: `listens${count}`, permissions: ['role:read'] });
      account = await createAccount(system(), { name: `listener${count}`, roles: [role.name] });
    }

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

    test('tell what happens to accounts and roles, to the last', async () => {
      await listener();
      const boss = await createAccount(system(), { name: `boss${count}`, permissions: ['*'] });
      const { key } = await createApiKey(system(), { account: { id: boss.id }, name: 'own' });
      const own = socketClient(node(1).url, key);
      const accounts = subscribeOver(
        own,
        `subscription ($by: AccountKey) { accountChanged(by: $by, hello: true) { __typename
        ... on AccountUpdated { changed account { name } }
        ... on AccountDeleted { account { name } data before after }
        ... on SecretKeyRotated { account { name } }
        ... on PasswordChanged { account { name } } } }`,
        { by: { id: account.id } },
      );
      const roles = subscribeOver(
        own,
        'subscription { roleChanged(hello: true) { __typename ... on RoleDeleted { role { name } data } } }',
      );
      await Promise.all([accounts.reach(1), roles.reach(1)]);
      const { etag } = account;
      const by = { id: account.id };
      const next = await updateAccount(system(), { by, etag, password: 'quite another one' });
      await deleteRole(system(), { by: { id: role.id }, etag: role.etag });
      await deleteAccount(system(), { by, etag: next.account.etag });
      const items = await accounts.reach(3);
      const [changed, deleted] = items.slice(1).map(({ data }) => data?.accountChanged);
      expect(changed).toMatchObject({ __typename: 'PasswordChanged' });
      expect(deleted).toMatchObject({
        __typename: 'AccountDeleted',
        account: null,
        data: { account: { name: account.name }, changed: [] },
        before: { name: account.name },
        after: null,
      });
      expect(JSON.stringify(items)).not.toContain('argon2');
      const gone = (await roles.reach(2))[1]?.data?.roleChanged;
      expect(gone).toMatchObject({ __typename: 'RoleDeleted', role: null, data: { role: { name: role.name } } });
      await own.dispose();
    });

    test('share what is rendered among accounts of equal rights, unless a field depends on who asks', async () => {
      const figure = async () => {
        const text = await (await fetch(`${node(0).url}/metrics`)).text();
        return Number(/^gatehouse_live_cohorts (\d+)/m.exec(text)?.[1]);
      };
      const clients = await Promise.all(
        ['one', 'two'].map(async (name) => {
          const { id } = await createAccount(system(), {
            name: `${name}${count}`,
            permissions: ['role:read'],
            roles: [],
          });
          const { key } = await createApiKey(system(), { account: { id }, name: 'own' });
          return socketClient(node(0).url, key);
        }),
      );
      const subscribeAll = async (fields: string) => {
        const query = `subscription { roleChanged(hello: true) { __typename ... on RoleCreated { ${fields} } } }`;
        const streams = clients.map((client) => subscribeOver(client, query));
        await Promise.all(streams.map((stream) => stream.reach(1)));
      };
      const before = await figure();
      await subscribeAll('role { name }');
      expect(await figure()).toBe(before + 1);
      await subscribeAll('subject { id ... on Session { current } }');
      expect(await figure()).toBe(before + 3);
      await Promise.all(clients.map((client) => client.dispose()));
    });
  },
);
