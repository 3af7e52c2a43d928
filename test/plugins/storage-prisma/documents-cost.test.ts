import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaDocuments } from '#plugins/storage-prisma/platform/documents.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { documentId } from '#resolvers/platform/store/document.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [10_000, 100_000] as const;

/** Teams of ten documents each, however many there are. */
const fill = (rows: number) => `
  INSERT INTO store_document (id, path, parent, segments, body, etag, created_at, updated_at)
  SELECT gen_random_uuid(), '/team' || n / 10 || '/d' || n % 10, '/team' || n / 10,
    ARRAY['team' || n / 10, 'd' || n % 10], '{"a":1}', 'etag', now(), now()
  FROM generate_series(0, ${rows - 1}) AS n;
  VACUUM ANALYZE store_document`;

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;

interface Store {
  readonly database: Database;
  readonly documents: PrismaDocuments;
  cost(work: () => Promise<unknown>): Promise<Cost>;
}

async function openStore(rows: number): Promise<Store> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of fill(rows).split(';')) await database.pool.query(statement);
  const documents = new PrismaDocuments(openSessions(database)(null));
  return {
    database,
    documents,
    async cost(work) {
      sent.length = 0;
      await work();
      const [statement] = sent;
      if (!statement || sent.length > 1) throw new Error(`${sent.length} statements were sent.`);
      return costOf(database, statement);
    },
  };
}

describe.skipIf(!findPostgres())('documents', { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  const grants = { allOf: [[{ kind: 'path', value: '/team7' }]] };
  test.each<[string, (documents: PrismaDocuments) => Promise<unknown>]>([
    ['are counted below a path', (documents) => documents.countBelow('/team500')],
    ['are removed with what is below', (documents) => documents.remove('/team501')],
    ['are listed below a path', (documents) => documents.children('/team502', 'all', page)],
    ['are listed as far as they are seen', (documents) => documents.children('/team7', grants, page)],
    ['are found by path', (documents) => documents.findMany(['/', '/team503', '/team503/d1'])],
    ['are found by id', (documents) => documents.getMany([documentId('/')])],
  ])('%s at a cost that does not grow with the store', async (_, work) => {
    const [few, many] = [
      await stores[0]?.cost(() => work(stores[0]?.documents as PrismaDocuments)),
      await stores[1]?.cost(() => work(stores[1]?.documents as PrismaDocuments)),
    ];
    if (!few || !many) throw new Error('not measured');
    expect([few.scanned, many.scanned]).toEqual([[], []]);
    expect(many.pages).toBeLessThanOrEqual(few.pages + 15);
  });
});
