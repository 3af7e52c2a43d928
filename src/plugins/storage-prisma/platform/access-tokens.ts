import type { Session } from '#plugins/storage-prisma/session.ts';
import type { AccessToken, AccessTokenStore } from '#resolvers/platform/access/token.ts';

export class PrismaAccessTokens implements AccessTokenStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async ofAccounts(accountIds: readonly string[]): Promise<AccessToken[]> {
    const rows = await this.#session.run((db) =>
      db.accessToken.findMany({ where: { accountId: { in: [...accountIds] } } }),
    );
    return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }));
  }

  async holders(after: string | null, limit: number): Promise<string[]> {
    const rows = await this.#session.run((db) =>
      db.accessToken.findMany({
        where: after === null ? {} : { accountId: { gt: after } },
        select: { accountId: true },
        distinct: ['accountId'],
        orderBy: { accountId: 'asc' },
        take: limit,
      }),
    );
    return rows.map(({ accountId }) => accountId);
  }

  async put(token: AccessToken): Promise<void> {
    const { accountId, protocol, ...kept } = { ...token, databases: [...token.databases] };
    await this.#session.run((db) =>
      db.accessToken.upsert({
        where: { accountId_protocol: { accountId, protocol } },
        create: { accountId, protocol, ...kept },
        update: kept,
      }),
    );
  }

  async remove(accountId: string, protocol: string): Promise<void> {
    await this.#session.run((db) => db.accessToken.deleteMany({ where: { accountId, protocol } }));
  }
}
