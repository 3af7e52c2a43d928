import { randomBytes } from 'node:crypto';
import { catalogue, type RoleDeclaration } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { foldText } from '#kernel/filter.ts';
import { newId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { accountEmail, accountName, accountStore } from '#resolvers/platform/accounts/account.ts';
import { accountCreated, tellAccount } from '#resolvers/platform/accounts/events.ts';
import { newEtag } from '#resolvers/platform/etag.ts';
import { resolvePermissions } from '#resolvers/platform/rights/permissions.ts';
import { roleCreated, tellRole } from '#resolvers/platform/roles/events.ts';
import { resolveRoles } from '#resolvers/platform/roles/queries.ts';
import { anonymousRole, roleStore, standardRole } from '#resolvers/platform/roles/role.ts';
import { newPassword, passwordHasher, requireUnlikeOwner } from '#resolvers/platform/sign-in/passwords.ts';

export interface FirstAdministrator {
  readonly name: string;
  readonly email: string | null;
  /** Null: one is made, and must be changed at the first sign-in. */
  readonly password: string | null;
  readonly passwordMinLength: number;
}

/**
 * Makes what every gateway has: the built-in roles and accounts that are missing and, where there is no account at all,
 * the first administrator. Of several processes that start at once, one makes it. What exists is left as it is.
 * @param ctx of the gateway itself.
 * @returns the password that was made for the administrator, or null when none was.
 */
export async function prepareIdentity(ctx: Context, first: FirstAdministrator): Promise<string | null> {
  if (await isPrepared(ctx)) return null;
  return ctx.atomically(async (ctx) => {
    const accounts = ctx.use(accountStore);
    await accounts.lockAdministration();
    await makeRoles(ctx);
    const made = (await accounts.isEmpty()) ? await makeAdministrator(ctx, first) : null;
    await makeAccounts(ctx);
    return made;
  });
}

/** Spares the usual start the lock and the transaction. */
async function isPrepared(ctx: Context): Promise<boolean> {
  const [roles, accounts, isEmpty] = await Promise.all([
    ctx.use(roleStore).findMany(declaredRoles(ctx).map((role) => foldText(role.name))),
    ctx.use(accountStore).findMany(ctx.use(catalogue).accounts.map(({ name }) => foldText(name))),
    ctx.use(accountStore).isEmpty(),
  ]);
  return !isEmpty && roles.every(Boolean) && accounts.every(Boolean);
}

function declaredRoles(ctx: Context): RoleDeclaration[] {
  const { areas, roles } = ctx.use(catalogue);
  const standard = [...areas.values()].flatMap((area) =>
    Object.entries(area.verbs).flatMap(([verb, { standard }]) =>
      standard ? [`${area.name}:${verb}${standard === true ? '' : `@${standard}`}`] : [],
    ),
  );
  return [
    { name: standardRole, realName: 'What everybody may do', permissions: standard },
    { name: anonymousRole, realName: 'What can be done without signing in', permissions: [] },
    ...roles,
  ];
}

async function makeRoles(ctx: Context): Promise<void> {
  const declared = declaredRoles(ctx);
  const found = await ctx.use(roleStore).findMany(declared.map((role) => foldText(role.name)));
  // A handful, at a first start and after a plugin came.
  for (const [index, { name, realName, permissions }] of declared.entries()) {
    if (found[index]) continue;
    const role = await ctx.use(roleStore).insert({
      id: newId(),
      name,
      realName,
      isActive: true,
      permissions: await resolvePermissions(ctx, permissions),
      roles: [],
      isBuiltIn: true,
      etag: newEtag(),
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (role) tellRole(ctx, roleCreated, null, role);
  }
}

/** The SERVICE accounts that plugins declare. They have no credential until somebody gives them one. */
async function makeAccounts(ctx: Context): Promise<void> {
  const declared = ctx.use(catalogue).accounts;
  const found = await ctx.use(accountStore).findMany(declared.map(({ name }) => foldText(name)));
  for (const [index, { name, realName, permissions = [], roles = [] }] of declared.entries()) {
    const known = found[index];
    if (known?.kind === 'HUMAN')
      ctx.log.warn(
        { account: name },
        'A person has the name of an account that a plugin declares. Rename one of them.',
      );
    if (known) continue;
    const account = await ctx.use(accountStore).insert({
      id: newId(),
      name: parse(accountName, name),
      email: null,
      kind: 'SERVICE',
      realName,
      isActive: true,
      permissions: await resolvePermissions(ctx, permissions),
      roles: await resolveRoles(ctx, roles),
      mustChangePassword: false,
      passwordHash: null,
      etag: newEtag(),
      createdAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (account) tellAccount(ctx, accountCreated, null, account);
  }
}

async function makeAdministrator(ctx: Context, first: FirstAdministrator): Promise<string | null> {
  const name = parse(accountName, first.name);
  const email = first.email === null ? null : parse(accountEmail, first.email);
  const made = first.password === null ? randomBytes(18).toString('base64url') : null;
  const password = made ?? parse(newPassword(first.passwordMinLength), first.password);
  requireUnlikeOwner(password, { name, email });
  const account = await ctx.use(accountStore).insert({
    id: newId(),
    name,
    email,
    kind: 'HUMAN',
    realName: 'Administrator',
    isActive: true,
    permissions: ['*'],
    roles: [],
    mustChangePassword: made !== null,
    passwordHash: await ctx.use(passwordHasher).hash(password),
    etag: newEtag(),
    createdAt: new Date(ctx.clock.now()).toISOString(),
  });
  if (!account) throw new Error(`The first administrator could not be made: ${name} is taken.`);
  tellAccount(ctx, accountCreated, null, account);
  return made;
}
