import type { IpVersion } from '#kernel/cidr.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { selected } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { uuids } from '#plugins/storage-prisma/rows.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';
import type { NetworkFilter, NetworkScope } from '#resolvers/network/networks/store.ts';

const { sql, join } = Prisma;

export type Query = Pick<ListQuery<NetworkFilter>, 'filter' | 'visibility'>;

/** A grant on a network covers everything in it, in its Site. */
export const visibleNetwork = (visibility: Visibility): Prisma.Sql =>
  visibleInSite(visibility, 'network', sql`n.site_id`, {
    network: (values) => sql`EXISTS (
      SELECT FROM network AS granted
      WHERE granted.id = ANY (${uuids(values)}::uuid[]) AND granted.site_id = n.site_id AND granted.cidr >>= n.cidr
    )`,
  });

const isHost = sql`masklen(n.cidr) = CASE family(n.cidr) WHEN 4 THEN 32 ELSE 128 END`;

/** IPv4 comes before IPv6, so that each version is a range of the index. */
const ofVersion: Readonly<Record<IpVersion, Prisma.Sql>> = {
  4: sql`n.cidr < inet '::/0'`,
  6: sql`n.cidr >= inet '::/0'`,
};

/** The part of a query that is the same whatever the scope. */
export async function conditions({ filter, visibility }: Query): Promise<Prisma.Sql> {
  const { cidrs, prefixLength, version, state, parentIds, rootOnly, hosts, ids, selection } = filter;
  const parts = [
    visibleNetwork(visibility),
    ...(cidrs ? [sql`n.cidr = ANY (${cidrs}::inet[])`] : []),
    ...(prefixLength === undefined ? [] : [sql`masklen(n.cidr) = ${prefixLength}`]),
    ...(version === undefined ? [] : [ofVersion[version]]),
    ...(state === undefined ? [] : [sql`n.state = ${state}`]),
    ...(parentIds ? [sql`n.parent_id = ANY (${uuids(parentIds)}::uuid[])`] : []),
    ...(rootOnly ? [sql`n.parent_id IS NULL`] : []),
    ...(hosts === undefined ? [] : [hosts ? sql`masklen(n.cidr) IN (32, 128) AND ${isHost}` : sql`NOT (${isHost})`]),
    ...(ids ? [sql`n.id = ANY (${uuids(ids)}::uuid[])`] : []),
    await selected(selection, sql`n.id`),
  ];
  return join(parts, ' AND ');
}

export function keysOf({ by, direction }: Order): SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`n.id`, descending };
  return by === 'CREATED' ? [id] : [{ type: 'network', sql: sql`n.cidr`, descending }, id];
}

/** Scopes that are read in one way. */
export interface Way {
  readonly scopes: readonly NetworkScope[];
  /** Of the Site or the network that each is about. */
  readonly ids: readonly string[];
  /** A SELECT of `what` from the networks `n` of the scope with this id; null for all networks. */
  readonly select: ((id: Prisma.Sql, filter: NetworkFilter, what: Prisma.Sql, rest: Prisma.Sql) => Prisma.Sql) | null;
}

const noId = '00000000-0000-0000-0000-000000000000';

/** One way, save for siblings: those of roots are found by another index than those of others. */
export function waysOf(scopes: readonly NetworkScope[]): Way[] {
  return [...Map.groupBy(scopes, wayOf)].map(([way, group]) => ({
    scopes: group,
    ids: group.map((scope) => ('siteId' in scope ? scope.siteId : 'network' in scope ? scope.network.id : noId)),
    select: selects[way],
  }));
}

const wayOf = (scope: NetworkScope) =>
  scope.kind === 'siblings' && scope.network.parentId === null ? 'otherRoots' : scope.kind;

/**
 * What stands around the network `p`. It is read first, in a query of its own: joined as equals, the planner may walk
 * through all networks in the order asked for and look at each whether it is one of these.
 */
const around =
  (on: Prisma.Sql): Way['select'] =>
  (id, filter, what, rest) => {
    const others = filter.withoutSelf ? sql`n.id <> p.id` : sql`TRUE`;
    return sql`
      SELECT found.* FROM network AS p CROSS JOIN LATERAL (
        SELECT ${what} FROM network AS n WHERE n.site_id = p.site_id AND ${on} AND ${others} AND ${rest}
      ) AS found WHERE p.id = ${id}`;
  };

/**
 * In the order of the index, what a prefix holds are the rows behind it up to its last address. What holds it is one of few prefixes,
 * which are looked up by their keys.
 */
export const insideOf = (holder: Prisma.Sql): Prisma.Sql => sql`n.cidr > ${holder}.cidr
  AND n.cidr <= set_masklen(broadcast(${holder}.cidr), CASE family(${holder}.cidr) WHEN 4 THEN 32 ELSE 128 END)`;

const selects: Readonly<Record<ReturnType<typeof wayOf> | 'otherRoots', Way['select']>> = {
  all: null,
  site: (id, _, what, rest) => sql`SELECT ${what} FROM network AS n WHERE n.site_id = ${id} AND ${rest}`,
  children: around(sql`n.parent_id = p.id`),
  siblings: around(sql`n.parent_id = p.parent_id`),
  otherRoots: around(sql`n.parent_id IS NULL AND family(n.cidr) = family(p.cidr)`),
  inside: around(insideOf(sql`p`)),
  containing: around(sql`n.cidr = ANY (ARRAY(
    SELECT network(set_masklen(p.cidr, length))::inet FROM generate_series(0, masklen(p.cidr) - 1) AS length
  ))`),
};
