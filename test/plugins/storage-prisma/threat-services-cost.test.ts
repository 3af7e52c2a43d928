import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { PrismaDataCollections } from '#plugins/storage-prisma/threat/data-collections.ts';
import { PrismaServices } from '#plugins/storage-prisma/threat/services.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [1000, 20_000] as const;

const id = (table: string, n: number | string) => `md5('${table}' || ${n})::uuid`;

/** As many services as data collections; each serves ten. */
const fill = (rows: number) => `
  INSERT INTO taxii_service (id, kind, service_id, address, path, protocol_bindings, available,
    authentication_required, own, created_at, updated_at)
  SELECT ${id('service', 'n')}, 'POLL', 'service-' || n, '/services/' || n, '/services/' || n, '{}', true, n % 2 = 0,
    '{}', now(), now()
  FROM generate_series(0, ${rows - 1}) AS n;
  INSERT INTO data_collection (id, taxii_id, name, type, accept_all_content, supported_content, available, volume,
    created_at, updated_at)
  SELECT ${id('data', 'n')}, ${id('taxii', 'n')}, 'name-' || n, 'DATA_FEED', true, '[]', true, 0, now(), now()
  FROM generate_series(0, ${rows - 1}) AS n;
  INSERT INTO data_collection_service (data_collection_id, service_id)
  SELECT ${id('data', `((n + m * 17) % ${rows})`)}, ${id('service', 'n')}
  FROM generate_series(0, ${rows - 1}) AS n, generate_series(0, 9) AS m;
  VACUUM ANALYZE taxii_service;
  VACUUM ANALYZE data_collection;
  VACUUM ANALYZE data_collection_service`;

const page = { limit: 50, direction: 'forward', after: null, before: null, offset: 0 } as const;

interface Store {
  readonly database: Database;
  readonly services: PrismaServices;
  readonly collections: PrismaDataCollections;
  readonly serviceIds: readonly string[];
  readonly collectionIds: readonly string[];
  readonly taxiiIds: readonly string[];
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
  const some = async (table: string, column: string) =>
    (await database.pool.query(`SELECT ${column} AS id FROM ${table} ORDER BY created_at, id LIMIT 10`)).rows.map(
      (row) => row.id as string,
    );
  const session = openSessions(database)(null);
  const store: Store = {
    database,
    services: new PrismaServices(session),
    collections: new PrismaDataCollections(session),
    serviceIds: await some('taxii_service', 'id'),
    collectionIds: await some('data_collection', 'id'),
    taxiiIds: await some('data_collection', 'taxii_id'),
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

describe.skipIf(!findPostgres())('services and data collections', { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['a service is found by its path', ({ services }) => services.getByPath(['/services/7', '/services/none'])],
    ['services are found by service id', ({ services }) => services.getByServiceId(['service-7', 'none'])],
    [
      'services are listed from a place',
      ({ services }) => services.page({ filter: {}, page: { ...page, after: ['service-5'] } }),
    ],
    ['some services are listed', ({ services, serviceIds }) => services.page({ filter: { ids: serviceIds }, page })],
    ['a data collection is found by name', ({ collections }) => collections.getByName(['name-7', 'none'])],
    ['data collections are found by UUID', ({ collections, taxiiIds }) => collections.getByTaxiiId(taxiiIds)],
    [
      'data collections are listed from a place',
      ({ collections }) => collections.page({ visibility: 'all', page: { ...page, after: ['name-5'] } }),
    ],
    [
      'the few that a viewer reads are listed',
      ({ collections, taxiiIds }) => {
        const visibility = { allOf: [taxiiIds.map((value) => ({ kind: 'collection', value }))] };
        return collections.page({ visibility, page });
      },
    ],
    [
      'the data collections of ten services are listed',
      ({ collections, serviceIds }) => collections.pagesOfServices(serviceIds, { visibility: 'all', page }),
    ],
    ['the services of ten are found', ({ collections, collectionIds }) => collections.servicesOf(collectionIds)],
    [
      'blocks are counted',
      ({ collections, collectionIds }) => collections.addToVolumes(collectionIds.map((one) => ({ id: one, by: 1 }))),
    ],
  ])('%s at a cost that does not grow with all there are', async (_, work) => {
    const [few, many] = [await stores[0]?.cost(work), await stores[1]?.cost(work)];
    if (!few || !many) throw new Error('not measured');
    expect(many.scanned).toEqual([]);
    // Each of a hundred ways through an index may be a page longer.
    expect(many.pages).toBeLessThanOrEqual(few.pages + 200);
  });
});
