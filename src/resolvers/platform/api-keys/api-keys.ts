import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { networkText } from '#kernel/addresses.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError, InputError, NotFoundError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { line, parse, rowId } from '#kernel/input.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { accountKey, accountStore, distinct } from '#resolvers/platform/accounts/account.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';
import {
  type ApiKey,
  apiKeyCredential,
  apiKeyStore,
  hashSecret,
  makeKey,
} from '#resolvers/platform/api-keys/api-key.ts';
import { apiKeyCreated, apiKeyRevoked, tellApiKey } from '#resolvers/platform/api-keys/events.ts';
import { requireHeld, requireHeldBy, requireWholeAccount } from '#resolvers/platform/rights/covering.ts';
import { permissionTexts, resolvePermissions } from '#resolvers/platform/rights/permissions.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';

const ApiKeyCreate = z.object({
  account: accountKey.nullish(),
  name: line('name', { min: 1, max: 100 }),
  permissions: permissionTexts.nullish(),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'expiresAt must be an instant such as 2030-01-31T12:00:00Z.' })
    .nullish(),
  addresses: z.array(networkText()).max(100, 'addresses may not hold more than 100.').nullish(),
});
export type ApiKeyCreateInput = z.input<typeof ApiKeyCreate>;

/**
 * Makes an API key, of one's own account when none is named.
 * @returns the key itself, which is shown this once.
 */
export async function createApiKey(ctx: Context, input: ApiKeyCreateInput): Promise<{ key: string; apiKey: ApiKey }> {
  const given = parse(ApiKeyCreate, input);
  if (ctx.viewer.credential?.kind === apiKeyCredential) allow(ctx, 'apiKey:write');
  const accountId = await permittedOwner(ctx, given.account ?? null, 'apiKey:write');
  const expiresAt = given.expiresAt == null ? null : new Date(given.expiresAt).toISOString();
  if (expiresAt !== null && Date.parse(expiresAt) <= ctx.clock.now())
    throw InputError.at(['expiresAt'], 'expiresAt must lie in the future.');
  const permissions = given.permissions == null ? null : await resolvePermissions(ctx, given.permissions);
  await requireKeyHeld(ctx, accountId, permissions);
  const { key, prefix } = makeKey();
  return ctx.atomically(async (ctx) => {
    // Who deletes the account meanwhile waits, or was first.
    if (!(await ctx.use(accountStore).lock(accountId))) throw new NotFoundError('account not found', ['account']);
    const apiKey = await ctx.use(apiKeyStore).insert({
      id: newId(),
      accountId,
      name: given.name,
      prefix,
      keyHash: hashSecret(key),
      permissions,
      expiresAt,
      addresses: distinct(given.addresses ?? []),
      lastUsedAt: null,
      revokedAt: null,
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (!apiKey) throw new ConflictError(`The account has an API key named ${given.name} already.`, ['name']);
    tellApiKey(ctx, apiKeyCreated, apiKey);
    return { key, apiKey };
  });
}

/**
 * A key can do what it names and its account can. So a key without a list, or one of another account, must not do more
 * than who makes it.
 */
async function requireKeyHeld(ctx: Context, accountId: string, permissions: readonly string[] | null): Promise<void> {
  if (permissions !== null) return requireHeld(ctx, permissions, ['permissions']);
  const [account] = await ctx.use(accountStore).getMany([accountId]);
  if (!account) throw new NotFoundError('account not found', ['account']);
  if (ctx.viewer.id !== accountId) return requireHeldBy(ctx, account, ['permissions']);
  await requireWholeAccount(ctx, accountId, ['permissions']);
}

const ApiKeyRevoke = z.object({ id: rowId('ApiKey') });

/** Ends an API key at once: one's own, or anybody's with `apiKey:write`. */
export async function revokeApiKey(ctx: Context, input: z.input<typeof ApiKeyRevoke>): Promise<ApiKey> {
  const self = ctx.viewer.kind === 'SYSTEM' ? null : requireAccount(ctx);
  const { id } = parse(ApiKeyRevoke, input);
  const [found] = await ctx.use(apiKeyStore).getMany([id]);
  const mayKnow = found && (found.accountId === self || ctx.viewer.rights.covers('apiKey:write'));
  if (!mayKnow) throw new NotFoundError('API key not found', ['id']);
  return ctx.atomically(async (ctx) => {
    const revoked = await ctx.use(apiKeyStore).revoke(id, new Date(ctx.clock.now()).toISOString());
    if (!revoked) throw new ConflictError('The API key was revoked already.', ['id']);
    tellApiKey(ctx, apiKeyRevoked, revoked);
    return revoked;
  });
}

const ApiKeyList = z.object({ account: accountKey.nullish() });

/** The API keys of an account, one's own when none is named, newest first. */
export async function listApiKeys(
  ctx: Context,
  input: z.input<typeof ApiKeyList>,
  page: PageRequest,
): Promise<Page<ApiKey>> {
  const { account } = parse(ApiKeyList, input);
  const owner = await permittedOwner(ctx, account ?? null, 'apiKey:read');
  return ctx.use(apiKeyStore).page(owner, page);
}

/** The API keys with these ids that the viewer may see: his own, all of them with `apiKey:read`. */
export async function findApiKeys(ctx: Context, ids: readonly string[]): Promise<(ApiKey | null)[]> {
  const { id: self, rights, mustChangePassword } = ctx.viewer;
  const keys = await ctx.use(apiKeyStore).getMany(ids);
  return keys.map((key) => {
    if (!key || mustChangePassword) return null;
    return key.accountId === self || rights.covers('apiKey:read') ? key : null;
  });
}
