import type { JsonObject } from '#kernel/json.ts';
import { type PageRequest, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma, type StoreDocument as Row } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql } from '#plugins/storage-prisma/keyset.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { visibleInSql } from '#plugins/storage-prisma/visible.ts';
import { type DocumentStore, parentOf, type StoreDocument, segmentsOf } from '#resolvers/platform/store/document.ts';

const { sql, join } = Prisma;

/** The lock of all writers of documents. */
const writing = 'store documents';

const columns = sql`d.id, d.path, d.body, d.etag, d.created_at AS "createdAt", d.updated_at AS "updatedAt"`;

export class PrismaDocuments implements DocumentStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(StoreDocument | null)[]> {
    const rows = await this.#session.run((db) => db.storeDocument.findMany({ where: { id: { in: [...ids] } } }));
    const found = new Map(rows.map((row) => [row.id, toDocument(row)]));
    return ids.map((id) => found.get(id.toLowerCase()) ?? null);
  }

  async findMany(paths: readonly string[]): Promise<(StoreDocument | null)[]> {
    const rows = await this.#session.run((db) => db.storeDocument.findMany({ where: { path: { in: [...paths] } } }));
    const found = new Map(rows.map((row) => [row.path, toDocument(row)]));
    return paths.map((path) => found.get(path) ?? null);
  }

  async children(path: string, visibility: Visibility, request: PageRequest) {
    const { bounds, tail } = pageInSql([{ type: 'text', sql: sql`d.path` }], request);
    const where = sql`d.parent = ${path} AND ${visibleInSql(visibility, { path: within })}`;
    const rows = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`SELECT ${columns} FROM store_document AS d WHERE ${where} AND ${bounds} ${tail}`,
    );
    const count = () =>
      this.#session.run(async (db) => {
        const [row] = await db.$queryRaw<{ count: bigint }[]>`SELECT count(*) FROM store_document AS d WHERE ${where}`;
        return Number(row?.count ?? 0);
      });
    return toPage(request, rows.map(toDocument), (document) => [document.path], count);
  }

  countBelow(path: string): Promise<number> {
    return this.#session.run(async (db) => {
      const [row] = await db.$queryRaw<{ count: bigint }[]>`
        SELECT count(*) FROM store_document AS d WHERE ${subtree(path)} AND d.path <> ${path}`;
      return Number(row?.count ?? 0);
    });
  }

  async lock(): Promise<void> {
    await this.#session.run((db) => db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${writing}, 0))`);
  }

  async put(document: StoreDocument): Promise<StoreDocument> {
    const { id, path, createdAt, ...change } = document;
    const kept = { ...change, body: change.body as Prisma.InputJsonObject };
    const row = await this.#session.run((db) =>
      db.storeDocument.upsert({
        where: { path },
        create: { id, path, parent: parentOf(path), segments: segmentsOf(path), createdAt, ...kept },
        update: kept,
      }),
    );
    return toDocument(row);
  }

  async remove(path: string): Promise<StoreDocument[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<Row[]>`
        WITH gone AS (DELETE FROM store_document AS d WHERE ${subtree(path)} RETURNING d.*)
        SELECT ${columns} FROM gone AS d ORDER BY d.path COLLATE "C" DESC`,
    );
    return rows.map(toDocument);
  }
}

/**
 * A path and all below it, as one range of the index: the lists that begin with these segments stand between it and the
 * list whose last segment is the next text. No segment holds the character that makes that one.
 */
function subtree(path: string): Prisma.Sql {
  const segments = segmentsOf(path);
  if (segments.length === 0) return sql`TRUE`;
  const next = [...segments.slice(0, -1), `${segments.at(-1)}\u0001`];
  return sql`(d.segments >= ${segments}::text[] AND d.segments < ${next}::text[])`;
}

const within = (paths: readonly string[]): Prisma.Sql => sql`(${join(paths.map(subtree), ' OR ')})`;

const toDocument = ({ id, path, body, etag, createdAt, updatedAt }: Row): StoreDocument => ({
  id,
  path,
  body: body as JsonObject,
  etag,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
