import { type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma, type ApiKey as Row } from '#plugins/storage-prisma/generated/client.ts';
import { pageOfModel } from '#plugins/storage-prisma/keyset.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ApiKey, ApiKeyStore, NewApiKey } from '#resolvers/platform/api-keys/api-key.ts';

const { sql } = Prisma;

const columns = sql`
  id, account_id AS "accountId", name, prefix, key_hash AS "keyHash", permissions, is_narrowed AS "isNarrowed", addresses,
  expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt", created_at AS "createdAt"`;

export class PrismaApiKeys implements ApiKeyStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(ApiKey | null)[]> {
    const rows = await this.#session.run((db) => db.apiKey.findMany({ where: { id: { in: [...ids] } } }));
    const found = new Map(rows.map((row) => [row.id, toApiKey(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async findByHash(keyHash: string): Promise<ApiKey | null> {
    const [row] = await this.#session.select<Row>(sql`SELECT ${columns} FROM api_key WHERE key_hash = ${keyHash}`);
    return row ? toApiKey(row) : null;
  }

  async page(accountId: string, request: PageRequest) {
    const { where, ...page } = pageOfModel([{ type: 'uuid', field: 'id', descending: true }], request);
    const rows = await this.#session.run((db) =>
      db.apiKey.findMany({ ...page, where: { AND: [{ accountId }, where] } }),
    );
    const count = () => this.#session.run((db) => db.apiKey.count({ where: { accountId } }));
    return toPage(request, rows.map(toApiKey), ({ id }) => [id], count);
  }

  async insert({ permissions, ...key }: NewApiKey): Promise<ApiKey | null> {
    const [row] = await this.#session.run((db) =>
      db.apiKey.createManyAndReturn({
        data: [
          {
            ...key,
            addresses: [...key.addresses],
            permissions: [...(permissions ?? [])],
            isNarrowed: permissions !== null,
          },
        ],
        skipDuplicates: true,
      }),
    );
    return row ? toApiKey(row) : null;
  }

  async revoke(id: string, at: string): Promise<ApiKey | null> {
    const [row] = await this.#session.run((db) =>
      db.apiKey.updateManyAndReturn({ where: { id, revokedAt: null }, data: { revokedAt: at } }),
    );
    return row ? toApiKey(row) : null;
  }

  async deleteAll(accountId: string): Promise<void> {
    await this.#session.run((db) => db.apiKey.deleteMany({ where: { accountId } }));
  }

  async recordUse(id: string, at: string, unlessAfter: string): Promise<void> {
    await this.#session.run((db) =>
      db.apiKey.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: unlessAfter } }] },
        data: { lastUsedAt: at },
      }),
    );
  }
}

const toApiKey = ({ keyHash: _, isNarrowed, ...row }: Row): ApiKey => ({
  ...row,
  permissions: isNarrowed ? row.permissions : null,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});
