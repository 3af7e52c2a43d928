import type { Page } from '#kernel/page.ts';
import { grantCovers, type Visibility } from '#kernel/permission.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { type IdSet, isIn } from '#resolvers/network/attributes/selection.ts';
import { type Device, type DeviceFilter, type DeviceStore, deviceFacts } from '#resolvers/network/devices/device.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';

const devices = defineTable<Device>('device');
/** Ids by Site and folded hostname. */
const hostnames = defineTable<string>('deviceHostname');

const keyOf = ({ siteId, hostname }: Pick<Device, 'siteId' | 'hostname'>) => `${siteId}/${foldHostname(hostname)}`;

export const deviceOf = (tables: Tables, id: string): Device | null => tables(devices).get(id.toLowerCase()) ?? null;

type Query = Pick<ListQuery<DeviceFilter>, 'filter' | 'visibility'>;

export class MemoryDevices implements DeviceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Device | null)[]> {
    return this.#session.run((tables) => ids.map((id) => deviceOf(tables, id)));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility, most = 2): Promise<(readonly Device[])[]> {
    return this.#session.run((tables) =>
      keys.map(({ siteId, key }) => {
        const query: Query = { filter: { hostname: key }, visibility };
        return shown(tables, siteId, query).sort(byId).slice(0, most);
      }),
    );
  }

  async pages(siteIds: readonly (string | null)[], query: ListQuery<DeviceFilter>): Promise<Page<Device>[]> {
    const ids = await query.filter.selection?.ids();
    return this.#session.run((tables) =>
      siteIds.map((siteId) => pageOfRows(shown(tables, siteId, query, ids), keysOf(query.order), query.page)),
    );
  }

  async count(siteIds: readonly (string | null)[], query: Query): Promise<number[]> {
    const ids = await query.filter.selection?.ids();
    return this.#session.run((tables) => siteIds.map((siteId) => shown(tables, siteId, query, ids).length));
  }

  insertMany(fresh: readonly Device[]): Promise<(Device | null)[]> {
    return this.#session.run((tables) =>
      fresh.map((device) => {
        if (tables(hostnames).has(keyOf(device))) return null;
        put(tables, device);
        return device;
      }),
    );
  }

  lock(ids: readonly string[]): Promise<(Device | null)[]> {
    return this.getMany(ids);
  }

  updateMany(changed: readonly Device[]): Promise<readonly Device[]> {
    return this.#session.run((tables) => {
      const former = changed.map((device) => tables(devices).get(device.id));
      for (const device of former) if (device) tables(hostnames).delete(keyOf(device));
      const taken = changed.filter((device) => {
        if (tables(hostnames).has(keyOf(device))) return true;
        tables(hostnames).set(keyOf(device), device.id);
        return false;
      });
      changed.forEach((device, index) => {
        const before = former[index];
        if (before) put(tables, { ...before, hostname: device.hostname, updatedAt: device.updatedAt });
      });
      return taken;
    });
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) {
        const device = tables(devices).get(id);
        if (device) tables(hostnames).delete(keyOf(device));
        tables(devices).delete(id);
      }
    });
  }
}

function put(tables: Tables, device: Device): void {
  tables(devices).set(device.id, device);
  tables(hostnames).set(keyOf(device), device.id);
}

function shown(tables: Tables, siteId: string | null, { filter, visibility }: Query, ids?: IdSet): Device[] {
  return candidates(tables, siteId, filter).filter(
    (device) =>
      (!ids || isIn(ids, device.id)) && isVisible(visibility, (grant) => grantCovers(grant, deviceFacts(device))),
  );
}

function candidates(tables: Tables, siteId: string | null, { hostname }: DeviceFilter): Device[] {
  if (siteId !== null && hostname !== undefined) {
    const device = tables(devices).get(tables(hostnames).get(keyOf({ siteId, hostname })) ?? '');
    return device ? [device] : [];
  }
  return [...tables(devices).values()].filter(
    (device) =>
      (siteId === null || device.siteId === siteId) &&
      (hostname === undefined || foldHostname(device.hostname) === foldHostname(hostname)),
  );
}

const byId = (one: Device, other: Device): number => (one.id < other.id ? -1 : 1);

function keysOf({ by, direction }: Order): RowKey<Device>[] {
  const descending = direction === 'DESC';
  const id: RowKey<Device> = { type: 'uuid', descending, value: (device) => device.id };
  const hostname: RowKey<Device> = { type: 'text', descending, value: (device) => foldHostname(device.hostname) };
  return by === 'NATURAL' ? [hostname, id] : [id];
}
