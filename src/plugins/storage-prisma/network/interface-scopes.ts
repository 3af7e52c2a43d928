import type { Position } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import type { SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { selected } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { instantColumns, type Stored, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { InterfaceFilter, InterfaceScope } from '#resolvers/network/interfaces/store.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';

const { sql, join } = Prisma;

export type Query = Pick<ListQuery<InterfaceFilter>, 'filter' | 'visibility'>;

export type InterfaceRow = Stored<NetworkInterface> & {
  /** Of its device, where the order of the list asks for it. */
  readonly hostname?: string;
};

export const columns = sql`i.id, i.site_id AS "siteId", i.device_id AS "deviceId", i.name, i.description, i.type,
  i.mac_address AS "macAddress", i.speed, i.parent_id AS "parentId", ${instantColumns(sql`i`)}`;

export function toInterface(row: InterfaceRow): NetworkInterface {
  const { id, siteId, deviceId, name, description, type, macAddress, speed, parentId, createdAt, updatedAt } =
    withInstants(row);
  return { id, siteId, deviceId, name, description, type, macAddress, speed, parentId, createdAt, updatedAt };
}

/** Whether an interface `i` is one of these, or hangs below one. */
const grantedOnInterface = (ids: readonly string[]): Prisma.Sql => sql`i.id IN (
  WITH RECURSIVE granted AS (
    SELECT id FROM network_interface WHERE id = ANY (${uuids(ids)}::uuid[])
    UNION SELECT child.id FROM granted JOIN network_interface AS child ON child.parent_id = granted.id
  ) SELECT id FROM granted
)`;

/** A grant on a device covers its interfaces, a grant on an interface what hangs below it. */
export const visibleInterface = (visibility: Visibility): Prisma.Sql =>
  visibleInSite(visibility, 'interface', sql`i.site_id`, {
    device: (values) => sql`i.device_id = ANY (${uuids(values)}::uuid[])`,
    interface: grantedOnInterface,
  });

/** The part of a query that is the same whatever the scope. */
export async function conditions({ filter, visibility }: Query): Promise<Prisma.Sql> {
  const { deviceIds, parentIds, name, type, macAddress, speed, description } = filter;
  const equals = (column: Prisma.Sql, text: string | undefined) =>
    text === undefined ? [] : [storable(text) ? sql`${column} = ${text}` : sql`FALSE`];
  return join(
    [
      visibleInterface(visibility),
      await selected(filter.selection, sql`i.id`),
      ...(deviceIds ? [sql`i.device_id = ANY (${uuids(deviceIds)}::uuid[])`] : []),
      ...(parentIds ? [sql`i.parent_id = ANY (${uuids(parentIds)}::uuid[])`] : []),
      ...equals(sql`i.name`, name),
      ...(type === undefined ? [] : [sql`i.type = ${type}`]),
      ...equals(sql`i.mac_address`, macAddress),
      ...(speed === undefined ? [] : [sql`i.speed = ${speed}`]),
      ...equals(sql`i.description`, description),
    ],
    ' AND ',
  );
}

type Select = (id: Prisma.Sql, what: Prisma.Sql, rest: Prisma.Sql) => Prisma.Sql;

const from =
  (where: (id: Prisma.Sql) => Prisma.Sql): Select =>
  (id, what, rest) =>
    sql`SELECT ${what} FROM network_interface AS i WHERE ${where(id)} AND ${rest}`;

/** A SELECT of `what` from the interfaces `i` around the thing with this id. */
export const selects: Readonly<Record<Exclude<InterfaceScope['kind'], 'all' | 'site'>, Select>> = {
  device: from((id) => sql`i.device_id = ${id}`),
  children: from((id) => sql`i.parent_id = ${id}`),
  descendants: (id, what, rest) => sql`
    SELECT ${what} FROM (
      WITH RECURSIVE below AS (
        SELECT id FROM network_interface WHERE parent_id = ${id}
        UNION SELECT child.id FROM below JOIN network_interface AS child ON child.parent_id = below.id
      ) SELECT id FROM below
    ) AS below JOIN network_interface AS i ON i.id = below.id WHERE ${rest}`,
  siblings: (id, what, rest) => sql`
    SELECT found.* FROM network_interface AS self CROSS JOIN LATERAL (
      SELECT ${what} FROM network_interface AS i
      WHERE i.device_id = self.device_id AND i.parent_id IS NOT DISTINCT FROM self.parent_id AND i.id <> self.id
        AND ${rest}
    ) AS found WHERE self.id = ${id}`,
};

/**
 * The interfaces of a Site, or all. Only an order by slug looks at devices; where another storage keeps them the order
 * is by name alone.
 */
export const wide = (id: Prisma.Sql | null, { by }: Order, rest: Prisma.Sql): Prisma.Sql => {
  const here = id === null ? sql`TRUE` : sql`i.site_id = ${id}`;
  return by === 'CREATED'
    ? sql`SELECT ${columns} FROM network_interface AS i WHERE ${here} AND ${rest}`
    : sql`SELECT ${columns}, ${hostname} AS hostname
        FROM network_interface AS i LEFT JOIN device AS d ON d.id = i.device_id WHERE ${here} AND ${rest}`;
};

const hostname = sql`coalesce(lower(d.hostname), '')`;

const isWide = ({ kind }: InterfaceScope): boolean => kind === 'all' || kind === 'site';

export function keysOf(scope: InterfaceScope, { by, direction }: Order): SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`i.id`, descending };
  const name: SqlKey = { type: 'text', sql: sql`i.name`, descending };
  if (by === 'CREATED') return [id];
  return isWide(scope) ? [{ type: 'text', sql: hostname, descending }, name, id] : [name, id];
}

export function positionOf(scope: InterfaceScope, { by }: Order, row: InterfaceRow): Position {
  if (by === 'CREATED') return [row.id];
  return isWide(scope) ? [foldHostname(row.hostname ?? ''), row.name, row.id] : [row.name, row.id];
}
