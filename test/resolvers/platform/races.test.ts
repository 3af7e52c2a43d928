import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthenticationError, ConflictError, GatehouseError } from '#kernel/errors.ts';
import { storagePrisma } from '#plugins/storage-prisma/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { findAccount } from '#resolvers/platform/accounts/queries.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { resetStore } from '#resolvers/platform/password-resets/reset.ts';
import { resetPassword } from '#resolvers/platform/password-resets/use.ts';
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

    test('an account that is deleted leaves no key or session that was made meanwhile', async () => {
      for (let round = 0; round < 6; round += 1) {
        const name = `leaves${round}`;
        const account = await createAccount(id.system, { name, password: 'correct horse battery' });
        const [key, session, gone] = await Promise.allSettled([
          createApiKey(id.system, { account: { id: account.id }, name: 'k' }),
          login(id.system, { name, password: 'correct horse battery' }),
          deleteAccount(id.system, { by: { name }, etag: account.etag }),
        ]);
        expect(gone.status).toBe('fulfilled');
        for (const one of [key, session])
          if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(GatehouseError);
        const tokens = [
          ...(key.status === 'fulfilled' ? [key.value.key] : []),
          ...(session.status === 'fulfilled' ? [session.value.token] : []),
        ];
        for (const token of tokens)
          await expect(id.authenticate({ authorization: `Bearer ${token}` })).rejects.toBeInstanceOf(
            AuthenticationError,
          );
      }
    });

    test('of many who use one reset token exactly one sets the password', async () => {
      const account = await createAccount(id.system, { name: 'forgetful', email: 'forgetful@x.org' });
      const token = 'gr_of-a-mail';
      const mailedAt = new Date(id.clock.now()).toISOString();
      const expiresAt = new Date(id.clock.now() + 60_000).toISOString();
      await id.system
        .use(resetStore)
        .issue(
          { accountId: account.id, tokenHash: hashSecret(token), purpose: 'FIRST', expiresAt, mailedAt },
          { since: mailedAt, most: 3 },
        );
      const race = await Promise.allSettled(
        Array.from({ length: 6 }, (_, index) =>
          resetPassword(id.system, { token, password: `a long password ${index}` }),
        ),
      );
      expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  },
);
