import { type Page, type Position, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow } from '#plugins/storage-prisma/keyset.ts';
import { columns, type NetworkRow, toNetwork } from '#plugins/storage-prisma/network/network-rows.ts';
import {
  conditions,
  keysOf,
  type Query,
  visibleNetwork,
  type Way,
  waysOf,
} from '#plugins/storage-prisma/network/network-scopes.ts';
import { occupied } from '#plugins/storage-prisma/network/network-space.ts';
import * as tree from '#plugins/storage-prisma/network/network-tree.ts';
import { byPlace, inOrder, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { NetworkFilter, NetworkScope, NetworkStore, Tree } from '#resolvers/network/networks/store.ts';

const { sql } = Prisma;

/** Every length that a prefix can have. */
const lengths = Array.from({ length: 129 }, (_, length) => length);

export class PrismaNetworks implements NetworkStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Network | null)[]> {
    return inOrder(ids, await this.#select(sql`WHERE n.id = ANY (${uuids(ids)}::uuid[])`));
  }

  async match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Network[])[]> {
    const asked = JSON.stringify(keys.map(({ siteId, key }, place) => ({ place, site: siteId, key })));
    const matching = sql`
      SELECT ${columns} FROM network AS n WHERE n.cidr = asked.key AND ${visibleNetwork(visibility)}`;
    // One Site and all Sites are two ways into the table, each with its own index.
    const rows = await this.#session.select<NetworkRow & { place: number }>(
      sql`
        SELECT asked.place, found.* FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid, key inet)
        CROSS JOIN LATERAL (
          (${matching} AND n.site_id = asked.site)
          UNION ALL
          (${matching} AND asked.site IS NULL ORDER BY n.id LIMIT 2)
        ) AS found`,
    );
    return byPlace(keys, rows, toNetwork);
  }

  async pages(scopes: readonly NetworkScope[], query: ListQuery<NetworkFilter>): Promise<Page<Network>[]> {
    const pages = new Map<NetworkScope, Page<Network>>();
    for (const way of waysOf(scopes)) {
      const read = way.select ? await this.#pagesOf(way, way.select, query) : [await this.#pageOfAll(query)];
      way.scopes.forEach((scope, index) => {
        pages.set(scope, (read[index] ?? read[0]) as Page<Network>);
      });
    }
    return scopes.map((scope) => pages.get(scope) as Page<Network>);
  }

  async #pagesOf(
    { ids }: Way,
    select: NonNullable<Way['select']>,
    query: ListQuery<NetworkFilter>,
  ): Promise<Page<Network>[]> {
    const matches = await conditions(query);
    const pages = await pagesBelow<NetworkRow>(this.#session, ids, query.page, {
      rows: (id, { bounds, tail }) => select(id, query.filter, columns, sql`${matches} AND ${bounds} ${tail}`),
      count: (id) => select(id, query.filter, sql`count(*) AS count`, matches),
      keys: keysOf(query.order),
      position: (row) => positionOf(query.order, toNetwork(row)),
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toNetwork(node), position })),
    }));
  }

  async #pageOfAll(query: ListQuery<NetworkFilter>): Promise<Page<Network>> {
    const { bounds, tail } = pageInSql(keysOf(query.order), query.page);
    const matches = await conditions(query);
    return toPage(
      query.page,
      await this.#select(sql`WHERE ${matches} AND ${bounds} ${tail}`),
      (network) => positionOf(query.order, network),
      async () => (await this.count([{ kind: 'all' }], query))[0] ?? 0,
    );
  }

  async count(scopes: readonly NetworkScope[], query: Query): Promise<number[]> {
    const counts = new Map<NetworkScope, number>();
    const matches = await conditions(query);
    for (const way of waysOf(scopes)) {
      const what = sql`count(*) AS count`;
      const counted =
        way.select?.(sql`asked.id`, query.filter, what, matches) ??
        sql`SELECT ${what} FROM network AS n WHERE ${matches}`;
      const rows = await this.#session.run(
        (db) => db.$queryRaw<{ id: string; count: bigint }[]>`
          SELECT asked.id::text AS id, counted.count FROM unnest(${[...new Set(way.ids)]}::uuid[]) AS asked(id)
          CROSS JOIN LATERAL (${counted}) AS counted`,
      );
      const byId = new Map(rows.map(({ id, count }) => [id, Number(count)]));
      way.scopes.forEach((scope, index) => {
        counts.set(scope, byId.get(way.ids[index] ?? '') ?? 0);
      });
    }
    return scopes.map((scope) => counts.get(scope) ?? 0);
  }

  async containing(places: readonly { readonly siteId: string; readonly cidr: string }[]): Promise<Network[]> {
    const sites = places.map(({ siteId }) => siteId);
    const cidrs = places.map(({ cidr }) => cidr);
    // Whatever could hold them is looked up by its key, all of a Site in one walk of the index; an array keeps it so. The
    // planner would rather read the whole Site once than search by address, or take the index that is for holders.
    const rows = await this.#session.select<NetworkRow>(
      sql`
        SELECT holder.* FROM (
          SELECT site, array_agg(DISTINCT network(set_masklen(cidr, length))::inet) AS cidrs
          FROM unnest(${sites}::uuid[], ${cidrs}::inet[]) AS asked(site, cidr)
          JOIN unnest(${lengths}::int[]) AS length ON length <= masklen(cidr) GROUP BY site
        ) AS candidate CROSS JOIN LATERAL (
          SELECT ${columns} FROM network AS n
          WHERE n.site_id = candidate.site AND n.cidr = ANY (candidate.cidrs) OFFSET 0
        ) AS holder`,
    );
    return rows.map(toNetwork);
  }

  async closest(cidrs: readonly string[], visibility: Visibility, most: number): Promise<(readonly Network[])[]> {
    // Like `containing`, in all Sites at once: whatever could hold a prefix is looked up by its key.
    const rows = await this.#session.select<NetworkRow & { place: number }>(
      sql`
        SELECT place, id, "siteId", cidr, state, "parentId", "createdAt", "updatedAt" FROM (
          SELECT closest.*, row_number() OVER (PARTITION BY place ORDER BY length DESC, id) AS rank FROM (
            SELECT DISTINCT ON (candidate.place, holder."siteId") candidate.place, candidate.length, holder.*
            FROM (
              SELECT asked.place::int, length, network(set_masklen(asked.cidr, length))::inet AS cidr
              FROM unnest(${cidrs}::inet[]) WITH ORDINALITY AS asked(cidr, place)
              JOIN unnest(${lengths}::int[]) AS length ON length <= masklen(asked.cidr)
            ) AS candidate CROSS JOIN LATERAL (
              SELECT ${columns} FROM network AS n WHERE n.cidr = candidate.cidr AND ${visibleNetwork(visibility)} OFFSET 0
            ) AS holder
            ORDER BY candidate.place, holder."siteId", candidate.length DESC
          ) AS closest
        ) AS ranked WHERE rank <= ${most} ORDER BY place, rank`,
    );
    return byPlace(
      cidrs,
      rows.map((row) => ({ ...row, place: row.place - 1 })),
      toNetwork,
    );
  }

  async countHosts(networks: readonly Network[]): Promise<number[]> {
    const scopes = networks.map((network): NetworkScope => ({ kind: 'inside', network }));
    return this.count(scopes, { filter: { hosts: true }, visibility: 'all' });
  }

  occupied: NetworkStore['occupied'] = (networks, occupancy, limit) =>
    occupied(this.#session, networks, occupancy, limit);

  lockTrees = (trees: readonly Tree[]): Promise<void> => tree.lockTrees(this.#session, trees);

  async lock(ids: readonly string[]): Promise<(Network | null)[]> {
    return inOrder(ids, await this.#select(sql`WHERE n.id = ANY (${uuids(ids)}::uuid[]) ORDER BY n.id FOR UPDATE`));
  }

  async insertMany(networks: readonly Network[]): Promise<(Network | null)[]> {
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
        SELECT id, "siteId", cidr, state, "parentId", "createdAt", "updatedAt"
        FROM json_to_recordset(${JSON.stringify(networks)}::json) AS row(
          id uuid, "siteId" uuid, cidr inet, state text, "parentId" uuid, "createdAt" timestamptz,
          "updatedAt" timestamptz
        )
        ORDER BY "siteId", cidr, id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return networks.map((network) => (ids.has(network.id) ? network : null));
  }

  adopt: NetworkStore['adopt'] = (newcomers, limit) => tree.adopt(this.#session, newcomers, limit);

  async updateMany(networks: readonly Network[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE network AS n SET state = row.state, updated_at = row."updatedAt"
        FROM json_to_recordset(${JSON.stringify(networks)}::json) AS row(id uuid, state text, "updatedAt" timestamptz)
        WHERE n.id = row.id`,
    );
  }

  childrenWithout: NetworkStore['childrenWithout'] = (ids, limit) => tree.childrenWithout(this.#session, ids, limit);

  moveChildren: NetworkStore['moveChildren'] = (moves) => tree.moveChildren(this.#session, moves);

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.network.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  trees = (siteId: string | null): Promise<Tree[]> => tree.trees(this.#session, siteId);

  scan({ siteId, version }: Tree, after: string | null, limit: number): Promise<Network[]> {
    return this.#select(
      sql`WHERE n.site_id = ${siteId}::uuid AND family(n.cidr) = ${version}
        AND (${after}::inet IS NULL OR n.cidr > ${after}::inet)
        ORDER BY n.cidr LIMIT ${limit}`,
    );
  }

  setParents: NetworkStore['setParents'] = (changes) => tree.setParents(this.#session, changes);

  async #select(rest: Prisma.Sql): Promise<Network[]> {
    const rows = await this.#session.select<NetworkRow>(sql`SELECT ${columns} FROM network AS n ${rest}`);
    return rows.map(toNetwork);
  }
}

const positionOf = ({ by }: Order, { id, cidr }: Network): Position => (by === 'CREATED' ? [id] : [cidr, id]);
