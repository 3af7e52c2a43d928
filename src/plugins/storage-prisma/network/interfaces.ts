import { type Page, type PageRequest, toPage } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { pageInSql, pagesBelow } from '#plugins/storage-prisma/keyset.ts';
import * as bindings from '#plugins/storage-prisma/network/assignments.ts';
import {
  columns,
  conditions,
  type InterfaceRow,
  keysOf,
  positionOf,
  type Query,
  selects,
  toInterface,
  wide,
} from '#plugins/storage-prisma/network/interface-scopes.ts';
import { byPlace, inOrder, repeated, storable, uuids } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type {
  Dependants,
  InterfaceFilter,
  InterfaceScope,
  InterfaceStore,
} from '#resolvers/network/interfaces/store.ts';
import type { ListQuery } from '#resolvers/network/list.ts';

const { sql } = Prisma;

export class PrismaInterfaces implements InterfaceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(NetworkInterface | null)[]> {
    return inOrder(ids, await this.#select(sql`i.id = ANY (${uuids(ids)}::uuid[])`));
  }

  async getByName(
    keys: readonly { readonly deviceId: string; readonly name: string }[],
  ): Promise<(NetworkInterface | null)[]> {
    const asked = keys.map((key, place) => ({ ...key, place })).filter(({ name }) => storable(name));
    const rows = await this.#session.select<InterfaceRow & { place: number }>(
      sql`SELECT asked.place, ${columns}
        FROM json_to_recordset(${JSON.stringify(asked)}::json) AS asked(place int, "deviceId" uuid, name text)
        JOIN network_interface AS i ON i.device_id = asked."deviceId" AND i.name = asked.name`,
    );
    return byPlace(keys, rows, toInterface).map(([found]) => found ?? null);
  }

  async pages(scopes: readonly InterfaceScope[], query: ListQuery<InterfaceFilter>): Promise<Page<NetworkInterface>[]> {
    const [scope] = scopes;
    if (!scope) return [];
    if (scope.kind === 'all') {
      const page = await this.#pageOfAll(query);
      return scopes.map(() => page);
    }
    const { kind } = scope;
    const matches = await conditions(query);
    const pages = await pagesBelow<InterfaceRow>(this.#session, scopes.map(idOf), query.page, {
      rows: (id, { bounds, tail }) => {
        const rest = sql`${matches} AND ${bounds} ${tail}`;
        return kind === 'site' ? wide(id, query.order, rest) : selects[kind](id, columns, rest);
      },
      count: (id) => countIn(scope, id, matches),
      keys: keysOf(scope, query.order),
      position: (row) => positionOf(scope, query.order, row),
    });
    return pages.map((page) => ({
      ...page,
      items: page.items.map(({ node, position }) => ({ node: toInterface(node), position })),
    }));
  }

  async #pageOfAll(query: ListQuery<InterfaceFilter>): Promise<Page<NetworkInterface>> {
    const scope: InterfaceScope = { kind: 'all' };
    const { bounds, tail } = pageInSql(keysOf(scope, query.order), query.page);
    const matches = await conditions(query);
    const statement = wide(null, query.order, sql`${matches} AND ${bounds} ${tail}`);
    const page = toPage(
      query.page,
      await this.#session.select<InterfaceRow>(statement),
      (row) => positionOf(scope, query.order, row),
      async () => (await this.count([scope], query))[0] ?? 0,
    );
    return { ...page, items: page.items.map(({ node, position }) => ({ node: toInterface(node), position })) };
  }

  async count(scopes: readonly InterfaceScope[], query: Query): Promise<number[]> {
    const [scope] = scopes;
    if (!scope) return [];
    const ids = scopes.map(idOf);
    const matches = await conditions(query);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ id: string; count: bigint }[]>`
        SELECT asked.id::text AS id, counted.count FROM unnest(${[...new Set(ids)]}::uuid[]) AS asked(id)
        CROSS JOIN LATERAL (${countIn(scope, sql`asked.id`, matches)}) AS counted`,
    );
    const counts = new Map(rows.map(({ id, count }) => [id, Number(count)]));
    return ids.map((id) => counts.get(id) ?? 0);
  }

  async ancestors(ids: readonly string[]): Promise<(readonly NetworkInterface[])[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<(InterfaceRow & { start: string })[]>`
        WITH RECURSIVE chain AS (
          SELECT id AS start, parent_id AS next, 0 AS depth FROM network_interface
          WHERE id = ANY (${uuids(ids)}::uuid[])
          UNION ALL
          SELECT chain.start, above.parent_id, chain.depth + 1
          FROM chain JOIN network_interface AS above ON above.id = chain.next
        ) CYCLE next SET looped USING path
        SELECT chain.start, ${columns} FROM chain JOIN network_interface AS i ON i.id = chain.next
        WHERE NOT chain.looped ORDER BY chain.depth`,
    );
    const chains = Map.groupBy(rows, ({ start }) => start);
    return ids.map((id) => (chains.get(id.toLowerCase()) ?? []).map(toInterface));
  }

  ofDevices(deviceIds: readonly string[]): Promise<NetworkInterface[]> {
    return this.#select(sql`i.device_id = ANY (${uuids(deviceIds)}::uuid[]) ORDER BY i.id`);
  }

  async childrenWithout(ids: readonly string[], limit: number): Promise<Dependants[]> {
    const going = uuids(ids);
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ id: string; count: bigint; first: string[] }[]>`
        SELECT parent_id AS id, count(*) AS count, array_agg(id ORDER BY id) FILTER (WHERE number <= ${limit}) AS first
        FROM (
          SELECT id, parent_id, row_number() OVER (PARTITION BY parent_id ORDER BY id) AS number
          FROM network_interface WHERE parent_id = ANY (${going}::uuid[]) AND id <> ALL (${going}::uuid[])
        ) AS child GROUP BY parent_id`,
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => ({ count: Number(byId.get(id)?.count ?? 0), first: byId.get(id)?.first ?? [] }));
  }

  async lockDevices(deviceIds: readonly string[]): Promise<void> {
    if (deviceIds.length === 0) return;
    // A statement of its own: those after it see what was committed before the lock was granted.
    await this.#session.run(
      (db) => db.$queryRaw`
        SELECT count(pg_advisory_xact_lock(hashtextextended('device ' || device.id, 0))) FROM (
          SELECT DISTINCT id FROM unnest(${uuids(deviceIds)}::uuid[]) AS asked(id) ORDER BY id
        ) AS device`,
    );
  }

  async insertMany(interfaces: readonly NetworkInterface[]): Promise<(NetworkInterface | null)[]> {
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO network_interface
          (id, site_id, device_id, name, description, type, mac_address, speed, parent_id, created_at, updated_at)
        SELECT id, "siteId", "deviceId", name, description, type, "macAddress", speed, "parentId", "createdAt",
          "updatedAt"
        FROM json_to_recordset(${JSON.stringify(interfaces)}::json) AS row(
          id uuid, "siteId" uuid, "deviceId" uuid, name text, description text, type int, "macAddress" text, speed int,
          "parentId" uuid, "createdAt" timestamptz, "updatedAt" timestamptz
        )
        ORDER BY "deviceId", name COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return interfaces.map((one) => (ids.has(one.id) ? one : null));
  }

  async updateMany(interfaces: readonly NetworkInterface[]): Promise<readonly NetworkInterface[]> {
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, interfaces);
        if (taken.size > 0) return interfaces.filter(({ id }) => taken.has(id));
        // Names that go round among these are out of the way first: the index looks at each row by itself.
        if (interfaces.length > 1)
          await db.$executeRaw`
            UPDATE network_interface SET name = id::text WHERE id = ANY (${interfaces.map(({ id }) => id)}::uuid[])`;
        await db.$executeRaw`
          UPDATE network_interface AS i SET name = row.name, description = row.description, type = row.type,
            mac_address = row."macAddress", speed = row.speed, parent_id = row."parentId", updated_at = row."updatedAt"
          FROM json_to_recordset(${JSON.stringify(interfaces)}::json) AS row(
            id uuid, name text, description text, type int, "macAddress" text, speed int, "parentId" uuid,
            "updatedAt" timestamptz
          ) WHERE i.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a name between the look and the write; which one is not known.
      if (isTaken(error)) return interfaces.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.together(async (db) => {
      await db.assignment.deleteMany({ where: { interfaceId: { in: uuids(ids) } } });
      await db.networkInterface.deleteMany({ where: { id: { in: uuids(ids) } } });
    });
  }

  getAssignments(ids: readonly string[]): Promise<(Assignment | null)[]> {
    return bindings.getAssignments(this.#session, ids);
  }

  assignmentsOf(interfaceIds: readonly string[]): Promise<(readonly Assignment[])[]> {
    return bindings.assignmentsBy(this.#session, 'interfaceId', interfaceIds);
  }

  assignmentsOfAddresses(addressIds: readonly string[]): Promise<(readonly Assignment[])[]> {
    return bindings.assignmentsBy(this.#session, 'addressId', addressIds);
  }

  assignmentPages(
    addressIds: readonly string[],
    visibility: Visibility,
    page: PageRequest,
  ): Promise<Page<Assignment>[]> {
    return bindings.assignmentPages(this.#session, addressIds, visibility, page);
  }

  setAddresses(changes: Parameters<InterfaceStore['setAddresses']>[0]): Promise<(Assignment | null)[]> {
    return bindings.setAddresses(this.#session, changes);
  }

  async #select(rest: Prisma.Sql): Promise<NetworkInterface[]> {
    const rows = await this.#session.select<InterfaceRow>(
      sql`SELECT ${columns} FROM network_interface AS i WHERE ${rest}`,
    );
    return rows.map(toInterface);
  }
}

const noId = '00000000-0000-0000-0000-000000000000';

const idOf = (scope: InterfaceScope): string => ('id' in scope ? scope.id : noId);

function countIn(scope: InterfaceScope, id: Prisma.Sql, matches: Prisma.Sql): Prisma.Sql {
  const what = sql`count(*) AS count`;
  if (scope.kind === 'all') return sql`SELECT ${what} FROM network_interface AS i WHERE ${matches}`;
  if (scope.kind === 'site')
    return sql`SELECT ${what} FROM network_interface AS i WHERE i.site_id = ${id} AND ${matches}`;
  return selects[scope.kind](id, what, matches);
}

/** The ids of those whose name an interface of the device has that is not among them, or another one is to have. */
async function takenByOthers(
  db: Prisma.TransactionClient,
  interfaces: readonly NetworkInterface[],
): Promise<Set<string>> {
  const twice = repeated(interfaces, ({ deviceId, name }) => `${deviceId}/${name}`);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM json_to_recordset(${JSON.stringify(interfaces)}::json) AS row(id uuid, name text)
    JOIN network_interface AS self ON self.id = row.id
    JOIN network_interface AS i ON i.device_id = self.device_id AND i.name = row.name
    WHERE i.id <> ALL (${interfaces.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
