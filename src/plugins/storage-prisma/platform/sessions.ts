import { type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma, type Session as Row } from '#plugins/storage-prisma/generated/client.ts';
import { pageOfModel } from '#plugins/storage-prisma/keyset.ts';
import type { Session as StorageSession } from '#plugins/storage-prisma/session.ts';
import type { NewSession, Session, SessionStore } from '#resolvers/platform/sessions/session.ts';

const { sql } = Prisma;

const returned = sql`
  id, account_id AS "accountId", token_hash AS "tokenHash", label, user_agent AS "userAgent", address,
  created_at AS "createdAt", extended_at AS "extendedAt", expires_at AS "expiresAt", ends_at AS "endsAt"`;

export class PrismaSessions implements SessionStore {
  readonly #session: StorageSession;

  constructor(session: StorageSession) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Session | null)[]> {
    const rows = await this.#session.run((db) => db.session.findMany({ where: { id: { in: [...ids] } } }));
    const found = new Map(rows.map((row) => [row.id, toSession(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async findByHash(tokenHash: string): Promise<Session | null> {
    const [row] = await this.#session.select<Row>(sql`SELECT ${returned} FROM session WHERE token_hash = ${tokenHash}`);
    return row ? toSession(row) : null;
  }

  async page(accountId: string, now: string, request: PageRequest) {
    const { where, ...page } = pageOfModel([{ type: 'uuid', field: 'id', descending: true }], request);
    const live = { accountId, expiresAt: { gt: now } };
    const rows = await this.#session.run((db) => db.session.findMany({ ...page, where: { AND: [live, where] } }));
    const count = () => this.#session.run((db) => db.session.count({ where: live }));
    return toPage(request, rows.map(toSession), ({ id }) => [id], count);
  }

  async insert(session: NewSession): Promise<Session> {
    return toSession(await this.#session.run((db) => db.session.create({ data: session })));
  }

  async extend(id: string, extendedAt: string, next: Pick<Session, 'extendedAt' | 'expiresAt'>) {
    return this.#session.together(async (db) => {
      await db.session.updateMany({ where: { id, extendedAt, expiresAt: { lt: next.expiresAt } }, data: next });
      const row = await db.session.findUnique({ where: { id } });
      return row && toSession(row);
    });
  }

  async end(ids: readonly string[]): Promise<Session[]> {
    return this.#delete(sql`id = ANY (${[...ids]}::uuid[])`);
  }

  async endAll(accountId: string, except: string | null): Promise<Session[]> {
    return this.#delete(sql`account_id = ${accountId}::uuid AND id IS DISTINCT FROM ${except}::uuid`);
  }

  trim(accountId: string, keep: number, now: string): Promise<Session[]> {
    return this.#session.together(async (db) => {
      await db.session.deleteMany({ where: { accountId, expiresAt: { lte: now } } });
      const rows = await db.$queryRaw<Row[]>`
        DELETE FROM session WHERE id IN (
          SELECT id FROM session WHERE account_id = ${accountId}::uuid ORDER BY id DESC OFFSET ${keep}
        )
        RETURNING ${returned}`;
      return rows.map(toSession).sort(byId);
    });
  }

  forget(before: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM session WHERE id IN (
          SELECT id FROM session WHERE expires_at < ${before}::timestamptz ORDER BY expires_at LIMIT ${limit}
        )`,
    );
  }

  async #delete(condition: Prisma.Sql): Promise<Session[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`DELETE FROM session WHERE ${condition} RETURNING ${returned}`,
    );
    return rows.map(toSession).sort(byId);
  }
}

const byId = (one: Session, other: Session): number => (one.id < other.id ? -1 : 1);

const toSession = ({ tokenHash: _, ...row }: Row): Session => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  extendedAt: row.extendedAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  endsAt: row.endsAt.toISOString(),
});
