import { type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql } from '#plugins/storage-prisma/keyset.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { BucketUnit, QueueSample, SampleFilter, SampleStore } from '#resolvers/platform/queue/sample.ts';

const { sql, raw } = Prisma;

type Row = Omit<QueueSample, 'at'> & { readonly at: Date };

const columns = sql`at, pending, deferred, failed, running, error, inactive, killed, total`;
const positionOf = ({ at }: QueueSample) => [at];

export class PrismaQueueSamples implements SampleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async record({ at, pending, deferred, failed, running, error, inactive, killed, total }: QueueSample) {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO queue_sample AS kept (${columns})
        VALUES (${at}::timestamptz, ${pending}, ${deferred}, ${failed}, ${running}, ${error}, ${inactive}, ${killed}, ${total})
        ON CONFLICT (at) DO UPDATE SET pending = excluded.pending, deferred = excluded.deferred,
          failed = excluded.failed, running = excluded.running, error = excluded.error, inactive = excluded.inactive,
          killed = excluded.killed, total = excluded.total
        WHERE excluded.total > kept.total`,
    );
  }

  page(filter: SampleFilter, request: PageRequest) {
    return this.#page(sql`queue_sample WHERE ${within(filter)}`, true, request);
  }

  buckets(filter: SampleFilter, unit: BucketUnit, direction: 'ASC' | 'DESC', request: PageRequest) {
    const bucket = sql`date_trunc(${raw(`'${unit}'`)}, at, 'UTC')`;
    const highest = sql`(
      SELECT DISTINCT ON (${bucket}) ${columns} FROM queue_sample WHERE ${within(filter)}
      ORDER BY ${bucket}, total DESC, at
    ) AS highest WHERE TRUE`;
    return this.#page(highest, direction === 'DESC', request);
  }

  trim(before: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM queue_sample WHERE at IN (
          SELECT at FROM queue_sample WHERE at < ${before}::timestamptz ORDER BY at LIMIT ${limit}
        )`,
    );
  }

  async #page(from: Prisma.Sql, descending: boolean, request: PageRequest) {
    const { bounds, tail } = pageInSql([{ type: 'instant', sql: sql`at`, descending }], request);
    const rows = await this.#session.select<Row>(sql`SELECT ${columns} FROM ${from} AND ${bounds} ${tail}`);
    const count = async () => {
      const [row] = await this.#session.select<{ count: bigint | string }>(sql`SELECT count(*) AS count FROM ${from}`);
      return Number(row?.count ?? 0);
    };
    return toPage(request, rows.map(toSample), positionOf, count);
  }
}

const within = ({ from, to }: SampleFilter): Prisma.Sql =>
  sql`${from == null ? sql`TRUE` : sql`at >= ${from}::timestamptz`} AND ${to == null ? sql`TRUE` : sql`at < ${to}::timestamptz`}`;

const toSample = (row: Row): QueueSample => ({ ...row, at: row.at.toISOString() });
