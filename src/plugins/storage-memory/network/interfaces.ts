import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import type { Session } from '#plugins/storage-memory/database.ts';
import { keysOf, listed, type Query, shows } from '#plugins/storage-memory/network/interface-lists.ts';
import {
  allAssignments,
  allInterfaces,
  assignmentOf,
  assignmentOn,
  chainOf,
  dropAssignment,
  dropInterface,
  interfaceNamed,
  interfaceOf,
  putAssignment,
  putInterface,
} from '#plugins/storage-memory/network/interface-table.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type {
  Dependants,
  InterfaceFilter,
  InterfaceScope,
  InterfaceStore,
} from '#resolvers/network/interfaces/store.ts';
import type { ListQuery } from '#resolvers/network/list.ts';

const byId = (one: { readonly id: string }, other: { readonly id: string }): number => (one.id < other.id ? -1 : 1);
const assignmentKey: RowKey<Assignment> = { type: 'uuid', value: ({ id }) => id };

export class MemoryInterfaces implements InterfaceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(NetworkInterface | null)[]> {
    return this.#session.run((tables) => ids.map((id) => interfaceOf(tables, id)));
  }

  getByName(
    keys: readonly { readonly deviceId: string; readonly name: string }[],
  ): Promise<(NetworkInterface | null)[]> {
    return this.#session.run((tables) => keys.map((key) => interfaceNamed(tables, key)));
  }

  async pages(scopes: readonly InterfaceScope[], query: ListQuery<InterfaceFilter>): Promise<Page<NetworkInterface>[]> {
    const among = await query.filter.selection?.ids();
    return this.#session.run((tables) =>
      scopes.map((scope) =>
        pageOfRows(listed(tables, scope, query, among), keysOf(tables, scope, query.order), query.page),
      ),
    );
  }

  async count(scopes: readonly InterfaceScope[], query: Query): Promise<number[]> {
    const among = await query.filter.selection?.ids();
    return this.#session.run((tables) => scopes.map((scope) => listed(tables, scope, query, among).length));
  }

  ancestors(ids: readonly string[]): Promise<(readonly NetworkInterface[])[]> {
    return this.#session.run((tables) => ids.map((id) => chainOf(tables, interfaceOf(tables, id))));
  }

  ofDevices(deviceIds: readonly string[]): Promise<NetworkInterface[]> {
    return this.#session.run((tables) =>
      [...allInterfaces(tables)].filter(({ deviceId }) => deviceIds.includes(deviceId)).sort(byId),
    );
  }

  childrenWithout(ids: readonly string[], limit: number): Promise<Dependants[]> {
    return this.#session.run((tables) => {
      const staying = [...allInterfaces(tables)].filter(({ id }) => !ids.includes(id)).sort(byId);
      const children = Map.groupBy(staying, ({ parentId }) => parentId ?? '');
      return ids.map((id) => {
        const own = children.get(id) ?? [];
        return { count: own.length, first: own.slice(0, limit).map((child) => child.id) };
      });
    });
  }

  async lockDevices(): Promise<void> {
    // The first use makes the unit the only one that writes.
    await this.#session.run(() => undefined);
  }

  insertMany(fresh: readonly NetworkInterface[]): Promise<(NetworkInterface | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((one) => {
        if (interfaceNamed(tables, one)) return null;
        putInterface(tables, one);
        return one;
      }),
    );
  }

  updateMany(changed: readonly NetworkInterface[]): Promise<readonly NetworkInterface[]> {
    return this.#session.run((tables) => {
      const former = changed.map(({ id }) => interfaceOf(tables, id));
      for (const one of former) if (one) dropInterface(tables, one.id);
      return changed.filter((one, index) => {
        const before = former[index];
        const taken = interfaceNamed(tables, one) !== null;
        if (before && !taken) {
          const { siteId, deviceId, createdAt } = before;
          putInterface(tables, { ...one, siteId, deviceId, createdAt });
        }
        return taken;
      });
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) dropInterface(tables, id);
      for (const one of [...allAssignments(tables)]) if (ids.includes(one.interfaceId)) dropAssignment(tables, one.id);
    });
  }

  getAssignments(ids: readonly string[]): Promise<(Assignment | null)[]> {
    return this.#session.run((tables) => ids.map((id) => assignmentOf(tables, id)));
  }

  assignmentsOf(interfaceIds: readonly string[]): Promise<(readonly Assignment[])[]> {
    return this.#grouped(interfaceIds, ({ interfaceId }) => interfaceId);
  }

  assignmentsOfAddresses(addressIds: readonly string[]): Promise<(readonly Assignment[])[]> {
    return this.#grouped(addressIds, ({ addressId }) => addressId);
  }

  #grouped(ids: readonly string[], key: (assignment: Assignment) => string): Promise<(readonly Assignment[])[]> {
    return this.#session.run((tables) => {
      const groups = Map.groupBy([...allAssignments(tables)].sort(byId), key);
      return ids.map((id) => groups.get(id) ?? []);
    });
  }

  assignmentPages(
    addressIds: readonly string[],
    visibility: Visibility,
    page: PageRequest,
  ): Promise<Page<Assignment>[]> {
    return this.#session.run((tables) =>
      addressIds.map((id) => {
        const seen = [...allAssignments(tables)].filter(({ addressId, interfaceId }) => {
          const one = interfaceOf(tables, interfaceId);
          return addressId === id && one !== null && shows(tables, visibility, one);
        });
        return pageOfRows(seen, [assignmentKey], page);
      }),
    );
  }

  setAddresses({ remove, add }: Parameters<InterfaceStore['setAddresses']>[0]): Promise<(Assignment | null)[]> {
    return this.#session.run((tables) => {
      for (const id of remove) dropAssignment(tables, id);
      return add.map((one) => {
        if (assignmentOn(tables, one)) return null;
        putAssignment(tables, one);
        return one;
      });
    });
  }
}
