import { foldText, matchesLogic, matchesText } from '#kernel/filter.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { compareText, isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { dropFromAccounts } from '#plugins/storage-memory/platform/account-table.ts';
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

export const roleTable = defineTable<Role>('role');
/** Ids by folded name. */
const nameTable = defineTable<string>('role_name');

/** These roles and all that they hold, each once. */
export function reachRoles(tables: Tables, ids: readonly string[], through: 'active' | 'any'): Role[] {
  const seen = new Map<string, Role>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const role = tables(roleTable).get(id);
    if (!role || seen.has(id) || (through === 'active' && !role.isActive)) continue;
    seen.set(id, role);
    waiting.push(...role.roles);
  }
  return [...seen.values()];
}

export class MemoryRoles implements RoleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Role | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(roleTable).get(id) ?? null));
  }

  findMany(names: readonly string[]): Promise<(Role | null)[]> {
    return this.#session.run((tables) =>
      names.map((name) => tables(roleTable).get(tables(nameTable).get(name) ?? '') ?? null),
    );
  }

  page(filter: RoleFilter, order: RoleOrder, visibility: Visibility, request: PageRequest) {
    return this.#session.run((tables) => {
      const rows = visibleRoles(tables, visibility).filter((role) =>
        matchesLogic<RoleTerms>(filter, (terms) => matches(terms, role)),
      );
      return pageOfRows(rows, orderKeys(order), request);
    });
  }

  names(visibility: Visibility): Promise<string[]> {
    return this.#session.run((tables) =>
      visibleRoles(tables, visibility)
        .sort((one, other) => compareText(foldText(one.name), foldText(other.name)))
        .map(({ name }) => name),
    );
  }

  insert(fresh: NewRole): Promise<Role | null> {
    return this.#session.run((tables) => {
      if (tables(nameTable).has(foldText(fresh.name))) return null;
      const role: Role = { ...fresh, updatedAt: fresh.createdAt };
      tables(nameTable).set(foldText(role.name), role.id);
      tables(roleTable).set(role.id, role);
      return role;
    });
  }

  lock(id: string): Promise<Role | null> {
    return this.#session.run((tables) => tables(roleTable).get(id) ?? null);
  }

  update(id: string, etag: string, change: RoleChange & { readonly etag: string; readonly updatedAt: string }) {
    return this.#session.run((tables): Role | 'STALE' | 'TAKEN' => {
      const before = tables(roleTable).get(id);
      if (before?.etag !== etag) return 'STALE';
      const role = { ...before, ...change };
      if ((tables(nameTable).get(foldText(role.name)) ?? id) !== id) return 'TAKEN';
      tables(nameTable).delete(foldText(before.name));
      tables(nameTable).set(foldText(role.name), id);
      tables(roleTable).set(id, role);
      return role;
    });
  }

  async delete(id: string): Promise<void> {
    await this.#session.run((tables) => {
      const role = tables(roleTable).get(id);
      if (!role) return;
      tables(nameTable).delete(foldText(role.name));
      tables(roleTable).delete(id);
      for (const row of [...tables(roleTable).values()].filter(({ roles }) => roles.includes(id)))
        tables(roleTable).set(row.id, { ...row, roles: row.roles.filter((held) => held !== id) });
      dropFromAccounts(tables, id);
    });
  }

  reach(ids: readonly string[], through: 'active' | 'any'): Promise<string[]> {
    return this.#session.run((tables) => [
      ...new Set(reachRoles(tables, ids, through).flatMap(({ permissions }) => permissions)),
    ]);
  }
}

const visibleRoles = (tables: Tables, visibility: Visibility): Role[] =>
  [...tables(roleTable).values()].filter(({ id }) =>
    isVisible(visibility, ({ kind, value }) => kind === 'role' && value === id),
  );

function matches({ name, realName, permission, role, isActive }: RoleTerms, row: Role): boolean {
  return (
    (!name || matchesText(name, row.name)) &&
    (!realName || matchesText(realName, row.realName)) &&
    (permission == null || row.permissions.includes(permission)) &&
    (role == null || row.roles.includes(role)) &&
    (isActive == null || row.isActive === isActive)
  );
}

function orderKeys(order: RoleOrder): RowKey<Role>[] {
  const descending = order.direction === 'DESC';
  const part = (index: number) => (role: Role) => rolePosition(role, order)[index] ?? '';
  return [
    { type: order.by === 'NAME' ? 'text' : 'instant', descending, value: part(0) },
    { type: 'uuid', descending, value: part(1) },
  ];
}
