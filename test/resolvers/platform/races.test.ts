import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConflictError } from '#kernel/errors.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { listSessions } from '#resolvers/platform/sessions/queries.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';
import { findPostgres } from '../../support/postgres.ts';

const page = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;

/** Only a server runs transactions side by side. */
describe.skipIf(!findPostgres())(
  'at the same moment on a server (named as skipped without PostgreSQL programs)',
  () => {
    let id: Identity;
    beforeAll(async () => {
      const storage = { url: await newServerDatabase() };
      id = await openIdentity({ storage, accounts: { adminPassword: 'correct horse battery' } }, [storagePrisma]);
    }, 60_000);
    afterAll(async () => {
      await id?.gateway.dispose();
      await stopSharedServer();
    });

    test('of two administrators who remove each other one stays, every time', async () => {
      await createAccount(id.system, { name: 'second', permissions: ['*'] });
      for (let round = 0; round < 10; round += 1) {
        const race = ['admin', 'second'].map(async (name) => {
          const account = await findAccount(id.system, { name });
          return updateAccount(id.system, { by: { name }, etag: account?.etag ?? '', isActive: false }).then(
            () => null,
            (error) => error,
          );
        });
        const answers = await Promise.all(race);
        expect(answers.filter((error) => error === null)).toHaveLength(1);
        expect(answers.find((error) => error !== null)).toBeInstanceOf(ConflictError);
        for (const name of ['admin', 'second']) {
          const account = await findAccount(id.system, { name });
          if (account && !account.isActive)
            await updateAccount(id.system, { by: { name }, etag: account.etag, isActive: true });
        }
      }
    });

    test('of many who take one name exactly one gets it', async () => {
      const race = Array.from({ length: 20 }, (_, index) =>
        createAccount(id.system, { name: index % 2 ? 'Same' : 'same' }).then(
          () => null,
          (error) => error,
        ),
      );
      const answers = await Promise.all(race);
      expect(answers.filter((error) => error === null)).toHaveLength(1);
      expect(answers.filter((error) => error instanceof ConflictError)).toHaveLength(19);
    });

    test('many who sign in to one account keep within its sessions', async () => {
      for (let round = 0; round < 6; round += 1)
        await Promise.all(
          Array.from({ length: 10 }, () => login(id.system, { name: 'admin', password: 'correct horse battery' })),
        );
      const sessions = await listSessions(id.system, { account: { name: 'admin' } }, page);
      expect(await sessions.count()).toBe(50);
    });
  },
);
