import type { IpVersion } from '#kernel/cidr.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { insideOf } from '#plugins/storage-prisma/network/network-scopes.ts';
import { uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Children, Gathering, NetworkStore, Tree } from '#resolvers/network/networks/store.ts';

const { sql } = Prisma;

/** What keeps a tree together: locks, adoption, moves and repair. */
export async function lockTrees(session: Session, trees: readonly Tree[]): Promise<void> {
  // A statement of its own: those after it see what was committed before the lock was granted.
  await session.run(
    (db) => db.$queryRaw`
      SELECT count(pg_advisory_xact_lock(hashtextextended('network tree ' || tree.name, 0))) FROM (
        SELECT DISTINCT "siteId" || '/' || version AS name, "siteId", version
        FROM json_to_recordset(${JSON.stringify(trees)}::json) AS row("siteId" uuid, version int)
        ORDER BY "siteId", version
      ) AS tree`,
  );
}

export async function adopt(
  session: Session,
  newcomers: Parameters<NetworkStore['adopt']>[0],
  limit: number,
): Promise<Gathering[]> {
  const given = JSON.stringify(
    newcomers.map(({ network: { id, siteId, cidr }, formerParentId }) => ({ id, siteId, cidr, formerParentId })),
  );
  // The OFFSET keeps the planner from joining all networks with all newcomers: each newcomer looks into the index.
  const mine = (on: Prisma.Sql) =>
    sql`(SELECT n.id FROM network AS n WHERE n.site_id = newcomer."siteId" AND ${on} AND ${insideOf(sql`newcomer`)} OFFSET 0)`;
  const rows = await session.run(
    (db) => db.$queryRaw<{ id: string; count: bigint; first: string[] }[]>`
      WITH newcomer AS MATERIALIZED (
        SELECT * FROM json_to_recordset(${given}::json)
          AS row(id uuid, "siteId" uuid, cidr inet, "formerParentId" uuid)
      ), adopted AS (
        SELECT DISTINCT ON (child.id) child.id, newcomer.id AS parent FROM newcomer CROSS JOIN LATERAL (
          ${mine(sql`n.parent_id = newcomer."formerParentId"`)}
          UNION ALL
          ${mine(sql`newcomer."formerParentId" IS NULL AND n.parent_id IS NULL`)}
        ) AS child
        ORDER BY child.id, masklen(newcomer.cidr) DESC
      ), moved AS (
        UPDATE network AS n SET parent_id = adopted.parent FROM adopted WHERE n.id = adopted.id
        RETURNING n.id, n.parent_id
      ), numbered AS (
        SELECT id, parent_id, row_number() OVER (PARTITION BY parent_id ORDER BY id) AS number FROM moved
      )
      SELECT parent_id AS id, count(*) AS count, array_agg(id ORDER BY id) FILTER (WHERE number <= ${limit}) AS first
      FROM numbered GROUP BY parent_id`,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return newcomers.map(({ network }) => {
    const row = byId.get(network.id);
    return { count: Number(row?.count ?? 0), first: row?.first ?? [] };
  });
}

export async function childrenWithout(session: Session, ids: readonly string[], limit: number): Promise<Children[]> {
  const going = sql`${uuids(ids)}::uuid[]`;
  const rows = await session.run(
    (db) => db.$queryRaw<{ id: string; count: bigint; first: string[] | null; someLeaf: boolean | null }[]>`
      SELECT parent.id, children.* FROM unnest(${going}) AS parent(id) CROSS JOIN LATERAL (
        SELECT count(*) AS count, array_agg(child.id ORDER BY child.id) FILTER (WHERE child.number <= ${limit}) AS first,
          bool_or(NOT EXISTS (
            SELECT FROM network AS n WHERE n.site_id = child.site_id AND ${insideOf(sql`child`)} AND n.id <> ALL (${going})
          )) AS "someLeaf"
        FROM (
          SELECT id, site_id, cidr, row_number() OVER (ORDER BY id) AS number FROM network
          WHERE site_id = (SELECT site_id FROM network WHERE id = parent.id) AND parent_id = parent.id
            AND id <> ALL (${going})
        ) AS child
      ) AS children`,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    return { count: Number(row?.count ?? 0), first: row?.first ?? [], someLeaf: row?.someLeaf ?? false };
  });
}

export async function moveChildren(
  session: Session,
  moves: readonly { readonly from: string; readonly to: string | null }[],
): Promise<void> {
  await session.run(
    (db) => db.$executeRaw`
      UPDATE network AS n SET parent_id = move."to"
      FROM json_to_recordset(${JSON.stringify(moves)}::json) AS move("from" uuid, "to" uuid)
      JOIN network AS gone ON gone.id = move."from"
      WHERE n.site_id = gone.site_id AND n.parent_id = gone.id`,
  );
}

export async function setParents(
  session: Session,
  changes: readonly { readonly id: string; readonly parentId: string | null }[],
): Promise<void> {
  await session.run(
    (db) => db.$executeRaw`
      UPDATE network AS n SET parent_id = row."parentId"
      FROM json_to_recordset(${JSON.stringify(changes)}::json) AS row(id uuid, "parentId" uuid) WHERE n.id = row.id`,
  );
}

export async function trees(session: Session, siteId: string | null): Promise<Tree[]> {
  const rows = await session.run(
    (db) => db.$queryRaw<{ siteId: string; version: number }[]>`
      SELECT DISTINCT site_id AS "siteId", family(cidr) AS version FROM network
      WHERE ${siteId}::uuid IS NULL OR site_id = ${siteId}::uuid ORDER BY site_id, version`,
  );
  return rows.map((row) => ({ siteId: row.siteId, version: row.version as IpVersion }));
}
