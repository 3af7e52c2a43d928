import type { Page } from '#kernel/page.ts';
import { isTaken } from '#plugins/storage-prisma/failures.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { instantColumns, repeated, type Stored, storable, uuids, withInstants } from '#plugins/storage-prisma/rows.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';
import { Table } from '#plugins/storage-prisma/threat/table.ts';
import {
  isRouted,
  type ServiceFilter,
  type ServiceQuery,
  type ServiceStore,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';

const { sql } = Prisma;

/** What services of all kinds have is in columns, the rest in `own`. */
type Common = Pick<
  TaxiiService,
  | 'id'
  | 'kind'
  | 'serviceId'
  | 'address'
  | 'description'
  | 'protocolBindings'
  | 'available'
  | 'authenticationRequired'
  | 'baseUrl'
  | 'createdAt'
  | 'updatedAt'
>;
type Row = Stored<Common> & { readonly own: object };

const columns = sql`s.id, s.kind, s.service_id AS "serviceId", s.address, s.description,
  s.protocol_bindings AS "protocolBindings", s.available, s.authentication_required AS "authenticationRequired",
  s.base_url AS "baseUrl", s.own, ${instantColumns(sql`s`)}`;

function toService(row: Row): TaxiiService {
  const { own, ...common } = withInstants(row);
  return { ...common, ...own } as TaxiiService;
}

/** `row`: services as JSON. */
function given(services: readonly TaxiiService[]): Prisma.Sql {
  const rows = services.map((service) => {
    const { id, kind, serviceId, address, description, protocolBindings, available, ...rest } = service;
    const { authenticationRequired, baseUrl, createdAt, updatedAt, ...own } = rest;
    const path = isRouted(service) ? address : null;
    return {
      ...{ id, kind, serviceId, address, path, description, protocolBindings, available },
      ...{ authenticationRequired, baseUrl, own, createdAt, updatedAt },
    };
  });
  return sql`
    json_to_recordset(${JSON.stringify(rows)}::json) AS row(id uuid, kind text, "serviceId" text, address text, path text,
      description text, "protocolBindings" json, available boolean, "authenticationRequired" boolean, "baseUrl" text,
      own jsonb, "createdAt" timestamptz, "updatedAt" timestamptz)`;
}

const bindings = sql`ARRAY(SELECT json_array_elements_text(row."protocolBindings"))`;

export class PrismaServices implements ServiceStore {
  readonly #session: Session;
  readonly #table: Table<Row, TaxiiService>;

  constructor(session: Session) {
    this.#session = session;
    this.#table = new Table(session, {
      ...{ from: sql`taxii_service AS s`, id: sql`s.id`, columns },
      keys: [{ type: 'text', sql: sql`s.service_id` }],
      position: ({ serviceId }) => [serviceId],
      toThing: toService,
    });
  }

  getMany(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#table.getMany(ids);
  }

  async getByServiceId(serviceIds: readonly string[]): Promise<(TaxiiService | null)[]> {
    const found = await this.#table.find(sql`s.service_id = ANY (${serviceIds.filter(storable)}::text[])`);
    const byServiceId = new Map(found.map((service) => [service.serviceId, service]));
    return serviceIds.map((id) => byServiceId.get(id) ?? null);
  }

  async getByPath(paths: readonly string[]): Promise<(TaxiiService | null)[]> {
    const found = await this.#table.find(sql`s.path = ANY (${paths.filter(storable)}::text[])`);
    const byPath = new Map(found.map((service) => [service.address, service]));
    return paths.map((path) => byPath.get(path) ?? null);
  }

  page({ filter, page }: ServiceQuery): Promise<Page<TaxiiService>> {
    return this.#table.page(matches(filter), page);
  }

  async insertMany(services: readonly TaxiiService[]): Promise<(TaxiiService | null)[]> {
    // In the order of service ids, so that two callers never wait for each other.
    const made = await this.#session.run(
      (db) => db.$queryRaw<{ id: string }[]>`
        INSERT INTO taxii_service (id, kind, service_id, address, path, description, protocol_bindings, available,
          authentication_required, base_url, own, created_at, updated_at)
        SELECT id, kind, "serviceId", address, path, description, ${bindings}, available,
          "authenticationRequired", "baseUrl", own, "createdAt", "updatedAt"
        FROM ${given(services)} ORDER BY "serviceId" COLLATE "C", id
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    const ids = new Set(made.map(({ id }) => id));
    return services.map((service) => (ids.has(service.id) ? service : null));
  }

  hold(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#table.lockMany(ids, sql`FOR SHARE`);
  }

  lock(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#table.lockMany(ids, sql`FOR UPDATE`);
  }

  async updateMany(services: readonly TaxiiService[]): Promise<readonly TaxiiService[]> {
    const ids = services.map(({ id }) => id);
    try {
      return await this.#session.together(async (db) => {
        const taken = await takenByOthers(db, services);
        if (taken.size > 0) return services.filter(({ id }) => taken.has(id));
        // What goes round among these is out of the way first: the indexes look at each row by itself.
        if (services.length > 1)
          await db.$executeRaw`
            UPDATE taxii_service SET service_id = id::text, path = NULL WHERE id = ANY (${ids}::uuid[])`;
        await db.$executeRaw`
          UPDATE taxii_service AS s SET service_id = row."serviceId", address = row.address, path = row.path,
            description = row.description, protocol_bindings = ${bindings}, available = row.available,
            authentication_required = row."authenticationRequired", base_url = row."baseUrl", own = row.own,
            updated_at = row."updatedAt"
          FROM ${given(services)} WHERE s.id = row.id`;
        return [];
      });
    } catch (error) {
      // Another unit took a key between the look and the write; which one is not known.
      if (isTaken(error)) return services.slice(0, 1);
      throw error;
    }
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    await this.#session.run((db) => db.taxiiService.deleteMany({ where: { id: { in: uuids(ids) } } }));
  }

  async allIds(): Promise<string[]> {
    const rows = await this.#session.run((db) => db.taxiiService.findMany({ select: { id: true } }));
    return rows.map(({ id }) => id);
  }
}

function matches({ kind, ids, openOnly }: ServiceFilter): Prisma.Sql {
  const ofKind = kind === undefined ? sql`TRUE` : sql`s.kind = ${kind}`;
  const among = ids === undefined ? sql`TRUE` : sql`s.id = ANY (${uuids(ids)}::uuid[])`;
  return sql`${ofKind} AND ${among} AND ${openOnly ? sql`NOT s.authentication_required` : sql`TRUE`}`;
}

/** The ids of those whose service id or path a service has that is not among them, or one before them is to have. */
async function takenByOthers(db: Prisma.TransactionClient, services: readonly TaxiiService[]): Promise<Set<string>> {
  const twice = [
    ...repeated(services, ({ serviceId }) => serviceId),
    ...repeated(services.filter(isRouted), ({ address }) => address),
  ];
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT row.id FROM ${given(services)} JOIN taxii_service AS s ON s.service_id = row."serviceId" OR s.path = row.path
    WHERE s.id <> ALL (${services.map(({ id }) => id)}::uuid[])`;
  return new Set([...twice, ...rows].map(({ id }) => id));
}
