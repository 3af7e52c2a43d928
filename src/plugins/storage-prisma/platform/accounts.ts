import { foldText } from '#kernel/filter.ts';
import { type PageRequest, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma, type Account as Row } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql } from '#plugins/storage-prisma/keyset.ts';
import { handlesOf, takeHandles } from '#plugins/storage-prisma/platform/account-handles.ts';
import {
  columns,
  omit,
  orderKeys,
  type PlainRow,
  termsInSql,
  toAccount,
  toProven,
} from '#plugins/storage-prisma/platform/account-rows.ts';
import { allOf, logicInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
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
} from '#resolvers/platform/accounts/account.ts';

const { sql } = Prisma;

/** Held by whoever changes rights, until the end of his transaction. */
const administrationLock = 7104391003;

export class PrismaAccounts implements AccountStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Account | null)[]> {
    const rows = await this.#session.run((db) => db.account.findMany({ where: { id: { in: [...ids] } }, omit }));
    const found = new Map(rows.map((row) => [row.id, toAccount(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async find(key: Exclude<AccountKey, { id: string }>): Promise<Account | null> {
    const where = 'name' in key ? { nameFolded: key.name } : { email: key.email };
    const handle = 'name' in key ? key.name : key.email;
    // The handle answers by its key; the rest tells a name from an email.
    const row = await this.#session.run((db) =>
      db.account.findFirst({ where: { ...where, handles: { some: { handle } } }, omit }),
    );
    return row && toAccount(row);
  }

  async findMany(namesOrEmails: readonly string[]): Promise<(Account | null)[]> {
    const rows = await this.#session.run((db) =>
      db.accountHandle.findMany({
        where: { handle: { in: [...namesOrEmails] } },
        select: { handle: true, account: { omit } },
      }),
    );
    // One may be deleted between the two reads that this makes.
    const found = new Map(rows.map(({ handle, account }) => [handle, account ? toAccount(account) : null]));
    return namesOrEmails.map((handle) => found.get(handle) ?? null);
  }

  async findForSignIn(nameOrEmail: string) {
    const found = await this.#session.run((db) =>
      db.accountHandle.findUnique({ where: { handle: nameOrEmail }, select: { account: true } }),
    );
    // It may be deleted between the two reads that this makes.
    return found?.account ? toProven(found.account) : null;
  }

  async page(filter: AccountFilter, order: AccountOrder, visibility: Visibility, request: PageRequest) {
    const keys = orderKeys(order);
    const { bounds, tail } = pageInSql(keys, request);
    const where = allOf([
      visibleInSql(visibility, { account: byId(sql`a.id`) }),
      logicInSql<AccountTerms>(filter, termsInSql),
    ]);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<PlainRow[]>`SELECT ${columns} FROM account AS a WHERE ${where} AND ${bounds} ${tail}`,
    );
    const count = () =>
      this.#session.run(async (db) => {
        const [row] = await db.$queryRaw<{ count: bigint }[]>`SELECT count(*) FROM account AS a WHERE ${where}`;
        return Number(row?.count ?? 0);
      });
    return toPage(request, rows.map(toAccount), (account) => accountPosition(account, order), count);
  }

  insert(account: NewAccount): Promise<Account | null> {
    return this.#session.together(async (db) => {
      const row = await db.account.create({
        data: {
          ...account,
          permissions: [...account.permissions],
          roles: [...account.roles],
          nameFolded: foldText(account.name),
          realNameFolded: foldText(account.realName),
          updatedAt: account.createdAt,
        },
        omit,
      });
      if (await takeHandles(db, account.id, handlesOf(account))) return toAccount(row);
      await db.account.delete({ where: { id: account.id } });
      return null;
    });
  }

  async lock(id: string) {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`
        SELECT ${columns}, a.password_hash AS "passwordHash", a.secret_key_hash AS "secretKeyHash"
        FROM account AS a WHERE a.id = ${id}::uuid FOR NO KEY UPDATE`,
    );
    return row ? toProven(row) : null;
  }

  update(id: string, etag: string, change: AccountChange & { readonly etag: string; readonly updatedAt: string }) {
    return this.#session.together(async (db): Promise<Account | 'STALE' | 'TAKEN'> => {
      const [row] = await db.$queryRaw<PlainRow[]>`
        SELECT ${columns} FROM account AS a WHERE a.id = ${id}::uuid AND a.etag = ${etag} FOR NO KEY UPDATE`;
      if (!row) return 'STALE';
      const handles = handlesOf({ ...row, ...change });
      if (change.name !== undefined || change.email !== undefined) {
        if (!(await takeHandles(db, id, handles))) return 'TAKEN';
        await db.accountHandle.deleteMany({ where: { accountId: id, handle: { notIn: handles } } });
      }
      const { permissions, roles, ...plain } = change;
      const changed = await db.account.update({
        where: { id },
        data: {
          ...plain,
          ...(change.secretKeyHash !== undefined && { keyVersion: { increment: 1 } }),
          ...(permissions && { permissions: [...permissions] }),
          ...(roles && { roles: [...roles] }),
          ...(plain.name !== undefined && { nameFolded: foldText(plain.name) }),
          ...(plain.realName !== undefined && { realNameFolded: foldText(plain.realName) }),
        },
        omit,
      });
      return toAccount(changed);
    });
  }

  async delete(id: string): Promise<void> {
    await this.#session.run((db) => db.account.deleteMany({ where: { id } }));
  }

  async recordLogin(id: string, at: string): Promise<void> {
    await this.#session.run((db) => db.account.updateMany({ where: { id }, data: { lastLoginAt: at } }));
  }

  async effective(ids: readonly string[]): Promise<(EffectiveRights | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<(PlainRow & { reached: string[]; granted: string[] })[]>`
        WITH RECURSIVE walk (account, role) AS (
          SELECT a.id, r.id FROM account AS a JOIN role AS r ON r.id = ANY (a.roles)
          WHERE a.id = ANY (${[...ids]}::uuid[]) AND a.is_active AND r.is_active
          UNION
          SELECT walk.account, r.id FROM walk
          JOIN role AS held ON held.id = walk.role
          JOIN role AS r ON r.id = ANY (held.roles)
          WHERE r.is_active
        )
        SELECT ${columns},
          ARRAY(SELECT role FROM walk WHERE walk.account = a.id) AS reached,
          ARRAY(
            SELECT unnest(a.permissions) WHERE a.is_active
            UNION
            SELECT unnest(r.permissions) FROM walk JOIN role AS r ON r.id = walk.role WHERE walk.account = a.id
          ) AS granted
        FROM account AS a WHERE a.id = ANY (${[...ids]}::uuid[])`,
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => {
      const row = found.get(id);
      return row ? { account: toAccount(row), permissions: row.granted, roles: row.reached } : null;
    });
  }

  async lockAdministration(): Promise<void> {
    await this.#session.run((db) => db.$executeRaw`SELECT pg_advisory_xact_lock(${administrationLock}::bigint)`);
  }

  async hasAdministrator(): Promise<boolean> {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<{ found: boolean }[]>`
        WITH RECURSIVE giving (id) AS (
          SELECT id FROM role WHERE is_active AND '*' = ANY (permissions)
          UNION
          SELECT r.id FROM giving JOIN role AS r ON r.roles @> ARRAY[giving.id] WHERE r.is_active
        )
        SELECT EXISTS (
          SELECT FROM account AS a
          WHERE a.is_active AND ('*' = ANY (a.permissions) OR a.roles && ARRAY(SELECT id FROM giving))
        ) AS found`,
    );
    return row?.found ?? false;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#session.run((db) => db.account.findFirst({ select: { id: true } }))) === null;
  }
}
