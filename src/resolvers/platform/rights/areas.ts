import type { PermissionArea, ScopeKind } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { foldText } from '#kernel/filter.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';

/** The row id in a text that is an id of this type, global or bare. */
function idIn(text: string, type: string): string | null {
  if (isUuid(text)) return text.toLowerCase();
  const known = fromGlobalId(text);
  return known?.type === type ? known.id : null;
}

const accountsById = (ctx: Context, ids: readonly string[]) => ctx.use(accountStore).getMany(ids);
const accountsByText = (ctx: Context, texts: readonly string[]) => ctx.use(accountStore).findMany(texts);
const rolesById = (ctx: Context, ids: readonly string[]) => ctx.use(roleStore).getMany(ids);
const rolesByName = (ctx: Context, names: readonly string[]) => ctx.use(roleStore).findMany(names);

const accountKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = idIn(text, 'Account');
    if (id !== null) return (await ctx.load(accountsById, id))?.id ?? null;
    return (await ctx.load(accountsByText, foldText(text)))?.id ?? null;
  },
  display: async (ctx, id) => (await ctx.load(accountsById, id))?.name ?? id,
};

const roleKind: ScopeKind = {
  async resolve(ctx, text) {
    const id = idIn(text, 'Role');
    const found = id === null ? await ctx.load(rolesByName, foldText(text)) : await ctx.load(rolesById, id);
    return found?.id ?? null;
  },
  display: async (ctx, id) => (await ctx.load(rolesById, id))?.name ?? id,
};

/** The areas of permissions that concern identity and the event log. */
export const platformAreas: readonly PermissionArea[] = [
  {
    name: 'account',
    description: 'Accounts and what they hold.',
    scope: 'kinds',
    kinds: { account: accountKind },
    verbs: {
      read: { description: 'See accounts.' },
      create: { description: 'Make accounts.' },
      update: { description: 'Change accounts, and grant what one holds oneself.' },
      delete: { description: 'Delete accounts.' },
    },
  },
  {
    name: 'role',
    description: 'Roles and what they hold.',
    scope: 'kinds',
    kinds: { role: roleKind },
    verbs: {
      read: { description: 'See roles.' },
      create: { description: 'Make roles.' },
      update: { description: 'Change roles, within what one holds oneself.' },
      delete: { description: 'Delete roles.' },
    },
  },
  {
    name: 'session',
    description: 'Sessions of others; everybody has his own.',
    scope: 'none',
    verbs: { read: { description: 'See sessions of others.' }, write: { description: 'End sessions of others.' } },
  },
  {
    name: 'apiKey',
    description: 'API keys of others; everybody has his own.',
    scope: 'none',
    verbs: {
      read: { description: 'See API keys of others.' },
      write: { description: 'Make and revoke API keys of others, and make keys with a key.' },
    },
  },
  {
    name: 'event',
    description: 'The event log; each event needs its own right as well.',
    scope: 'none',
    verbs: { read: { description: 'Ask the log and listen to it.', standard: true } },
  },
  {
    name: 'system',
    description: 'The gateway itself.',
    scope: 'none',
    verbs: {
      read: { description: 'See how the gateway is doing.', standard: true },
      control: { description: 'Trim the event log and begin a new life of it.' },
    },
  },
];
