import type { Page, PageRequest, Position } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { inOrder, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
import {
  givenObjects,
  objectColumns,
  toObject,
  toVersion,
  versionColumns,
} from '#plugins/storage-prisma/threat/stix-columns.ts';
import {
  filterInSql,
  type SiblingsOf,
  shownVersions,
  siblingPages,
  stixPages,
} from '#plugins/storage-prisma/threat/stix-pages.ts';
import { noInstant } from '#resolvers/threat/instant.ts';
import { decodeStixCursor, encodeStixCursor } from '#resolvers/threat/objects/cursor.ts';
import { type AdditionPlan, type Held, planAddition } from '#resolvers/threat/objects/plan.ts';
import type {
  Addition,
  NewStixObject,
  StixFilter,
  StixList,
  StixObject,
  StixObjectStore,
  StixQuery,
  StixRemoval,
  StixVersion,
} from '#resolvers/threat/objects/stix-object.ts';

const { sql } = Prisma;

type VersionKey = Parameters<StixObjectStore['getByVersion']>[0][number];

export class PrismaStixObjects implements StixObjectStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(StixObject | null)[]> {
    const rows = await this.#session.select<StixObject>(
      sql`SELECT ${objectColumns} FROM stix_object AS o WHERE o.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toObject));
  }

  async getByVersion(keys: readonly VersionKey[]): Promise<(StixObject | null)[]> {
    const wanted = keys.map((key, place) => ({ ...key, place }));
    const rows = await this.#session.select<StixObject & { place: number }>(sql`
      SELECT k.place, ${objectColumns}
      FROM json_to_recordset(${JSON.stringify(wanted)}::json) AS k(place int, "collectionId" uuid, "stixId" text, version timestamptz)
      JOIN stix_object AS o ON o.collection_id = k."collectionId" AND o.stix_id = k."stixId"
        AND (o.version = k.version OR k.version IS NULL AND o.is_last)`);
    const found = new Map(rows.map((row) => [row.place, toObject(row)]));
    return keys.map((_, place) => found.get(place) ?? null);
  }

  async holding(collectionIds: readonly string[], stixId: string): Promise<boolean[]> {
    const rows = await this.#session.select<{ id: string }>(sql`
      SELECT c.id FROM unnest(${uuids(collectionIds)}::uuid[]) AS c(id)
      WHERE EXISTS (SELECT 1 FROM stix_object AS o WHERE o.collection_id = c.id AND o.stix_id = ${stixId})`);
    const holding = new Set(rows.map(({ id }) => id));
    return collectionIds.map((id) => holding.has(id));
  }

  siblingPages(objects: readonly SiblingsOf[], page: PageRequest): Promise<Page<StixVersion>[]> {
    return siblingPages(this.#session, objects, page);
  }

  async addMany(collectionId: string, objects: readonly NewStixObject[], now: string): Promise<Addition[]> {
    if (objects.length === 0) return [];
    return this.#session.together(async (db) => {
      const newest = await lockLedger(db, collectionId);
      const plan = planAddition(collectionId, objects, await look(db, collectionId, objects, newest), now);
      if (plan.fresh.length > 0) await write(db, collectionId, plan);
      return [...plan.additions];
    });
  }

  async compareMany(collectionId: string, objects: readonly NewStixObject[]): Promise<Addition['outcome'][]> {
    const held = await this.#session.run((db) => look(db, collectionId, objects, null));
    return planAddition(collectionId, objects, held, noInstant).additions.map(({ outcome }) => outcome);
  }

  versionPages(lists: readonly StixList[], query: StixQuery): Promise<Page<StixVersion>[]> {
    return stixPages<StixVersion>(this.#session, lists, query, { ...shownVersions, toRow: toVersion });
  }

  pages(lists: readonly StixList[], query: StixQuery, maxBytes: number): Promise<Page<StixObject>[]> {
    return stixPages<StixObject>(this.#session, lists, query, { columns: objectColumns, toRow: toObject, maxBytes });
  }

  deleteVersions(
    collectionId: string,
    stixId: string,
    filter: Pick<StixFilter, 'versions' | 'specVersions'>,
  ): Promise<StixRemoval> {
    return this.#remove(
      collectionId,
      sql`o.collection_id = ${collectionId}::uuid AND o.stix_id = ${stixId} AND ${filterInSql(filter)}`,
    );
  }

  async nextSuperseded(before: string): Promise<string | null> {
    const [row] = await this.#session.select<{ id: string }>(sql`
      SELECT collection_id AS id FROM stix_object WHERE NOT is_last AND date_added < ${before}::timestamptz
      ORDER BY date_added LIMIT 1`);
    return row?.id ?? null;
  }

  async countSuperseded(before: string): Promise<number> {
    const [row] = await this.#session.select<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM stix_object WHERE NOT is_last AND date_added < ${before}::timestamptz`,
    );
    return row?.count ?? 0;
  }

  deleteSuperseded(collectionId: string, before: string, limit: number): Promise<StixRemoval> {
    return this.#remove(
      collectionId,
      sql`o.id IN (
        SELECT id FROM stix_object WHERE collection_id = ${collectionId}::uuid AND NOT is_last
          AND date_added < ${before}::timestamptz ORDER BY date_added LIMIT ${limit})`,
    );
  }

  async deleteCollections(collectionIds: readonly string[]): Promise<void> {
    await this.#session.together(async (db) => {
      await db.$executeRaw`DELETE FROM stix_object WHERE collection_id = ANY (${uuids(collectionIds)}::uuid[])`;
      await db.$executeRaw`DELETE FROM stix_ledger WHERE collection_id = ANY (${uuids(collectionIds)}::uuid[])`;
    });
  }

  encodeCursor(position: Position): string {
    return encodeStixCursor(position);
  }

  decodeCursor(text: string): Position | null {
    return decodeStixCursor(text);
  }

  #remove(collectionId: string, which: Prisma.Sql): Promise<StixRemoval> {
    return this.#session.together(async (db) => {
      await lockLedger(db, collectionId);
      const rows = await db.$queryRaw<StixVersion[]>`
        DELETE FROM stix_object AS o WHERE ${which} RETURNING ${versionColumns}`;
      const removed = rows.map(toVersion).sort((one, other) => (one.dateAdded < other.dateAdded ? -1 : 1));
      const unmarked = removed.filter(({ isFirst, isLast }) => isFirst || isLast).map(({ stixId }) => stixId);
      const promoted = unmarked.length === 0 ? [] : await promote(db, collectionId, [...new Set(unmarked)]);
      const lost = new Set(removed.filter(({ isLast }) => isLast).map(({ stixId }) => stixId));
      return { removed, promoted: promoted.filter(({ stixId, isLast }) => isLast && lost.has(stixId)) };
    });
  }
}

