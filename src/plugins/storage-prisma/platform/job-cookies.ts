import type { Json, JsonObject } from '#kernel/json.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { JobCookieStore } from '#resolvers/platform/jobs/cookies.ts';

const { sql } = Prisma;

const sums: Readonly<Record<'inc' | 'min' | 'max', Prisma.Sql>> = {
  inc: sql`old + given`,
  min: sql`least(old, given)`,
  max: sql`greatest(old, given)`,
};

export class PrismaJobCookies implements JobCookieStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(names: readonly string[]): Promise<JsonObject[]> {
    const rows = await this.#session.select<{ name: string; key: string; value: Json }>(
      sql`SELECT name, key, value FROM job_cookie WHERE name = ANY (${[...names]}::text[]) ORDER BY key`,
    );
    const found = Map.groupBy(rows, ({ name }) => name);
    return names.map((name) => Object.fromEntries((found.get(name) ?? []).map(({ key, value }) => [key, value])));
  }

  async set(name: string, key: string, value: Json): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO job_cookie (name, key, value) VALUES (${name}, ${key}, ${JSON.stringify(value)}::json)
        ON CONFLICT (name, key) DO UPDATE SET value = excluded.value`,
    );
  }

  async delete(name: string, key: string): Promise<void> {
    await this.#session.run((db) => db.jobCookie.deleteMany({ where: { name, key } }));
  }

  async adjust(name: string, key: string, how: 'inc' | 'min' | 'max', value: number): Promise<number> {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<{ value: number }[]>`
        INSERT INTO job_cookie AS kept (name, key, value) VALUES (${name}, ${key}, to_json(${value}::float8))
        ON CONFLICT (name, key) DO UPDATE SET value = to_json((
          SELECT CASE WHEN json_typeof(kept.value) = 'number' THEN ${sums[how]} ELSE given END
          FROM (SELECT
            CASE WHEN json_typeof(kept.value) = 'number' THEN (kept.value#>>'{}')::float8 END AS old,
            ${value}::float8 AS given
          ) AS numbers
        ))
        RETURNING (value#>>'{}')::float8 AS value`,
    );
    return row?.value ?? value;
  }
}
