import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest, Position } from '#kernel/page.ts';
import { openUnit, openUnits } from '#kernel/unit.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { PrismaStixObjects } from '#plugins/storage-prisma/threat/stix-objects.ts';
import { readVersions } from '#resolvers/threat/objects/match.ts';
import type { StixFilter } from '#resolvers/threat/objects/stix-object.ts';
import { aVersion } from '../../contract/threat/stix-support.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [2000, 50_000] as const;
const [collectionId, other] = [newId(), newId()];
const uuid = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))`;
/** The first row comes at this instant, and one each second after it. */
const start = Date.UTC(2024, 0, 1);
const instantAt = (row: number): string => `${new Date(start + row * 1000).toISOString().slice(0, 23)}000Z`;
const idAt = (row: number): string => `x-a--00000000-0000-4000-8000-${row.toString(16).padStart(12, '0')}`;

/**
 * One object a second, in two collections; of every tenth the newer version came first. Four at the end are of a type and
 * of a version of STIX that nothing else is of.
 */
const fill = (rows: number) => `
  INSERT INTO stix_object (id, collection_id, stix_id, type, spec_version, version, date_added, is_first, is_last, hash,
    size, body)
  SELECT gen_random_uuid(), c::uuid, 'x-a--' || ${uuid('n - n % 10 / 9')},
    CASE WHEN n > ${rows - 4} THEN 'x-rare' ELSE 'x-a' END, CASE WHEN n > ${rows - 4} THEN '2.0' ELSE '2.1' END,
    timestamptz '2020-01-01Z' + CASE WHEN n % 10 = 9 THEN 0 ELSE 1 END * interval '1 day',
    timestamptz '2024-01-01Z' + n * interval '1 second', n % 10 <> 8, n % 10 <> 9, sha256(n::text::bytea), 2, '{}'
  FROM generate_series(1, ${rows}) AS n CROSS JOIN unnest(ARRAY['${collectionId}', '${other}']) AS c;
  INSERT INTO stix_ledger (collection_id, newest)
    SELECT c::uuid, '2025-01-01Z' FROM unnest(ARRAY['${collectionId}', '${other}']) AS c;
  VACUUM ANALYZE stix_object`;

interface Store {
  readonly database: Database;
  readonly rows: number;
  readonly objects: PrismaStixObjects;
  readonly sent: Statement[];
  cost(work: (store: Store) => Promise<unknown>): Promise<Cost>;
}

async function openStore(rows: number): Promise<Store> {
  const sent: Statement[] = [];
  const database = await openServer(await newServerDatabase(), {
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH|DELETE|INSERT|UPDATE)/.test(sql) && /stix_/.test(sql)) sent.push({ sql, values });
    },
  });
  for (const statement of fill(rows).split(';')) await database.pool.query(statement);
  const store: Store = {
    database,
    rows,
    sent,
    objects: new PrismaStixObjects(openSessions(database)(null)),
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

const last = readVersions(undefined);
const after = (row: number): Position => [instantAt(row), idAt(row), '2020-01-02T00:00:00.000000Z'];
const request = (parts: Partial<PageRequest> = {}): PageRequest => ({
  ...{ limit: 100, direction: 'forward', after: null, before: null, offset: 0 },
  ...parts,
});

describe.skipIf(!findPostgres())('STIX objects', { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  type Read = (rows: number) => { readonly filter?: Partial<StixFilter>; readonly page?: Partial<PageRequest> };
  test.each<[how: string, indexes: readonly string[], read: Read]>([
    ['the first page', ['stix_object_last_idx'], () => ({})],
    ['the last page', ['stix_object_last_idx'], (rows) => ({ page: { after: after(rows - 110) } })],
    ['the page before the end', ['stix_object_last_idx'], () => ({ page: { direction: 'backward' } })],
    ['what came late', ['stix_object_last_idx'], (rows) => ({ filter: { addedAfter: instantAt(rows - 50) } })],
    [
      'all versions',
      ['stix_object_collection_id_date_added_stix_id_version_idx'],
      (rows) => ({ filter: { versions: 'all' }, page: { after: after(rows / 2) } }),
    ],
    [
      'first and last versions',
      ['stix_object_first_idx', 'stix_object_last_idx'],
      (rows) => ({ filter: { versions: readVersions(['first', 'last']) }, page: { after: after(rows / 2) } }),
    ],
    ['a rare type', ['stix_object_last_of_type_idx'], () => ({ filter: { types: ['x-rare', 'x-none'] } })],
    ['a rare version of STIX', ['stix_object_last_of_spec_idx'], () => ({ filter: { specVersions: ['2.0'] } })],
    [
      'a few objects',
      ['stix_object_collection_id_stix_id_version_key'],
      () => ({ filter: { stixIds: [idAt(3), idAt(18), idAt(1999)], versions: 'all' } }),
    ],
  ])('%s costs the same in a large collection, and scans nothing', async (_, indexes, read) => {
    const costs = [];
    for (const store of stores) {
      const { filter, page } = read(store.rows);
      const query = { filter: { versions: last, ...filter }, page: request(page) };
      costs.push(await store.cost(({ objects }) => objects.pages([[collectionId]], query, 1_000_000)));
    }
    const [small, large] = costs as [Cost, Cost];
    expect(large.scanned).toEqual([]);
    expect(large.indexes).toEqual(expect.arrayContaining([...indexes]));
    expect(large.pages).toBeLessThan(small.pages * 1.5 + 16);
  });

  test('a page over all collections costs a page of each', async () => {
    const [, store] = stores;
    const query = { filter: { versions: last }, page: request({ after: after(25_000) }) };
    const cost = await store?.cost(({ objects }) => objects.versionPages(['all'], query));
    expect(cost?.scanned ?? []).not.toContain('stix_object');
    expect(cost?.pages).toBeLessThan(1500);
  });

  test('adding to a large collection costs what adding to a small one does', async () => {
    const costs = [];
    for (const store of stores) {
      const objects = Array.from({ length: 100 }, (_, index) =>
        aVersion(idAt(index * 10 + 1), '2022-01-01T00:00:00.000000Z'),
      );
      store.sent.length = 0;
      const unit = openUnit(newId(), 60_000);
      const stored = await openUnits.run(unit, async () => {
        const added = await new PrismaStixObjects(openSessions(store.database)(unit)).addMany(
          collectionId,
          objects,
          '2025-06-01T00:00:00.000000Z',
        );
        await unit.rollback();
        return added;
      });
      expect(stored.every(({ outcome }) => outcome === 'stored')).toBe(true);
      const statements = [...store.sent];
      expect(statements).toHaveLength(5);
      let pages = 0;
      for (const statement of statements) {
        const cost = await costOf(store.database, statement);
        // A table of a few pages may be read from end to end.
        if (store.rows === sizes[1]) expect(cost.scanned).not.toContain('stix_object');
        pages += cost.pages;
      }
      costs.push(pages);
    }
    expect(costs[1]).toBeLessThan((costs[0] ?? 0) * 1.6);
  });
});
