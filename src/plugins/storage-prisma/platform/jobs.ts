import { type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { claimInSql, dueInSql, fromNow, takeExpiredInSql } from '#plugins/storage-prisma/platform/job-claim.ts';
import { jobListInSql, type ListedRow } from '#plugins/storage-prisma/platform/job-list.ts';
import {
  changeInSql,
  freeColumns,
  type JobRow,
  jobColumns,
  jobRecord,
  toJob,
  toRecord,
} from '#plugins/storage-prisma/platform/job-rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type {
  Claim,
  Held,
  Job,
  JobChange,
  JobList,
  JobState,
  JobStore,
  NewJob,
  Progress,
  SummaryRow,
} from '#resolvers/platform/jobs/job.ts';

const { sql } = Prisma;

/** How often a job that was in the way and is not any more leads to another insert. */
const insertAttempts = 20;

export class PrismaJobs implements JobStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Job | null)[]> {
    const wanted = sql`id = ANY (${[...ids]}::uuid[])`;
    const rows = await this.#session.select<JobRow & { journaled: boolean }>(sql`
      SELECT FALSE AS journaled, ${jobColumns()} FROM job WHERE ${wanted}
      UNION ALL SELECT TRUE, ${jobColumns()} FROM job_journal WHERE ${wanted}`);
    return inOrder(
      ids,
      rows.map((row) => toJob(row, row.journaled)),
    );
  }

  async page(list: JobList, request: PageRequest) {
    const statements = jobListInSql(list, request);
    const rows = await this.#session.select<ListedRow>(statements.rows);
    const count = async () => {
      const [row] = await this.#session.select<{ count: bigint | string }>(statements.count);
      return Number(row?.count ?? 0);
    };
    const page = toPage(request, rows, ({ position }) => position, count);
    return {
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toJob(node, list.journaled), position })),
    };
  }

  async names(): Promise<string[]> {
    const rows = await this.#session.select<{ name: string }>(
      sql`SELECT name FROM job_count UNION SELECT name FROM job_count_change ORDER BY name`,
    );
    return rows.map(({ name }) => name);
  }

  insertUnique(jobs: readonly NewJob[]): Promise<string[]> {
    return this.#session.together(async (db) => {
      const ids = new Map<number, string>();
      for (let attempt = 0; ids.size < jobs.length; attempt += 1) {
        if (attempt === insertAttempts) throw new Error('Jobs that are in the way come and go too fast.');
        const missing = [...jobs.entries()].filter(([place]) => !ids.has(place));
        const records = JSON.stringify(missing.map(([place, job]) => toRecord(job, place)));
        // Keys are taken in one order by all, so that two callers never wait for each other in a circle.
        const inserted = await db.$queryRaw<{ id: string }[]>`
          INSERT INTO job (${jobColumns()})
          SELECT ${jobColumns('row')} FROM json_to_recordset(${records}::json) AS ${jobRecord}
          ORDER BY row.name, row.args_hash, row.place
          ON CONFLICT (name, args_hash) DO NOTHING RETURNING id`;
        const fresh = new Set(inserted.map(({ id }) => id));
        for (const [place, job] of missing) if (fresh.has(job.id)) ids.set(place, job.id);
        const clashing = missing.filter(([place]) => !ids.has(place));
        if (clashing.length === 0) break;
        for (const { place, id } of await db.$queryRaw<{ place: number; id: string }[]>(existing(clashing)))
          ids.set(place, id);
      }
      return jobs.map((_, place) => ids.get(place) ?? '');
    });
  }

  async claimNext(claim: Claim): Promise<{ job: Job; from: JobState } | null> {
    const [row] = await this.#session.together(async (db) => {
      await db.$executeRaw(dueInSql(claim.now));
      const look = (where: Parameters<typeof claimInSql>[1]) =>
        db.$queryRaw<(JobRow & { from: JobState })[]>(claimInSql(claim, where));
      const found = await look('inFront');
      return found.length > 0 ? found : look('ofEachName');
    });
    return row ? { job: toJob(row), from: row.from } : null;
  }

  async renew(held: readonly Held[], life: number): Promise<Job[]> {
    return this.#jobs(sql`
      UPDATE job SET lease_expires_at = ${fromNow(life)}
      FROM unnest(${held.map(({ id }) => id)}::uuid[], ${held.map(({ fence }) => fence)}::uuid[]) AS held(id, fence)
      WHERE job.id = held.id AND job.fence = held.fence
      RETURNING ${jobColumns('job')}`);
  }

  takeExpired({ fence, lease }: { readonly fence: string; readonly lease: number }, limit: number): Promise<Job[]> {
    return this.#jobs(takeExpiredInSql(fence, lease, limit));
  }

  async lock(ids: readonly string[]): Promise<(Job | null)[]> {
    const jobs = await this.#jobs(
      sql`SELECT ${jobColumns()} FROM job WHERE id = ANY (${[...ids]}::uuid[]) ORDER BY id FOR UPDATE`,
    );
    return inOrder(ids, jobs);
  }

  finish({ id, fence }: Held, change: JobChange): Promise<Job | null> {
    const free = [sql`fence = NULL`, sql`lease_worker = NULL`, sql`lease_at = NULL`, sql`lease_expires_at = NULL`];
    return this.#one(sql`
      UPDATE job SET ${changeInSql(change, free)} WHERE id = ${id}::uuid AND fence = ${fence}::uuid
      RETURNING ${jobColumns()}`);
  }

  update(id: string, change: JobChange): Promise<Job | null> {
    return this.#one(sql`UPDATE job SET ${changeInSql(change)} WHERE id = ${id}::uuid RETURNING ${jobColumns()}`);
  }

  progress({ id, fence }: Held, progress: Progress, now: string): Promise<Job | null> {
    return this.#one(sql`
      UPDATE job SET ${changeInSql({ progress }, [sql`heartbeat_at = ${now}::timestamptz`])}
      WHERE id = ${id}::uuid AND fence = ${fence}::uuid RETURNING ${jobColumns()}`);
  }

  async addSource({ id, fence }: Held, source: string): Promise<boolean> {
    const changed = await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE job SET sources = CASE WHEN ${source} = ANY (sources) THEN sources ELSE array_append(sources, ${source}) END
        WHERE id = ${id}::uuid AND fence = ${fence}::uuid`,
    );
    return changed > 0;
  }

  async flagOverdue(now: string, limit: number) {
    const zombies = await this.#jobs(sql`
      WITH silent AS (
        SELECT id FROM job WHERE fence IS NOT NULL AND zombie_at IS NULL
          AND heartbeat_at + zombie_time * interval '1 second' < ${now}::timestamptz
        ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      UPDATE job SET zombie_at = ${now}::timestamptz FROM silent WHERE job.id = silent.id RETURNING ${jobColumns('job')}`);
    const overtime = await this.#jobs(sql`
      WITH late AS (
        SELECT id FROM job WHERE fence IS NOT NULL AND wall_at IS NULL
          AND started_at + wall_time * interval '1 second' < ${now}::timestamptz
        ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED
      )
      UPDATE job SET wall_at = ${now}::timestamptz FROM late WHERE job.id = late.id RETURNING ${jobColumns('job')}`);
    return { zombies, overtime };
  }

  async archive(ids: readonly string[]): Promise<Job[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<JobRow[]>`
        WITH gone AS (DELETE FROM job WHERE id = ANY (${[...ids]}::uuid[]) RETURNING ${jobColumns()})
        INSERT INTO job_journal (${jobColumns()}) SELECT ${freeColumns} FROM gone RETURNING ${jobColumns()}`,
    );
    return rows.map((row) => toJob(row, true));
  }

  async summary(): Promise<SummaryRow[]> {
    await this.#session.run((db) => db.$queryRaw`SELECT job_count_settle()::text`);
    const rows = await this.#session.select<Record<keyof SummaryRow, unknown>>(sql`
      SELECT name, state, zombie, wall, removed, killed, sum(jobs)::int AS count, sum(progress)::float8 AS progress
      FROM (SELECT * FROM job_count UNION ALL
        SELECT name, state, zombie, wall, removed, killed, jobs, progress FROM job_count_change) AS counts
      GROUP BY name, state, zombie, wall, removed, killed HAVING sum(jobs) > 0`);
    return rows as unknown as SummaryRow[];
  }

  async countByState(): Promise<Partial<Record<JobState, number>>> {
    await this.#session.run((db) => db.$queryRaw`SELECT job_count_settle()::text`);
    const rows = await this.#session.select<{ state: JobState; count: number }>(sql`
      SELECT state, sum(jobs)::int AS count
      FROM (SELECT state, jobs FROM job_count UNION ALL SELECT state, jobs FROM job_count_change) AS counts
      GROUP BY state HAVING sum(jobs) > 0`);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  async nextDue(now: string): Promise<string | null> {
    const [row] = await this.#session.select<{ at: Date }>(sql`
      SELECT query_at AS at FROM job
      WHERE query_at IS NOT NULL AND state IN ('PENDING', 'FAILED', 'DEFERRED') AND query_at > ${now}::timestamptz
      ORDER BY query_at LIMIT 1`);
    return row?.at.toISOString() ?? null;
  }

  trimJournal(before: string, limit: number): Promise<number> {
    return this.#session.together(async (db) => {
      const gone = await db.$queryRaw<{ id: string }[]>`
        DELETE FROM job_journal WHERE id IN (
          SELECT id FROM job_journal WHERE coalesce(finished_at, removed_at) < ${before}::timestamptz
          ORDER BY coalesce(finished_at, removed_at) LIMIT ${limit}
        ) RETURNING id`;
      const ids = gone.map(({ id }) => id);
      await db.$executeRaw`DELETE FROM job_log_line WHERE job_id = ANY (${ids}::uuid[])`;
      await db.$executeRaw`DELETE FROM job_output WHERE job_id = ANY (${ids}::uuid[])`;
      return ids.length;
    });
  }

  async #jobs(statement: Prisma.Sql): Promise<Job[]> {
    return (await this.#session.run((db) => db.$queryRaw<JobRow[]>(statement))).map((row) => toJob(row));
  }

  async #one(statement: Prisma.Sql): Promise<Job | null> {
    return (await this.#jobs(statement))[0] ?? null;
  }
}

/** Which jobs are in the way, by the place of what they are in the way of. Each branch is served by the unique key. */
function existing(clashing: readonly (readonly [number, NewJob])[]): Prisma.Sql {
  const wanted = sql`unnest(
    ${clashing.map(([place]) => place)}::int[], ${clashing.map(([, { name }]) => name)}::text[],
    ${clashing.map(([, { argsHash }]) => argsHash)}::text[]
  ) AS wanted(place, name, args_hash)`;
  return sql`
    SELECT wanted.place, job.id FROM ${wanted} JOIN job ON job.name = wanted.name AND job.args_hash = wanted.args_hash
    UNION ALL
    SELECT wanted.place, job.id FROM ${wanted} JOIN job ON job.name = wanted.name AND job.args_hash IS NULL
    WHERE wanted.args_hash IS NULL`;
}

function inOrder(ids: readonly string[], jobs: readonly Job[]): (Job | null)[] {
  const found = new Map(jobs.map((job) => [job.id, job]));
  return ids.map((id) => found.get(id) ?? null);
}
