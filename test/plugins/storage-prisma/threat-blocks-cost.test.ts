import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { PrismaContentBlocks } from '#plugins/storage-prisma/threat/content-blocks.ts';
import type { BlockWindow } from '#resolvers/threat/content-blocks/content-block.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [30_000, 150_000] as const;
const feed = newId();

/** A feed with a label for each second, and another one with as many blocks. */
const fill = (rows: number) => `
  INSERT INTO content_block (id, timestamp_label, binding, subtype, content, content_is_xml, created_at)
  SELECT gen_random_uuid(), '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 second', 'urn:x',
    CASE n % 3 WHEN 0 THEN 's' END, 'content ' || n, FALSE, '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 second'
  FROM generate_series(1, ${rows}) AS n;
  INSERT INTO content_block_attachment (block_id, data_collection_id, timestamp_label, binding, subtype, bytes)
  SELECT b.id, holder.id, b.timestamp_label, b.binding, b.subtype, octet_length(b.content)
  FROM content_block AS b CROSS JOIN unnest(ARRAY['${feed}', '${newId()}']::uuid[]) AS holder(id);
  VACUUM ANALYZE content_block;
  VACUUM ANALYZE content_block_attachment`;

const label = (second: number) => new Date(Date.UTC(2020, 0, 1) + second * 1000).toISOString().replace('Z', '000Z');
const window = (parts: Partial<BlockWindow> = {}): BlockWindow => ({
  ...{ dataCollectionId: feed, begin: null, end: null, wanted: 'ALL' },
  ...parts,
});
const hundred = { count: 100, bytes: 1_000_000 };
const forward = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;

interface Store {
  readonly rows: number;
  readonly database: Database;
  readonly blocks: PrismaContentBlocks;
  cost(work: (blocks: PrismaContentBlocks) => Promise<unknown>): Promise<Cost>;
}

async function openStore(rows: number): Promise<Store> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|DELETE)/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of fill(rows).split(';')) await database.pool.query(statement);
  const blocks = new PrismaContentBlocks(openSessions(database)(null));
  return {
    rows,
    database,
    blocks,
    async cost(work) {
      sent.length = 0;
      await work(blocks);
      const [statement] = sent;
      if (!statement) throw new Error('Nothing was sent.');
      return costOf(database, statement);
    },
  };
}

const machine = findPostgres() ? 'PostgreSQL server' : 'PostgreSQL server (no initdb and postgres on this machine)';

describe.skipIf(!findPostgres())(`content blocks on a ${machine}`, { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  type Work = (blocks: PrismaContentBlocks, rows: number) => Promise<unknown>;
  test.each<[what: string, work: Work]>([
    ['the first part of a poll', (blocks) => blocks.read(window(), null, hundred)],
    ['a part of a poll at its end', (blocks, rows) => blocks.read(window({ begin: label(rows - 100) }), null, hundred)],
    [
      'a part after a place',
      (blocks, rows) => blocks.read(window(), { timestampLabel: label(rows - 100), id: feed }, hundred),
    ],
    [
      'a part of a binding with a subtype',
      (blocks, rows) =>
        blocks.read(window({ begin: label(rows / 2), wanted: [{ binding: 'urn:x', subtypes: ['s'] }] }), null, hundred),
    ],
    ['the newest label', (blocks) => blocks.newestLabels([feed])],
    ['a capped count', (blocks) => blocks.count(window(), 100)],
    [
      'the last page of a list',
      (blocks) =>
        blocks.pages([{ kind: 'dataCollection', window: window() }], { ...forward, direction: 'backward' }, 1_000_000),
    ],
    ['what is oldest', (blocks) => blocks.keptBefore(label(1e9), 100)],
  ])('%s costs the same in a large storage as in a small one, and scans no table', async (_, work) => {
    const [small, large] = await Promise.all(stores.map((store) => store.cost((blocks) => work(blocks, store.rows))));
    if (!small || !large) throw new Error('Two storages were opened.');
    expect(large.scanned).toEqual([]);
    expect(large.pages).toBeLessThanOrEqual(small.pages * 1.5);
    // No more than it takes to look a hundred blocks up, and the way to them.
    expect(large.pages).toBeLessThan(100 * 4 + 50);
  });
});
