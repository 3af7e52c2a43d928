import { Prisma, type Account as Row } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { allOf, textInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import type { Account, AccountKind, AccountOrder, AccountTerms } from '#resolvers/platform/accounts/account.ts';

const { sql } = Prisma;

/** What is read of the table `account AS a`, under the names of the rows. */
export const columns = sql`
  a.id, a.name, a.name_folded AS "nameFolded", a.email, a.kind, a.real_name AS "realName",
  a.real_name_folded AS "realNameFolded", a.is_active AS "isActive", a.permissions, a.roles,
  a.must_change_password AS "mustChangePassword", a.last_login_at AS "lastLoginAt", a.etag,
  a.created_at AS "createdAt", a.updated_at AS "updatedAt"`;

/** The hash of the password is read only where it is asked for. */
export const omit = { passwordHash: true } as const;
export type PlainRow = Omit<Row, 'passwordHash'>;

export function termsInSql({ name, email, realName, permission, role, isActive, kind }: AccountTerms): Prisma.Sql {
  return allOf([
    ...(name ? [textInSql(name, sql`a.name`, sql`a.name_folded`)] : []),
    ...(email ? [textInSql(email, sql`a.email`, sql`a.email`)] : []),
    ...(realName ? [textInSql(realName, sql`a.real_name`, sql`a.real_name_folded`)] : []),
    ...(permission == null ? [] : [sql`a.permissions @> ARRAY[${permission}]::text[]`]),
    ...(role == null ? [] : [sql`a.roles @> ARRAY[${role}]::uuid[]`]),
    ...(isActive == null ? [] : [sql`a.is_active = ${isActive}`]),
    ...(kind == null ? [] : [sql`a.kind = ${kind}`]),
  ]);
}

export function orderKeys({ by, direction }: AccountOrder): readonly SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`a.id`, descending };
  switch (by) {
    case 'NAME':
      return [{ type: 'text', sql: sql`a.name_folded`, descending }, id];
    case 'CREATED':
      return [{ type: 'instant', sql: sql`a.created_at`, descending }, id];
    case 'LAST_LOGIN':
      return [{ type: 'instant', sql: sql`coalesce(a.last_login_at, 'epoch')`, descending }, id];
  }
}

export const toAccount = (row: PlainRow): Account => ({
  id: row.id,
  name: row.name,
  email: row.email,
  kind: row.kind as AccountKind,
  realName: row.realName,
  isActive: row.isActive,
  permissions: row.permissions,
  roles: row.roles,
  mustChangePassword: row.mustChangePassword,
  lastLoginAt: row.lastLoginAt?.toISOString() ?? null,
  etag: row.etag,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
