import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pageOfModel, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { openSessions, type Session } from '#plugins/storage-prisma/session.ts';
import { byId, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import { embeddedDatabase } from '../../support/database.ts';

const { sql } = Prisma;

interface Row {
  readonly id: string;
  readonly parent: string;
  readonly name: string;
  readonly size: number;
}

const uuid = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const parents = [uuid(901), uuid(902), uuid(903)];
const names = ['', 'a', 'B', 'b', 'ä', 'z', '\uff5e', '\u{1f680}', "o'hara", 'a\tb'];
const rows: readonly Row[] = Array.from({ length: 40 }, (_, index) => ({
  id: uuid((index * 17) % 40),
  parent: parents[index % 2] ?? '',
  name: names[(index * 7) % names.length] ?? '',
  size: (index * 13) % 5,
}));

/** An order in the three ways in which it is written. */
const orders = [
  ['id', [{ field: 'id', type: 'uuid' }]],
  [
    'name, id',
    [
      { field: 'name', type: 'text' },
      { field: 'id', type: 'uuid' },
    ],
  ],
  [
    'size descending, id',
    [
      { field: 'size', type: 'integer', descending: true },
      { field: 'id', type: 'uuid' },
    ],
  ],
  [
    'name and id descending',
    [
      { field: 'name', type: 'text', descending: true },
      { field: 'id', type: 'uuid', descending: true },
    ],
  ],
  [
    'size, name descending, id',
    [
      { field: 'size', type: 'integer' },
      { field: 'name', type: 'text', descending: true },
      { field: 'id', type: 'uuid' },
    ],
  ],
] as const satisfies readonly [string, readonly { field: keyof Row; type: SqlKey['type']; descending?: boolean }[]][];

const inSql = (keys: (typeof orders)[number][1]): SqlKey[] =>
  keys.map((key) => ({ ...key, sql: Prisma.raw(`item.${key.field}`) }));
const inMemory = (keys: (typeof orders)[number][1]): RowKey<Row>[] =>
  keys.map((key) => ({ ...key, value: (row) => String(row[key.field]) }));

const request = (keys: (typeof orders)[number][1]): fc.Arbitrary<PageRequest> => {
  const position = fc.option(fc.constantFrom(...rows).map((row) => keys.map(({ field }) => String(row[field]))));
  return fc.record({
    limit: fc.integer({ min: 0, max: 7 }),
    direction: fc.constantFrom('forward', 'backward'),
    after: position,
    before: position,
    offset: fc.constantFrom(0, 0, 3),
  });
};

describe('pages', () => {
  let database: Database;
  let session: Session;
  beforeAll(async () => {
    database = await embeddedDatabase();
    session = openSessions(database)(null);
    await database.pool.query(
      'CREATE TABLE item (id uuid PRIMARY KEY, parent uuid NOT NULL, name text COLLATE "C" NOT NULL, size bigint NOT NULL)',
    );
    for (const row of rows) {
      await database.pool.query('INSERT INTO item VALUES ($1, $2, $3, $4)', [row.id, row.parent, row.name, row.size]);
    }
  });
  afterAll(() => database.close());

  test.each(orders)('by %s are the same in SQL and in memory', async (_, keys) => {
    await fc.assert(
      fc.asyncProperty(request(keys), async (asked) => {
        const { bounds, tail } = pageInSql(inSql(keys), asked);
        const found = await session.run(
          (db) => db.$queryRaw<{ id: string }[]>`SELECT id FROM item WHERE ${bounds} ${tail}`,
        );
        const kept = found.slice(0, asked.limit).map(({ id }) => id);
        if (asked.direction === 'backward') kept.reverse();
        const page = pageOfRows(rows, inMemory(keys), asked);
        expect(kept).toEqual(page.items.map(({ node }) => node.id));
        expect(found.length > asked.limit).toBe(
          asked.direction === 'forward' ? page.hasNextPage : page.hasPreviousPage,
        );
      }),
      { numRuns: 60 },
    );
  });

  test.each(orders)('by %s below many parents are each the page of that parent', async (_, keys) => {
    await fc.assert(
      fc.asyncProperty(request(keys), async (asked) => {
        const pages = await pagesBelow<Row>(session, parents, asked, {
          keys: inSql(keys),
          rows: (parent, { bounds, tail }) =>
            sql`SELECT id, name, size FROM item WHERE item.parent = ${parent} AND ${bounds} ${tail}`,
          count: (parent) => sql`SELECT count(*) AS count FROM item WHERE item.parent = ${parent}`,
          position: (row) => keys.map(({ field }) => String(row[field])),
        });
        for (const [index, parent] of parents.entries()) {
          const expected = pageOfRows(
            rows.filter((row) => row.parent === parent),
            inMemory(keys),
            asked,
          );
          const { items, count, ...flags } = pages[index] ?? expected;
          expect(items.map(({ node }) => node.id)).toEqual(expected.items.map(({ node }) => node.id));
          expect(items.map(({ position }) => position)).toEqual(expected.items.map(({ position }) => position));
          expect(flags).toEqual({ hasNextPage: expected.hasNextPage, hasPreviousPage: expected.hasPreviousPage });
          expect(await count()).toBe(await expected.count());
        }
      }),
      { numRuns: 20 },
    );
  });

  test('refuse positions that do not fit the order', () => {
    const keys = inSql(orders[2][1]);
    const asked = { limit: 1, direction: 'forward', offset: 0, before: null } as const;
    for (const after of [
      [],
      ['1'],
      ['x', uuid(1)],
      ['1', 'x'],
      ['1', uuid(1), 'more'],
      ['1.5', uuid(1)],
      ['99999999999999999999', uuid(1)],
    ]) {
      expect(() => pageInSql(keys, { ...asked, after })).toThrow('Not a cursor of this list');
      expect(() => pageOfRows(rows, inMemory(orders[2][1]), { ...asked, after })).toThrow('Not a cursor of this list');
    }
    expect(() => pageInSql(inSql(orders[1][1]), { ...asked, after: ['a\u0000', uuid(1)] })).toThrow('Not a cursor');
  });

  test('of a model walk forward and back through all its rows', async () => {
    await session.run((db) =>
      db.event.createMany({
        data: rows.map((row, index) => ({
          sequence: index + 1,
          turn: 1,
          position: index,
          id: row.id,
          name: row.name,
          scope: {},
          facts: [],
          actor: {},
          occurredAt: new Date(0),
          data: {},
          tx: uuid(1),
          retain: 'LIVE',
          truncated: false,
        })),
      }),
    );
    const keys = [
      { field: 'name', type: 'text', descending: true },
      { field: 'sequence', type: 'integer' },
    ] as const;
    const walk = async (direction: 'forward' | 'backward') => {
      const seen: string[] = [];
      for (let at: readonly string[] | null = null; ; ) {
        const sides = direction === 'forward' ? { after: at, before: null } : { after: null, before: at };
        const page = pageOfModel(keys, { limit: 6, direction, offset: 0, ...sides });
        const found = await session.run((db) =>
          db.event.findMany({ ...page, where: { AND: [{ retain: 'LIVE' }, page.where] } }),
        );
        const kept = found.slice(0, 6);
        seen.push(...kept.map(({ name, sequence }) => `${name}/${sequence}`));
        const last = kept.at(-1);
        if (found.length <= 6 || !last) return seen;
        at = [last.name, String(last.sequence)];
      }
    };
    const forward = await walk('forward');
    expect(new Set(forward).size).toBe(rows.length);
    expect(await walk('backward')).toEqual([...forward].reverse());
    expect(forward[0]?.startsWith('\u{1f680}')).toBe(true);
  });

  test('of what a viewer may see are the same as a condition and as a check', async () => {
    const grant = fc.oneof(
      fc.record({ kind: fc.constant('parent'), value: fc.constantFrom(...parents, 'no id') }),
      fc.record({ kind: fc.constant('item'), value: fc.constantFrom(...rows.slice(0, 5).map(({ id }) => id)) }),
      fc.record({ kind: fc.constantFrom('other', 'constructor'), value: fc.constant('x') }),
    );
    const visibility: fc.Arbitrary<Visibility> = fc.oneof(
      fc.constantFrom('all' as const, 'none' as const),
      fc.record({ allOf: fc.array(fc.array(grant, { maxLength: 4 }), { maxLength: 2 }) }),
    );
    await fc.assert(
      fc.asyncProperty(visibility, async (seen) => {
        const condition = visibleInSql(seen, { parent: byId(sql`item.parent`), item: byId(sql`item.id`) });
        const found = await session.run(
          (db) => db.$queryRaw<{ id: string }[]>`SELECT id FROM item WHERE ${condition} ORDER BY id`,
        );
        const expected = rows
          .filter((row) =>
            isVisible(
              seen,
              ({ kind, value }) => (kind === 'parent' ? row.parent : kind === 'item' ? row.id : null) === value,
            ),
          )
          .map(({ id }) => id)
          .sort();
        expect(found.map(({ id }) => id)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
