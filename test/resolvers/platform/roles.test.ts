import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '#kernel/context.ts';
import { ConflictError, ForbiddenError, InputError, NotFoundError } from '#kernel/errors.ts';
import { createRole, type RoleUpdateInput, updateRole } from '#resolvers/platform/roles/change.ts';
import { findRole, listRoleNames, listRoles } from '#resolvers/platform/roles/queries.ts';
import { type Identity, openIdentity } from '../../support/identity.ts';

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;

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
const names = async (ctx: Context, filter: object, over: object = {}) => {
  const found = await listRoles(ctx, { filter }, { ...page, ...over });
  return [found.items.map(({ node }) => node.name), await found.count()];
};

describe('the first start', () => {
  test('makes the built-in roles and those that plugins declare, with what is marked as standard', async () => {
    expect(await listRoleNames(id.system)).toEqual(['anonymous', 'keeper', 'standard']);
    expect(await findRole(id.system, { name: 'Standard' })).toMatchObject({
      isBuiltIn: true,
      permissions: ['event:read', 'system:read', 'zoo:read'],
    });
    expect(await findRole(id.system, { name: 'anonymous' })).toMatchObject({ isBuiltIn: true, permissions: [] });
    expect(await findRole(id.system, { name: 'keeper' })).toMatchObject({ permissions: ['zoo:write@place/house'] });
  });
});

describe('a role', () => {
  test('is read, made and changed with the right for each', async () => {
    const reader = (await id.person(['role:read'])).ctx;
    const maker = (await id.person(['role:create'])).ctx;
    const both = (await id.person(['role:read', 'role:create', 'role:delete'])).ctx;
    expect((await listRoleNames(reader)).length).toBeGreaterThan(2);
    expect(await errorOf(createRole(reader, { name: 'a' }))).toBeInstanceOf(ForbiddenError);
    const made = await createRole(maker, { name: 'made-here' });
    expect(await errorOf(listRoles(maker, {}, page))).toBeInstanceOf(ForbiddenError);
    expect(await errorOf(listRoleNames(maker))).toBeInstanceOf(ForbiddenError);
    const update = updateRole(both, { by: { id: made.id }, etag: made.etag, realName: 'x' });
    expect(await errorOf(update)).toBeInstanceOf(ForbiddenError);
    const one = (await id.person([`role:read@role/made-here`])).ctx;
    expect(await listRoleNames(one)).toEqual(['made-here']);
    expect(await findRole(one, { name: 'standard' })).toBeNull();
  });

  test('refuses bad names and permissions', async () => {
    for (const input of [
      { name: '' },
      { name: 'a b' },
      { name: 'x'.repeat(129) },
      { name: 'n', permissions: ['role:x'] },
    ])
      expect(await errorOf(createRole(id.system, input))).toBeInstanceOf(InputError);
    expect(await errorOf(createRole(id.system, { name: 'STANDARD' }))).toMatchObject({
      message: 'name or email exists',
    });
    expect(await errorOf(createRole(id.system, { name: 'n', roles: ['none'] }))).toBeInstanceOf(NotFoundError);
  });

  test('changes with its etag: unchanged for equal data, refused when stale or taken', async () => {
    const role = await createRole(id.system, { name: 'etag', realName: 'E', permissions: ['role:read', 'event:read'] });
    const change = (over: Partial<RoleUpdateInput>) =>
      updateRole(id.system, { by: { name: 'etag' }, etag: role.etag, ...over });
    await id.told();
    expect(await change({ permissions: ['event:read', 'role:read'], realName: 'E' })).toEqual({ changed: false, role });
    expect(await errorOf(change({ name: 'Keeper' }))).toBeInstanceOf(ConflictError);
    expect(await id.told()).toEqual([]);
    const next = await change({ isActive: false });
    expect([next.changed, next.role.isActive, next.role.etag === role.etag]).toEqual([true, false, false]);
    expect(await errorOf(change({ realName: 'F' }))).toMatchObject({ currentEtag: next.role.etag });
    expect(await id.tellings()).toMatchObject([
      { name: 'platform.role.updated', data: { changed: ['isActive'] }, before: { isActive: true }, retain: 'AUDIT' },
    ]);
  });

  test('that is built in keeps its name and may change otherwise', async () => {
    const keeper = await findRole(id.system, { name: 'keeper' });
    const by = { name: 'keeper' };
    const etag = keeper?.etag ?? '';
    expect(await errorOf(updateRole(id.system, { by, etag, name: 'guard' }))).toBeInstanceOf(ConflictError);
    expect((await updateRole(id.system, { by, etag, permissions: [] })).role.permissions).toEqual([]);
  });

  test('may hold itself', async () => {
    const role = await createRole(id.system, { name: 'snake', permissions: ['role:read'] });
    await updateRole(id.system, { by: { name: 'snake' }, etag: role.etag, roles: ['snake'] });
    const { ctx } = await id.person([], { roles: ['snake'] });
    expect(ctx.viewer.rights.texts).toEqual(['role:read']);
  });

  test('takes nothing that its changer lacks, also not by waking up', async () => {
    const asleep = await createRole(id.system, { name: 'asleep', isActive: false, permissions: ['account:delete'] });
    const { ctx } = await id.person(['role:update', 'role:read']);
    const change = (input: object) => errorOf(updateRole(ctx, { by: { name: 'asleep' }, etag: asleep.etag, ...input }));
    expect(await change({ isActive: true })).toBeInstanceOf(ForbiddenError);
    expect(await change({ permissions: ['account:delete', 'account:read'] })).toBeInstanceOf(ForbiddenError);
    expect(await change({ roles: ['asleep'] })).toBeInstanceOf(ForbiddenError);
    expect(await change({ isActive: true, permissions: ['role:read'] })).toBeNull();
  });

  test('is found by filters that combine, and by page number', async () => {
    for (let index = 0; index < 60; index += 1)
      await createRole(id.system, { name: `p${String(index).padStart(2, '0')}` });
    for (const realName of ['Liese', 'Lisa', 'Lieselotte'])
      await createRole(id.system, { name: `n-${realName}`, realName });
    expect(await names(id.system, { name: { like: 'p*' } }, { limit: 11, offset: 55 })).toEqual([
      ['p55', 'p56', 'p57', 'p58', 'p59'],
      60,
    ]);
    expect(await names(id.system, { name: { like: 'none*' } })).toEqual([[], 0]);
    expect((await names(id.system, { realName: { like: 'Li*' } }))[1]).toBe(3);
    expect((await names(id.system, { realName: { in: ['Liese'] } }))[1]).toBe(1);
    expect((await names(id.system, { realName: { like: 'Li*', ne: 'Lisa' } }))[1]).toBe(2);
    await createRole(id.system, { name: 'holds', roles: ['p00'], permissions: ['zoo:read@place/pen'] });
    expect(await names(id.system, { role: 'P00' })).toEqual([['holds'], 1]);
    expect(await names(id.system, { role: 'nobody' })).toEqual([[], 0]);
    expect(await names(id.system, { permission: 'zoo:read@alias/x' })).toEqual([['holds'], 1]);
    expect(await errorOf(listRoles(id.system, { filter: { not: { permission: 'zoo:x' } } }, page))).toMatchObject({
      fields: [{ path: ['filter', 'not', 'permission'], message: 'Invalid permission "zoo:x".' }],
    });
  });
});
