import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { uuids } from '#plugins/storage-prisma/network/rows.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
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

/** The part of a query that is the same whatever the scope. */
export function conditions({ filter, visibility }: Query): Prisma.Sql {
  const { cidrs, prefixLength, version, state, parentIds, rootOnly, hosts, ids } = filter;
  const parts = [
    visibleNetwork(visibility),
    ...(cidrs ? [sql`n.cidr = ANY (${cidrs}::inet[])`] : []),
    ...(prefixLength === undefined ? [] : [sql`masklen(n.cidr) = ${prefixLength}`]),
    ...(version === undefined ? [] : [sql`family(n.cidr) = ${version}`]),
    ...(state === undefined ? [] : [sql`n.state = ${state}`]),
    ...(parentIds ? [sql`n.parent_id = ANY (${uuids(parentIds)}::uuid[])`] : []),
    ...(rootOnly ? [sql`n.parent_id IS NULL`] : []),
    ...(hosts === undefined ? [] : [hosts ? isHost : sql`NOT (${isHost})`]),
    ...(ids ? [sql`n.id = ANY (${uuids(ids)}::uuid[])`] : []),
  ];
  return join(parts, ' AND ');
}

export function keysOf({ by, direction }: Order): SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`n.id`, descending };
  return by === 'CREATED' ? [id] : [{ type: 'network', sql: sql`n.cidr`, descending }, id];
}

/** Scopes that are read in one way: `FROM … WHERE …` for the Site or network with an id. */
export interface Way {
  readonly scopes: readonly NetworkScope[];
  readonly ids: readonly string[];
  /** Null for all networks. */
  readonly from: ((id: Prisma.Sql, filter: NetworkFilter) => Prisma.Sql) | null;
}

const noId = '00000000-0000-0000-0000-000000000000';

/** One way, save for siblings: those of roots are found by another index than those of others. */
export function waysOf(scopes: readonly NetworkScope[]): Way[] {
  return [...Map.groupBy(scopes, wayOf)].map(([way, group]) => ({
    scopes: group,
    ids: group.map((scope) => ('siteId' in scope ? scope.siteId : 'network' in scope ? scope.network.id : noId)),
    from: froms[way],
  }));
}

const wayOf = (scope: NetworkScope) =>
  scope.kind === 'siblings' && scope.network.parentId === null ? 'otherRoots' : scope.kind;

const fromNetwork = (on: Prisma.Sql) => (id: Prisma.Sql) =>
  sql`FROM network AS p JOIN network AS n ON n.site_id = p.site_id AND ${on} WHERE p.id = ${id}`;

const withoutSelf = (from: (id: Prisma.Sql) => Prisma.Sql) => (id: Prisma.Sql, filter: NetworkFilter) =>
  filter.withoutSelf ? sql`${from(id)} AND n.id <> p.id` : from(id);

const froms: Readonly<Record<ReturnType<typeof wayOf> | 'otherRoots', Way['from']>> = {
  all: null,
  site: (id) => sql`FROM network AS n WHERE n.site_id = ${id}`,
  children: fromNetwork(sql`n.parent_id = p.id`),
  siblings: withoutSelf(fromNetwork(sql`n.parent_id = p.parent_id`)),
  otherRoots: withoutSelf(fromNetwork(sql`n.parent_id IS NULL AND family(n.cidr) = family(p.cidr)`)),
  // In the order of the index, what a prefix holds are the rows behind it up to its last address.
  inside: fromNetwork(
    sql`n.cidr > p.cidr
      AND n.cidr <= set_masklen(broadcast(p.cidr), CASE family(p.cidr) WHEN 4 THEN 32 ELSE 128 END)`,
  ),
  containing: fromNetwork(sql`n.cidr >> p.cidr`),
};
