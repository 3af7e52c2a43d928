import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { jobColumns } from '#plugins/storage-prisma/platform/job-rows.ts';
import type { Claim } from '#resolvers/platform/jobs/job.ts';

const { sql } = Prisma;

/** The rows of the indexes of what may be claimed; the planner must read the very words of the indexes. */
const waiting = sql`job.fence IS NULL AND job.query_at IS NULL AND job.state IN ('PENDING', 'FAILED', 'DEFERRED')`;

/** How far the first look goes: those in front may be many that may not start, such as a project in maintenance. */
const window = 200;
/** How many are looked at of each name after that: others may hold some of them. */
const perName = 50;

/** Now plus milliseconds, by the clock of the database. */
export const fromNow = (milliseconds: number): Prisma.Sql =>
  sql`clock_timestamp() + ${milliseconds}::double precision * interval '1 millisecond'`;

/** What a job must be like beside waiting. */
const eligible = ({ worker, running, exceptProjects, forcedOnly }: Claim): Prisma.Sql => sql`
  job.attempts_left > 0 AND job.removed_at IS NULL AND job.killed_at IS NULL
  AND (job.pinned_worker IS NULL OR job.pinned_worker = ${worker})
  AND (job.force OR NOT ${forcedOnly}::boolean)
  AND (job.max_parallel IS NULL OR job.max_parallel > coalesce((${JSON.stringify(running)}::jsonb ->> job.name)::int, 0))
  AND split_part(job.name, '.', 1) <> ALL (${[...exceptProjects]}::text[])`;

/** The first job among those in front. */
const inFront = (claim: Claim): Prisma.Sql => sql`
  FROM (
    SELECT id, force, priority FROM job WHERE ${waiting} ORDER BY force DESC, priority DESC, id LIMIT ${window}
  ) AS front
  JOIN job ON job.id = front.id
  WHERE ${waiting} AND ${eligible(claim)}
  ORDER BY front.force DESC, front.priority DESC, front.id`;

/** The first job of all, found name by name: past names of which nothing may start, however many jobs they have. */
const ofEachName = (claim: Claim): Prisma.Sql => sql`
  FROM job
  WHERE job.id = ANY (ARRAY(
    WITH RECURSIVE step AS (
      (SELECT name FROM job WHERE ${waiting} ORDER BY name LIMIT 1)
      UNION ALL
      SELECT (SELECT name FROM job WHERE ${waiting} AND job.name > step.name ORDER BY name LIMIT 1)
      FROM step WHERE step.name IS NOT NULL
    )
    SELECT first.id
    FROM step
    CROSS JOIN LATERAL (SELECT (${JSON.stringify(claim.running)}::jsonb ->> step.name)::int AS running) AS here
    CROSS JOIN LATERAL (
      SELECT id, force, priority FROM job WHERE job.name = step.name AND ${waiting} AND ${eligible(claim)}
      ORDER BY force DESC, priority DESC, id LIMIT ${perName}
    ) AS first
    WHERE split_part(step.name, '.', 1) <> ALL (${[...claim.exceptProjects]}::text[])
      AND (here.running IS NULL OR EXISTS (
        SELECT FROM job WHERE job.name = step.name AND ${waiting} AND coalesce(job.max_parallel, 2147483647) > here.running
      ))
    ORDER BY first.force DESC, first.priority DESC, first.id LIMIT ${perName}
  )) AND ${waiting} AND ${eligible(claim)}
  ORDER BY job.force DESC, job.priority DESC, job.id`;

/**
 * Starts or inactivates the first job that may start. Answers its row, and its state before as `from`.
 * @param where which jobs are looked at: those in front are enough for most claims.
 */
export function claimInSql(claim: Claim, where: 'inFront' | 'ofEachName'): Prisma.Sql {
  const { worker, now } = claim;
  return sql`
    WITH candidate AS (
      SELECT job.id, job.state,
        job.state = 'DEFERRED' AND job.inactive_at IS NOT NULL AND job.inactive_at <= ${now}::timestamptz AS late
      ${where === 'inFront' ? inFront(claim) : ofEachName(claim)}
      LIMIT 1
      FOR UPDATE OF job SKIP LOCKED
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
