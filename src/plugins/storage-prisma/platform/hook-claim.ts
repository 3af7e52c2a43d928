import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { deliveryColumns } from '#plugins/storage-prisma/platform/hook-rows.ts';
import { fromNow } from '#plugins/storage-prisma/platform/job-claim.ts';
import type { DeliveryClaim } from '#resolvers/platform/hooks/delivery.ts';

const { sql } = Prisma;

/** The rows of the indexes of what may be claimed; the planner must read the very words of the indexes. */
const waiting = sql`d.fence IS NULL AND d.state IN ('PENDING', 'RETRYING')`;
export const open = sql`state IN ('PENDING', 'RETRYING')`;

/** How far the first look goes: those in front may be many that may not go out, such as all those of one dead target. */
const window = 200;
/** The most leases that a claim ends at once; the others are ended by the next ones. */
const mostLost = 1000;

/** Gives back what nobody holds any more. */
export const endLeasesInSql = sql`
  UPDATE hook_delivery SET fence = NULL, lease_expires_at = NULL WHERE id IN (
    SELECT id FROM hook_delivery WHERE fence IS NOT NULL AND lease_expires_at <= clock_timestamp()
    ORDER BY lease_expires_at LIMIT ${mostLost} FOR UPDATE SKIP LOCKED
  )`;

/** Whether more are due than the first look saw, which took some of them. */
export const moreDueInSql = ({ now }: DeliveryClaim, taken: number): Prisma.Sql => sql`
  SELECT d.id FROM hook_delivery AS d WHERE ${waiting} AND d.next_attempt_at <= ${now}::timestamptz
  ORDER BY d.next_attempt_at, d.id LIMIT 1 OFFSET ${window - taken}`;

const busyAt = (busy: DeliveryClaim['busy'], origin: Prisma.Sql): Prisma.Sql =>
  sql`coalesce((${JSON.stringify(busy)}::jsonb ->> ${origin})::int, 0)`;

/** Of a hook that may be sent to at all. */
const mayGo = ({ now, perTarget, busy }: DeliveryClaim): Prisma.Sql => sql`
  h.state = 'ACTIVE' AND ${busyAt(busy, sql`h.target_origin`)} < ${perTarget} AND (h.held_until IS NULL OR h.held_until <= ${now}::timestamptz)
  AND (h.breaker_state <> 'OPEN' OR h.breaker_until IS NULL OR h.breaker_until <= ${now}::timestamptz)
  AND (h.breaker_state = 'CLOSED'
    OR NOT EXISTS (SELECT FROM hook_delivery AS out WHERE out.hook_id = h.id AND out.fence IS NOT NULL))`;

/** Not behind an earlier one of its subject. */
const isFirst = sql`
  (h.ordering = 'NONE' OR d.subject IS NULL OR NOT EXISTS (
    SELECT FROM hook_delivery AS earlier
    WHERE earlier.hook_id = d.hook_id AND earlier.subject = d.subject AND earlier.sequence < d.sequence
      AND earlier.state IN ('PENDING', 'RETRYING')
  ))`;

const needed = sql`d.id, d.hook_id, d.subject, d.sequence, d.next_attempt_at`;
const candidate = sql`d.id, d.hook_id, d.next_attempt_at, h.target_origin, h.breaker_state`;

/** What may go out of those in front. */
const inFront = (claim: DeliveryClaim): Prisma.Sql => sql`
  SELECT ${candidate} FROM (
    SELECT ${needed} FROM hook_delivery AS d WHERE ${waiting} AND d.next_attempt_at <= ${claim.now}::timestamptz
    ORDER BY d.next_attempt_at, d.id LIMIT ${window}
  ) AS d
  JOIN hook AS h ON h.id = d.hook_id
  WHERE ${mayGo(claim)} AND ${isFirst}`;

/** What may go out of each hook, found hook by hook: past those of which nothing may, however many they have. */
const ofEachHook = (claim: DeliveryClaim): Prisma.Sql => sql`
  SELECT ${candidate} FROM (
    WITH RECURSIVE step AS (
      (SELECT d.hook_id FROM hook_delivery AS d WHERE ${waiting} ORDER BY d.hook_id LIMIT 1)
      UNION ALL
      SELECT (
        SELECT d.hook_id FROM hook_delivery AS d WHERE ${waiting} AND d.hook_id > step.hook_id ORDER BY d.hook_id LIMIT 1
      ) FROM step WHERE step.hook_id IS NOT NULL
    )
    SELECT hook_id FROM step WHERE hook_id IS NOT NULL
  ) AS step
  JOIN hook AS h ON h.id = step.hook_id
  CROSS JOIN LATERAL (
    SELECT ${needed} FROM hook_delivery AS d
    WHERE d.hook_id = h.id AND ${waiting} AND d.next_attempt_at <= ${claim.now}::timestamptz AND ${isFirst}
    ORDER BY d.next_attempt_at, d.id LIMIT ${claim.perTarget}
  ) AS d
  WHERE ${mayGo(claim)}`;

/**
 * Within this transaction, whether a plan may gather rows before it sorts them. A hook may have very many that are due,
 * of which the first few are wanted: they are walked to in the order of their index.
 */
export const gatherInSql = (may: boolean): Prisma.Sql =>
  sql`SELECT set_config('enable_bitmapscan', ${may ? 'on' : 'off'}, true)`;

/**
 * Leases what may go out, no more than fits to each origin, and of a hook whose breaker is not closed the first alone.
 * @param where which are looked at: those in front are enough for most claims.
 */
export function claimInSql(claim: DeliveryClaim, where: 'inFront' | 'ofEachHook', limit: number): Prisma.Sql {
  return sql`
    WITH candidate AS (${where === 'inFront' ? inFront(claim) : ofEachHook(claim)}),
    turn AS (
      SELECT *, row_number() OVER (PARTITION BY hook_id ORDER BY next_attempt_at, id) AS turn FROM candidate
    ),
    place AS (
      SELECT id, next_attempt_at,
        row_number() OVER (PARTITION BY target_origin ORDER BY next_attempt_at, id)
          + ${busyAt(claim.busy, sql`target_origin`)} AS place
      FROM turn WHERE breaker_state = 'CLOSED' OR turn = 1
    ),
    picked AS (
      SELECT id FROM place WHERE place <= ${claim.perTarget} ORDER BY next_attempt_at, id LIMIT ${limit}
    ),
    taken AS (
      SELECT d.id FROM hook_delivery AS d JOIN picked ON picked.id = d.id WHERE ${waiting} FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE hook_delivery AS d SET fence = ${claim.fence}::uuid, lease_expires_at = ${fromNow(claim.lease)}
    FROM taken WHERE d.id = taken.id
    RETURNING ${deliveryColumns}, (SELECT h.target_origin FROM hook AS h WHERE h.id = d.hook_id) AS origin`;
}
