import type { Page } from 'gatehouse/kernel/page';
import { grantCovers, type Visibility } from 'gatehouse/kernel/permission';
import { isVisible, pageOfRows, type RowKey } from 'gatehouse/plugins/storage-memory/page';
import { type IdSet, isIn } from 'gatehouse/resolvers/network/attributes/selection';
import {
  type Device,
  type DeviceFilter,
  type DeviceStore,
  deviceFacts,
} from 'gatehouse/resolvers/network/devices/device';
import { foldHostname } from 'gatehouse/resolvers/network/devices/hostname';
import type { ListQuery, Order } from 'gatehouse/resolvers/network/list';
import type { NaturalKey } from 'gatehouse/resolvers/network/lookup';
import type { ChangedRows, RowForm } from '../json-table/rows.ts';
import type { Session } from '../json-table/table.ts';

type Query = Pick<ListQuery<DeviceFilter>, 'filter' | 'visibility'>;
type Devices = ChangedRows<Device>;

const nameOf = (siteId: string, hostname: string) => `${siteId}/${foldHostname(hostname)}`;
const nameOfDevice = ({ siteId, hostname }: Device) => nameOf(siteId, hostname);

/** A hostname belongs to one device of its Site. */
export const deviceForm: RowForm<Device> = { id: ({ id }) => id, keys: (device) => [nameOfDevice(device)] };

/** Devices in a JSON file. Lists are read from memory: right for some ten thousand devices. */
export class JsonDevices implements DeviceStore {
  readonly #session: Session<Device>;

  constructor(session: Session<Device>) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(Device | null)[]> {
    return this.#session.read((devices) => ids.map((id) => devices.get(id.toLowerCase()) ?? null));
  }

  match(keys: readonly NaturalKey[], visibility: Visibility): Promise<(readonly Device[])[]> {
    return this.#session.read((devices) =>
      keys.map(({ siteId, key }) =>
        shown(devices, siteId, { filter: { hostname: key }, visibility })
          .sort((one, other) => (one.id < other.id ? -1 : 1))
          .slice(0, 2),
      ),
    );
  }

  async pages(siteIds: readonly (string | null)[], query: ListQuery<DeviceFilter>): Promise<Page<Device>[]> {
    // What devices carry is kept elsewhere.
    const ids = await query.filter.selection?.ids();
    return this.#session.read((devices) =>
      siteIds.map((siteId) => pageOfRows(shown(devices, siteId, query, ids), keysOf(query.order), query.page)),
    );
  }

  async count(siteIds: readonly (string | null)[], query: Query): Promise<number[]> {
    const ids = await query.filter.selection?.ids();
    return this.#session.read((devices) => siteIds.map((siteId) => shown(devices, siteId, query, ids).length));
  }

  insertMany(fresh: readonly Device[]): Promise<(Device | null)[]> {
    return this.#session.write(fresh.map(nameOfDevice), (devices) =>
      fresh.map((device) => {
        if (devices.find(nameOfDevice(device))) return null;
        devices.put(device);
        return device;
      }),
    );
  }

  lock(ids: readonly string[]): Promise<(Device | null)[]> {
    return this.#session.write(ids, (devices) => ids.map((id) => devices.get(id) ?? null));
  }

  async updateMany(changed: readonly Device[]): Promise<readonly Device[]> {
    const former = (await this.lock(changed.map(({ id }) => id))).filter((device) => device !== null);
    const known = new Map(former.map((device) => [device.id, device]));
    const after = changed.flatMap(({ id, hostname, updatedAt }) => {
      const device = known.get(id);
      return device ? [{ ...device, hostname, updatedAt }] : [];
    });
    return this.#session.write([...former, ...after].map(nameOfDevice), (devices) => {
      for (const { id } of former) devices.delete(id);
      return after.filter((device) => {
        const isTaken = devices.find(nameOfDevice(device)) !== undefined;
        if (!isTaken) devices.put(device);
        return isTaken;
      });
    });
  }

  async deleteMany(ids: readonly string[]): Promise<void> {
    const found = (await this.lock(ids)).filter((device) => device !== null);
    // The names too: nobody may take one before it is known to be free.
    await this.#session.write(found.map(nameOfDevice), (devices) => {
      for (const { id } of found) devices.delete(id);
    });
  }
}

function shown(devices: Devices, siteId: string | null, { filter, visibility }: Query, ids?: IdSet): Device[] {
  return candidates(devices, siteId, filter).filter(
    (device) =>
      (!ids || isIn(ids, device.id)) && isVisible(visibility, (grant) => grantCovers(grant, deviceFacts(device))),
  );
}

function candidates(devices: Devices, siteId: string | null, { hostname }: DeviceFilter): Device[] {
  if (siteId !== null && hostname !== undefined) {
    const device = devices.find(nameOf(siteId, hostname));
    return device ? [device] : [];
  }
  return [...devices.values()].filter(
    (device) =>
      (siteId === null || device.siteId === siteId) &&
      (hostname === undefined || foldHostname(device.hostname) === foldHostname(hostname)),
  );
}

function keysOf({ by, direction }: Order): RowKey<Device>[] {
  const descending = direction === 'DESC';
  const id: RowKey<Device> = { type: 'uuid', descending, value: (device) => device.id };
  const hostname: RowKey<Device> = { type: 'text', descending, value: (device) => foldHostname(device.hostname) };
  return by === 'NATURAL' ? [hostname, id] : [id];
}
