import { type Page, type PageRequest, toPage } from '#kernel/page.ts';
import { type HookAttempt as AttemptRow, Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import {
  claimInSql,
  endLeasesInSql,
  gatherInSql,
  moreDueInSql,
  open,
} from '#plugins/storage-prisma/platform/hook-claim.ts';
import { deliveryColumns, type HookDeliveryRow, toDelivery } from '#plugins/storage-prisma/platform/hook-rows.ts';
import { allOf, logicInSql, textInSql } from '#plugins/storage-prisma/platform/text-conditions.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import {
  type DeliveryClaim,
  type DeliveryOutcome,
  type DeliveryState,
  type HeldDelivery,
  type HookAttempt,
  type HookDelivery,
  type HookDeliveryFilter,
  type HookDeliveryStore,
  type HookDeliveryTerms,
  mostAttempts,
  type NewHookDelivery,
} from '#resolvers/platform/hooks/delivery.ts';

const { sql } = Prisma;

const newestFirst: readonly SqlKey[] = [{ type: 'uuid', sql: sql`d.id`, descending: true }];

/** What a lease leaves behind when it ends. */
const free = sql`fence = NULL, lease_expires_at = NULL`;

export class PrismaHookDeliveries implements HookDeliveryStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(HookDelivery | null)[]> {
    const rows = await this.#session.select<HookDeliveryRow>(
      sql`SELECT ${deliveryColumns} FROM hook_delivery AS d WHERE d.id = ANY (${[...ids]}::uuid[])`,
    );
    const found = new Map(rows.map((row) => [row.id, toDelivery(row)]));
    return ids.map((id) => found.get(id) ?? null);
  }

  async page(filter: HookDeliveryFilter, owner: string | null, request: PageRequest) {
    const { bounds, tail } = pageInSql(newestFirst, request);
    const where = allOf([
      ...(owner === null ? [] : [sql`d.owner_id = ${owner}::uuid`]),
      logicInSql<HookDeliveryTerms>(filter, termsInSql),
    ]);
    const rows = await this.#session.select<HookDeliveryRow>(
      sql`SELECT ${deliveryColumns} FROM hook_delivery AS d WHERE ${where} AND ${bounds} ${tail}`,
    );
    const count = async () => {
      const [row] = await this.#session.select<{ count: bigint | string }>(
        sql`SELECT count(*) AS count FROM hook_delivery AS d WHERE ${where}`,
      );
      return Number(row?.count ?? 0);
    };
    return toPage(request, rows.map(toDelivery), ({ id }) => [id], count);
  }

  async pages(hookIds: readonly string[], filter: HookDeliveryFilter, request: PageRequest) {
    const wanted = logicInSql<HookDeliveryTerms>(filter, termsInSql);
    const pages = await pagesBelow<HookDeliveryRow>(this.#session, hookIds, request, {
      rows: (parent, { bounds, tail }) => sql`
        SELECT ${deliveryColumns} FROM hook_delivery AS d WHERE d.hook_id = ${parent} AND ${wanted} AND ${bounds} ${tail}`,
      count: (parent) =>
        sql`SELECT count(*) AS count FROM hook_delivery AS d WHERE d.hook_id = ${parent} AND ${wanted}`,
      keys: newestFirst,
      position: ({ id }) => [id],
    });
    return pages.map(
      (page): Page<HookDelivery> => ({
        ...page,
        items: page.items.map(({ node, position }) => ({ node: toDelivery(node), position })),
      }),
    );
  }

  async attempts(deliveryIds: readonly string[]): Promise<HookAttempt[][]> {
    const rows = await this.#session.select<AttemptRow>(sql`
      SELECT a.* FROM unnest(${[...new Set(deliveryIds)]}::uuid[]) AS wanted(id)
      CROSS JOIN LATERAL (
        SELECT delivery_id AS "deliveryId", series, number, at, duration_ms AS "durationMs", status, error,
          response_excerpt AS "responseExcerpt"
        FROM hook_attempt WHERE delivery_id = wanted.id ORDER BY series DESC, number DESC LIMIT ${mostAttempts}
      ) AS a`);
    const byDelivery = Map.groupBy(rows, ({ deliveryId }) => deliveryId);
    return deliveryIds.map((id) => (byDelivery.get(id) ?? []).map(toAttempt).reverse());
  }

  async insert(deliveries: readonly NewHookDelivery[]): Promise<HookDelivery[]> {
    // Hooks and keys are taken in one order by all, so that two callers never wait for each other in a circle.
    const rows = await this.#session.run(
      (db) => db.$queryRaw<HookDeliveryRow[]>`
        INSERT INTO hook_delivery AS d (id, hook_id, owner_id, event_id, event_name, sequence, subject, webhook_id, state,
          attempt_count, series, next_attempt_at, body, created_at, updated_at)
        SELECT fresh.id, "hookId", "ownerId", "eventId", "eventName", sequence, fresh.subject, "webhookId", 'PENDING', 0, 1,
          "nextAttemptAt", body, "createdAt", "createdAt"
        FROM json_to_recordset(${JSON.stringify(deliveries)}::json) AS fresh(
          id uuid, "hookId" uuid, "ownerId" uuid, "eventId" uuid, "eventName" text, sequence bigint, subject text,
          "webhookId" text, "nextAttemptAt" timestamptz, body text, "createdAt" timestamptz)
        JOIN hook AS h ON h.id = fresh."hookId" AND h.state = 'ACTIVE'
        ORDER BY "hookId", "eventId"
        FOR SHARE OF h
        ON CONFLICT (hook_id, event_id) DO NOTHING RETURNING ${deliveryColumns}`,
    );
    const fresh = new Map(rows.map((row) => [row.id, toDelivery(row)]));
    return deliveries.flatMap(({ id }) => fresh.get(id) ?? []);
  }

  async delivered(hookId: string, eventIds: readonly string[]): Promise<string[]> {
    const rows = await this.#session.select<{ id: string }>(sql`
      SELECT event_id AS id FROM hook_delivery
      WHERE hook_id = ${hookId}::uuid AND event_id = ANY (${[...eventIds]}::uuid[])`);
    return rows.map(({ id }) => id);
  }

  reopen(
    hookId: string,
    which: { readonly events: readonly string[] } | { readonly ids: readonly string[] },
    states: readonly DeliveryState[] | null,
    now: string,
  ): Promise<number> {
    const wanted =
      'ids' in which ? sql`id = ANY (${[...which.ids]}::uuid[])` : sql`event_id = ANY (${[...which.events]}::uuid[])`;
    const narrowed = states === null ? sql`TRUE` : sql`state = ANY (${[...states]}::text[])`;
    return this.#session.run(
      (db) => db.$executeRaw`
        UPDATE hook_delivery SET state = 'PENDING', attempt_count = 0, series = series + 1, dead_reason = NULL, ${free},
          next_attempt_at = ${now}::timestamptz, updated_at = ${now}::timestamptz
        WHERE hook_id = ${hookId}::uuid AND ${wanted} AND ${narrowed}`,
    );
  }

  claimDue(claim: DeliveryClaim): Promise<HookDelivery[]> {
    return this.#session.together(async (db) => {
      await db.$executeRaw(endLeasesInSql);
      const taken: HookDeliveryRow[] = [];
      const busy: Record<string, number> = { ...claim.busy };
      const look = async (where: Parameters<typeof claimInSql>[1]) => {
        const statement = claimInSql({ ...claim, busy }, where, claim.limit - taken.length);
        for (const { origin, ...row } of await db.$queryRaw<(HookDeliveryRow & { origin: string })[]>(statement)) {
          taken.push(row);
          busy[origin] = (busy[origin] ?? 0) + 1;
        }
      };
      await look('inFront');
      const isMore = async () => (await db.$queryRaw<object[]>(moreDueInSql(claim, taken.length))).length > 0;
      if (taken.length < claim.limit && (await isMore())) {
        await db.$queryRaw(gatherInSql(false));
        await look('ofEachHook');
        await db.$queryRaw(gatherInSql(true));
      }
      return taken.map(toDelivery).sort(byDue);
    });
  }

  async release({ id, fence }: HeldDelivery, at: string): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE hook_delivery SET ${free}, next_attempt_at = ${at}::timestamptz
        WHERE id = ${id}::uuid AND fence = ${fence}::uuid`,
    );
  }

  finish(
    { id, fence }: HeldDelivery,
    { state, nextAttemptAt, deadReason }: DeliveryOutcome,
    attempt: HookAttempt | null,
    now: string,
  ): Promise<HookDelivery | null> {
    return this.#session.together(async (db) => {
      const [row] = await db.$queryRaw<HookDeliveryRow[]>`
        UPDATE hook_delivery AS d SET state = ${state}, next_attempt_at = ${nextAttemptAt}::timestamptz,
          dead_reason = ${deadReason}, attempt_count = coalesce(${attempt?.number ?? null}::int, attempt_count),
          updated_at = ${now}::timestamptz, ${free}
        WHERE id = ${id}::uuid AND fence = ${fence}::uuid RETURNING ${deliveryColumns}`;
      if (row && attempt) await db.hookAttempt.create({ data: attempt });
      return row ? toDelivery(row) : null;
    });
  }

  close(
    hookIds: readonly string[],
    { state, deadReason }: Pick<HookDelivery, 'state' | 'deadReason'>,
    now: string,
  ): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        UPDATE hook_delivery SET state = ${state}, dead_reason = ${deadReason}, next_attempt_at = NULL, ${free},
          updated_at = ${now}::timestamptz
        WHERE hook_id = ANY (${[...hookIds]}::uuid[]) AND ${open}`,
    );
  }

  async nextDue(now: string): Promise<string | null> {
    const [row] = await this.#session.select<{ at: Date }>(sql`
      SELECT next_attempt_at AS at FROM hook_delivery
      WHERE fence IS NULL AND ${open} AND next_attempt_at > ${now}::timestamptz ORDER BY next_attempt_at, id LIMIT 1`);
    return row?.at.toISOString() ?? null;
  }

  async countByState(): Promise<Partial<Record<DeliveryState, number>>> {
    await this.#session.run((db) => db.$queryRaw`SELECT hook_delivery_count_settle()::text`);
    const rows = await this.#session.select<{ state: DeliveryState; count: number }>(sql`
      SELECT state, sum(deliveries)::int AS count
      FROM (SELECT state, deliveries FROM hook_delivery_count
        UNION ALL SELECT state, deliveries FROM hook_delivery_count_change) AS counts
      GROUP BY state HAVING sum(deliveries) > 0`);
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  async trim({ dead, others }: { readonly dead: string; readonly others: string }, limit: number): Promise<number> {
    const old = (states: Prisma.Sql, before: string) => sql`
      SELECT id FROM hook_delivery WHERE ${states} AND updated_at < ${before}::timestamptz
      ORDER BY updated_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;
    return this.#session.run(
      (db) => db.$executeRaw`
        WITH dead AS (${old(sql`state = 'DEAD'`, dead)}),
        done AS (${old(sql`state IN ('SUCCEEDED', 'CANCELLED')`, others)})
        DELETE FROM hook_delivery WHERE id IN (
          SELECT id FROM (SELECT id FROM dead UNION ALL SELECT id FROM done) AS gone LIMIT ${limit}
        )`,
    );
  }
}

const byDue = (one: HookDelivery, other: HookDelivery): number => {
  const [left, right] = [`${one.nextAttemptAt}${one.id}`, `${other.nextAttemptAt}${other.id}`];
  return left < right ? -1 : Number(left > right);
};

const toAttempt = ({ at, error, ...row }: AttemptRow): HookAttempt => ({
  ...row,
  at: at.toISOString(),
  error: error as HookAttempt['error'],
});

const termsInSql = ({ hook, state, event, from, to }: HookDeliveryTerms): Prisma.Sql =>
  allOf([
    ...(hook == null ? [] : [sql`d.hook_id = ${hook}::uuid`]),
    // One state alone is walked along its index in the order of the list.
    ...(state ? [state.length === 1 ? sql`d.state = ${state[0]}` : sql`d.state = ANY (${[...state]}::text[])`] : []),
    // The names of events are ASCII.
    ...(event ? [textInSql(event, sql`d.event_name`, sql`lower(d.event_name)`)] : []),
    ...(from == null ? [] : [sql`d.created_at >= ${from}::timestamptz`]),
    ...(to == null ? [] : [sql`d.created_at < ${to}::timestamptz`]),
  ]);
