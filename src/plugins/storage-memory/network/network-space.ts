import {
  addressBits,
  type Cidr,
  compareCidr,
  covers,
  formatAddress,
  lastAddress,
  toCidr,
  truncate,
} from '#kernel/cidr.ts';
import type { Tables } from '#plugins/storage-memory/database.ts';
import { allRows, type Row } from '#plugins/storage-memory/network/network-table.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import type { AddressRange, Occupancy } from '#resolvers/network/networks/store.ts';

/** What is taken of a network, as the store's port says. */
export function occupied(tables: Tables, network: Network, occupancy: Occupancy, limit: number): AddressRange[] {
  const own = toCidr(network.cidr);
  const blocks = [...allRows(tables)]
    .filter((row) => row.network.siteId === network.siteId)
    .flatMap((row) => entries(row, network, own, occupancy))
    .map(({ version, first, length }) => truncate(version, first, Math.min(length, occupancy.length)))
    .sort(compareCidr);
  const ranges: { first: bigint; last: bigint }[] = [];
  for (const block of blocks) {
    const range = ranges.at(-1);
    const last = lastAddress(block);
    if (!range || block.first > range.last + 1n) ranges.push({ first: block.first, last });
    else if (last > range.last) range.last = last;
  }
  return ranges.slice(0, limit).map(({ first, last }) => ({
    first: formatAddress(own.version, first),
    last: formatAddress(own.version, last),
  }));
}

function entries({ network, cidr }: Row, holder: Network, own: Cidr, { by, length }: Occupancy): Cidr[] {
  if (by === 'children') return network.parentId === holder.id ? [cidr] : [];
  if (cidr.length <= own.length || !covers(own, cidr)) return [];
  const taken = cidr.length >= length || network.state === 'RESERVED' ? [cidr] : [];
  if (by === 'long' || cidr.length >= length - 1) return taken;
  const host = addressBits(cidr.version);
  return [
    ...taken,
    { version: cidr.version, first: cidr.first, length: host },
    { version: cidr.version, first: lastAddress(cidr), length: host },
  ];
}
