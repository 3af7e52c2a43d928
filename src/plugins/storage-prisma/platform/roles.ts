import { foldText } from '#kernel/filter.ts';
import { type PageRequest, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma, type Role as Row } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { allOf, logicInSql, textInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import {
  type NewRole,
  type Role,
  type RoleChange,
  type RoleFilter,
  type RoleOrder,
  type RoleStore,
  type RoleTerms,
  rolePosition,
} from '#resolvers/platform/roles/role.ts';

const { sql } = Prisma;

const columns = sql`
  r.id, r.name, r.name_folded AS "nameFolded", r.real_name AS "realName", r.real_name_folded AS "realNameFolded",
  r.is_active AS "isActive", r.permissions, r.roles, r.is_built_in AS "isBuiltIn", r.etag,
  r.created_at AS "createdAt", r.updated_at AS "updatedAt"`;

export class PrismaRoles implements RoleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Role | null)[]> {
    const rows = await this.#session.run((db) => db.role.findMany({ where: { id: { in: [...ids] } } }));
    const found = new Map(rows.map((row) => [row.id, toRole(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async findMany(names: readonly string[]): Promise<(Role | null)[]> {
    if (names.length === 0) return [];
    const rows = await this.#session.run((db) => db.role.findMany({ where: { nameFolded: { in: [...names] } } }));
    const found = new Map(rows.map((row) => [row.nameFolded, toRole(row)]));
    return names.map((name) => found.get(name) ?? null);
  }

  async page(filter: RoleFilter, order: RoleOrder, visibility: Visibility, request: PageRequest) {
    const { bounds, tail } = pageInSql(orderKeys(order), request);
    const where = allOf([visibleRoles(visibility), logicInSql<RoleTerms>(filter, termsInSql)]);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`SELECT ${columns} FROM role AS r WHERE ${where} AND ${bounds} ${tail}`,
    );
    const count = () =>
      this.#session.run(async (db) => {
        const [row] = await db.$queryRaw<{ count: bigint }[]>`SELECT count(*) FROM role AS r WHERE ${where}`;
        return Number(row?.count ?? 0);
      });
    return toPage(request, rows.map(toRole), (role) => rolePosition(role, order), count);
  }

  async names(visibility: Visibility): Promise<string[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ name: string }[]>`
        SELECT r.name FROM role AS r WHERE ${visibleRoles(visibility)} ORDER BY r.name_folded`,
    );
    return rows.map(({ name }) => name);
  }

  insert(role: NewRole): Promise<Role | null> {
    return this.#session.together(async (db) => {
      await lockName(db, foldText(role.name));
      const [row] = await db.role.createManyAndReturn({
        data: [
          {
            ...role,
            permissions: [...role.permissions],
            roles: [...role.roles],
            nameFolded: foldText(role.name),
            realNameFolded: foldText(role.realName),
            updatedAt: role.createdAt,
          },
        ],
        skipDuplicates: true,
      });
      return row ? toRole(row) : null;
    });
  }

  async lock(id: string): Promise<Role | null> {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`SELECT ${columns} FROM role AS r WHERE r.id = ${id}::uuid FOR NO KEY UPDATE`,
    );
    return row ? toRole(row) : null;
  }

  update(id: string, etag: string, change: RoleChange & { readonly etag: string; readonly updatedAt: string }) {
    return this.#session.together(async (db): Promise<Role | 'STALE' | 'TAKEN'> => {
      const [row] = await db.$queryRaw<Row[]>`
        SELECT ${columns} FROM role AS r WHERE r.id = ${id}::uuid AND r.etag = ${etag} FOR UPDATE`;
      if (!row) return 'STALE';
      const { name = row.name, realName = row.realName, permissions, roles, ...plain } = change;
      if (foldText(name) !== row.nameFolded) await lockName(db, foldText(name));
      // A violation of the key would spoil the transaction, so the name is taken by a statement that can be refused.
      const [changed] = await db.$queryRaw<Row[]>`
        UPDATE role AS r SET name = ${name}, name_folded = ${foldText(name)}, real_name = ${realName},
          real_name_folded = ${foldText(realName)}, is_active = ${plain.isActive ?? row.isActive},
          permissions = ${[...(permissions ?? row.permissions)]}::text[], roles = ${[...(roles ?? row.roles)]}::uuid[],
          etag = ${plain.etag}, updated_at = ${plain.updatedAt}::timestamptz
        WHERE r.id = ${id}::uuid
          AND NOT EXISTS (SELECT FROM role AS other WHERE other.name_folded = ${foldText(name)} AND other.id <> r.id)
        RETURNING ${columns}`;
      return changed ? toRole(changed) : 'TAKEN';
    });
  }

  async delete(id: string): Promise<void> {
    await this.#session.together(async (db) => {
      await db.role.deleteMany({ where: { id } });
      await db.$executeRaw`
        UPDATE role SET roles = array_remove(roles, ${id}::uuid) WHERE roles @> ARRAY[${id}::uuid]`;
      await db.$executeRaw`
        UPDATE account SET roles = array_remove(roles, ${id}::uuid) WHERE roles @> ARRAY[${id}::uuid]`;
    });
  }

  async reach(ids: readonly string[], through: 'active' | 'any'): Promise<string[]> {
    if (ids.length === 0) return [];
    const passes = through === 'active' ? sql`r.is_active` : sql`TRUE`;
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ permission: string }[]>`
        WITH RECURSIVE walk (role) AS (
          SELECT r.id FROM role AS r WHERE r.id = ANY (${[...ids]}::uuid[]) AND ${passes}
          UNION
          SELECT r.id FROM walk
          JOIN role AS held ON held.id = walk.role
          JOIN role AS r ON r.id = ANY (held.roles)
          WHERE ${passes}
        )
        SELECT DISTINCT unnest(r.permissions) AS permission FROM walk JOIN role AS r ON r.id = walk.role`,
    );
    return rows.map(({ permission }) => permission);
  }
}

/** Whoever wants a name waits here for others who want it, and then sees whether they got it. */
const lockName = (db: Statements, name: string) =>
  db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`role ${name}`}, 0))`;

const visibleRoles = (visibility: Visibility) => visibleInSql(visibility, { role: byId(sql`r.id`) });

function termsInSql({ name, realName, permission, role, isActive }: RoleTerms): Prisma.Sql {
  return allOf([
    ...(name ? [textInSql(name, sql`r.name`, sql`r.name_folded`)] : []),
    ...(realName ? [textInSql(realName, sql`r.real_name`, sql`r.real_name_folded`)] : []),
    ...(permission == null ? [] : [sql`r.permissions @> ARRAY[${permission}]::text[]`]),
    ...(role == null ? [] : [sql`r.roles @> ARRAY[${role}]::uuid[]`]),
    ...(isActive == null ? [] : [sql`r.is_active = ${isActive}`]),
  ]);
}

function orderKeys({ by, direction }: RoleOrder): readonly SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`r.id`, descending };
  return by === 'NAME'
    ? [{ type: 'text', sql: sql`r.name_folded`, descending }, id]
    : [{ type: 'instant', sql: sql`r.created_at`, descending }, id];
}

const toRole = (row: Row): Role => ({
  id: row.id,
  name: row.name,
  realName: row.realName,
  isActive: row.isActive,
  permissions: row.permissions,
  roles: row.roles,
  isBuiltIn: row.isBuiltIn,
  etag: row.etag,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
