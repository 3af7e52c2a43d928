import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { jobColumns } from '#plugins/storage-prisma/platform/job-rows.ts';
import type { Claim } from '#resolvers/platform/jobs/job.ts';

const { sql } = Prisma;

/** The rows of the index of what may be claimed; the planner must read the very words of the index. */
const waiting = sql`fence IS NULL AND query_at IS NULL AND state IN ('PENDING', 'FAILED', 'DEFERRED')`;

/** Now plus milliseconds, by the clock of the database. */
export const fromNow = (milliseconds: number): Prisma.Sql =>
  sql`clock_timestamp() + ${milliseconds}::double precision * interval '1 millisecond'`;

/** Starts or inactivates the first job that may start. Answers its row, and its state before as `from`. */
export function claimInSql(claim: Claim): Prisma.Sql {
  const { worker, running, exceptProjects, forcedOnly, now } = claim;
  return sql`
    WITH candidate AS (
      SELECT id, state, state = 'DEFERRED' AND inactive_at IS NOT NULL AND inactive_at <= ${now}::timestamptz AS late
      FROM job
      WHERE ${waiting} AND attempts_left > 0 AND removed_at IS NULL AND killed_at IS NULL
        AND (pinned_worker IS NULL OR pinned_worker = ${worker})
        AND (force OR NOT ${forcedOnly}::boolean)
        AND (max_parallel IS NULL OR max_parallel > coalesce((${JSON.stringify(running)}::jsonb ->> name)::int, 0))
        AND split_part(name, '.', 1) <> ALL (${[...exceptProjects]}::text[])
      ORDER BY force DESC, priority DESC, id
      LIMIT 1
      FOR UPDATE SKIP LOCKED
    )
    UPDATE job SET
      state = CASE WHEN late THEN 'INACTIVE' ELSE 'RUNNING' END,
      fence = CASE WHEN late THEN NULL ELSE ${claim.fence}::uuid END,
      lease_worker = CASE WHEN late THEN NULL ELSE ${worker} END,
      lease_at = CASE WHEN late THEN NULL ELSE clock_timestamp() END,
      lease_expires_at = CASE WHEN late THEN NULL ELSE ${fromNow(claim.lease)} END,
      started_at = CASE WHEN late THEN started_at ELSE ${now}::timestamptz END,
      heartbeat_at = CASE WHEN late THEN heartbeat_at ELSE ${now}::timestamptz END,
      finished_at = CASE WHEN late THEN ${now}::timestamptz ELSE finished_at END,
      progress_value = CASE WHEN late THEN progress_value END,
      progress_message = CASE WHEN late THEN progress_message END,
      trial = trial + CASE WHEN late THEN 0 ELSE 1 END,
      inactive_at = coalesce(inactive_at, ${now}::timestamptz + defer_max * interval '1 second')
    FROM candidate
    WHERE job.id = candidate.id
    RETURNING candidate.state AS "from", ${jobColumns('job')}`;
}

/** The most jobs that a claim finds due at once; the others are found by the next ones. */
const mostDue = 1000;

/** Takes the time from jobs whose time has come, so that they are among those that may be claimed. */
export const dueInSql = (now: string): Prisma.Sql => sql`
  UPDATE job SET query_at = NULL WHERE id IN (
    SELECT id FROM job
    WHERE query_at IS NOT NULL AND state IN ('PENDING', 'FAILED', 'DEFERRED') AND query_at <= ${now}::timestamptz
    ORDER BY query_at LIMIT ${mostDue} FOR UPDATE SKIP LOCKED
  )`;

/** Gives lost jobs a new fence. Answers their rows. */
export const takeExpiredInSql = (fence: string, lease: number, limit: number): Prisma.Sql => sql`
  WITH lost AS (
    SELECT id FROM job WHERE fence IS NOT NULL AND lease_expires_at <= clock_timestamp()
    ORDER BY lease_expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
  )
  UPDATE job SET fence = ${fence}::uuid, lease_expires_at = ${fromNow(lease)} FROM lost WHERE job.id = lost.id
  RETURNING ${jobColumns('job')}`;
