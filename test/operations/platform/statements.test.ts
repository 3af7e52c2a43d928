import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePlugin } from '#plugins/define.ts';
import { provideAll } from '#plugins/provision.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { stores } from '#plugins/storage-prisma/stores.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { createRole } from '#resolvers/platform/roles/change.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

let statements = 0;
const countingStorage = definePlugin({
  name: 'storage-counting',
  version: '1.0.0',
  description: 'The embedded database, with a count of its statements.',
  provides: stores.map(({ port }) => port),
  async setup({ provide }) {
    const database = await embeddedDatabase({
      onStatement: () => {
        statements += 1;
      },
    });
    provideAll(provide, stores, openSessions(database));
    return () => database.close();
  },
});

let id: Identity;
let key: string;
beforeAll(async () => {
  id = await openIdentity({}, [countingStorage]);
  for (let index = 0; index < 40; index += 1) {
    const name = `r${index}`;
    const permissions = [`role:read@role/standard`, `account:read@account/admin`, 'zoo:read@place/pen'];
    await createRole(id.system, { name, permissions, roles: index > 0 ? [`r${index - 1}`] : [] });
    await createAccount(id.system, { name: `a${index}-${randomUUID().slice(0, 4)}`, roles: [name], permissions });
  }
  ({ key } = await id.person(['account:read', 'role:read']));
});
afterAll(() => id.gateway.dispose());

async function cost(query: string): Promise<number> {
  await id.ask('{ profile { account { name } } }', { authorization: `Bearer ${key}` });
  const before = statements;
  const { errors } = await id.ask(query, { authorization: `Bearer ${key}` });
  expect(errors).toEqual([]);
  return statements - before;
}

const accounts = (first: number) => `{ accounts(first: ${first}) { totalCount nodes {
  name permissions roles { name permissions roles { name } } effectivePermissions effectiveRoles { name }
} } }`;

test('a list of accounts with all that they hold costs the same whatever its length', async () => {
  const [few, many] = [await cost(accounts(2)), await cost(accounts(40))];
  expect(many).toBe(few);
  expect(many).toBeLessThanOrEqual(12);
});

test('a request costs one indexed read for its credential', async () => {
  expect(await cost('{ __typename }')).toBe(1);
});

test('a request without a credential costs no read for who it is', async () => {
  await id.ask('{ __typename }');
  const before = statements;
  await id.ask('{ __typename }');
  expect(statements - before).toBe(0);
});
