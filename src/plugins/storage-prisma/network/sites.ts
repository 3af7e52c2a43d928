import { type Page, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { inOrder, instantColumns, type Stored, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { Site, SiteFilter, SiteStore } from '#resolvers/network/sites/site.ts';

const { sql } = Prisma;

type SiteRow = Stored<Site>;

const columns = sql`s.id, s.name, s.description, ${instantColumns(sql`s`)}`;

const visibleSite = (visibility: Visibility) => visibleInSite(visibility, 'site', sql`s.id`, {});

export class PrismaSites implements SiteStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Site | null)[]> {
    const rows = await this.#session.select<SiteRow>(
      sql`SELECT ${columns} FROM site AS s WHERE s.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(withInstants));
  }

  async getByName(names: readonly string[]): Promise<(Site | null)[]> {
    const rows = await this.#session.select<SiteRow>(
      sql`SELECT ${columns} FROM site AS s WHERE s.name = ANY (${names.filter(storable)}::text[])`,
    );
    const found = new Map(rows.map((row) => [row.name, withInstants(row)]));
    return names.map((name) => found.get(name) ?? null);
  }

  async page({ filter, order, visibility, page }: ListQuery<SiteFilter>): Promise<Page<Site>> {
    const descending = order.direction === 'DESC';
    const byName: SqlKey[] = order.by === 'NATURAL' ? [{ type: 'text', sql: sql`s.name`, descending }] : [];
    const { bounds, tail } = pageInSql([...byName, { type: 'uuid', sql: sql`s.id`, descending }], page);
    const seen = sql`${visibleSite(visibility)} AND ${named(filter.name)}`;
    const rows = await this.#session.select<SiteRow>(
      sql`SELECT ${columns} FROM site AS s WHERE ${seen} AND ${bounds} ${tail}`,
    );
    return toPage(
      page,
      rows.map(withInstants),
      (site) => (order.by === 'NATURAL' ? [site.name, site.id] : [site.id]),
      async () => {
        const [row] = await this.#session.select<{ count: number }>(
          sql`SELECT count(*)::int AS count FROM site AS s WHERE ${seen}`,
        );
        return row?.count ?? 0;
      },
    );
  }

  async insertMany(sites: readonly Site[]): Promise<(Site | null)[]> {
    // In the order of names, so that two callers never wait for each other.
    const rows = [...sites].sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
    const made = await this.#session.run((db) =>
      db.site.createManyAndReturn({ data: rows, skipDuplicates: true, select: { id: true } }),
    );
    const ids = new Set(made.map(({ id }) => id));
    return sites.map((site) => (ids.has(site.id) ? site : null));
  }

  hold(ids: readonly string[]): Promise<(Site | null)[]> {
    return this.#withLock(ids, sql`FOR KEY SHARE`);
  }

  lock(ids: readonly string[]): Promise<(Site | null)[]> {
    return this.#withLock(ids, sql`FOR UPDATE`);
  }

  async #withLock(ids: readonly string[], strength: Prisma.Sql): Promise<(Site | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<SiteRow[]>`
        SELECT ${columns} FROM site AS s WHERE s.id = ANY (${uuids(ids)}::uuid[]) ORDER BY s.id ${strength}`,
    );
    return inOrder(ids, rows.map(withInstants));
  }

  async update({ id, name, description, updatedAt }: Site): Promise<boolean> {
    try {
      const count = await this.#session.run(
        (db) => db.$executeRaw`
          UPDATE site SET name = ${name}, description = ${description}, updated_at = ${updatedAt}::timestamptz
          WHERE id = ${id}::uuid AND NOT EXISTS (SELECT FROM site WHERE name = ${name} AND id <> ${id}::uuid)`,
      );
      return count > 0;
    } catch (error) {
      // Another unit took the name between the look and the write.
      if (isTaken(error)) return false;
      throw error;
    }
  }

  async describeMany(sites: readonly Site[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE site AS s SET description = row.description, updated_at = row."updatedAt"
        FROM json_to_recordset(${JSON.stringify(sites)}::json) AS row(id uuid, description text, "updatedAt" timestamptz)
        WHERE s.id = row.id`,
    );
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.site.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }
}

function named(name: string | undefined): Prisma.Sql {
  if (name === undefined) return sql`TRUE`;
  return storable(name) ? sql`s.name = ${name}` : sql`FALSE`;
}
