import { addressBits, formatAddress, toCidr } from '#kernel/cidr.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { insideOf } from '#plugins/storage-prisma/network/network-scopes.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { NetworkStore, Occupancy } from '#resolvers/network/networks/store.ts';

const { sql } = Prisma;

const firstOf = (cidr: Prisma.Sql) => sql`set_masklen(${cidr}, asked.bits)`;
const lastOf = (cidr: Prisma.Sql) => sql`set_masklen(broadcast(${cidr}), asked.bits)`;

/**
 * The entries of a network in the order of addresses, each with the block or blocks that it takes. Prefixes nest or are
 * apart, so the blocks come in order too, and what an entry reaches is never behind what those before it began.
 */
function entries({ by, length }: Occupancy): Prisma.Sql {
  const from = (of: Prisma.Sql, on: Prisma.Sql) =>
    sql`SELECT ${of} FROM network AS n WHERE n.site_id = asked."siteId" AND ${on}`;
  if (by === 'children') return from(sql`n.cidr`, sql`n.parent_id = asked.id`);
  const inside = insideOf(sql`asked`);
  const long = from(sql`n.cidr`, sql`${inside} AND (masklen(n.cidr) >= ${length} OR n.state = 'RESERVED')`);
  if (by === 'long') return long;
  const subnets = sql`${inside} AND masklen(n.cidr) < ${length - 1}`;
  return sql`${long} UNION ALL ${from(firstOf(sql`n.cidr`), subnets)} UNION ALL ${from(lastOf(sql`n.cidr`), subnets)}`;
}

/**
 * Walks through the entries once and keeps those behind which a block is free: one walk of an index that ends when it
 * has found enough. Only for hosts the entries are sorted, since networks end in another order than they begin.
 */
export async function occupied(
  session: Session,
  networks: Parameters<NetworkStore['occupied']>[0],
  occupancy: Occupancy,
  limit: number,
): ReturnType<NetworkStore['occupied']> {
  const given = JSON.stringify(
    networks.map(({ id, siteId, cidr }, place) => {
      return { place, id, siteId, cidr, bits: addressBits(toCidr(cidr).version) };
    }),
  );
  const block = sql`CASE WHEN masklen(e.cidr) < ${occupancy.length} THEN e.cidr
    ELSE network(set_masklen(e.cidr, ${occupancy.length}))::inet END`;
  const rows = await session.run(
    (db) => db.$queryRaw<{ place: number; start: string; last: string; next: string | null }[]>`
      SELECT asked.place, host(taken.start) AS start, host(taken.last) AS last, host(taken.next) AS next
      FROM json_to_recordset(${given}::json) AS asked(place int, id uuid, "siteId" uuid, cidr inet, bits int)
      CROSS JOIN LATERAL (
        SELECT start, last, next FROM (
          SELECT first_value(block.first) OVER walk AS start, lead(block.first) OVER walk AS next,
            max(block.last) OVER walk AS last, block.cidr
          FROM (
            SELECT e.cidr, ${firstOf(block)} AS first, ${lastOf(block)} AS last
            FROM (${entries(occupancy)}) AS e(cidr)
          ) AS block
          WINDOW walk AS (ORDER BY block.cidr ROWS UNBOUNDED PRECEDING)
        ) AS step
        WHERE CASE WHEN next IS NULL THEN TRUE WHEN next <= last THEN FALSE ELSE last + 1 <> next END
        ORDER BY step.cidr LIMIT ${limit}
      ) AS taken
      ORDER BY asked.place, taken.last`,
  );
  const byPlace = Map.groupBy(rows, ({ place }) => place);
  return networks.map((_, place) => {
    const steps = byPlace.get(place) ?? [];
    return steps.map(({ start, last }, index) => ({
      first: canonical(index === 0 ? start : (steps[index - 1]?.next ?? start)),
      last: canonical(last),
    }));
  });
}

/** The database writes some IPv6 addresses in its own way. */
function canonical(address: string): string {
  const { version, first } = toCidr(`${address}/0`);
  return formatAddress(version, first);
}
