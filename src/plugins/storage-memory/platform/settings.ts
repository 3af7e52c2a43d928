import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type { Setting, SettingStore } from '#resolvers/platform/settings/setting.ts';

/** By account. */
export const settingTable = defineTable<Setting>('setting');

export class MemorySettings implements SettingStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(accountIds: readonly string[]): Promise<(Setting | null)[]> {
    return this.#session.run((tables) => accountIds.map((id) => tables(settingTable).get(id) ?? null));
  }

  take(fresh: Setting): Promise<Setting> {
    return this.#session.run((tables) => {
      const known = tables(settingTable).get(fresh.accountId);
      if (!known) tables(settingTable).set(fresh.accountId, fresh);
      return known ?? fresh;
    });
  }

  async put(setting: Setting): Promise<void> {
    await this.#session.run((tables) => tables(settingTable).set(setting.accountId, setting));
  }

  async forget(accountId: string): Promise<void> {
    await this.#session.run((tables) => tables(settingTable).delete(accountId));
  }
}
