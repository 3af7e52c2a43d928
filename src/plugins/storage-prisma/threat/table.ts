import { type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { inOrder, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

const { sql } = Prisma;

/** What is to be known of a table. All parts speak of one alias. */
interface TableParts<Row, Thing> {
  /** `taxii_collection AS c` */
  readonly from: Prisma.Sql;
  /** `c.id` */
  readonly id: Prisma.Sql;
  readonly columns: Prisma.Sql;
  /** The order of its lists. */
  readonly keys: readonly SqlKey[];
  position(thing: Thing): Position;
  toThing(row: Row): Thing;
}

/** How the things of a table that has one order are found, listed and locked. */
export class Table<Row extends object, Thing extends { readonly id: string }> {
  readonly #session: Session;
  readonly #parts: TableParts<Row, Thing>;

  constructor(session: Session, parts: TableParts<Row, Thing>) {
    this.#session = session;
    this.#parts = parts;
  }

  async getMany(ids: readonly string[]): Promise<(Thing | null)[]> {
    return inOrder(ids, await this.find(this.#among(ids)));
  }

  async find(condition: Prisma.Sql): Promise<Thing[]> {
    const { columns, from } = this.#parts;
    return this.#things(await this.#session.select<Row>(sql`SELECT ${columns} FROM ${from} WHERE ${condition}`));
  }

  async page(condition: Prisma.Sql, request: PageRequest): Promise<Page<Thing>> {
    const { from, keys, position } = this.#parts;
    const { bounds, tail } = pageInSql(keys, request);
    return toPage(request, await this.find(sql`${condition} AND ${bounds} ${tail}`), position, async () => {
      const [row] = await this.#session.select<{ count: number }>(
        sql`SELECT count(*)::int AS count FROM ${from} WHERE ${condition}`,
      );
      return row?.count ?? 0;
    });
  }

  /** @param below `FROM … WHERE …` of the rows below one of the parents. */
  async pagesBelow(
    parentIds: readonly string[],
    request: PageRequest,
    below: (parent: Prisma.Sql) => Prisma.Sql,
  ): Promise<Page<Thing>[]> {
    const { columns, keys, position } = this.#parts;
    // The parent comes as a column beside those of the row.
    const toThing = ({ parent: _, ...row }: Row & { readonly parent?: string }) =>
      this.#parts.toThing(row as unknown as Row);
    const pages = await pagesBelow<Row>(this.#session, parentIds, request, {
      rows: (parent, { bounds, tail }) => sql`SELECT ${columns} ${below(parent)} AND ${bounds} ${tail}`,
      count: (parent) => sql`SELECT count(*) AS count ${below(parent)}`,
      keys,
      position: (row) => position(toThing(row)),
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toThing(node), position })),
    }));
  }

  /** @param strength such as `FOR UPDATE`. */
  async lockMany(ids: readonly string[], strength: Prisma.Sql): Promise<(Thing | null)[]> {
    return inOrder(ids, await this.lock(this.#among(ids), strength));
  }

  /** In the order of ids, so that two callers never wait for each other. */
  async lock(condition: Prisma.Sql, strength: Prisma.Sql): Promise<Thing[]> {
    const { columns, from, id } = this.#parts;
    const statement = sql`SELECT ${columns} FROM ${from} WHERE ${condition} ORDER BY ${id} ${strength}`;
    return this.#things(await this.#session.run((db) => db.$queryRaw<Row[]>(statement)));
  }

  #among(ids: readonly string[]): Prisma.Sql {
    return sql`${this.#parts.id} = ANY (${uuids(ids)}::uuid[])`;
  }

  #things(rows: readonly Row[]): Thing[] {
    return rows.map((row) => this.#parts.toThing(row));
  }
}
