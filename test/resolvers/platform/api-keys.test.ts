import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthenticationError, ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { authenticator } from '#kernel/viewer.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import {
  type ApiKeyCreateInput,
  createApiKey,
  listApiKeys,
  revokeApiKey,
} from '#resolvers/platform/api-keys/api-keys.ts';
import { login } from '#resolvers/platform/sign-in/login.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const page = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;

let id: Identity;
beforeAll(async () => {
  id = await openIdentity();
});
afterAll(() => id.gateway.dispose());

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (reason) => reason,
  );
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** A context of an account by a session, which may make keys without further rights. */
async function signedIn(permissions: readonly string[] = []) {
  const name = `s${Math.random()}`;
  const account = await createAccount(id.system, {
    name,
    password: 'tall grass and rain',
    permissions: [...permissions],
  });
  const { token } = await login(id.system, { name, password: 'tall grass and rain' });
  return { account, ctx: id.context(await id.authenticate(bearer(token))) };
}

describe('an API key', () => {
  test('is shown once, kept as a hash, and speaks for its account', async () => {
    const { ctx, account } = await signedIn(['role:read']);
    await id.told();
    const { key, apiKey } = await createApiKey(ctx, { name: 'ci' });
    expect(key).toMatch(/^gk_[a-z0-9]{8}_[\w-]{43}$/);
    expect(key.slice(3, 11)).toBe(apiKey.prefix);
    expect(JSON.stringify([apiKey, await id.tellings()])).not.toContain(key);
    const viewer = await id.authenticate(bearer(key));
    expect(viewer).toMatchObject({ id: account.id, credential: { kind: 'API_KEY', id: apiKey.id, expiresAt: null } });
    expect(viewer.rights.texts).toEqual(['role:read']);
    const [listed] = (await listApiKeys(ctx, {}, page)).items;
    expect(listed?.node).toMatchObject({ name: 'ci', lastUsedAt: '2026-01-01T00:00:00.000Z' });
  });

  test('narrows what its account may do, and never widens it', async () => {
    const { ctx, account } = await signedIn(['role:read', 'account:read']);
    const { key } = await createApiKey(ctx, { name: 'narrow', permissions: ['role:read'] });
    const viewer = await id.authenticate(bearer(key));
    expect([viewer.rights.covers('role:read'), viewer.rights.covers('account:read')]).toEqual([true, false]);
    expect(await errorOf(createApiKey(ctx, { name: 'wide', permissions: ['role:create'] }))).toBeInstanceOf(
      ForbiddenError,
    );
    const none = await createApiKey(ctx, { name: 'none', permissions: [] });
    expect((await id.authenticate(bearer(none.key))).rights.covers('role:read')).toBe(false);
    const wider = await createApiKey(id.system, {
      account: { id: account.id },
      name: 'given',
      permissions: ['role:read', 'role:create'],
    });
    expect((await id.authenticate(bearer(wider.key))).rights.covers('role:create')).toBe(false);
  });

  test('is refused once revoked, expired, or from elsewhere', async () => {
    const { ctx } = await signedIn();
    const expiresAt = new Date(id.clock.now() + 1000).toISOString();
    const [revoked, late, local] = [
      await createApiKey(ctx, { name: 'revoked' }),
      await createApiKey(ctx, { name: 'late', expiresAt }),
      await createApiKey(ctx, { name: 'local', addresses: ['192.168.0.0/16', '2001:db8::/32', '203.0.113.7'] }),
    ];
    const seen = [await id.authenticate(bearer(revoked.key)), await id.authenticate(bearer(late.key))];
    expect((await revokeApiKey(ctx, { id: revoked.apiKey.id })).revokedAt).not.toBeNull();
    expect(await errorOf(revokeApiKey(ctx, { id: revoked.apiKey.id }))).toBeInstanceOf(ConflictError);
    expect(await errorOf(id.authenticate(bearer(revoked.key)))).toMatchObject({ message: 'Key revoked.' });
    const from = (clientAddress: string | null) => errorOf(id.authenticate(bearer(local.key), { clientAddress }));
    for (const address of ['192.168.7.1', '::ffff:192.168.7.1', '2001:db8::1', '203.0.113.7'])
      expect(await from(address)).toBeNull();
    for (const address of ['10.0.0.1', '2001:db9::1', '203.0.113.8', null, 'nonsense'])
      expect(await from(address)).toBeInstanceOf(AuthenticationError);
    id.clock.advance(1000);
    expect(await errorOf(id.authenticate(bearer(late.key)))).toMatchObject({ message: 'Key expired.' });
    const who = id.system.use(authenticator);
    expect(await Promise.all(seen.map((viewer) => who.refresh(viewer)))).toEqual([
      { ended: 'Key revoked' },
      { ended: 'Key expired' },
    ]);
  });

  test('is refused with every fault of its input', async () => {
    const { ctx } = await signedIn();
    const bad: ApiKeyCreateInput[] = [
      { name: '' },
      { name: 'x'.repeat(101) },
      { name: 'a', expiresAt: 'tomorrow' },
      { name: 'a', expiresAt: '2020-01-01T00:00:00Z' },
      { name: 'a', addresses: ['10.0.0.0/33'] },
      { name: 'a', addresses: ['host.example'] },
      { name: 'a', permissions: ['nope:read'] },
    ];
    for (const input of bad) expect(await errorOf(createApiKey(ctx, input))).toBeInstanceOf(InputError);
    await createApiKey(ctx, { name: 'twice' });
    expect(await errorOf(createApiKey(ctx, { name: 'twice' }))).toBeInstanceOf(ConflictError);
  });

  test('makes no keys unless it may write them', async () => {
    const plain = await id.person();
    const writer = await id.person(['apiKey:write']);
    expect(await errorOf(createApiKey(plain.ctx, { name: 'more' }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(createApiKey(writer.ctx, { name: 'more' }))).toBeNull();
    // Narrowed, it must not make one that is not.
    const { ctx } = await signedIn(['apiKey:write', 'role:read']);
    const narrow = await createApiKey(ctx, { name: 'narrow', permissions: ['apiKey:write'] });
    const narrowed = id.context(await id.authenticate(bearer(narrow.key)));
    expect(await errorOf(createApiKey(narrowed, { name: 'escape' }))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(createApiKey(narrowed, { name: 'same', permissions: ['apiKey:write'] }))).toBeNull();
  });

  test('of another needs apiKey:write, and is never worth more than its maker', async () => {
    const robot = await createAccount(id.system, { name: 'robot', kind: 'SERVICE', permissions: ['role:read'] });
    const boss = await createAccount(id.system, { name: 'boss', permissions: ['*'] });
    const { ctx } = await signedIn(['apiKey:write', 'role:read']);
    const stranger = await signedIn();
    const { key, apiKey } = await createApiKey(ctx, { account: { name: 'robot' }, name: 'made' });
    expect((await id.authenticate(bearer(key))).id).toBe(robot.id);
    expect(await errorOf(createApiKey(ctx, { account: { id: boss.id }, name: 'steal' }))).toBeInstanceOf(
      ForbiddenError,
    );
    expect(await errorOf(createApiKey(stranger.ctx, { account: { name: 'robot' }, name: 'x' }))).toBeInstanceOf(
      ForbiddenError,
    );
    expect(await errorOf(revokeApiKey(stranger.ctx, { id: apiKey.id }))).toBeInstanceOf(NotFoundError);
    expect(await errorOf(listApiKeys(ctx, { account: { name: 'robot' } }, page))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(revokeApiKey(ctx, { id: apiKey.id }))).toBeNull();
  });

  test('writes its use down once a minute', async () => {
    const { key, ctx } = await id.person();
    const used = async () => (await listApiKeys(ctx, {}, page)).items[0]?.node.lastUsedAt;
    const first = await used();
    id.clock.advance(59_000);
    await id.authenticate(bearer(key));
    expect(await used()).toBe(first);
    id.clock.advance(1_000);
    await id.authenticate(bearer(key));
    expect(await used()).toBe(new Date(id.clock.now()).toISOString());
  });
});
