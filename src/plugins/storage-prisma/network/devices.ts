import { type Page, type Position, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow, type SqlKey } from '#plugins/storage-prisma/keyset.ts';
import { selected } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import {
  byPlace,
  inOrder,
  instantColumns,
  repeated,
  type Stored,
  storable,
  uuids,
  withInstants,
} from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Device, DeviceFilter, DeviceStore } from '#resolvers/network/devices/device.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

const { sql } = Prisma;

type DeviceRow = Stored<Device>;

const columns = sql`d.id, d.site_id AS "siteId", d.hostname, ${instantColumns(sql`d`)}`;

export const visibleDevice = (visibility: Visibility) =>
  visibleInSite(visibility, 'device', sql`d.site_id`, {
    device: (values) => sql`d.id = ANY (${uuids(values)}::uuid[])`,
  });

export class PrismaDevices implements DeviceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Device | null)[]> {
    const rows = await this.#session.select<DeviceRow>(
      sql`SELECT ${columns} FROM device AS d WHERE d.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toDevice));
  }

  async match(keys: readonly NaturalKey[], visibility: Visibility, most = 2): Promise<(readonly Device[])[]> {
    const places = keys.map(({ siteId, key }, place) => ({ place, site: siteId, key }));
    const asked = JSON.stringify(places.filter(({ key }) => storable(key)));
    const matching = sql`
      SELECT ${columns} FROM device AS d
      WHERE lower(d.hostname) = lower(asked.key COLLATE "C") AND ${visibleDevice(visibility)}`;
    // One Site and all Sites are two ways into the table, each with its own index.
    const rows = await this.#session.select<DeviceRow & { place: number }>(
      sql`
        SELECT asked.place, found.* FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid, key text)
        CROSS JOIN LATERAL (
          (${matching} AND d.site_id = asked.site)
          UNION ALL
          (${matching} AND asked.site IS NULL ORDER BY d.id LIMIT ${most})
        ) AS found`,
    );
    return byPlace(keys, rows, toDevice);
  }

  async pages(siteIds: readonly (string | null)[], query: ListQuery<DeviceFilter>): Promise<Page<Device>[]> {
    const inSites = siteIds.filter((siteId) => siteId !== null);
    const pages = inSites.length > 0 ? await this.#pagesOfSites(inSites, query) : [];
    const everywhere = inSites.length < siteIds.length ? await this.#pageOfAll(query) : null;
    let next = 0;
    return siteIds.map((siteId) => (siteId === null ? everywhere : pages[next++]) as Page<Device>);
  }

  async #pagesOfSites(siteIds: readonly string[], query: ListQuery<DeviceFilter>): Promise<Page<Device>[]> {
    const matches = await conditions(query);
    const pages = await pagesBelow<DeviceRow>(this.#session, siteIds, query.page, {
      rows: (site, { bounds, tail }) =>
        sql`SELECT ${columns} FROM device AS d WHERE d.site_id = ${site} AND ${matches} AND ${bounds} ${tail}`,
      count: (site) => sql`SELECT count(*) AS count FROM device AS d WHERE d.site_id = ${site} AND ${matches}`,
      keys: keysOf(query.order),
      position: (row) => positionOf(query.order, row),
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toDevice(node), position })),
    }));
  }

  async #pageOfAll(query: ListQuery<DeviceFilter>): Promise<Page<Device>> {
    const { bounds, tail } = pageInSql(keysOf(query.order), query.page);
    const matches = await conditions(query);
    const rows = await this.#session.select<DeviceRow>(
      sql`SELECT ${columns} FROM device AS d WHERE ${matches} AND ${bounds} ${tail}`,
    );
    return toPage(
      query.page,
      rows.map(toDevice),
      (device) => positionOf(query.order, device),
      async () => (await this.count([null], query))[0] ?? 0,
    );
  }

  async count(
    siteIds: readonly (string | null)[],
    query: Pick<ListQuery<DeviceFilter>, 'filter' | 'visibility'>,
  ): Promise<number[]> {
    const asked = JSON.stringify(siteIds.map((site, place) => ({ place, site })));
    const matches = await conditions(query);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ place: number; count: bigint }[]>`
        SELECT asked.place, counted.count FROM json_to_recordset(${asked}::json) AS asked(place int, site uuid)
        CROSS JOIN LATERAL (
          SELECT count(*) AS count FROM device AS d
          WHERE (asked.site IS NULL OR d.site_id = asked.site) AND ${matches}
        ) AS counted`,
    );
    const counts = new Map(rows.map(({ place, count }) => [place, Number(count)]));
    return siteIds.map((_, place) => counts.get(place) ?? 0);
  }

  async insertMany(devices: readonly Device[]): Promise<(Device | null)[]> {
    // In the order of their keys, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO device (id, site_id, hostname, created_at, updated_at)
        SELECT id, "siteId", hostname, "createdAt", "updatedAt" FROM json_to_recordset(${JSON.stringify(devices)}::json)
          AS row(id uuid, "siteId" uuid, hostname text, "createdAt" timestamptz, "updatedAt" timestamptz)
        ORDER BY "siteId", lower(hostname COLLATE "C"), id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return devices.map((device) => (ids.has(device.id) ? device : null));
  }

  async lock(ids: readonly string[]): Promise<(Device | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<DeviceRow[]>`
        SELECT ${columns} FROM device AS d WHERE d.id = ANY (${uuids(ids)}::uuid[]) ORDER BY d.id FOR UPDATE`,
    );
    return inOrder(ids, rows.map(withInstants));
  }

  async updateMany(devices: readonly Device[]): Promise<readonly Device[]> {
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, devices);
        if (taken.length > 0) return devices.filter((device) => taken.includes(device.id));
        const given = JSON.stringify(devices);
        // Names that go round among these devices are out of the way first: the index looks at each row by itself.
        if (devices.length > 1)
          await db.$executeRaw`
            UPDATE device SET hostname = id::text WHERE id = ANY (${devices.map(({ id }) => id)}::uuid[])`;
        await db.$executeRaw`
          UPDATE device AS d SET hostname = row.hostname, updated_at = row."updatedAt"
          FROM json_to_recordset(${given}::json) AS row(id uuid, hostname text, "updatedAt" timestamptz)
          WHERE d.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a name between the look and the write; which one is not known.
      if (isTaken(error)) return devices.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.device.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }
}