/** Waits for whoever adds or removes there. @returns the newest date added that the collection ever had. */
async function lockLedger(db: Statements, collectionId: string): Promise<string | null> {
  const lock = () => db.$queryRaw<{ newest: string | null }[]>`
    SELECT newest::text AS newest FROM stix_ledger WHERE collection_id = ${collectionId}::uuid FOR UPDATE`;
  let [row] = await lock();
  if (!row) {
    await db.$executeRaw`
      INSERT INTO stix_ledger (collection_id) VALUES (${collectionId}::uuid) ON CONFLICT DO NOTHING`;
    [row] = await lock();
  }
  return row?.newest ? toInstant(row.newest) : null;
}

/** What the collection holds of objects, by one look into its index for each. */
async function look(
  db: Statements,
  collectionId: string,
  objects: readonly NewStixObject[],
  newest: string | null,
): Promise<Held> {
  const rows = await db.$queryRaw<{ place: number; hash: string | null; first: string | null; last: string | null }[]>`
    SELECT k.place, same.hash, first.version::text AS first, last.version::text AS last
    FROM unnest(${objects.map((_, place) => place)}::int[], ${objects.map(({ stixId }) => stixId)}::text[],
      ${objects.map(({ version }) => version)}::timestamptz[]) AS k(place, stix_id, version)
    JOIN LATERAL (SELECT version FROM stix_object WHERE collection_id = ${collectionId}::uuid AND stix_id = k.stix_id
      ORDER BY version LIMIT 1) AS first ON TRUE
    JOIN LATERAL (SELECT version FROM stix_object WHERE collection_id = ${collectionId}::uuid AND stix_id = k.stix_id
      ORDER BY version DESC LIMIT 1) AS last ON TRUE
    LEFT JOIN LATERAL (SELECT encode(hash, 'hex') AS hash FROM stix_object WHERE collection_id = ${collectionId}::uuid
      AND stix_id = k.stix_id AND version = k.version LIMIT 1) AS same ON TRUE`;
  const hashes = new Map<string, string>();
  const ranges = new Map<string, { first: string; last: string }>();
  for (const { place, hash, first, last } of rows) {
    const object = objects[place];
    if (!object || !first || !last) continue;
    ranges.set(object.stixId, { first: toInstant(first), last: toInstant(last) });
    if (hash) hashes.set(`${object.stixId} ${object.version}`, hash);
  }
  return {
    newest,
    hashOf: (stixId, version) => hashes.get(`${stixId} ${version}`) ?? null,
    rangeOf: (stixId) => ranges.get(stixId) ?? null,
  };
}

