import { type Cidr, toCidr, truncate } from '#kernel/cidr.ts';
import { defineTable, type Tables } from '#plugins/storage-memory/database.ts';
import type { Network } from '#resolvers/network/networks/network.ts';

/** A network with its prefix read once. */
export interface Row {
  readonly network: Network;
  readonly cidr: Cidr;
}

const rows = defineTable<Row>('network');
/** Ids by Site and prefix. */
const prefixes = defineTable<string>('networkPrefix');

const keyOf = (siteId: string, { version, first, length }: Cidr) =>
  `${siteId}/${version}:${first.toString(36)}/${length}`;

export const rowOf = (tables: Tables, id: string): Row | null => tables(rows).get(id.toLowerCase()) ?? null;

export const rowAt = (tables: Tables, siteId: string, cidr: Cidr): Row | null =>
  tables(rows).get(tables(prefixes).get(keyOf(siteId, cidr)) ?? '') ?? null;

/** All, in no order that means anything. */
export const allRows = (tables: Tables): IterableIterator<Row> => tables(rows).values();

/** Those that equal or hold a prefix, the longest first. */
export function* holders(tables: Tables, siteId: string, cidr: Cidr): Generator<Row> {
  for (let length = cidr.length; length >= 0; length -= 1) {
    const row = rowAt(tables, siteId, truncate(cidr.version, cidr.first, length));
    if (row) yield row;
  }
}

export function put(tables: Tables, network: Network): void {
  const cidr = toCidr(network.cidr);
  tables(rows).set(network.id, { network, cidr });
  tables(prefixes).set(keyOf(network.siteId, cidr), network.id);
}

export function remove(tables: Tables, id: string): void {
  const row = rowOf(tables, id);
  if (!row) return;
  tables(prefixes).delete(keyOf(row.network.siteId, row.cidr));
  tables(rows).delete(row.network.id);
}
