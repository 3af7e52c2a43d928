import type { Page, PageRequest } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pagesBelow } from '#plugins/storage-prisma/keyset.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Held } from '#resolvers/platform/jobs/job.ts';
import type { JobLogLine, JobLogStore, LogFilter, NewLogLine } from '#resolvers/platform/jobs/log.ts';

const { sql } = Prisma;

const channel = 'gatehouse_job_log';

type Row = Omit<JobLogLine, 'at'> & { readonly at: Date };

const columns = sql`job_id AS "jobId", number, at, level, message, exception`;

export class PrismaJobLog implements JobLogStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async append({ id, fence }: { readonly id: string; readonly fence: string | null }, lines: readonly NewLogLine[]) {
    const held = fence === null ? sql`TRUE` : sql`fence = ${fence}::uuid`;
    const rows = JSON.stringify(lines.map((line, index) => ({ ...line, index })));
    // The job's row orders those who append.
    const found = await this.#session.run(
      (db) => db.$queryRaw<object[]>`
        WITH counted AS (
          UPDATE job SET log_count = log_count + ${lines.length}::int WHERE id = ${id}::uuid AND ${held}
          RETURNING log_count - ${lines.length}::int AS before
        ), kept AS (
          INSERT INTO job_log_line (job_id, number, at, level, message, exception)
          SELECT ${id}::uuid, counted.before + 1 + row.index, row.at, row.level, row.message, row.exception
          FROM counted, json_to_recordset(${rows}::json)
            AS row(index int, at timestamptz, level text, message text, exception text)
        )
        SELECT pg_notify(${channel}, '')::text FROM counted`,
    );
    return found.length > 0;
  }

  async read(jobId: string, after: number, limit: number): Promise<JobLogLine[]> {
    const rows = await this.#session.select<Row>(sql`
      SELECT ${columns} FROM job_log_line WHERE job_id = ${jobId}::uuid AND number > ${after}
      ORDER BY number LIMIT ${limit}`);
    return rows.map(toLine);
  }

  async pages(jobIds: readonly string[], { levels, after }: LogFilter, request: PageRequest) {
    const wanted = sql`${levels ? sql`level = ANY (${[...levels]}::text[])` : sql`TRUE`} AND number > ${after ?? 0}`;
    const pages = await pagesBelow<Row>(this.#session, jobIds, request, {
      rows: (parent, { bounds, tail }) =>
        sql`SELECT ${columns} FROM job_log_line WHERE job_id = ${parent} AND ${wanted} AND ${bounds} ${tail}`,
      count: (parent) => sql`SELECT count(*) AS count FROM job_log_line WHERE job_id = ${parent} AND ${wanted}`,
      keys: [{ type: 'integer', sql: sql`number` }],
      position: ({ number }) => [String(number)],
    });
    return pages.map(
      (page): Page<JobLogLine> => ({
        ...page,
        items: page.items.map(({ node, position }) => ({ node: toLine(node), position })),
      }),
    );
  }

  async keepOutput({ id, fence }: Held, text: string, at: string): Promise<boolean> {
    const kept = await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO job_output (job_id, text, at)
        SELECT id, ${text}, ${at}::timestamptz FROM job WHERE id = ${id}::uuid AND fence = ${fence}::uuid FOR UPDATE
        ON CONFLICT (job_id) DO UPDATE SET text = excluded.text, at = excluded.at`,
    );
    return kept > 0;
  }

  async outputs(jobIds: readonly string[]): Promise<(string | null)[]> {
    const rows = await this.#session.select<{ id: string; text: string }>(
      sql`SELECT job_id AS id, text FROM job_output WHERE job_id = ANY (${[...jobIds]}::uuid[])`,
    );
    const found = new Map(rows.map(({ id, text }) => [id, text]));
    return jobIds.map((id) => found.get(id) ?? null);
  }

  trimOutputs(before: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM job_output WHERE job_id IN (
          SELECT job_id FROM job_output WHERE at < ${before}::timestamptz ORDER BY at LIMIT ${limit}
        )`,
    );
  }

  listen(wake: () => void): Promise<() => Promise<void>> {
    return this.#session.listen(channel, wake);
  }
}

const toLine = (row: Row): JobLogLine => ({ ...row, at: row.at.toISOString() });
