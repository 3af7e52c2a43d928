import type { Page, PageRequest, Position } from '#kernel/page.ts';
import { toPage } from '#kernel/page.ts';
import { fittingPositions, type KeyType } from '#plugins/positions.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

const { sql, join, empty } = Prisma;

/**
 * A key of a list's order; the last one is unique. Text is compared by code points on every storage, so a column of
 * text is made with COLLATE "C".
 */
export interface OrderKey {
  readonly type: KeyType;
  readonly descending?: boolean;
}

/** A key written in SQL: a column or an expression. */
export interface SqlKey extends OrderKey {
  readonly sql: Prisma.Sql;
}

/** A key of a Prisma model. */
export interface FieldKey extends OrderKey {
  readonly field: string;
}

/**
 * The parts of a statement that reads one page: `WHERE … AND ${bounds} ${tail}`. It fetches one row to spare, in the
 * order that `toPage` expects.
 * @throws InputError for a cursor of another list.
 */
export function pageInSql(keys: readonly SqlKey[], request: PageRequest): { bounds: Prisma.Sql; tail: Prisma.Sql } {
  const { after, before } = fittingPositions(
    keys.map(({ type }) => type),
    request,
  );
  const backward = request.direction === 'backward';
  const order = keys.map((key) => sql`${key.sql} ${descends(key) !== backward ? sql`DESC` : sql`ASC`}`);
  const bounds = [
    sql`TRUE`,
    ...(after ? [beyondInSql(keys, after, 'after')] : []),
    ...(before ? [beyondInSql(keys, before, 'before')] : []),
  ];
  return {
    bounds: join(bounds, ' AND '),
    tail: sql`ORDER BY ${join(order)} LIMIT ${request.limit + 1} ${request.offset > 0 ? sql`OFFSET ${request.offset}` : empty}`,
  };
}

const descends = (key: OrderKey): boolean => key.descending === true;

const casts: Readonly<Record<KeyType, Prisma.Sql>> = {
  text: sql`text`,
  uuid: sql`uuid`,
  integer: sql`bigint`,
  instant: sql`timestamptz`,
  network: sql`inet`,
};

function beyondInSql(keys: readonly SqlKey[], position: Position, side: 'after' | 'before'): Prisma.Sql {
  const values = keys.map(({ type }, index) => sql`${position[index]}::${casts[type]}`);
  const rises = (key: OrderKey) => descends(key) === (side === 'before');
  if (keys.every((key) => rises(key) === rises(keys[0] ?? key))) {
    // One comparison of rows is answered by one walk of an index.
    const columns = join(keys.map((key) => key.sql));
    return sql`(${columns}) ${rises(keys[0] as OrderKey) ? sql`>` : sql`<`} (${join(values)})`;
  }
  const steps = keys.map((key, index) => {
    const equal = keys.slice(0, index).map((earlier, at) => sql`${earlier.sql} = ${values[at]}`);
    return sql`(${join([...equal, sql`${key.sql} ${rises(key) ? sql`>` : sql`<`} ${values[index]}`], ' AND ')})`;
  });
  return sql`(${join(steps, ' OR ')})`;
}

/** What `findMany` of a model takes to read one page. */
export interface PageArguments {
  readonly where: { readonly AND: object[] };
  readonly orderBy: Record<string, 'asc' | 'desc'>[];
  readonly take: number;
  readonly skip: number;
}

/**
 * The same for `findMany`: `{ ...page, where: { AND: [filter, page.where] } }`.
 * @throws InputError for a cursor of another list.
 */
export function pageOfModel(keys: readonly FieldKey[], request: PageRequest): PageArguments {
  const { after, before } = fittingPositions(
    keys.map(({ type }) => type),
    request,
  );
  const backward = request.direction === 'backward';
  return {
    where: {
      AND: [
        ...(after ? [beyondInModel(keys, after, 'after')] : []),
        ...(before ? [beyondInModel(keys, before, 'before')] : []),
      ],
    },
    orderBy: keys.map((key) => ({ [key.field]: descends(key) !== backward ? 'desc' : 'asc' })),
    take: request.limit + 1,
    skip: request.offset,
  };
}

function beyondInModel(keys: readonly FieldKey[], position: Position, side: 'after' | 'before'): object {
  const value = (index: number) => (keys[index]?.type === 'integer' ? BigInt(position[index] ?? 0) : position[index]);
  return {
    OR: keys.map((key, index) => ({
      ...Object.fromEntries(keys.slice(0, index).map(({ field }, at) => [field, value(at)])),
      [key.field]: { [descends(key) === (side === 'before') ? 'gt' : 'lt']: value(index) },
    })),
  };
}

/** How the rows below one of many parents are read. `parent` stands for the id of that one. */
export interface ChildPages<Row> {
  /** What the parents are told apart by; row ids unless said. */
  readonly type?: 'uuid' | 'text';
  /** A SELECT of one parent's page, with `bounds` in its WHERE and `tail` at its end. */
  rows(parent: Prisma.Sql, page: { bounds: Prisma.Sql; tail: Prisma.Sql }): Prisma.Sql;
  /** A SELECT of one parent's `count(*) AS count`. */
  count(parent: Prisma.Sql): Prisma.Sql;
  readonly keys: readonly SqlKey[];
  position(row: Row): Position;
}

/**
 * The same page below each of many parents, in one statement; counting all of them costs another when one is counted.
 * @param parents row ids, or texts where their type is said.
 */
export async function pagesBelow<Row>(
  session: Session,
  parents: readonly string[],
  request: PageRequest,
  { type = 'uuid', rows, count, keys, position }: ChildPages<Row>,
): Promise<Page<Row>[]> {
  const parent = sql`parent.id`;
  const all = sql`unnest(${[...new Set(parents)]}::${casts[type]}[]) AS parent(id)`;
  const found = await session.select<Row & { parent: string }>(
    sql`SELECT parent.id AS parent, child.* FROM ${all}
      CROSS JOIN LATERAL (${rows(parent, pageInSql(keys, request))}) AS child`,
  );
  const byParent = Map.groupBy(found, (row) => row.parent);
  let counts: Promise<Map<string, number>> | null = null;
  const countAll = () =>
    session
      .run(
        (db) => db.$queryRaw<{ parent: string; count: bigint }[]>`
          SELECT parent.id AS parent, child.count FROM ${all} CROSS JOIN LATERAL (${count(parent)}) AS child`,
      )
      .then((rows) => new Map(rows.map((row) => [row.parent, Number(row.count)])));
  return parents.map((id) =>
    toPage<Row>(request, byParent.get(id) ?? [], position, async () => {
      counts ??= countAll();
      return (await counts).get(id) ?? 0;
    }),
  );
}
