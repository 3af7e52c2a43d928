import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { background } from '#kernel/background.ts';
import { newId } from '#kernel/id.ts';
import type { BackgroundWork } from '#plugins/background.ts';
import { type Account, accountStore } from '#resolvers/platform/accounts/account.ts';
import { createAccountAndKey } from '#resolvers/platform/accounts/create.ts';
import { deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import { grantAccount, revokeAccount } from '#resolvers/platform/accounts/grant.ts';
import { updateAccount } from '#resolvers/platform/accounts/update.ts';
import { hashSecret } from '#resolvers/platform/api-keys/api-key.ts';
import { createApiKey, revokeApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { createAuthToken } from '#resolvers/platform/auth-tokens/auth-tokens.ts';
import { requestPasswordReset } from '#resolvers/platform/password-resets/request.ts';
import { resetPassword } from '#resolvers/platform/password-resets/use.ts';
import { createRole, updateRole } from '#resolvers/platform/roles/change.ts';
import { deleteRole } from '#resolvers/platform/roles/delete.ts';
import type { Role } from '#resolvers/platform/roles/role.ts';
import { rotateSecretKey } from '#resolvers/platform/secret-keys/rotate.ts';
import { endSession } from '#resolvers/platform/sessions/end.ts';
import { sessionStore } from '#resolvers/platform/sessions/session.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { RawSocket, type SseReceived, subscribeBySse } from '../support/clients.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { type Issuer, openIssuer } from '../support/issuer.ts';
import { letterBox } from '../support/post.ts';
import { findPostgres } from '../support/postgres.ts';

const password = 'a quiet long password';
const stream = 'subscription { roleChanged(hello: true) { __typename ... on RoleCreated { role { name } } } }';

/** Somebody who may see roles by a role of his own, and a credential of his as it stands in `Authorization`. */
interface Someone {
  readonly account: Account;
  readonly role: Role;
  readonly secretKey: string;
  readonly authorization: string;
  /** Id of the session or key. */
  readonly credential: string;
}

type Credential = (
  someone: Omit<Someone, 'authorization' | 'credential'>,
) => Promise<Pick<Someone, 'authorization' | 'credential'>>;

/** Everything that he has open: a socket and a server-sent stream on each of two gateways. */
interface Open {
  readonly sockets: RawSocket[];
  readonly streams: SseReceived[];
}

const post = letterBox();
let gateways: readonly { readonly gateway: Gateway; readonly url: string }[] = [];
let issuer: Issuer;
let count = 0;
const next = (prefix: string) => {
  count += 1;
  return `${prefix}${count}`;
};

const node = (index: number) => gateways[index] ?? expect.unreachable('There are two gateways.');
const system = (index = 0) => node(index).gateway.context();

const bySession: Credential = async ({ account }) => {
  const { token, session } = await login(system(), { name: account.name, password });
  return { authorization: `Bearer ${token}`, credential: session.id };
};
const byKey: Credential = async ({ account }) => {
  const { key, apiKey } = await createApiKey(system(), { account: { id: account.id }, name: 'k' });
  return { authorization: `Bearer ${key}`, credential: apiKey.id };
};
const byAuthToken: Credential = async ({ account, secretKey }) => {
  const { token } = await createAuthToken(system(), { name: account.name, secretKey });
  return { authorization: `AuthToken ${account.name}:${token}`, credential: '' };
};
const byPassword: Credential = async ({ account }) => ({
  authorization: `Basic ${Buffer.from(`${account.name}:${password}`).toString('base64')}`,
  credential: '',
});
/** Credentials that end by themselves, soon. */
const soon = 2500;
const byShortSession: Credential = async ({ account }) => {
  const token = `gs_${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const at = (milliseconds: number) => new Date(now + milliseconds).toISOString();
  const session = await system()
    .use(sessionStore)
    .insert({
      id: newId(),
      accountId: account.id,
      tokenHash: hashSecret(token),
      label: null,
      userAgent: null,
      address: null,
      createdAt: at(0),
      extendedAt: at(0),
      expiresAt: at(soon),
      endsAt: at(soon),
    });
  return { authorization: `Bearer ${token}`, credential: session.id };
};
const byShortKey: Credential = async ({ account }) => {
  const expiresAt = new Date(Date.now() + soon).toISOString();
  const { key, apiKey } = await createApiKey(system(), { account: { id: account.id }, name: 'k', expiresAt });
  return { authorization: `Bearer ${key}`, credential: apiKey.id };
};
const byShortJwt: Credential = async ({ account }) => ({
  authorization: `Bearer ${await issuer.sign({ sub: account.id, email: account.email ?? '' }, Math.ceil(soon / 1000))}`,
  credential: '',
});
const untilOver = () => sleep(soon + 600);

const target = ({ account: { id, etag } }: Someone) => ({ by: { id }, etag });
const roleTarget = ({ role: { id, etag } }: Someone) => ({ by: { id }, etag });

async function resetByMail({ account }: Someone): Promise<void> {
  await requestPasswordReset(system(), { email: account.email ?? '' });
  await (system().use(background) as BackgroundWork).settled();
  await resetPassword(system(), { token: post.token(), password: 'world-of-words' });
}

interface Cause {
  readonly cause: string;
  readonly credential: Credential;
  act(someone: Someone): Promise<unknown>;
  /** Why sockets are closed; null where the credential stays good and the right alone is gone. */
  readonly reason: string | null;
  /** The credential opens no stream any more, but is good for new requests. */
  readonly stillGood?: true;
}

const causes: readonly Cause[] = [
  {
    cause: 'a logout',
    credential: bySession,
    act: ({ authorization }) => fetch(`${node(1).url}/logout`, { method: 'POST', headers: { authorization } }),
    reason: 'Session ended',
  },
  {
    cause: 'the end of a session by somebody else',
    credential: bySession,
    act: ({ credential }) => endSession(system(), { id: credential }),
    reason: 'Session ended',
  },
  { cause: 'the expiry of a session', credential: byShortSession, act: untilOver, reason: 'Session expired' },
  {
    cause: 'the revocation of a key',
    credential: byKey,
    act: ({ credential }) => revokeApiKey(system(), { id: credential }),
    reason: 'Key revoked',
  },
  { cause: 'the expiry of a key', credential: byShortKey, act: untilOver, reason: 'Key expired' },
  {
    cause: 'the rotation of the secret key',
    credential: byAuthToken,
    act: ({ account }) => rotateSecretKey(system(), { account: { id: account.id } }),
    reason: 'Secret key rotated',
  },
  { cause: 'the expiry of a JSON Web Token', credential: byShortJwt, act: untilOver, reason: 'Token expired' },
  {
    cause: 'the deactivation of the account, by session',
    credential: bySession,
    act: (someone) => updateAccount(system(), { ...target(someone), isActive: false }),
    reason: 'Account deactivated',
  },
  {
    cause: 'the deactivation of the account, by key',
    credential: byKey,
    act: (someone) => updateAccount(system(), { ...target(someone), isActive: false }),
    reason: 'Account deactivated',
  },
  {
    cause: 'the deletion of the account, by session',
    credential: bySession,
    act: (someone) => deleteAccount(system(), target(someone)),
    reason: 'Account deleted',
  },
  {
    cause: 'the deletion of the account, by key',
    credential: byKey,
    act: (someone) => deleteAccount(system(), target(someone)),
    reason: 'Account deleted',
  },
  {
    cause: 'a reset of the password, by session',
    credential: bySession,
    act: resetByMail,
    reason: 'Password reset',
  },
  {
    cause: 'a reset of the password, by key',
    credential: byKey,
    act: resetByMail,
    reason: 'Password reset',
    stillGood: true,
  },
  {
    cause: 'another password, by HTTP Basic',
    credential: byPassword,
    act: (someone) => updateAccount(system(), { ...target(someone), password: 'world-of-words' }),
    reason: 'Password reset',
  },
  {
    cause: 'the removal of a role from the account',
    credential: bySession,
    act: (someone) => updateAccount(system(), { ...target(someone), roles: [] }),
    reason: null,
  },
  {
    cause: 'the deletion of a role',
    credential: byKey,
    act: (someone) => deleteRole(system(), roleTarget(someone)),
    reason: null,
  },
  {
    cause: 'the deactivation of a role',
    credential: byAuthToken,
    act: (someone) => updateRole(system(), { ...roleTarget(someone), isActive: false }),
    reason: null,
  },
  {
    cause: 'the change of what a role grants',
    credential: bySession,
    act: (someone) => updateRole(system(), { ...roleTarget(someone), permissions: [] }),
    reason: null,
  },
  {
    cause: 'the revocation of a grant',
    credential: async (someone) => {
      await grantAccount(system(), { by: { id: someone.account.id }, permissions: ['role:read'] });
      await updateRole(system(), { by: { id: someone.role.id }, etag: someone.role.etag, permissions: [] });
      return byKey(someone);
    },
    act: ({ account }) => revokeAccount(system(), { by: { id: account.id }, permissions: ['role:read'] }),
    reason: null,
  },
];

describe.skipIf(!findPostgres())('on two gateways of one database (skipped without PostgreSQL programs)', () => {
  beforeAll(async () => {
    issuer = await openIssuer();
    const storage = { url: await newServerDatabase() };
    const open = async () => {
      const gateway = await createGateway({
        config: {
          plugins: ['default', '!mail-none', post.plugin],
          storage,
          secret: 'Iu2Wq0Xo6ZBnlKzVUpNjQdgYh3fcR9tE',
          auth: { jwt: { issuers: [issuer.rules], skew: 0 } },
          http: { port: 0 },
          log: { level: 'silent' },
          accounts: { adminPassword: 'correct horse battery' },
        },
      });
      return { gateway, url: await gateway.listen() };
    };
    // At the same time: of two first starts one makes the administrator.
    gateways = await Promise.all([open(), open()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(gateways.map(({ gateway }) => gateway.dispose()));
    issuer.close();
    await stopSharedServer();
  });

  async function someone(credential: Credential): Promise<Someone> {
    const name = next('someone');
    const role = await createRole(system(), { name: `role-of-${name}`, permissions: ['role:read'] });
    const made = await createAccountAndKey(system(), {
      name,
      // Only a service has its secret key rotated by others.
      ...(credential === byAuthToken ? { kind: 'SERVICE' } : { email: `${name}@example.org`, password }),
      roles: [role.name],
    });
    const own = { ...made, role };
    const proof = await credential(own);
    // His credential may have needed changes of his account.
    const [account = own.account] = await system().use(accountStore).getMany([own.account.id]);
    return { ...own, account: account ?? own.account, ...proof };
  }

  async function openAll(authorization: string): Promise<Open> {
    const sockets = gateways.map(({ url }) => new RawSocket(url));
    const streams = gateways.map(({ url }) => subscribeBySse(url, stream, {}, { authorization }));
    await Promise.all(
      sockets.map(async (socket) => {
        await socket.opened();
        socket.send({ type: 'connection_init', payload: { authorization } });
        await socket.until(({ type }) => type === 'connection_ack');
        socket.send({ type: 'subscribe', id: '1', payload: { query: stream } });
        await socket.until(({ type }) => type === 'next');
      }),
    );
    const open = { sockets, streams: await Promise.all(streams) };
    await Promise.all(open.streams.map((sse) => sse.reach(1)));
    return open;
  }

  /** Names of the roles whose making reached each of the streams. */
  const told = ({ sockets, streams }: Open): string[][] => {
    const nameIn = (data: unknown) => {
      const { roleChanged } = (data ?? {}) as { roleChanged?: { role?: { name: string } | null } };
      return roleChanged?.role?.name ?? [];
    };
    return [
      ...sockets.map(({ messages }) =>
        messages.flatMap(({ type, payload }) => (type === 'next' ? nameIn((payload as { data: unknown }).data) : [])),
      ),
      ...streams.map(({ items }) => items.flatMap(({ data }) => nameIn(data))),
    ];
  };
  const somethingHappens = (index: number) => createRole(system(index), { name: next('made') });

  async function ask(url: string, authorization: string) {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ query: '{ roleNames profile { account { name } } }' }),
    });
    const { data, errors } = (await answer.json()) as {
      data?: { roleNames: unknown; profile: unknown } | null;
      errors?: { extensions: { code: string } }[];
    };
    return { status: answer.status, code: errors?.[0]?.extensions.code ?? null, data: data ?? null };
  }

  const within = <T>(work: Promise<T>, milliseconds: number, what: string) =>
    Promise.race([
      work,
      sleep(milliseconds).then(() => expect.unreachable(`${what}: nothing for ${milliseconds} ms.`)),
    ]);

  test.each(causes)(
    '$cause counts within a second, for requests, sockets and streams',
    async (row) => {
      const who = await someone(row.credential);
      for (const { url } of gateways) expect((await ask(url, who.authorization)).code).toBeNull();
      const open = await openAll(who.authorization);
      if (row.act !== untilOver) {
        const seen = await somethingHappens(1);
        await expect.poll(() => told(open), { timeout: 5000 }).toEqual(Array(4).fill([seen.name]));
      }
      const before = told(open);
      await row.act(who);
      // Committed after the loss: not even within the second.
      const committed = [somethingHappens(0), somethingHappens(1)];
      if (row.reason !== null) {
        const closed = await within(Promise.all(open.sockets.map(({ closed }) => closed)), 1000, row.cause);
        expect(closed).toEqual(Array(2).fill({ code: 4403, reason: row.reason }));
      }
      const ended = await within(Promise.all(open.streams.map((sse) => sse.ended)), 1000, row.cause);
      expect(ended).toEqual(['complete', 'complete']);
      const code = row.reason === null ? 'FORBIDDEN' : 'UNAUTHENTICATED';
      for (const sse of open.streams) expect(sse.items.at(-1)?.errors?.[0]?.extensions?.code).toBe(code);
      if (row.reason === null)
        for (const socket of open.sockets) {
          const error = await socket.until(({ type }) => type === 'error', 1000);
          expect(error.payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
          expect(socket.socket.readyState).toBe(socket.socket.OPEN);
          socket.socket.close();
        }
      for (const { url } of gateways) {
        const answer = await ask(url, who.authorization);
        if (row.stillGood) expect([answer.status, answer.code]).toEqual([200, null]);
        else if (row.reason === null) expect([answer.status, answer.code]).toEqual([200, 'FORBIDDEN']);
        // A credential that is not good is never anonymous: the whole request is refused.
        else expect(answer).toEqual({ status: 401, code: 'UNAUTHENTICATED', data: null });
      }
      await Promise.all(committed);
      await sleep(200);
      expect(told(open)).toEqual(before);
    },
    20_000,
  );

  test('a right that is gained counts as soon, for what was opened before', async () => {
    const who = await someone(byKey);
    const open = await openAll(who.authorization);
    const change = { ...roleTarget(who), permissions: [`role:read@role/${who.role.id}`] };
    await updateRole(system(), change);
    await somethingHappens(0);
    await grantAccount(system(1), { by: { id: who.account.id }, permissions: ['role:read'] });
    const seen = await somethingHappens(0);
    await expect.poll(() => told(open), { timeout: 3000 }).toEqual(Array(4).fill([seen.name]));
    for (const socket of open.sockets) socket.socket.close();
    for (const sse of open.streams) sse.stop();
  });
});
