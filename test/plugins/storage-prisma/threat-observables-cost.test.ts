import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { PageRequest } from '#kernel/page.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import { PrismaObservables } from '#plugins/storage-prisma/threat/observables.ts';
import type { ObservableFilter } from '#resolvers/threat/observables/observable.ts';
import { newServerDatabase, openServer, stopSharedServer } from '../../support/database.ts';
import { type Cost, costOf, type Statement } from '../../support/plans.ts';
import { findPostgres } from '../../support/postgres.ts';

const sizes = [10_000, 100_000] as const;
const collectionId = newId();
/** Made last, with few rows. */
const smallId = newId();

/** Half addresses of 10.0.0.0/8 and up, half names; a few prefixes around all of them. */
const fill = (rows: number) => `
  INSERT INTO indicator_observable (id, collection_id, stix_id, object_id, kind, value, digest, cidr, revoked)
  SELECT gen_random_uuid(), '${collectionId}', 'indicator--' || gen_random_uuid(), gen_random_uuid(), 'DOMAIN_NAME',
    'h' || n || '.example', sha256(convert_to('h' || n || '.example', 'UTF8')), NULL, FALSE
  FROM generate_series(1, ${rows / 2}) AS n;
  INSERT INTO indicator_observable (id, collection_id, stix_id, object_id, kind, value, digest, cidr, revoked)
  SELECT gen_random_uuid(), '${collectionId}', 'indicator--' || gen_random_uuid(), gen_random_uuid(), 'IPV4_ADDR',
    host(a), sha256(convert_to(host(a), 'UTF8')), a, FALSE
  FROM (SELECT '10.0.0.0'::inet + n * 7 AS a FROM generate_series(1, ${rows / 2}) AS n) AS address;
  INSERT INTO indicator_observable (id, collection_id, stix_id, object_id, kind, value, digest, cidr, revoked)
  SELECT gen_random_uuid(), '${collectionId}', 'indicator--' || gen_random_uuid(), gen_random_uuid(), 'IPV4_ADDR',
    p::text, sha256(convert_to(p::text, 'UTF8')), p, FALSE
  FROM unnest(ARRAY['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/16']::inet[]) AS p;
  INSERT INTO indicator_observable (id, collection_id, stix_id, object_id, kind, value, digest, cidr, revoked)
  SELECT gen_random_uuid(), '${smallId}', 'indicator--' || gen_random_uuid(), gen_random_uuid(), 'URL', 'u' || n,
    sha256(convert_to('u' || n, 'UTF8')), NULL, FALSE
  FROM generate_series(1, 60) AS n;
  VACUUM ANALYZE indicator_observable`;

const page = (parts: Partial<PageRequest> = {}): PageRequest => ({
  ...{ limit: 50, direction: 'forward', after: null, before: null, offset: 0 },
  ...parts,
});
const everything: ObservableFilter = { collectionIds: 'all', includeRevoked: false };
const readable = { collectionIds: [collectionId, newId()], includeRevoked: false };
/** An address that is looked for. */
const address = '10.0.39.93';

interface Store {
  readonly database: Database;
  readonly observables: PrismaObservables;
  cost(work: () => Promise<unknown>): Promise<Cost>;
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
  return {
    database,
    observables: new PrismaObservables(openSessions(database)(null)),
    async cost(work) {
      sent.length = 0;
      await work();
      const [statement] = sent;
      if (!statement || sent.length > 1) throw new Error(`${sent.length} statements were sent.`);
      return costOf(database, statement);
    },
  };
}

describe.skipIf(!findPostgres())('observables', { timeout: 120_000 }, () => {
  let stores: Store[] = [];
  beforeAll(async () => {
    stores = [await openStore(sizes[0]), await openStore(sizes[1])];
  }, 120_000);
  afterAll(async () => {
    for (const { database } of stores) await database.close();
    await stopSharedServer();
  });

  type Work = (observables: PrismaObservables) => Promise<unknown>;
  test.each<[how: string, index: string, work: Work]>([
    [
      'by value',
      'indicator_observable_digest_kind_id_idx',
      (store) => store.page({ ...readable, values: [{ kind: 'DOMAIN_NAME', value: 'h4321.example' }] }, page()),
    ],
    [
      'by what covers an address',
      'indicator_observable_covering_idx',
      (store) => store.page({ ...readable, cidr: { text: `${address}/32`, match: 'COVERING' } }, page()),
    ],
    [
      'by what lies in a prefix, however much that is',
      'indicator_observable_cidr_idx',
      (store) => store.page({ ...readable, cidr: { text: '0.0.0.0/0', match: 'WITHIN' } }, page()),
    ],
    [
      'far behind in a prefix',
      'indicator_observable_cidr_idx',
      (store) =>
        store.page(
          { ...everything, cidr: { text: '10.0.0.0/8', match: 'WITHIN' } },
          page({ after: [`${address}/32`, newId()] }),
        ),
    ],
    [
      'as the list of a small collection',
      'indicator_observable_collection_id_id_idx',
      (store) => store.page({ collectionIds: [smallId], includeRevoked: false }, page()),
    ],
    ['as the list of all', 'indicator_observable_pkey', (store) => store.page(everything, page())],
    [
      'of many networks, inside them',
      'indicator_observable_cidr_idx',
      (store) => store.pagesOfCidrs(['10.0.0.0/8', '10.0.0.0/24', '192.0.2.0/24'], 'WITHIN', readable, page()),
    ],
    [
      'of many networks, around them',
      'indicator_observable_covering_idx',
      (store) => store.pagesOfCidrs(['10.0.7.0/24', '10.0.0.0/24', '192.0.2.0/24'], 'COVERING', readable, page()),
    ],
    [
      'of an indicator',
      'indicator_observable_once_key',
      (store) => store.pagesOfObjects([{ id: newId(), collectionId, stixId: `indicator--${newId()}` }], page()),
    ],
    [
      'to be replaced',
      'indicator_observable_once_key',
      (store) => store.replaceFor([{ collectionId, stixId: `indicator--${newId()}`, rows: [] }]),
    ],
  ])('are found %s at a cost that does not grow with them', async (_, index, work) => {
    const [few, many] = [
      await stores[0]?.cost(() => work(stores[0]?.observables as PrismaObservables)),
      await stores[1]?.cost(() => work(stores[1]?.observables as PrismaObservables)),
    ];
    if (!few || !many) throw new Error('not measured');
    expect([few.scanned, many.scanned]).toEqual([[], []]);
    expect(many.indexes).toContain(index);
    expect(many.pages).toBeLessThanOrEqual(few.pages * 2 + 5);
  });

  test('a digest is the SHA-256 of the value, as it is asked for', async () => {
    const { rows } = (await stores[0]?.database.pool.query(
      "SELECT encode(digest, 'hex') AS digest FROM indicator_observable WHERE value = 'h1.example'",
    )) ?? { rows: [] };
    expect(rows).toEqual([{ digest: createHash('sha256').update('h1.example').digest('hex') }]);
  });
});
