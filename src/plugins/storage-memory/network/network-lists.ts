import { type Cidr, compareCidr, covers, isHost, toCidr } from '#kernel/cidr.ts';
import { grantCovers, type Visibility } from '#kernel/permission.ts';
import type { Tables } from '#plugins/storage-memory/database.ts';
import { allRows, holders, type Row } from '#plugins/storage-memory/network/network-table.ts';
import { isVisible, type RowKey } from '#plugins/storage-memory/page.ts';
import { type IdSet, isIn } from '#resolvers/network/attributes/selection.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';
import { type Network, networkFacts } from '#resolvers/network/networks/network.ts';
import type { NetworkFilter, NetworkScope } from '#resolvers/network/networks/store.ts';

export type Query = Pick<ListQuery<NetworkFilter>, 'filter' | 'visibility'>;

/**
 * What a scope has that fits a query.
 * @param selected the ids of the selection of the query, where it has one.
 */
export function listed(
  tables: Tables,
  scope: NetworkScope,
  { filter, visibility }: Query,
  selected?: IdSet,
): Network[] {
  const inScope = member(scope, filter);
  const fits = matcher(filter);
  return [...allRows(tables)]
    .filter((row) => inScope(row) && fits(row) && (!selected || isIn(selected, row.network.id)))
    .filter((row) => shows(tables, visibility, row))
    .map(({ network }) => network);
}

/** A grant on a network covers everything in it, in its Site. */
export function shows(tables: Tables, visibility: Visibility, { network, cidr }: Row): boolean {
  if (visibility === 'all') return true;
  const around = [...holders(tables, network.siteId, cidr)].map((row) => row.network);
  return isVisible(visibility, (grant) => grantCovers(grant, networkFacts(network, around)));
}

function member(scope: NetworkScope, filter: NetworkFilter): (row: Row) => boolean {
  if (scope.kind === 'all') return () => true;
  if (scope.kind === 'site') return ({ network }) => network.siteId === scope.siteId;
  const { id, siteId, parentId } = scope.network;
  const own = toCidr(scope.network.cidr);
  const strictly = (outer: Cidr, inner: Cidr) => outer.length < inner.length && covers(outer, inner);
  const ways: Readonly<Record<typeof scope.kind, (row: Row) => boolean>> = {
    children: ({ network }) => network.parentId === id,
    siblings: ({ network, cidr }) =>
      network.parentId === parentId && cidr.version === own.version && !(filter.withoutSelf && network.id === id),
    inside: ({ cidr }) => strictly(own, cidr),
    containing: ({ cidr }) => strictly(cidr, own),
  };
  const inWay = ways[scope.kind];
  return (row) => row.network.siteId === siteId && inWay(row);
}

function matcher(filter: NetworkFilter): (row: Row) => boolean {
  const { cidrs, prefixLength, version, state, parentIds, rootOnly, hosts, ids } = filter;
  return ({ network, cidr }) =>
    (!cidrs || cidrs.includes(network.cidr)) &&
    (prefixLength === undefined || prefixLength === cidr.length) &&
    (version === undefined || version === cidr.version) &&
    (state === undefined || state === network.state) &&
    (!parentIds || (network.parentId !== null && parentIds.includes(network.parentId))) &&
    (!rootOnly || network.parentId === null) &&
    (hosts === undefined || hosts === isHost(cidr)) &&
    (!ids || ids.includes(network.id));
}

export function keysOf({ by, direction }: Order): RowKey<Network>[] {
  const descending = direction === 'DESC';
  const id: RowKey<Network> = { type: 'uuid', descending, value: (network) => network.id };
  const cidr: RowKey<Network> = {
    type: 'network',
    descending,
    value: (network) => network.cidr,
    compare: (one, other) => compareCidr(toCidr(one), toCidr(other)),
  };
  return by === 'NATURAL' ? [cidr, id] : [id];
}
