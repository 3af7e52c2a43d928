import type { JsonObject } from '#kernel/json.ts';
import { Prisma, type Setting as Row } from '#plugins/storage-prisma/generated/client.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Setting, SettingStore } from '#resolvers/platform/settings/setting.ts';

const { sql } = Prisma;

const columns = sql`account_id AS "accountId", value, etag, created_at AS "createdAt", updated_at AS "updatedAt"`;

export class PrismaSettings implements SettingStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(accountIds: readonly string[]): Promise<(Setting | null)[]> {
    const rows = await this.#session.run((db) =>
      db.setting.findMany({ where: { accountId: { in: [...accountIds] } } }),
    );
    const found = new Map(rows.map((row) => [row.accountId, toSetting(row)]));
    return accountIds.map((id) => found.get(id) ?? null);
  }

  take(fresh: Setting): Promise<Setting> {
    return this.#session.together(async (db) => {
      await db.setting.createMany({ data: [toRow(fresh)], skipDuplicates: true });
      const [row] = await db.$queryRaw<Row[]>`
        SELECT ${columns} FROM setting WHERE account_id = ${fresh.accountId}::uuid FOR UPDATE`;
      return row ? toSetting(row) : fresh;
    });
  }

  async put(setting: Setting): Promise<void> {
    const { accountId, value, etag, updatedAt } = toRow(setting);
    await this.#session.run((db) => db.setting.update({ where: { accountId }, data: { value, etag, updatedAt } }));
  }

  async forget(accountId: string): Promise<void> {
    await this.#session.run((db) => db.setting.deleteMany({ where: { accountId } }));
  }
}

const toRow = (setting: Setting) => ({ ...setting, value: setting.value as Prisma.InputJsonObject });

const toSetting = (row: Row): Setting => ({
  ...row,
  value: row.value as JsonObject,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
