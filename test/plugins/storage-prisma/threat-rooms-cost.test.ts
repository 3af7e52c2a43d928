import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { PrismaApiRoots } from '#plugins/storage-prisma/threat/api-roots.ts';
import { PrismaCollections } from '#plugins/storage-prisma/threat/collections.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [1000, 20_000] as const;

const id = (table: string, n: number | string) => `md5('${table}' || ${n})::uuid`;

/** API roots of ten collections each, however many there are; one collection in a hundred is open. */
const fill = (rows: number) => `
  INSERT INTO taxii_api_root (id, slug, title, is_default, is_public, created_at, updated_at)
  SELECT ${id('root', 'n')}, 'root-' || n, 'Root ' || n, n = 7, n % 2 = 0, now(), now()
  FROM generate_series(0, ${rows / 10 - 1}) AS n;
  INSERT INTO taxii_collection (id, api_root_id, title, alias, is_public, is_public_write, object_count, created_at,
    updated_at)
  SELECT ${id('collection', 'n')}, ${id('root', '(n / 10)')}, 'Collection ' || n, 'alias-' || n % 10,
    n < 10, false, 0, now(), now()
  FROM generate_series(0, ${rows - 1}) AS n;
  VACUUM ANALYZE taxii_api_root;
  VACUUM ANALYZE taxii_collection`;

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;
const deep = { ...page, after: ['Collection 777', '00000000-0000-0000-0000-000000000000'] };

interface Store {
  readonly database: Database;
  readonly roots: PrismaApiRoots;
  readonly collections: PrismaCollections;
  readonly rootIds: readonly string[];
  readonly collectionIds: readonly string[];
  cost(work: (store: Store) => Promise<unknown>): Promise<Cost>;
}

async function openStore(rows: number): Promise<Store> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|UPDATE)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of fill(rows).split(';')) await database.pool.query(statement);
  const some = async (table: string) =>
    (await database.pool.query(`SELECT id FROM ${table} ORDER BY created_at, id LIMIT 10`)).rows.map((row) => row.id);
  const session = openSessions(database)(null);
  const store: Store = {
    database,
    roots: new PrismaApiRoots(session),
    collections: new PrismaCollections(session),
    rootIds: await some('taxii_api_root'),
    collectionIds: await some('taxii_collection'),
    async cost(work) {
      sent.length = 0;
      await work(store);
      const [statement] = sent;
      if (!statement || sent.length > 1) throw new Error(`${sent.length} statements were sent.`);
      return costOf(database, statement);
    },
  };
  return store;
}

describe.skipIf(!findPostgres())('API roots and collections', { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['an API root is found by slug', ({ roots }) => roots.getBySlug(['root-50', 'none'])],
    ['the default is found', ({ roots }) => roots.getDefault()],
    ['API roots are listed', ({ roots }) => roots.page({ publicOnly: false, page: { ...page, limit: 20 } })],
    ['a collection is found by id', ({ collections, collectionIds }) => collections.getMany(collectionIds)],
    [
      'a collection is found by alias',
      ({ collections, rootIds }) =>
        collections.getByAlias(rootIds.map((apiRootId) => ({ apiRootId, alias: 'alias-3' }))),
    ],
    ['collections are listed from a place', ({ collections }) => collections.page({ kind: 'all' }, deep)],
    [
      'the collections of a root are listed',
      ({ collections, rootIds }) => collections.page({ kind: 'roots', ids: rootIds.slice(0, 1) }, page),
    ],
    ['the collections of ten roots are listed', ({ collections, rootIds }) => collections.pagesOfRoots(rootIds, page)],
    ['the open ones are listed', ({ collections }) => collections.listOpen()],
    [
      'objects are counted',
      ({ collections, collectionIds }) => collections.addToCounts(collectionIds.map((id) => ({ id, by: 1 }))),
    ],
  ])('%s at a cost that does not grow with all there are', async (_, work) => {
    const [few, many] = [await stores[0]?.cost(work), await stores[1]?.cost(work)];
    if (!few || !many) throw new Error('not measured');
    expect(many.scanned).toEqual([]);
    expect(many.pages).toBeLessThanOrEqual(few.pages + 60);
  });
});
