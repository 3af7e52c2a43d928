import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import {
  countFailure,
  type ThrottleKey,
  type ThrottleRow,
  type ThrottleState,
  type ThrottleStore,
} from '#resolvers/platform/sign-in/throttle.ts';

const throttleTable = defineTable<ThrottleRow>('throttle');

export class MemoryThrottle implements ThrottleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  waitUntil(keys: readonly string[]): Promise<number> {
    return this.#session.run((tables) => Math.max(0, ...keys.map((key) => tables(throttleTable).get(key)?.until ?? 0)));
  }

  hit(keys: readonly ThrottleKey[], now: number, window: number): Promise<ThrottleState[]> {
    return this.#session.run((tables) => {
      const table = tables(throttleTable);
      const stale = [...table.values()].filter(({ since, until }) => now >= Math.max(since, until) + window);
      const rows = keys.map((key) => countFailure(table.get(key.key) ?? null, key, now, window));
      for (const { key } of stale) table.delete(key);
      for (const row of rows) table.set(row.key, row);
      return rows.map(({ key, failures, until }) => ({ key, failures, until }));
    });
  }

  async forget(key: string): Promise<void> {
    await this.#session.run((tables) => void tables(throttleTable).delete(key));
  }
}
