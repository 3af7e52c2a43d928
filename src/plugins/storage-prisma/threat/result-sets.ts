import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { inOrder, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { PartEnd, ResultSet, ResultSetStore } from '#resolvers/threat/polls/result-set.ts';

const { sql } = Prisma;

const columns = sql`s.id, s.data_collection_id AS "dataCollectionId", s.wanted, s.begin_label::text AS begin,
  s.end_label::text AS end, s.end_stated AS "endStated", s.part_size AS "partSize",
  s.max_result_count AS "maxResultCount", s.subscription_id AS "subscriptionId", s.created_at::text AS "createdAt",
  s.expires_at::text AS "expiresAt"`;

const toSet = ({ begin, end, createdAt, expiresAt, ...row }: ResultSet): ResultSet => ({
  ...row,
  begin: begin && toInstant(begin),
  end: toInstant(end),
  createdAt: toInstant(createdAt),
  expiresAt: toInstant(expiresAt),
});

export class PrismaResultSets implements ResultSetStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async insert(set: ResultSet): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO result_set (id, data_collection_id, wanted, begin_label, end_label, end_stated, part_size,
          max_result_count, subscription_id, created_at, expires_at)
        SELECT id, "dataCollectionId", wanted, begin, "end", "endStated", "partSize", "maxResultCount",
          "subscriptionId", "createdAt", "expiresAt"
        FROM json_to_record(${JSON.stringify(set)}::json) AS row(id uuid, "dataCollectionId" uuid, wanted jsonb,
          begin timestamptz, "end" timestamptz, "endStated" boolean, "partSize" int, "maxResultCount" int,
          "subscriptionId" uuid, "createdAt" timestamptz, "expiresAt" timestamptz)`,
    );
  }

  async getMany(ids: readonly string[]): Promise<(ResultSet | null)[]> {
    const rows = await this.#session.select<ResultSet>(
      sql`SELECT ${columns} FROM result_set AS s WHERE s.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toSet));
  }

  async lock(id: string): Promise<ResultSet | null> {
    const [row] = await this.#session.run(
      (db) => db.$queryRaw<ResultSet[]>`
        SELECT ${columns} FROM result_set AS s WHERE s.id = ANY (${uuids([id])}::uuid[]) FOR UPDATE`,
    );
    return row ? toSet(row) : null;
  }

  async nearestEnd(id: string, part: number): Promise<PartEnd | null> {
    const [row] = await this.#session.select<{ part: number; label: string; block: string }>(sql`
      SELECT part, timestamp_label::text AS label, block_id AS block FROM result_set_part
      WHERE result_set_id = ${id}::uuid AND part <= ${part} ORDER BY part DESC LIMIT 1`);
    return row ? { part: row.part, last: { timestampLabel: toInstant(row.label), id: row.block } } : null;
  }

  async keepEnds(id: string, ends: readonly PartEnd[]): Promise<void> {
    const rows = ends.map(({ part, last }) => ({ part, label: last.timestampLabel, block: last.id }));
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO result_set_part (result_set_id, part, timestamp_label, block_id)
        SELECT ${id}::uuid, part, label, block
        FROM json_to_recordset(${JSON.stringify(rows)}::json) AS row(part int, label timestamptz, block uuid)
        ON CONFLICT DO NOTHING`,
    );
  }

  async countExpired(now: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM result_set WHERE expires_at <= ${now}::timestamptz`,
    );
    return row?.count ?? 0;
  }

  deleteExpired(now: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM result_set WHERE id IN (
          SELECT id FROM result_set WHERE expires_at <= ${now}::timestamptz ORDER BY expires_at, id LIMIT ${limit}
        )`,
    );
  }

  async deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void> {
    await this.#session.run((db) =>
      db.resultSet.deleteMany({ where: { dataCollectionId: { in: uuids(dataCollectionIds) } } }),
    );
  }
}
