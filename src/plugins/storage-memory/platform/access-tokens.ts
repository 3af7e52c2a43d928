import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type { AccessToken, AccessTokenStore } from '#resolvers/platform/access/token.ts';

const tokenTable = defineTable<AccessToken>('access_token');

const keyOf = (accountId: string, protocol: string) => `${accountId} ${protocol}`;

export class MemoryAccessTokens implements AccessTokenStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  ofAccounts(accountIds: readonly string[]): Promise<AccessToken[]> {
    return this.#session.run((tables) =>
      [...tables(tokenTable).values()].filter(({ accountId }) => accountIds.includes(accountId)),
    );
  }

  holders(after: string | null, limit: number): Promise<string[]> {
    return this.#session.run((tables) => {
      const ids = new Set([...tables(tokenTable).values()].map(({ accountId }) => accountId));
      return [...ids]
        .filter((id) => after === null || id > after)
        .sort()
        .slice(0, limit);
    });
  }

  async put(token: AccessToken): Promise<void> {
    await this.#session.run((tables) => tables(tokenTable).set(keyOf(token.accountId, token.protocol), token));
  }

  async remove(accountId: string, protocol: string): Promise<void> {
    await this.#session.run((tables) => tables(tokenTable).delete(keyOf(accountId, protocol)));
  }
}
