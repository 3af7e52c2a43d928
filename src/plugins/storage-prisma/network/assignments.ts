import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pagesBelow } from '#plugins/storage-prisma/keyset.ts';
import { visibleInterface } from '#plugins/storage-prisma/network/interface-scopes.ts';
import { inOrder, toInstant, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Assignment } from '#resolvers/network/interfaces/interface.ts';
import type { InterfaceStore } from '#resolvers/network/interfaces/store.ts';

const { sql } = Prisma;

const columns = sql`a.id, a.site_id AS "siteId", a.interface_id AS "interfaceId", a.device_id AS "deviceId",
  a.address_id AS "addressId", a.created_at::text AS "createdAt"`;

/** @param row as the columns say. */
const toAssignment = ({ id, siteId, interfaceId, deviceId, addressId, createdAt }: Assignment): Assignment => ({
  id,
  siteId,
  interfaceId,
  deviceId,
  addressId,
  createdAt: toInstant(createdAt),
});

export async function getAssignments(session: Session, ids: readonly string[]): Promise<(Assignment | null)[]> {
  const rows = await session.select<Assignment>(
    sql`SELECT ${columns} FROM assignment AS a WHERE a.id = ANY (${uuids(ids)}::uuid[])`,
  );
  return inOrder(ids, rows.map(toAssignment));
}

const ends = { interfaceId: sql`a.interface_id`, addressId: sql`a.address_id` } as const;

export async function assignmentsBy(
  session: Session,
  field: 'interfaceId' | 'addressId',
  ids: readonly string[],
): Promise<(readonly Assignment[])[]> {
  const rows = await session.select<Assignment>(
    sql`SELECT ${columns} FROM assignment AS a WHERE ${ends[field]} = ANY (${uuids(ids)}::uuid[]) ORDER BY a.id`,
  );
  const groups = Map.groupBy(rows.map(toAssignment), (assignment) => assignment[field]);
  return ids.map((id) => groups.get(id) ?? []);
}

export async function assignmentPages(
  session: Session,
  addressIds: readonly string[],
  visibility: Visibility,
  request: PageRequest,
): Promise<Page<Assignment>[]> {
  const among = (address: Prisma.Sql) =>
    visibility === 'all'
      ? sql`assignment AS a WHERE a.address_id = ${address}`
      : sql`assignment AS a JOIN network_interface AS i ON i.id = a.interface_id
          WHERE a.address_id = ${address} AND ${visibleInterface(visibility)}`;
  const pages = await pagesBelow<Assignment>(session, addressIds, request, {
    rows: (address, { bounds, tail }) => sql`SELECT ${columns} FROM ${among(address)} AND ${bounds} ${tail}`,
    count: (address) => sql`SELECT count(*) AS count FROM ${among(address)}`,
    keys: [{ type: 'uuid', sql: sql`a.id` }],
    position: ({ id }) => [id],
  });
  return pages.map((page) => ({
    ...page,
    items: page.items.map(({ node, position }) => ({ node: toAssignment(node), position })),
  }));
}

export function setAddresses(
  session: Session,
  { remove, add }: Parameters<InterfaceStore['setAddresses']>[0],
): Promise<(Assignment | null)[]> {
  return session.together(async (db) => {
    if (remove.length > 0) await db.assignment.deleteMany({ where: { id: { in: uuids(remove) } } });
    if (add.length === 0) return [];
    const made = await db.$queryRaw<{ id: string }[]>`
      INSERT INTO assignment (id, site_id, interface_id, device_id, address_id, created_at)
      SELECT id, "siteId", "interfaceId", "deviceId", "addressId", "createdAt"
      FROM json_to_recordset(${JSON.stringify(add)}::json) AS row(
        id uuid, "siteId" uuid, "interfaceId" uuid, "deviceId" uuid, "addressId" uuid, "createdAt" timestamptz
      )
      ORDER BY "addressId", "deviceId", id
      ON CONFLICT DO NOTHING RETURNING id`;
    const ids = new Set(made.map(({ id }) => id));
    return add.map((one) => (ids.has(one.id) ? one : null));
  });
}
