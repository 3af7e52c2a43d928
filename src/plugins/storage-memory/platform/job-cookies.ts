import type { Json, JsonObject } from '#kernel/json.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { compareText } from '#plugins/storage-memory/page.ts';
import type { JobCookieStore } from '#resolvers/platform/jobs/cookies.ts';

const cookieTable = defineTable<{ readonly name: string; readonly key: string; readonly value: Json }>('job_cookie');
const idOf = (name: string, key: string): string => JSON.stringify([name, key]);

const sums: Readonly<Record<'inc' | 'min' | 'max', (old: number, given: number) => number>> = {
  inc: (old, given) => old + given,
  min: Math.min,
  max: Math.max,
};

export class MemoryJobCookies implements JobCookieStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(names: readonly string[]): Promise<JsonObject[]> {
    return this.#session.run((tables) => {
      const found = Map.groupBy([...tables(cookieTable).values()], ({ name }) => name);
      return names.map((name) => {
        const cookies = [...(found.get(name) ?? [])].sort((one, other) => compareText(one.key, other.key));
        return Object.fromEntries(cookies.map(({ key, value }) => [key, value]));
      });
    });
  }

  async set(name: string, key: string, value: Json): Promise<void> {
    const kept = structuredClone(value) as Json;
    await this.#session.run((tables) => tables(cookieTable).set(idOf(name, key), { name, key, value: kept }));
  }

  async delete(name: string, key: string): Promise<void> {
    await this.#session.run((tables) => tables(cookieTable).delete(idOf(name, key)));
  }

  adjust(name: string, key: string, how: 'inc' | 'min' | 'max', given: number): Promise<number> {
    return this.#session.run((tables) => {
      const old = tables(cookieTable).get(idOf(name, key))?.value;
      const value = typeof old === 'number' ? sums[how](old, given) : given;
      tables(cookieTable).set(idOf(name, key), { name, key, value });
      return value;
    });
  }
}