/** The ids of those whose hostname a device has that is not among them, or another one of them is to have. */
async function takenByOthers(db: Prisma.TransactionClient, devices: readonly Device[]): Promise<string[]> {
  const twice = repeated(devices, ({ siteId, hostname }) => `${siteId}/${foldHostname(hostname)}`);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM json_to_recordset(${JSON.stringify(devices)}::json) AS row(id uuid, "siteId" uuid, hostname text)
    JOIN device AS d ON d.site_id = row."siteId" AND lower(d.hostname) = lower(row.hostname COLLATE "C")
    WHERE d.id <> ALL (${devices.map(({ id }) => id)}::uuid[])`;
  return [...twice, ...rows].map(({ id }) => id);
}

const toDevice = (row: DeviceRow): Device => {
  const { id, siteId, hostname, createdAt, updatedAt } = withInstants(row);
  return { id, siteId, hostname, createdAt, updatedAt };
};

function keysOf({ by, direction }: Order): SqlKey[] {
  const descending = direction === 'DESC';
  const id: SqlKey = { type: 'uuid', sql: sql`d.id`, descending };
  return by === 'CREATED' ? [id] : [{ type: 'text', sql: sql`lower(d.hostname)`, descending }, id];
}

const positionOf = ({ by }: Order, { id, hostname }: Pick<Device, 'id' | 'hostname'>): Position =>
  by === 'CREATED' ? [id] : [foldHostname(hostname), id];

async function conditions({
  filter,
  visibility,
}: Pick<ListQuery<DeviceFilter>, 'filter' | 'visibility'>): Promise<Prisma.Sql> {
  const among = await selected(filter.selection, sql`d.id`);
  return sql`${visibleDevice(visibility)} AND ${named(filter.hostname)} AND ${among}`;
}

function named(hostname: string | undefined): Prisma.Sql {
  if (hostname === undefined) return sql`TRUE`;
  return storable(hostname) ? sql`lower(d.hostname) = lower(${hostname}::text COLLATE "C")` : sql`FALSE`;
}
