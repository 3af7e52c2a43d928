/** What the stores of the network read of their tables: the same at two sizes, and never a table from end to end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { Visibility } from '#kernel/permission.ts';
import type { Database } from '#plugins/storage-prisma/database.ts';
import { PrismaDevices } from '#plugins/storage-prisma/network/devices.ts';
import { PrismaNetworks } from '#plugins/storage-prisma/network/networks.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { NetworkScope, Occupancy } from '#resolvers/network/networks/store.ts';
import { natural, query } from '../../contract/network/support.ts';
import { embeddedDatabase } from '../../support/database.ts';
import { costOf, type Statement } from '../../support/plans.ts';

interface Sized {
  readonly database: Database;
  readonly devices: PrismaDevices;
  readonly networks: PrismaNetworks;
  readonly siteId: string;
  /** The statements that were sent. */
  readonly sent: Statement[];
  at(cidr: string): Promise<Network>;
}

let small: Sized;
let large: Sized;
beforeAll(async () => {
  small = await openSized(4);
  large = await openSized(64);
}, 240_000);
afterAll(async () => {
  for (const sized of [small, large]) await sized?.database.close();
});

/** 10.0.0.0/8, a /16 for each of `width`, in each 256 /24, and 40 addresses in 10.0.0.0/24; a device for each /24. */
async function openSized(width: number): Promise<Sized> {
  const sent: Statement[] = [];
  const database = await embeddedDatabase({
    timeout: 60_000,
    onStatement: (sql, values) => {
      if (/^\s*(SELECT|WITH)/.test(sql)) sent.push({ sql, values });
    },
  });
  const siteId = newId();
  const add = (cidrs: string) =>
    database.pool.query(
      `INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
       SELECT gen_random_uuid(), $1, cidr::inet, 'ALLOCATED', NULL, now(), now() FROM (${cidrs}) AS made(cidr)`,
      [siteId],
    );
  await add(`SELECT '10.0.0.0/8'`);
  await add(`SELECT '10.' || a || '.0.0/16' FROM generate_series(0, ${width - 1}) AS a`);
  await add(
    `SELECT '10.' || a || '.' || b || '.0/24' FROM generate_series(0, ${width - 1}) AS a, generate_series(0, 255) AS b`,
  );
  await add(`SELECT '10.0.0.' || c || '/32' FROM generate_series(1, 40) AS c`);
  await database.pool.query(
    `UPDATE network AS n SET parent_id = p.id FROM network AS p
     WHERE p.cidr = network(set_masklen(n.cidr, CASE masklen(n.cidr) WHEN 32 THEN 24 WHEN 24 THEN 16 ELSE 8 END))
       AND masklen(n.cidr) > 8`,
  );
  await database.pool.query(
    `INSERT INTO device (id, site_id, hostname, created_at, updated_at)
     SELECT gen_random_uuid(), $1, 'device-' || n, now(), now() FROM generate_series(1, ${width * 256}) AS n`,
    [siteId],
  );
  await database.pool.query('VACUUM ANALYZE');
  const session = openSessions(database)(null);
  const networks = new PrismaNetworks(session);
  return {
    database,
    siteId,
    sent,
    networks,
    devices: new PrismaDevices(session),
    async at(cidr) {
      const [[network] = []] = await networks.match([{ siteId, key: cidr }], 'all');
      if (!network) throw new Error(`${cidr} does not exist.`);
      return network;
    },
  };
}

/** How many pages of 8 KiB the work looks at. It reads no table from end to end. */
async function cost(sized: Sized, work: (sized: Sized) => Promise<unknown>): Promise<number> {
  sized.sent.length = 0;
  await work(sized);
  const costs = [];
  for (const statement of [...sized.sent]) costs.push(await costOf(sized.database, statement));
  expect(costs.flatMap(({ scanned }) => scanned)).toEqual([]);
  return costs.reduce((sum, { pages }) => sum + pages, 0);
}

/** Less than `most` pages in the small table, and about as many in the large one. */
async function expectSameCost(work: (sized: Sized) => Promise<unknown>, most: number): Promise<void> {
  const [one, other] = [await cost(small, work), await cost(large, work)];
  expect(one).toBeLessThanOrEqual(most);
  expect(other).toBeLessThanOrEqual(most);
}

const page = (sized: Sized, scope: NetworkScope, limit = 100) =>
  sized.networks.pages([scope], query({ order: natural, page: { limit } }));

