import { foldText, matchesLogic, matchesText } from '#kernel/filter.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { accountTable } from '#plugins/storage-memory/platform/account-table.ts';
import { reachRoles, roleTable } from '#plugins/storage-memory/platform/roles.ts';
import {
  type Account,
  type AccountChange,
  type AccountFilter,
  type AccountKey,
  type AccountOrder,
  type AccountStore,
  type AccountTerms,
  accountPosition,
  type EffectiveRights,
  type NewAccount,
  type ProvenAccount,
} from '#resolvers/platform/accounts/account.ts';

/** Folded names and emails, each with the id of its account. */
const handleTable = defineTable<string>('account_handle');

export class MemoryAccounts implements AccountStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Account | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(accountTable).get(id)?.account ?? null));
  }

  find(key: Exclude<AccountKey, { id: string }>): Promise<Account | null> {
    return this.#session.run((tables) => {
      const account = byHandle(tables, 'name' in key ? key.name : key.email)?.account ?? null;
      const own = account && ('name' in key ? foldText(account.name) === key.name : account.email === key.email);
      return own ? account : null;
    });
  }

  findMany(namesOrEmails: readonly string[]): Promise<(Account | null)[]> {
    return this.#session.run((tables) => namesOrEmails.map((handle) => byHandle(tables, handle)?.account ?? null));
  }

  findForSignIn(nameOrEmail: string) {
    return this.#session.run((tables) => byHandle(tables, nameOrEmail));
  }

  page(filter: AccountFilter, order: AccountOrder, visibility: Visibility, request: PageRequest) {
    return this.#session.run((tables) => {
      const rows = [...tables(accountTable).values()]
        .map(({ account }) => account)
        .filter(({ id }) => isVisible(visibility, ({ kind, value }) => kind === 'account' && value === id))
        .filter((account) => matchesLogic<AccountTerms>(filter, (terms) => matches(terms, account)));
      return pageOfRows(rows, orderKeys(order), request);
    });
  }

  insert({ passwordHash, secretKeyHash = null, ...fresh }: NewAccount): Promise<Account | null> {
    return this.#session.run((tables) => {
      const account: Account = { ...fresh, lastLoginAt: null, keyVersion: 0, updatedAt: fresh.createdAt };
      if (!takeHandles(tables, account)) return null;
      tables(accountTable).set(account.id, { account, passwordHash, secretKeyHash });
      return account;
    });
  }

  lock(id: string) {
    return this.#session.run((tables) => tables(accountTable).get(id) ?? null);
  }

  update(
    id: string,
    etag: string,
    { passwordHash, secretKeyHash, ...change }: AccountChange & { readonly etag: string; readonly updatedAt: string },
  ) {
    return this.#session.run((tables): Account | 'STALE' | 'TAKEN' => {
      const row = tables(accountTable).get(id);
      if (row?.account.etag !== etag) return 'STALE';
      const keyVersion = row.account.keyVersion + (secretKeyHash === undefined ? 0 : 1);
      const account = { ...row.account, ...change, keyVersion };
      if (!takeHandles(tables, account)) return 'TAKEN';
      for (const handle of handlesOf(row.account)) {
        if (!handlesOf(account).includes(handle)) tables(handleTable).delete(handle);
      }
      tables(accountTable).set(id, {
        account,
        passwordHash: passwordHash ?? row.passwordHash,
        secretKeyHash: secretKeyHash ?? row.secretKeyHash,
      });
      return account;
    });
  }

  async delete(id: string): Promise<void> {
    await this.#session.run((tables) => {
      const row = tables(accountTable).get(id);
      for (const handle of row ? handlesOf(row.account) : []) tables(handleTable).delete(handle);
      tables(accountTable).delete(id);
    });
  }

  async recordLogin(id: string, at: string): Promise<void> {
    await this.#session.run((tables) => {
      const row = tables(accountTable).get(id);
      if (row) tables(accountTable).set(id, { ...row, account: { ...row.account, lastLoginAt: at } });
    });
  }

  effective(ids: readonly string[]): Promise<(EffectiveRights | null)[]> {
    return this.#session.run((tables) =>
      ids.map((id) => {
        const account = tables(accountTable).get(id)?.account;
        if (!account) return null;
        if (!account.isActive) return { account, permissions: [], roles: [] };
        const roles = reachRoles(tables, account.roles, 'active');
        const permissions = [...new Set([...account.permissions, ...roles.flatMap((role) => role.permissions)])];
        return { account, permissions, roles: roles.map((role) => role.id) };
      }),
    );
  }

  async lockAdministration(): Promise<void> {
    // A unit is the only writer from its first use on.
    await this.#session.run(() => {});
  }

  hasAdministrator(): Promise<boolean> {
    return this.#session.run((tables) => {
      const giving = [...tables(roleTable).values()].filter((role) =>
        reachRoles(tables, [role.id], 'active').some(({ permissions }) => permissions.includes('*')),
      );
      const ids = new Set(giving.map((role) => role.id));
      return [...tables(accountTable).values()].some(
        ({ account }) =>
          account.isActive && (account.permissions.includes('*') || account.roles.some((role) => ids.has(role))),
      );
    });
  }

  isEmpty(): Promise<boolean> {
    return this.#session.run((tables) => tables(accountTable).size === 0);
  }
}

const handlesOf = ({ name, email }: Pick<Account, 'name' | 'email'>): string[] =>
  email === null ? [foldText(name)] : [foldText(name), email];

function byHandle(tables: Tables, handle: string): ProvenAccount | null {
  const id = tables(handleTable).get(handle);
  return (id !== undefined && tables(accountTable).get(id)) || null;
}

/** Makes the handles the account's own. False, and nothing taken, when one of them is another's. */
function takeHandles(tables: Tables, account: Account): boolean {
  const handles = tables(handleTable);
  if (handlesOf(account).some((handle) => (handles.get(handle) ?? account.id) !== account.id)) return false;
  for (const handle of handlesOf(account)) handles.set(handle, account.id);
  return true;
}

function matches(terms: AccountTerms, account: Account): boolean {
  const { name, email, realName, permission, role, isActive, kind } = terms;
  return (
    (!name || matchesText(name, account.name)) &&
    (!email || matchesText(email, account.email)) &&
    (!realName || matchesText(realName, account.realName)) &&
    (permission == null || account.permissions.includes(permission)) &&
    (role == null || account.roles.includes(role)) &&
    (isActive == null || account.isActive === isActive) &&
    (kind == null || account.kind === kind)
  );
}

function orderKeys(order: AccountOrder): RowKey<Account>[] {
  const descending = order.direction === 'DESC';
  const part = (index: number) => (account: Account) => accountPosition(account, order)[index] ?? '';
  return [
    { type: order.by === 'NAME' ? 'text' : 'instant', descending, value: part(0) },
    { type: 'uuid', descending, value: part(1) },
  ];
}
