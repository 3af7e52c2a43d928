import type { Page } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import {
  type ListedTable,
  listedCount,
  listedMatches,
  listedPages,
  lockedThings,
  type Query,
} from '#plugins/storage-prisma/network/lists.ts';
import { selected } from '#plugins/storage-prisma/network/selection.ts';
import { visibleInSite } from '#plugins/storage-prisma/network/visibility.ts';
import { inOrder, repeated, sameText, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import {
  type Circuit,
  type CircuitFilter,
  type CircuitScope,
  type CircuitStore,
  endsOf,
  type RefusedEnd,
  type Side,
} from '#resolvers/network/circuits/circuit.ts';
import type { ListQuery } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

const { sql } = Prisma;

interface CircuitRow {
  readonly id: string;
  readonly siteId: string;
  readonly name: string;
  readonly nameSlug: string;
  readonly endpointA: string;
  readonly deviceA: string;
  readonly endpointZ: string | null;
  readonly deviceZ: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const columns = sql`c.id, c.site_id AS "siteId", c.name, c.name_slug AS "nameSlug", c.endpoint_a AS "endpointA",
  c.device_a AS "deviceA", c.endpoint_z AS "endpointZ", c.device_z AS "deviceZ", c.created_at AS "createdAt",
  c.updated_at AS "updatedAt"`;

function toCircuit(row: CircuitRow): Circuit {
  const { id, siteId, name, nameSlug, endpointA, deviceA, endpointZ, deviceZ, createdAt, updatedAt } =
    withInstants(row);
  return {
    id,
    siteId,
    name,
    nameSlug,
    endpointA: { interfaceId: endpointA, deviceId: deviceA },
    endpointZ: endpointZ && deviceZ ? { interfaceId: endpointZ, deviceId: deviceZ } : null,
    createdAt,
    updatedAt,
  };
}

const toRow = ({ endpointA, endpointZ, ...circuit }: Circuit) => ({
  ...circuit,
  endpointA: endpointA.interfaceId,
  deviceA: endpointA.deviceId,
  endpointZ: endpointZ?.interfaceId ?? null,
  deviceZ: endpointZ?.deviceId ?? null,
});

/** `row`: circuits as JSON. */
const given = (circuits: readonly Circuit[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(circuits.map(toRow))}::json) AS row(id uuid, "siteId" uuid, name text,
    "nameSlug" text, "endpointA" uuid, "deviceA" uuid, "endpointZ" uuid, "deviceZ" uuid, "createdAt" timestamptz,
    "updatedAt" timestamptz)`;

/** A grant on a device covers a circuit whose other device is granted too. */
export const visibleCircuit = (visibility: Visibility): Prisma.Sql =>
  visibleInSite(visibility, 'circuit', sql`c.site_id`, {
    circuit: (values) => sql`c.id = ANY (${uuids(values)}::uuid[])`,
    device: (values) => sql`(c.device_a = ANY (${uuids(values)}::uuid[])
      AND (c.device_z IS NULL OR c.device_z = ANY (${uuids(values)}::uuid[])))`,
  });

/** An interface is the end of one circuit at most, which the table of ends finds by it. */
const endAmong = (side: Side, ids: readonly string[] | undefined): Prisma.Sql =>
  ids === undefined
    ? sql`TRUE`
    : sql`c.id IN (
        SELECT e.circuit_id FROM circuit_end AS e WHERE e.interface_id = ANY (${uuids(ids)}::uuid[]) AND e.side = ${side}
      )`;

const table: ListedTable<'site' | 'device', CircuitFilter, CircuitRow, Circuit> = {
  from: sql`circuit AS c`,
  columns,
  below: (kind, id) => (kind === 'site' ? sql`c.site_id = ${id}` : sql`(c.device_a = ${id} OR c.device_z = ${id})`),
  matches: async ({ filter, visibility }) =>
    sql`${visibleCircuit(visibility)} AND ${sameText(sql`c.name`, filter.name)}
      AND ${sameText(sql`c.name_slug`, filter.nameSlug)}
      AND ${endAmong('A', filter.endpointAIds)} AND ${endAmong('Z', filter.endpointZIds)}
      AND ${await selected(filter.selection, sql`c.id`)}`,
  keys({ by, direction }) {
    const descending = direction === 'DESC';
    const id = { type: 'uuid', sql: sql`c.id`, descending } as const;
    return by === 'CREATED' ? [id] : [{ type: 'text', sql: sql`c.name_slug`, descending }, id];
  },
  position: ({ by }, { id, nameSlug }) => (by === 'CREATED' ? [id] : [nameSlug, id]),
  toThing: toCircuit,
};

const sides: readonly Side[] = ['A', 'Z'];

export class PrismaCircuits implements CircuitStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async getMany(ids: readonly string[]): Promise<(Circuit | null)[]> {
    const rows = await this.#session.run((db) => db.circuit.findMany({ where: { id: { in: uuids(ids) } } }));
    return inOrder(ids, rows.map(toCircuit));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Circuit[])[]> {
    return listedMatches(this.#session, table, { keys, column: sql`c.name_slug`, visibility, everything: {} });
  }

  pages(scopes: readonly CircuitScope[], query: ListQuery<CircuitFilter>): Promise<Page<Circuit>[]> {
    return listedPages(this.#session, table, scopes, query);
  }

  count(scopes: readonly CircuitScope[], query: Query<CircuitFilter>): Promise<number[]> {
    return listedCount(this.#session, table, scopes, query);
  }

  async ofInterfaces(interfaceIds: readonly string[]): Promise<(Circuit | null)[]> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<(CircuitRow & { interfaceId: string })[]>`
        SELECT e.interface_id AS "interfaceId", ${columns} FROM circuit_end AS e JOIN circuit AS c ON c.id = e.circuit_id
        WHERE e.interface_id = ANY (${uuids(interfaceIds)}::uuid[])`,
    );
    const found = new Map(rows.map((row) => [row.interfaceId, toCircuit(row)]));
    return interfaceIds.map((id) => found.get(id.toLowerCase()) ?? null);
  }

  async insertMany(circuits: readonly Circuit[]): Promise<(Circuit | null)[]> {
    const made = await this.#session.together(async (db) => {
      await lockNames(db, circuits);
      return db.$queryRaw<{ id: string }[]>`
        INSERT INTO circuit (id, site_id, name, name_slug, endpoint_a, device_a, endpoint_z, device_z, created_at,
          updated_at)
        SELECT id, "siteId", name, "nameSlug", "endpointA", "deviceA", "endpointZ", "deviceZ", "createdAt", "updatedAt"
        FROM ${given(circuits)} ORDER BY "siteId", "nameSlug" COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`;
    });
    const ids = new Set(made.map(({ id }) => id));
    return circuits.map((circuit) => (ids.has(circuit.id) ? circuit : null));
  }

  claimEnds(circuits: readonly Circuit[]): Promise<readonly RefusedEnd[]> {
    const wanted = circuits.flatMap((circuit, place) =>
      endsOf(circuit).map(({ interfaceId }, index) => ({
        place: place * 2 + index,
        circuitId: circuit.id,
        interfaceId,
        side: sides[index] as Side,
      })),
    );
    return this.#session.together(async (db) => {
      await db.$executeRaw`DELETE FROM circuit_end WHERE circuit_id = ANY (${circuits.map(({ id }) => id)}::uuid[])`;
      // In the order of interfaces, so that two callers never wait for each other.
      const had = await db.$queryRaw<{ circuitId: string; side: Side }[]>`
        INSERT INTO circuit_end (interface_id, circuit_id, side)
        SELECT "interfaceId", "circuitId", side FROM json_to_recordset(${JSON.stringify(wanted)}::json)
          AS row(place int, "interfaceId" uuid, "circuitId" uuid, side text)
        ORDER BY "interfaceId", place
        ON CONFLICT DO NOTHING RETURNING circuit_id AS "circuitId", side`;
      const held = new Set(had.map(({ circuitId, side }) => `${circuitId}/${side}`));
      const refused = wanted.filter(({ circuitId, side }) => !held.has(`${circuitId}/${side}`));
      if (refused.length === 0) return [];
      const holders = await db.circuitEnd.findMany({
        where: { interfaceId: { in: refused.map(({ interfaceId }) => interfaceId) } },
      });
      const usedAs = new Map(holders.map(({ interfaceId, side }) => [interfaceId, side as Side]));
      // A holder may have let go in this very moment.
      return refused.map(({ circuitId, side, interfaceId }) => ({
        circuitId,
        side,
        usedAs: usedAs.get(interfaceId) ?? side,
      }));
    });
  }

  hold(ids: readonly string[]): Promise<(Circuit | null)[]> {
    return lockedThings(this.#session, table, ids, 'SHARE');
  }

  lock(ids: readonly string[]): Promise<(Circuit | null)[]> {
    return lockedThings(this.#session, table, ids, 'UPDATE');
  }

  async updateMany(circuits: readonly Circuit[]): Promise<readonly Circuit[]> {
    const ids = circuits.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        await lockNames(db, circuits);
        const taken = await takenByOthers(db, circuits);
        if (taken.length > 0) return circuits.filter(({ id }) => taken.includes(id));
        // Names that go round among these circuits are out of the way first: the index looks at each row by itself.
        if (circuits.length > 1)
          await db.$executeRaw`
            UPDATE circuit SET name = '/' || id::text, name_slug = '/' || id::text WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE circuit AS c SET name = row.name, name_slug = row."nameSlug", endpoint_a = row."endpointA",
            device_a = row."deviceA", endpoint_z = row."endpointZ", device_z = row."deviceZ",
            updated_at = row."updatedAt"
          FROM ${given(circuits)} WHERE c.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a name between the look and the write; which one is not known.
      if (isTaken(error)) return circuits.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.together(async (db) => {
      await db.circuitEnd.deleteMany({ where: { circuitId: { in: uuids(ids) } } });
      await db.circuit.deleteMany({ where: { id: { in: uuids(ids) } } });
    });
  }
}

