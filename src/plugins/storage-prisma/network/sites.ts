import { type Page, toPage } from '#kernel/page.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { type FieldKey, pageOfModel } from '#plugins/storage-prisma/keyset.ts';
import {
  inOrder,
  instantColumns,
  type Stored,
  storable,
  uuids,
  withInstants,
} from '#plugins/storage-prisma/network/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { type Covering, visibleInModel } from '#plugins/storage-prisma/visible.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { Site, SiteFilter, SiteStore } from '#resolvers/network/sites/site.ts';

const { sql } = Prisma;

const columns = sql`s.id, s.name, s.description, ${instantColumns(sql`s`)}`;

/** `site/<id>/<kind>` covers a Site where the kind is `site`; `kind/site` covers all. */
const covering: Covering<Prisma.SiteWhereInput> = {
  site: (values) => ({ id: { in: uuids(values.map((value) => value.replace(/\/site$/, ''))) } }),
  // Prisma leaves an empty condition inside an OR out: what holds for every row is said in words.
  kind: (values) => ({ id: values.includes('site') ? { notIn: [] } : { in: [] } }),
};

export class PrismaSites implements SiteStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Site | null)[]> {
    const rows = await this.#session.select<Stored<Site>>(
      sql`SELECT ${columns} FROM site AS s WHERE s.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(withInstants));
  }

  async getByName(names: readonly string[]): Promise<(Site | null)[]> {
    const rows = await this.#session.run((db) => db.site.findMany({ where: { name: { in: names.filter(storable) } } }));
    const found = new Map(rows.map((row) => [row.name, withInstants(row)]));
    return names.map((name) => found.get(name) ?? null);
  }

  async page({ filter, order, visibility, page }: ListQuery<SiteFilter>): Promise<Page<Site>> {
    const descending = order.direction === 'DESC';
    const byName: FieldKey[] = order.by === 'NATURAL' ? [{ type: 'text', field: 'name', descending }] : [];
    const keys: FieldKey[] = [...byName, { type: 'uuid', field: 'id', descending }];
    const seen = {
      AND: [visibleInModel(visibility, covering), filter.name === undefined ? {} : { name: filter.name }],
    };
    const { where, ...rest } = pageOfModel(keys, page);
    const rows = await this.#session.run((db) => db.site.findMany({ ...rest, where: { AND: [seen, where] } }));
    return toPage(
      page,
      rows.map(withInstants),
      (site) => (order.by === 'NATURAL' ? [site.name, site.id] : [site.id]),
      () => this.#session.run((db) => db.site.count({ where: seen })),
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
        SELECT id, name, description, created_at AS "createdAt", updated_at AS "updatedAt" FROM site
        WHERE id = ANY (${uuids(ids)}::uuid[]) ORDER BY id ${strength}`,
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

type SiteRow = Omit<Site, 'createdAt' | 'updatedAt'> & { readonly createdAt: Date; readonly updatedAt: Date };
