import { ConflictError } from '#kernel/errors.ts';
import type { Account, AccountKey } from '#resolvers/platform/accounts/account.ts';
import { type AccountCreateInput, createAccountAndKey } from '#resolvers/platform/accounts/create.ts';
import { type AccountDeleteInput, deleteAccount } from '#resolvers/platform/accounts/delete.ts';
import {
  accountActivated,
  accountCreated,
  accountDeactivated,
  accountDeleted,
  accountEvents,
  accountUpdated,
  passwordChanged,
} from '#resolvers/platform/accounts/events.ts';
import { type GrantResult, grantAccount, revokeAccount } from '#resolvers/platform/accounts/grant.ts';
import {
  effectivePermissions,
  effectiveRoles,
  findAccount,
  findAccounts,
  listAccounts,
} from '#resolvers/platform/accounts/queries.ts';
import {
  type AccountReplaceInput,
  type AccountUpdateInput,
  replaceAccount,
  updateAccount,
} from '#resolvers/platform/accounts/update.ts';
import { watchAccounts } from '#resolvers/platform/accounts/watch.ts';
import { showPermissions } from '#resolvers/platform/rights/permissions.ts';
import { rolesHeld } from '#resolvers/platform/roles/queries.ts';
import { sessionEnded } from '#resolvers/platform/sessions/events.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { orderInput, textMatch } from '#schema/filter.ts';
import { mutation } from '#schema/mutation.ts';
import { node } from '#schema/node.ts';
import { oneGone } from '#schema/success.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Account: Account;
  }
  interface InputShapes {
    AccountKey: { id?: string | null; name?: string | null; email?: string | null };
  }
}

export function accounts(builder: Builder): void {
  builder.enumType('AccountKind', {
    description: 'Who acts through an account.',
    values: {
      HUMAN: { description: 'A person, who may have a password.' },
      SERVICE: { description: 'A program. It has no password; give it an API key.' },
    },
  });
  node(builder, 'Account', {
    description: 'A human or a service that acts.',
    find: findAccounts,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Unique without regard to case.' }),
      email: t.exposeString('email', { nullable: true, description: 'In lower case; unique; good for signing in.' }),
      kind: t.field({
        type: 'AccountKind' as never,
        description: 'Person or program.',
        resolve: (a) => a.kind as never,
      }),
      realName: t.exposeString('realName', { description: 'How people call it.' }),
      isActive: t.exposeBoolean('isActive', { description: 'Whether it may act at all.' }),
      permissions: t.stringList({
        description: 'What it holds itself.',
        resolve: (account, _, ctx) => showPermissions(ctx, account.permissions),
      }),
      roles: t.field({
        type: ['Role'],
        description: 'The roles that it holds itself.',
        resolve: (account, _, ctx) => rolesHeld(ctx, account.roles),
      }),
      effectivePermissions: t.stringList({
        description: 'Everything it reaches: its own and those of all active roles.',
        args: {
          area: t.arg.string({ description: 'Only of this area: `network`.' }),
          scope: t.arg.string({ description: 'Only with this scope: `site/SJC`.' }),
        },
        resolve: (account, only, ctx) => effectivePermissions(ctx, account, only),
      }),
      effectiveRoles: t.field({
        type: ['Role'],
        description: 'All active roles that it reaches.',
        resolve: (account, _, ctx) => effectiveRoles(ctx, account),
      }),
      mustChangePassword: t.exposeBoolean('mustChangePassword', {
        description: 'Whether it may do nothing but change its password, once signed in with it.',
      }),
      lastLoginAt: t.expose('lastLoginAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When somebody last signed in to it; null: never.',
      }),
      etag: t.exposeString('etag', { description: 'Marks this state; a change must name it.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
      updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    }),
  });
  builder.inputType('AccountKey', {
    description: 'Which account.',
    isOneOf: true,
    fields: (t) => ({
      id: t.id({ description: 'Its global id.' }),
      name: t.string({ description: 'Its name, without regard to case.' }),
      email: t.string({ description: 'Its email, without regard to case.' }),
    }),
  });
  lookups(builder);
  changes(builder);
  feed(builder, 'accountChanged', {
    description: 'What happens to accounts: all that the viewer may see, or one.',
    needs: 'account:read, or to be the account',
    args: (arg) => ({ by: arg({ type: 'AccountKey', description: 'Only this one.' }) }),
    events: accountEvents,
    select: (ctx, args) => watchAccounts(ctx, args.by ?? null),
  });
}

function lookups(builder: Builder): void {
  const filter = builder.inputRef('AccountFilter');
  filter.implement({
    description: 'Which accounts; everything given must hold.',
    fields: (t) => ({
      name: t.field({ type: textMatch(builder), description: 'Its name.' }),
      email: t.field({ type: textMatch(builder), description: 'Its email.' }),
      realName: t.field({ type: textMatch(builder), description: 'How people call it.' }),
      permission: t.string({ description: 'Holds this permission itself.' }),
      role: t.string({ description: 'Holds the role of this name itself.' }),
      isActive: t.boolean({ description: 'May act, or may not.' }),
      kind: t.field({ type: 'AccountKind' as never, description: 'Person or program.' }),
      and: t.field({ type: [filter as never], description: 'All of these hold as well.' }),
      or: t.field({ type: [filter as never], description: 'One of these holds as well.' }),
      not: t.field({ type: filter as never, description: 'This does not hold.' }),
    }),
  });
  const order = orderInput(builder, 'Account', {
    NAME: 'By name.',
    CREATED: 'By when they were made.',
    LAST_LOGIN: 'By when somebody last signed in; those never used are the lowest.',
  });
  builder.queryFields((t) => ({
    account: t.field({
      type: 'Account',
      nullable: true,
      description: describeField({
        description: 'One account; null when there is none that the viewer may see. His own he always may.',
        needs: 'account:read',
      }),
      args: { by: t.arg({ type: 'AccountKey', required: true, description: 'Which one.' }) },
      resolve: (_, { by }, ctx) => findAccount(ctx, by),
    }),
    accounts: connection(builder, t, 'Account', {
      description: describeField({
        description: 'Accounts, by name unless another order is asked for.',
        needs: 'account:read',
      }),
      args: {
        filter: t.arg({ type: filter as never, description: 'Which ones.' }),
        orderBy: t.arg({ type: order, description: 'In which order.' }),
      },
      resolve: (_, args, page, ctx) => listAccounts(ctx, args, page),
    }),
  }));
}

