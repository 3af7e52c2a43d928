import { formatCidr, toCidr } from '#kernel/cidr.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { instantColumns, type Stored, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Network } from '#resolvers/network/networks/network.ts';

const { sql } = Prisma;

export type NetworkRow = Stored<Network>;

export const columns = sql`n.id, n.site_id AS "siteId", n.cidr::text AS cidr, n.state, n.parent_id AS "parentId",
  ${instantColumns(sql`n`)}`;

export function toNetwork(row: NetworkRow): Network {
  const { id, siteId, cidr, state, parentId, createdAt, updatedAt } = withInstants(row);
  return { id, siteId, cidr: canonical(cidr), state, parentId, createdAt, updatedAt };
}

/** The database writes some IPv6 addresses in its own way: they are written anew. A list has hundreds of the others. */
const canonical = (cidr: string): string => (cidr.includes(':') ? formatCidr(toCidr(cidr)) : cidr);