async function write(db: Statements, collectionId: string, plan: AdditionPlan): Promise<void> {
  const { fresh, noLongerFirst, noLongerLast, newest } = plan;
  const unmarked = [
    ...noLongerFirst.map((key) => ({ ...key, first: true })),
    ...noLongerLast.map((key) => ({ ...key, first: false })),
  ];
  if (unmarked.length > 0)
    await db.$executeRaw`
      UPDATE stix_object AS o SET is_first = is_first AND NOT k.first, is_last = is_last AND NOT k.last
      FROM (
        SELECT "stixId" AS stix_id, version, bool_or(first) AS first, bool_or(NOT first) AS last
        FROM json_to_recordset(${JSON.stringify(unmarked)}::json) AS m("stixId" text, version timestamptz, first boolean)
        GROUP BY "stixId", version
      ) AS k
      WHERE o.collection_id = ${collectionId}::uuid AND o.stix_id = k.stix_id AND o.version = k.version`;
  await db.$executeRaw`
    INSERT INTO stix_object (id, collection_id, stix_id, type, spec_version, version, date_added, is_first, is_last,
      pattern_error, hash, size, body)
    SELECT id, "collectionId", "stixId", type, "specVersion", version, "dateAdded", "isFirst", "isLast", "patternError",
      decode(hash, 'hex'), octet_length(body::text), body
    FROM ${givenObjects(fresh)}`;
  await db.$executeRaw`
    UPDATE stix_ledger SET newest = ${newest}::timestamptz WHERE collection_id = ${collectionId}::uuid`;
}

/** Marks the lowest and the highest version that is left of objects. @returns the versions that got a mark. */
async function promote(db: Statements, collectionId: string, stixIds: readonly string[]): Promise<StixObject[]> {
  const end = (direction: Prisma.Sql) => sql`
    JOIN LATERAL (SELECT id FROM stix_object WHERE collection_id = ${collectionId}::uuid AND stix_id = k.stix_id
      ORDER BY version ${direction} LIMIT 1)`;
  const rows = await db.$queryRaw<StixObject[]>`
    UPDATE stix_object AS o SET is_first = o.id = ends.first, is_last = o.id = ends.last
    FROM (
      SELECT first.id AS first, last.id AS last FROM unnest(${stixIds}::text[]) AS k(stix_id)
      ${end(sql`ASC`)} AS first ON TRUE ${end(sql`DESC`)} AS last ON TRUE
    ) AS ends
    WHERE o.id IN (ends.first, ends.last) RETURNING ${objectColumns}`;
  return rows.map(toObject);
}
