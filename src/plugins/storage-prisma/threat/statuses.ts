import { type Page, type PageRequest, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type {
  DetailOutcome,
  StatusDetail,
  StatusFilter,
  StatusProgress,
  StatusVisibility,
  TaxiiStatus,
  TaxiiStatusStore,
} from '#resolvers/threat/statuses/taxii-status.ts';

const { sql, join } = Prisma;

const columns = sql`s.id, s.api_root_id AS "apiRootId", s.collection_id AS "collectionId", s.owner, s.state,
  s.request_timestamp::text AS "requestTimestamp", s.touched_at::text AS "touchedAt",
  s.completed_at::text AS "completedAt", s.total_count AS "totalCount", s.success_count AS "successCount",
  s.failure_count AS "failureCount", s.pending_count AS "pendingCount", s.created_at::text AS "createdAt",
  s.updated_at::text AS "updatedAt"`;

function toStatus(row: TaxiiStatus): TaxiiStatus {
  const { id, apiRootId, collectionId, owner, state, totalCount, successCount, failureCount, pendingCount } = row;
  const counts = { totalCount, successCount, failureCount, pendingCount };
  return {
    ...{ id, apiRootId, collectionId, owner, state, ...counts },
    requestTimestamp: toInstant(row.requestTimestamp),
    touchedAt: toInstant(row.touchedAt),
    completedAt: row.completedAt && toInstant(row.completedAt),
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
  };
}

const newestFirst: readonly SqlKey[] = [{ type: 'uuid', sql: sql`s.id`, descending: true }];

/** The id is made with the request, so its order is that of requests. */
const position = ({ id }: TaxiiStatus) => [id];

const detailKeys: readonly SqlKey[] = [
  { type: 'text', sql: sql`d.stix_id` },
  { type: 'integer', sql: sql`d.place` },
];

type DetailRow = StatusDetail & { readonly place: number };

const countColumns: Readonly<Record<DetailOutcome, Prisma.Sql>> = {
  SUCCESS: sql`s.success_count`,
  FAILURE: sql`s.failure_count`,
  PENDING: sql`s.pending_count`,
};

export class PrismaStatuses implements TaxiiStatusStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(TaxiiStatus | null)[]> {
    const rows = await this.#session.select<TaxiiStatus>(
      sql`SELECT ${columns} FROM taxii_status AS s WHERE s.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toStatus));
  }

  async page(filter: StatusFilter, visibility: StatusVisibility, request: PageRequest): Promise<Page<TaxiiStatus>> {
    const { bounds, tail } = pageInSql(newestFirst, request);
    const rows = sql`FROM taxii_status AS s WHERE ${matches(filter, visibility)}`;
    const found = await this.#session.select<TaxiiStatus>(sql`SELECT ${columns} ${rows} AND ${bounds} ${tail}`);
    return toPage(request, found.map(toStatus), position, async () => {
      const [row] = await this.#session.select<{ count: number }>(sql`SELECT count(*)::int AS count ${rows}`);
      return row?.count ?? 0;
    });
  }

  async pagesOfRoots(
    apiRootIds: readonly string[],
    filter: StatusFilter,
    visibility: StatusVisibility,
    request: PageRequest,
  ): Promise<Page<TaxiiStatus>[]> {
    const of = (root: Prisma.Sql) => sql`
      FROM taxii_status AS s WHERE s.api_root_id = ${root} AND ${matches(filter, visibility)}`;
    const pages = await pagesBelow<TaxiiStatus>(this.#session, apiRootIds, request, {
      rows: (root, { bounds, tail }) => sql`SELECT ${columns} ${of(root)} AND ${bounds} ${tail}`,
      count: (root) => sql`SELECT count(*) AS count ${of(root)}`,
      keys: newestFirst,
      position,
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, ...rest }) => ({ node: toStatus(node), ...rest })),
    }));
  }

  async details(
    statusIds: readonly string[],
    outcome: DetailOutcome,
    request: PageRequest,
  ): Promise<(Page<StatusDetail> | null)[]> {
    const ids = uuids(statusIds);
    const of = (status: Prisma.Sql) => sql`
      FROM taxii_status_detail AS d WHERE d.status_id = ${status} AND d.outcome = ${outcome}`;
    const whole = await this.#session.select<{ id: string }>(sql`
      SELECT s.id FROM taxii_status AS s WHERE s.id = ANY (${ids}::uuid[])
        AND ${countColumns[outcome]} = (SELECT count(*) ${of(sql`s.id`)})`);
    const pages = await pagesBelow<DetailRow>(this.#session, ids, request, {
      rows: (status, { bounds, tail }) => sql`
        SELECT d.stix_id AS "stixId", d.version::text AS version, d.message, d.place ${of(status)} AND ${bounds} ${tail}`,
      count: (status) => sql`SELECT count(*) AS count ${of(status)}`,
      keys: detailKeys,
      position: ({ stixId, place }) => [stixId, String(place)],
    });
    const kept = new Set(whole.map(({ id }) => id));
    const byId = new Map(ids.map((id, index) => [id, pages[index]]));
    return statusIds.map((id) => {
      const page = kept.has(id.toLowerCase()) ? byId.get(id) : undefined;
      return page
        ? { ...page, items: page.items.map(({ node, ...rest }) => ({ node: toDetail(node), ...rest })) }
        : null;
    });
  }

  async insert(status: TaxiiStatus): Promise<void> {
    await this.#session.run((db) => db.taxiiStatus.create({ data: status }));
  }

  advance(id: string, progress: StatusProgress): Promise<TaxiiStatus | null> {
    const { state, at, totalCount, successCount, failureCount, pendingCount } = progress;
    return this.#session.together(async (db) => {
      const [row] = await db.$queryRaw<TaxiiStatus[]>`
        UPDATE taxii_status AS s SET state = ${state}, total_count = ${totalCount}, success_count = ${successCount},
          failure_count = ${failureCount}, pending_count = ${pendingCount}, touched_at = ${at}::timestamptz,
          updated_at = ${at}::timestamptz,
          completed_at = CASE WHEN ${state} = 'COMPLETE' THEN ${at}::timestamptz END
        WHERE s.id = ${id}::uuid AND s.state = 'PENDING' RETURNING ${columns}`;
      if (!row) return null;
      if (progress.pendings) await forgetPendings(db, [id]);
      await keepDetails(db, id, progress);
      return toStatus(row);
    });
  }

  async touch(id: string, at: string): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE taxii_status SET touched_at = ${at}::timestamptz WHERE id = ${id}::uuid AND state = 'PENDING'`,
    );
  }

  takeStale(since: string, at: string, limit: number): Promise<TaxiiStatus[]> {
    return this.#session.together(async (db) => {
      const rows = await db.$queryRaw<TaxiiStatus[]>`
        UPDATE taxii_status AS s SET state = 'COMPLETE', failure_count = s.failure_count + s.pending_count,
          pending_count = 0, completed_at = ${at}::timestamptz, updated_at = ${at}::timestamptz
        WHERE s.id IN (
          SELECT id FROM taxii_status WHERE state = 'PENDING' AND touched_at < ${since}::timestamptz
          ORDER BY touched_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ) RETURNING ${columns}`;
      await forgetPendings(
        db,
        rows.map(({ id }) => id),
      );
      return rows.map(toStatus);
    });
  }

  async deleteCompleted(before: string, limit: number): Promise<number> {
    return this.#session.run(
      (db) => db.$executeRaw`
        DELETE FROM taxii_status WHERE id IN (
          SELECT id FROM taxii_status WHERE state = 'COMPLETE' AND completed_at < ${before}::timestamptz
          ORDER BY completed_at LIMIT ${limit})`,
    );
  }

  async countCompleted(before: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(sql`
      SELECT count(*)::int AS count FROM taxii_status WHERE state = 'COMPLETE' AND completed_at < ${before}::timestamptz`);
    return row?.count ?? 0;
  }

  async forgetRooms(rooms: { readonly apiRootIds: readonly string[]; readonly collectionIds: readonly string[] }) {
    await this.#session.together(async (db) => {
      await db.taxiiStatus.deleteMany({ where: { apiRootId: { in: uuids(rooms.apiRootIds) } } });
      await db.taxiiStatus.updateMany({
        where: { collectionId: { in: uuids(rooms.collectionIds) } },
        data: { collectionId: null },
      });
    });
  }
}