function changes(builder: Builder): void {
  mutation(builder, 'accountCreate', {
    description: 'Makes an account of what the viewer holds himself.',
    needs: 'account:create',
    emits: [accountCreated],
    errors: [ConflictError],
    input: (t) => ({
      name: t.string({ required: true, description: '1 to 256 characters without white space.' }),
      email: t.string({ description: 'An address; no name of another account.' }),
      kind: t.field({ type: 'AccountKind' as never, description: 'HUMAN unless said.' }),
      realName: t.string({ description: 'How people call it.' }),
      isActive: t.boolean({ description: 'True unless said.' }),
      permissions: t.stringList({ description: 'What it holds itself.' }),
      roles: t.stringList({ description: 'Names of roles; those of `accounts.defaultRoles` unless said.' }),
      password: t.string({ description: 'Without one it is chosen with the token that is mailed to the email.' }),
      mustChangePassword: t.boolean({ description: 'Whether the password must be changed at the first sign-in.' }),
    }),
    resolve: (ctx, input) => createAccountAndKey(ctx, input as unknown as AccountCreateInput),
    success: (t) => ({
      account: t.expose('account', { type: 'Account', description: 'The new account.' }),
      secretKey: t.exposeString('secretKey', {
        description: 'What it makes auth tokens with. It is shown this once.',
      }),
    }),
  });
  mutation(builder, 'accountUpdate', {
    description: 'Changes what is given of an account: what is absent stays, null clears.',
    needs: 'account:update',
    emits: [accountUpdated, accountActivated, accountDeactivated, passwordChanged],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'AccountKey', required: true, description: 'Which account.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
      name: t.string({ description: 'A new name.' }),
      email: t.string({ description: 'A new email; null for none.' }),
      realName: t.string({ description: 'How people call it.' }),
      isActive: t.boolean({ description: 'False ends all its sessions.' }),
      permissions: t.stringList({ description: 'All that it is to hold itself.' }),
      roles: t.stringList({ description: 'Names of all roles that it is to hold itself.' }),
      password: t.string({ description: 'A new password; it ends all sessions.' }),
      mustChangePassword: t.boolean({ description: 'Whether the password must be changed at the next sign-in.' }),
    }),
    resolve: (ctx, input) => updateAccount(ctx, input as unknown as AccountUpdateInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      account: t.expose('account', { type: 'Account', description: 'The account as it is now.' }),
    }),
  });
  mutation(builder, 'accountReplace', {
    description:
      'Sets everything of an account that can change: what is absent gets its default. Its password and keys stay.',
    needs: 'account:update',
    emits: [accountUpdated, accountActivated, accountDeactivated],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'AccountKey', required: true, description: 'Which account.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
      name: t.string({ required: true, description: 'Its name.' }),
      email: t.string({ description: 'Its email; none unless said.' }),
      realName: t.string({ description: 'How people call it; empty unless said.' }),
      isActive: t.boolean({ description: 'True unless said.' }),
      permissions: t.stringList({ description: 'All that it is to hold itself; nothing unless said.' }),
      roles: t.stringList({ description: 'Names of all roles that it is to hold itself; none unless said.' }),
      mustChangePassword: t.boolean({ description: 'False unless said.' }),
    }),
    resolve: (ctx, input) => replaceAccount(ctx, input as unknown as AccountReplaceInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      account: t.expose('account', { type: 'Account', description: 'The account as it is now.' }),
    }),
  });
  mutation(builder, 'accountDelete', {
    description: 'Deletes an account with its sessions and keys. What it did keeps its name.',
    needs: 'account:delete',
    emits: [accountDeleted, sessionEnded],
    errors: [ConflictError],
    input: (t) => ({
      by: t.field({ type: 'AccountKey', required: true, description: 'Which account.' }),
      etag: t.string({ required: true, description: 'The state that was read.' }),
    }),
    resolve: async (ctx, input) => ({ id: await deleteAccount(ctx, input as unknown as AccountDeleteInput) }),
    success: oneGone('Account'),
  });
  const grants = [
    { name: 'accountGrant', description: 'Adds permissions to what an account holds itself.', resolve: grantAccount },
    {
      name: 'accountRevoke',
      description: 'Takes permissions from what an account holds itself.',
      resolve: revokeAccount,
    },
  ];
  for (const { name, description, resolve } of grants)
    mutation(builder, name, {
      description,
      needs: 'account:update, or admin of the area in that scope',
      emits: [accountUpdated],
      errors: [ConflictError],
      input: (t) => ({
        by: t.field({ type: 'AccountKey', required: true, description: 'Which account.' }),
        permissions: t.stringList({ required: true, description: 'Such as `network:write@site/SJC`.' }),
      }),
      resolve: (ctx, { by, permissions }): Promise<GrantResult> =>
        resolve(ctx, { by: by as unknown as AccountKey, permissions }),
      success: (t) => ({
        changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
        account: t.expose('account', {
          type: 'Account',
          nullable: true,
          description: 'The account as it is now; null for a viewer who may not read it.',
        }),
      }),
    });
}
