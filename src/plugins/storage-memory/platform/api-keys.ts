import type { PageRequest } from '#kernel/page.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import type { ApiKey, ApiKeyStore, NewApiKey } from '#resolvers/platform/api-keys/api-key.ts';

const apiKeyTable = defineTable<NewApiKey>('api_key');
/** Ids by the hash of the key. */
const hashTable = defineTable<string>('api_key_hash');
/** Ids by account and name. */
const nameTable = defineTable<string>('api_key_name');

export class MemoryApiKeys implements ApiKeyStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(ApiKey | null)[]> {
    return this.#session.run((tables) => ids.map((id) => plain(tables(apiKeyTable).get(id))));
  }

  findByHash(keyHash: string): Promise<ApiKey | null> {
    return this.#session.run((tables) => plain(tables(apiKeyTable).get(tables(hashTable).get(keyHash) ?? '')));
  }

  page(accountId: string, request: PageRequest) {
    return this.#session.run((tables) => {
      const own = [...tables(apiKeyTable).values()].filter((key) => key.accountId === accountId).map(withoutHash);
      return pageOfRows(own, [{ type: 'uuid', descending: true, value: ({ id }) => id }], request);
    });
  }

  insert(key: NewApiKey): Promise<ApiKey | null> {
    return this.#session.run((tables) => {
      const name = `${key.accountId} ${key.name}`;
      if (tables(nameTable).has(name)) return null;
      tables(nameTable).set(name, key.id);
      tables(hashTable).set(key.keyHash, key.id);
      tables(apiKeyTable).set(key.id, key);
      return withoutHash(key);
    });
  }

  revoke(id: string, at: string): Promise<ApiKey | null> {
    return this.#session.run((tables) => {
      const row = tables(apiKeyTable).get(id);
      if (!row || row.revokedAt !== null) return null;
      tables(apiKeyTable).set(id, { ...row, revokedAt: at });
      return withoutHash({ ...row, revokedAt: at });
    });
  }

  async deleteAll(accountId: string): Promise<void> {
    await this.#session.run((tables) => {
      for (const key of [...tables(apiKeyTable).values()].filter((row) => row.accountId === accountId)) {
        tables(nameTable).delete(`${accountId} ${key.name}`);
        tables(hashTable).delete(key.keyHash);
        tables(apiKeyTable).delete(key.id);
      }
    });
  }

  async recordUse(id: string, at: string, unlessAfter: string): Promise<void> {
    await this.#session.run((tables) => {
      const row = tables(apiKeyTable).get(id);
      if (row && (row.lastUsedAt === null || row.lastUsedAt <= unlessAfter))
        tables(apiKeyTable).set(id, { ...row, lastUsedAt: at });
    });
  }
}

const withoutHash = ({ keyHash: _, ...key }: NewApiKey): ApiKey => key;
const plain = (row: NewApiKey | undefined): ApiKey | null => (row ? withoutHash(row) : null);