const toDetail = ({ stixId, version, message }: DetailRow): StatusDetail => ({
  stixId,
  version: toInstant(version),
  message,
});

/** Which statuses a viewer sees, of the given ones. */
function matches({ collectionId, state }: StatusFilter, { owner, written, apiRootIds }: StatusVisibility): Prisma.Sql {
  const writes = visibleInSql(written, { collection: byId(sql`s.collection_id`), apiRoot: byId(sql`s.api_root_id`) });
  const seen = [writes, ...(owner === null ? [] : [sql`s.owner = ${owner}::uuid`]), sql`s.owner IS NULL`];
  return join(
    [
      sql`(${join(seen, ' OR ')})`,
      ...(apiRootIds === 'all' ? [] : [byId(sql`s.api_root_id`)(apiRootIds)]),
      ...(collectionId === undefined ? [] : [byId(sql`s.collection_id`)([collectionId])]),
      ...(state === undefined ? [] : [sql`s.state = ${state}`]),
    ],
    ' AND ',
  );
}

async function forgetPendings(db: Statements, statusIds: readonly string[]): Promise<void> {
  if (statusIds.length === 0) return;
  await db.$executeRaw`
    DELETE FROM taxii_status_detail WHERE status_id = ANY (${statusIds}::uuid[]) AND outcome = 'PENDING'`;
}

/** New details take the places after those that are kept. */
async function keepDetails(db: Statements, statusId: string, progress: StatusProgress): Promise<void> {
  const { successes, failures, pendings = [], successCount, failureCount } = progress;
  const rows = [
    ...successes.map((detail, index) => ({
      ...detail,
      outcome: 'SUCCESS',
      place: successCount - successes.length + index,
    })),
    ...failures.map((detail, index) => ({
      ...detail,
      outcome: 'FAILURE',
      place: failureCount - failures.length + index,
    })),
    ...pendings.map((detail, place) => ({ ...detail, outcome: 'PENDING', place })),
  ];
  if (rows.length === 0) return;
  await db.$executeRaw`
    INSERT INTO taxii_status_detail (status_id, outcome, stix_id, place, version, message)
    SELECT ${statusId}::uuid, outcome, "stixId", place, version, message
    FROM json_to_recordset(${JSON.stringify(rows)}::json)
      AS row(outcome text, "stixId" text, place int, version timestamptz, message text)`;
}
