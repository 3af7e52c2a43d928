import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { type ListedTable, listedCount, listedPages, type Query } from '#plugins/storage-prisma/network/lists.ts';
import { selected } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { inOrder, sameText, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type {
  Protocol,
  ProtocolFilter,
  ProtocolScope,
  ProtocolStore,
  SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';

const { sql, join } = Prisma;

type ProtocolRow = Omit<Protocol, 'createdAt' | 'updatedAt'> & { readonly createdAt: Date; readonly updatedAt: Date };

/** What is sealed is read where it is asked for and nowhere else. */
const columns = sql`p.id, p.site_id AS "siteId", p.type_id AS "typeId", p.device_id AS "deviceId",
  p.interface_id AS "interfaceId", p.circuit_id AS "circuitId", p.description,
  p.auth_string IS NOT NULL AS "hasAuthString", p.auth_string_revision AS "authStringRevision",
  p.created_at AS "createdAt", p.updated_at AS "updatedAt"`;

const toProtocol = (row: ProtocolRow): Protocol => {
  const { id, siteId, typeId, deviceId, interfaceId, circuitId, description, ...rest } = withInstants(row);
  const { hasAuthString, authStringRevision, createdAt, updatedAt } = rest;
  return {
    id,
    siteId,
    typeId,
    deviceId,
    interfaceId,
    circuitId,
    description,
    hasAuthString,
    authStringRevision,
    createdAt,
    updatedAt,
  };
};

const among = (column: Prisma.Sql, ids: readonly string[] | undefined): Prisma.Sql =>
  ids === undefined ? sql`TRUE` : sql`${column} = ANY (${uuids(ids)}::uuid[])`;

type Kind = Exclude<ProtocolScope['kind'], 'all'>;

const scopeColumns: Readonly<Record<Kind, Prisma.Sql>> = {
  site: sql`p.site_id`,
  type: sql`p.type_id`,
  device: sql`p.device_id`,
  interface: sql`p.interface_id`,
  circuit: sql`p.circuit_id`,
};

export const visibleProtocol = (visibility: Visibility): Prisma.Sql =>
  visibleInSite(visibility, 'protocol', sql`p.site_id`, {
    device: (values) => sql`p.device_id = ANY (${uuids(values)}::uuid[])`,
  });

const table: ListedTable<Kind, ProtocolFilter, ProtocolRow, Protocol> = {
  from: sql`protocol AS p`,
  columns,
  below: (kind, id) => sql`${scopeColumns[kind]} = ${id}`,
  matches: async ({ filter, visibility }) =>
    join(
      [
        visibleProtocol(visibility),
        among(sql`p.type_id`, filter.typeIds),
        among(sql`p.device_id`, filter.deviceIds),
        among(sql`p.interface_id`, filter.interfaceIds),
        among(sql`p.circuit_id`, filter.circuitIds),
        sameText(sql`p.description`, filter.description),
        await selected(filter.selection, sql`p.id`),
      ],
      ' AND ',
    ),
  keys: ({ direction }) => [{ type: 'uuid', sql: sql`p.id`, descending: direction === 'DESC' }],
  position: (_, { id }) => [id],
  toThing: toProtocol,
};

/** `row`: protocols as JSON. */
const given = (protocols: readonly SealedProtocol[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(protocols)}::json) AS row(id uuid, "siteId" uuid, "typeId" uuid, "deviceId" uuid,
    "interfaceId" uuid, "circuitId" uuid, description text, sealed text, "authStringRevision" int,
    "createdAt" timestamptz, "updatedAt" timestamptz)`;

export class PrismaProtocols implements ProtocolStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Protocol | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<ProtocolRow[]>`
        SELECT ${columns} FROM protocol AS p WHERE p.id = ANY (${uuids(ids)}::uuid[])`,
    );
    return inOrder(ids, rows.map(toProtocol));
  }

  pages(scopes: readonly ProtocolScope[], query: ListQuery<ProtocolFilter>): Promise<Page<Protocol>[]> {
    return listedPages(this.#session, table, scopes, query);
  }

  count(scopes: readonly ProtocolScope[], query: Query<ProtocolFilter>): Promise<number[]> {
    return listedCount(this.#session, table, scopes, query);
  }

  async ofDevices(deviceIds: readonly string[]): Promise<Protocol[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<ProtocolRow[]>`
        SELECT ${columns} FROM protocol AS p WHERE p.device_id = ANY (${uuids(deviceIds)}::uuid[]) ORDER BY p.id`,
    );
    return rows.map(toProtocol);
  }

  async lockWithin(scopes: readonly ProtocolScope[]): Promise<Protocol[]> {
    if (scopes.length === 0) return [];
    const ways = [...Map.groupBy(scopes, ({ kind }) => kind)].map(([kind, group]) =>
      kind === 'all'
        ? sql`TRUE`
        : sql`${scopeColumns[kind]} = ANY (${uuids(group.flatMap((scope) => ('id' in scope ? scope.id : [])))}::uuid[])`,
    );
    const rows = await this.#session.run(
      (db) => db.$queryRaw<ProtocolRow[]>`
        SELECT ${columns} FROM protocol AS p WHERE ${join(ways, ' OR ')} ORDER BY p.id FOR UPDATE`,
    );
    return rows.map(toProtocol);
  }

  async lock(ids: readonly string[]): Promise<(SealedProtocol | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<(ProtocolRow & { sealed: string | null })[]>`
        SELECT ${columns}, p.auth_string AS sealed FROM protocol AS p
        WHERE p.id = ANY (${uuids(ids)}::uuid[]) ORDER BY p.id FOR UPDATE`,
    );
    return inOrder(
      ids,
      rows.map((row) => ({ ...toProtocol(row), sealed: row.sealed })),
    );
  }

  async sealedOf(ids: readonly string[]): Promise<(string | null)[]> {
    const rows = await this.#session.run((db) =>
      db.protocol.findMany({ where: { id: { in: uuids(ids) } }, select: { id: true, authString: true } }),
    );
    return inOrder(ids, rows).map((row) => row?.authString ?? null);
  }

  async insertMany(protocols: readonly SealedProtocol[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        INSERT INTO protocol (id, site_id, type_id, device_id, interface_id, circuit_id, description, auth_string,
          auth_string_revision, created_at, updated_at)
        SELECT id, "siteId", "typeId", "deviceId", "interfaceId", "circuitId", description, sealed,
          "authStringRevision", "createdAt", "updatedAt"
        FROM ${given(protocols)}`,
    );
  }

  async updateMany(protocols: readonly SealedProtocol[]): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE protocol AS p SET type_id = row."typeId", device_id = row."deviceId",
          interface_id = row."interfaceId", circuit_id = row."circuitId", description = row.description,
          auth_string = row.sealed, auth_string_revision = row."authStringRevision", updated_at = row."updatedAt"
        FROM ${given(protocols)} WHERE p.id = row.id`,
    );
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.protocol.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }
}
