import type { Page } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import {
  isRouted,
  type ServiceFilter,
  type ServiceQuery,
  type ServiceStore,
  type TaxiiService,
} from '#resolvers/threat/services/service.ts';

const services = defineTable<TaxiiService>('taxiiService');

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryServices implements ServiceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(services).get(id.toLowerCase()) ?? null));
  }

  getByServiceId(serviceIds: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#session.run((tables) => {
      const found = new Map(all(tables).map((service) => [service.serviceId, service]));
      return serviceIds.map((id) => found.get(id) ?? null);
    });
  }

  getByPath(paths: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.#session.run((tables) => {
      const routed = all(tables).filter(isRouted);
      const found = new Map(routed.map((service) => [service.address, service]));
      return paths.map((path) => found.get(path) ?? null);
    });
  }

  page({ filter, page }: ServiceQuery): Promise<Page<TaxiiService>> {
    return this.#session.run((tables) =>
      pageOfRows(all(tables).filter(matches(filter)), [{ type: 'text', value: ({ serviceId }) => serviceId }], page),
    );
  }

  insertMany(fresh: readonly TaxiiService[]): Promise<(TaxiiService | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((service) => {
        if (isTaken(tables, service)) return null;
        tables(services).set(service.id, service);
        return service;
      }),
    );
  }

  hold(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.getMany(ids);
  }

  lock(ids: readonly string[]): Promise<(TaxiiService | null)[]> {
    return this.getMany(ids);
  }

  updateMany(changed: readonly TaxiiService[]): Promise<readonly TaxiiService[]> {
    return this.#session.run((tables) => {
      const formers = changed.map(({ id }) => tables(services).get(id));
      for (const former of formers) if (former) tables(services).delete(former.id);
      return changed.filter((service, index) => {
        const former = formers[index];
        if (!former) return false;
        if (isTaken(tables, service)) return true;
        tables(services).set(former.id, { ...service, createdAt: former.createdAt });
        return false;
      });
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) tables(services).delete(id);
    });
  }

  allIds(): Promise<string[]> {
    return this.#session.run((tables) => all(tables).map(({ id }) => id));
  }
}

const all = (tables: Tables): TaxiiService[] => [...tables(services).values()];

const matches =
  ({ kind, ids, openOnly }: ServiceFilter) =>
  (service: TaxiiService): boolean =>
    (kind === undefined || service.kind === kind) &&
    (ids === undefined || ids.includes(service.id)) &&
    !(openOnly && service.authenticationRequired);

const isTaken = (tables: Tables, service: TaxiiService): boolean =>
  all(tables).some(
    (other) =>
      other.id !== service.id &&
      (other.serviceId === service.serviceId || (isRouted(service) && other.address === service.address)),
  );
