import type { Page } from '#kernel/page.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { instantColumns, repeated, type Stored, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session, Statements } from '#plugins/storage-prisma/session.ts';
import { Table } from '#plugins/storage-prisma/threat/table.ts';
import type { ApiRootQuery, ApiRootStore, TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';

const { sql } = Prisma;

type Row = Stored<TaxiiApiRoot>;

const columns = sql`r.id, r.slug, r.title, r.description, r.is_default AS "isDefault", r.is_public AS "isPublic",
  ${instantColumns(sql`r`)}`;

const keys: readonly SqlKey[] = [
  { type: 'text', sql: sql`r.title` },
  { type: 'uuid', sql: sql`r.id` },
];

/** `row`: roots as JSON. */
const given = (roots: readonly TaxiiApiRoot[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(roots)}::json) AS row(id uuid, slug text, title text, description text,
    "isDefault" boolean, "isPublic" boolean, "createdAt" timestamptz, "updatedAt" timestamptz)`;

const choosing = 'default API root';

export class PrismaApiRoots implements ApiRootStore {
  readonly #session: Session;
  readonly #table: Table<Row, TaxiiApiRoot>;

  constructor(session: Session) {
    this.#session = session;
    this.#table = new Table(session, {
      ...{ from: sql`taxii_api_root AS r`, id: sql`r.id`, columns, keys },
      position: ({ title, id }) => [title, id],
      toThing: withInstants,
    });
  }

  getMany(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#table.getMany(ids);
  }

  async getBySlug(slugs: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    const found = await this.#table.find(sql`r.slug = ANY (${slugs.filter(storable)}::text[])`);
    const bySlug = new Map(found.map((root) => [root.slug, root]));
    return slugs.map((slug) => bySlug.get(slug) ?? null);
  }

  async getDefault(): Promise<TaxiiApiRoot | null> {
    const [root = null] = await this.#table.find(sql`r.is_default`);
    return root;
  }

  page({ publicOnly, page }: ApiRootQuery): Promise<Page<TaxiiApiRoot>> {
    return this.#table.page(publicOnly ? sql`r.is_public` : sql`TRUE`, page);
  }

  async insertMany(roots: readonly TaxiiApiRoot[]): Promise<(TaxiiApiRoot | null)[]> {
    // In the order of slugs, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO taxii_api_root (id, slug, title, description, is_default, is_public, created_at, updated_at)
        SELECT id, slug, title, description, false, "isPublic", "createdAt", "updatedAt"
        FROM ${given(roots)} ORDER BY slug COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    // Of two with one id the first was made.
    return roots.map((root) => (ids.delete(root.id) ? { ...root, isDefault: false } : null));
  }

  hold(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#table.lockMany(ids, sql`FOR KEY SHARE`);
  }

  lock(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]> {
    return this.#table.lockMany(ids, sql`FOR UPDATE`);
  }

  async lockDefault(): Promise<TaxiiApiRoot | null> {
    const [row] = await this.#session.run(async (db) => {
      await holdChoice(db);
      return db.$queryRaw<Row[]>`SELECT ${columns} FROM taxii_api_root AS r WHERE r.is_default FOR UPDATE`;
    });
    return row ? withInstants(row) : null;
  }

  async makeDefault(id: string, updatedAt: string): Promise<void> {
    await this.#session.together(async (db) => {
      await holdChoice(db);
      // One after the other: the unique index looks at each row by itself.
      await db.$executeRaw`
        UPDATE taxii_api_root SET is_default = false, updated_at = ${updatedAt}::timestamptz
        WHERE is_default AND id <> ${id}::uuid AND EXISTS (SELECT FROM taxii_api_root WHERE id = ${id}::uuid)`;
      await db.$executeRaw`
        UPDATE taxii_api_root SET is_default = true, updated_at = ${updatedAt}::timestamptz
        WHERE id = ${id}::uuid AND NOT is_default`;
    });
  }

  async updateMany(roots: readonly TaxiiApiRoot[]): Promise<readonly TaxiiApiRoot[]> {
    const ids = roots.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, roots);
        if (taken.size > 0) return roots.filter(({ id }) => taken.has(id));
        // Slugs that go round among these are out of the way first: the index looks at each row by itself.
        if (roots.length > 1)
          await db.$executeRaw`UPDATE taxii_api_root SET slug = NULL WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE taxii_api_root AS r SET slug = row.slug, title = row.title, description = row.description,
            is_default = r.is_default AND row."isDefault", is_public = row."isPublic", updated_at = row."updatedAt"
          FROM ${given(roots)} WHERE r.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a slug between the look and the write; which one is not known.
      if (isTaken(error)) return roots.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.taxiiApiRoot.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  async all(): Promise<TaxiiApiRoot[]> {
    return this.#table.find(sql`TRUE ORDER BY r.title, r.id`);
  }
}

/** Waits for whoever chooses a default now, until the end of the transaction. */
const holdChoice = (db: Statements) => db.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${choosing}, 0))`;

/** The ids of those whose slug a root has that is not among them, or one before them is to have. */
async function takenByOthers(db: Statements, roots: readonly TaxiiApiRoot[]): Promise<Set<string>> {
  const twice = repeated(
    roots.filter(({ slug }) => slug !== null),
    ({ slug }) => slug ?? '',
  );
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(roots)} JOIN taxii_api_root AS r ON r.slug = row.slug
    WHERE r.id <> ALL (${roots.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