describe('networks', () => {
  test('by prefix', () =>
    expectSameCost(({ networks, siteId }) => networks.match([{ siteId, key: '10.0.7.0/24' }], 'all'), 3));

  test('what holds a prefix', () =>
    expectSameCost(({ networks, siteId }) => networks.containing([{ siteId, cidr: '10.0.0.7/32' }]), 110));

  test('a page of children, siblings, and of what a network holds', async () => {
    await expectSameCost(
      async (sized) => page(sized, { kind: 'children', network: await sized.at('10.0.0.0/16') }),
      110,
    );
    await expectSameCost(
      async (sized) => page(sized, { kind: 'siblings', network: await sized.at('10.0.7.0/24') }),
      110,
    );
    await expectSameCost(async (sized) => page(sized, { kind: 'inside', network: await sized.at('10.0.0.0/8') }), 20);
    await expectSameCost(async (sized) => page(sized, { kind: 'inside', network: await sized.at('10.3.0.0/16') }), 20);
    await expectSameCost(
      async (sized) => page(sized, { kind: 'containing', network: await sized.at('10.0.0.7/32') }),
      20,
    );
  });

  test('a page of a Site by address and by creation, and the page after it', async () => {
    await expectSameCost((sized) => page(sized, { kind: 'site', siteId: sized.siteId }), 15);
    await expectSameCost(
      ({ networks, siteId }) => networks.pages([{ kind: 'site', siteId }], query({ page: { limit: 100 } })),
      110,
    );
    await expectSameCost(async (sized) => {
      const first = await page(sized, { kind: 'site', siteId: sized.siteId }, 10);
      const after = first[0]?.items.at(-1)?.position ?? null;
      const next = query({ order: natural, page: { limit: 10, after } });
      await sized.networks.pages([{ kind: 'site', siteId: sized.siteId }], next);
    }, 15);
  });

  test('a page of roots', () =>
    expectSameCost(
      ({ networks, siteId }) =>
        networks.pages(
          [{ kind: 'site', siteId }],
          query({ filter: { rootOnly: true }, order: natural, page: { limit: 10 } }),
        ),
      5,
    ));

  test('a page of what a grant on a network shows', () =>
    expectSameCost(async (sized) => {
      const granted = await sized.at('10.0.0.0/24');
      const visibility: Visibility = { allOf: [[{ kind: 'network', value: granted.id }]] };
      const scope: NetworkScope = { kind: 'inside', network: granted };
      await sized.networks.pages([scope], query({ visibility, order: natural, page: { limit: 10 } }));
    }, 25));

  test('what is taken of a network, as far as it has to be known', async () => {
    const near = async (sized: Sized, cidr: string, occupancy: Occupancy) =>
      sized.networks.occupied([await sized.at(cidr)], occupancy, 2);
    await expectSameCost((sized) => near(sized, '10.0.0.0/16', { by: 'children', length: 24 }), 110);
    await expectSameCost((sized) => near(sized, '10.0.0.0/24', { by: 'hosts', length: 32 }), 20);
    await expectSameCost((sized) => near(sized, '10.3.0.0/16', { by: 'long', length: 26 }), 20);
  });

  test('what a newcomer adopts', () =>
    expectSameCost(async (sized) => {
      const parent = await sized.at('10.0.0.0/16');
      const network: Network = { ...parent, id: newId(), cidr: '10.0.4.0/22', parentId: parent.id };
      await sized.networks.adopt([{ network, formerParentId: parent.id }], 1000);
    }, 15));
});

describe('devices', () => {
  test('by hostname in a Site and in all', async () => {
    await expectSameCost(({ devices, siteId }) => devices.match([{ siteId, key: 'DEVICE-7' }], 'all'), 5);
    await expectSameCost(({ devices }) => devices.match([{ siteId: null, key: 'DEVICE-7' }], 'all'), 10);
  });

  test('a page by hostname and by creation', async () => {
    await expectSameCost(
      ({ devices, siteId }) => devices.pages([siteId], query({ order: natural, page: { limit: 50 } })),
      55,
    );
    await expectSameCost(({ devices, siteId }) => devices.pages([siteId], query({ page: { limit: 50 } })), 55);
    await expectSameCost(({ devices }) => devices.pages([null], query({ order: natural, page: { limit: 50 } })), 25);
  });
});
