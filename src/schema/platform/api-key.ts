import { ConflictError } from '#kernel/errors.ts';
import { findAccounts } from '#resolvers/platform/accounts/queries.ts';
import type { ApiKey } from '#resolvers/platform/api-keys/api-key.ts';
import {
  type ApiKeyCreateInput,
  createApiKey,
  findApiKeys,
  listApiKeys,
  revokeApiKey,
} from '#resolvers/platform/api-keys/api-keys.ts';
import { apiKeyCreated, apiKeyRevoked } from '#resolvers/platform/api-keys/events.ts';
import { showPermissions } from '#resolvers/platform/rights/permissions.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    ApiKey: ApiKey;
  }
}

export function apiKeys(builder: Builder): void {
  node(builder, 'ApiKey', {
    description: 'A long-lived credential of an account, for programs.',
    find: findApiKeys,
    fields: (t) => ({
      account: t.field({
        type: 'Account',
        nullable: true,
        description: 'Whose it is; null for a viewer who may not read the account.',
        resolve: (key, _, ctx) => ctx.load(findAccounts, key.accountId),
      }),
      name: t.exposeString('name', { description: 'Unique in its account.' }),
      prefix: t.exposeString('prefix', { description: 'The eight characters after `gk_`, to tell keys apart.' }),
      permissions: t.stringList({
        nullable: true,
        description: 'What it is narrowed to; null: all that its account may do.',
        resolve: (key, _, ctx) => (key.permissions === null ? null : showPermissions(ctx, key.permissions)),
      }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true, description: 'When it ends; null: never.' }),
      addresses: t.field({
        type: ['Cidr'],
        description: 'Networks from which it is accepted; from everywhere when there are none.',
        resolve: (key) => [...key.addresses],
      }),
      lastUsedAt: t.expose('lastUsedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it was last used, to the minute; null: never.',
      }),
      revokedAt: t.expose('revokedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it was revoked; null: it was not.',
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    }),
  });
  builder.queryField('apiKeys', (t) =>
    connection(builder, t, 'ApiKey', {
      description: 'The API keys of an account, newest first: one’s own, or with apiKey:read another’s.',
      args: { account: t.arg({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }) },
      resolve: (_, { account }, page, ctx) => listApiKeys(ctx, { account: account as never }, page),
    }),
  );
  mutation(builder, 'apiKeyCreate', {
    description:
      'Makes an API key for oneself, or with apiKey:write for another account. Made with a key it needs apiKey:write too.',
    emits: [apiKeyCreated],
    errors: [ConflictError],
    input: (t) => ({
      account: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      name: t.string({ required: true, description: '1 to 100 characters, unique in the account.' }),
      permissions: t.stringList({ description: 'Narrows it to these; all that the account may do unless said.' }),
      expiresAt: t.field({ type: 'DateTime', description: 'When it ends; never unless said.' }),
      addresses: t.field({
        type: ['Cidr'],
        description: 'Networks from which it is accepted; everywhere unless said.',
      }),
    }),
    resolve: (ctx, input) => createApiKey(ctx, input as ApiKeyCreateInput),
    success: (t) => ({
      key: t.exposeString('key', { description: 'The key itself. It is shown this once.' }),
      apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'What is kept of it.' }),
    }),
  });
  mutation(builder, 'apiKeyRevoke', {
    description: 'Ends an API key at once: one’s own, or with apiKey:write anybody’s.',
    emits: [apiKeyRevoked],
    errors: [ConflictError],
    input: (t) => ({ id: t.id({ required: true, description: 'Which one.' }) }),
    resolve: async (ctx, input) => ({ apiKey: await revokeApiKey(ctx, input as { id: string }) }),
    success: (t) => ({ apiKey: t.expose('apiKey', { type: 'ApiKey', description: 'The key that ended.' }) }),
  });
}
