import { type Cidr, covers, toCidr, truncate } from '#kernel/cidr.ts';
import type { Tables } from '#plugins/storage-memory/database.ts';
import { allRows, put, type Row, rowOf } from '#plugins/storage-memory/network/network-table.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { Children, Gathering, NetworkStore } from '#resolvers/network/networks/store.ts';

type Newcomer = Parameters<NetworkStore['adopt']>[0][number];

/** Looks once at each network for the longest newcomer that it belongs to. */
export function adopt(tables: Tables, newcomers: readonly Newcomer[], limit: number): Gathering[] {
  const byPrefix = new Map(
    newcomers.map((newcomer) => [prefixOf(newcomer.network.siteId, toCidr(newcomer.network.cidr)), newcomer]),
  );
  const lengths = [...new Set(newcomers.map(({ network }) => toCidr(network.cidr).length))].sort((a, b) => b - a);
  const adopted = new Map<string, string[]>();
  for (const row of [...allRows(tables)]) {
    const parent = adopterOf(row, byPrefix, lengths);
    if (!parent) continue;
    put(tables, { ...row.network, parentId: parent.id });
    const children = adopted.get(parent.id) ?? [];
    children.push(row.network.id);
    adopted.set(parent.id, children);
  }
  return newcomers.map(({ network }) => gather(adopted.get(network.id) ?? [], limit));
}

const prefixOf = (siteId: string, { version, first, length }: Cidr) => `${siteId}/${version}:${first}/${length}`;

function adopterOf(
  { network, cidr }: Row,
  newcomers: ReadonlyMap<string, Newcomer>,
  lengths: readonly number[],
): Network | null {
  for (const length of lengths) {
    if (length >= cidr.length) continue;
    const newcomer = newcomers.get(prefixOf(network.siteId, truncate(cidr.version, cidr.first, length)));
    if (newcomer && newcomer.formerParentId === network.parentId) return newcomer.network;
  }
  return null;
}

function gather(ids: readonly string[], limit: number): Gathering {
  return { count: ids.length, first: [...ids].sort().slice(0, limit) };
}

export function childrenWithout(tables: Tables, ids: readonly string[], limit: number): Children[] {
  const going = new Set(ids);
  const staying = [...allRows(tables)].filter(({ network }) => !going.has(network.id));
  const children = Map.groupBy(staying, ({ network }) => network.parentId ?? '');
  return ids.map((id) => {
    const siteId = rowOf(tables, id)?.network.siteId;
    const own = (children.get(id) ?? []).filter(({ network }) => network.siteId === siteId);
    const someLeaf = own.some((child) => !staying.some((row) => liesIn(child, row)));
    return {
      ...gather(
        own.map(({ network }) => network.id),
        limit,
      ),
      someLeaf,
    };
  });
}

const liesIn = (holder: Row, row: Row): boolean =>
  row.network.siteId === holder.network.siteId && row.cidr.length > holder.cidr.length && covers(holder.cidr, row.cidr);