/**
 * Lets one caller at a time write many names of a Site: an update takes them in an order of its own, and two callers could
 * wait for each other. One name alone waits for nobody who waits for it.
 */
async function lockNames(db: Prisma.TransactionClient, circuits: readonly Circuit[]): Promise<void> {
  if (circuits.length < 2) return;
  const sites = [...new Set(circuits.map(({ siteId }) => siteId))].sort();
  await db.$queryRaw`
    SELECT count(pg_advisory_xact_lock(hashtextextended('circuit names ' || site.id, 0))) FROM (
      SELECT id FROM unnest(${sites}::text[]) AS id ORDER BY id
    ) AS site`;
}

/** The ids of those whose name or slug a circuit has that is not among them, or one before them is to have. */
async function takenByOthers(db: Prisma.TransactionClient, circuits: readonly Circuit[]): Promise<string[]> {
  // Who has the same name has the same slug.
  const twice = repeated(circuits, ({ siteId, nameSlug }) => `${siteId}/${nameSlug}`);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(circuits)}
    JOIN circuit AS c ON c.site_id = row."siteId" AND c.name_slug = row."nameSlug" COLLATE "C"
    WHERE c.id <> ALL (${circuits.map(({ id }) => id)}::uuid[])`;
  return [...twice, ...rows].map(({ id }) => id);
}
