import { grantCovers, type Visibility } from '#kernel/permission.ts';
import type { Tables } from '#plugins/storage-memory/database.ts';
import { deviceOf } from '#plugins/storage-memory/network/devices.ts';
import { allInterfaces, chainOf, interfaceOf } from '#plugins/storage-memory/network/interface-table.ts';
import { isVisible, type RowKey } from '#plugins/storage-memory/page.ts';
import { type IdSet, isIn } from '#resolvers/network/attributes/selection.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { interfaceFacts, type NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { InterfaceFilter, InterfaceScope } from '#resolvers/network/interfaces/store.ts';
import type { ListQuery, Order } from '#resolvers/network/list.ts';

export type Query = Pick<ListQuery<InterfaceFilter>, 'filter' | 'visibility'>;

/**
 * What a scope has that fits a query.
 * @param among the ids of its selection.
 */
export function listed(
  tables: Tables,
  scope: InterfaceScope,
  { filter, visibility }: Query,
  among: IdSet | undefined,
): NetworkInterface[] {
  const inScope = member(tables, scope);
  return [...allInterfaces(tables)].filter(
    (one) => inScope(one) && (!among || isIn(among, one.id)) && fits(filter, one) && shows(tables, visibility, one),
  );
}

/** A grant on a device covers its interfaces, a grant on an interface what hangs below it. */
export const shows = (tables: Tables, visibility: Visibility, one: NetworkInterface): boolean =>
  visibility === 'all' ||
  isVisible(visibility, (grant) => grantCovers(grant, interfaceFacts(one, chainOf(tables, one))));

function member(tables: Tables, scope: InterfaceScope): (one: NetworkInterface) => boolean {
  switch (scope.kind) {
    case 'all':
      return () => true;
    case 'site':
      return ({ siteId }) => siteId === scope.id;
    case 'device':
      return ({ deviceId }) => deviceId === scope.id;
    case 'children':
      return ({ parentId }) => parentId === scope.id;
    case 'descendants':
      return (one) => chainOf(tables, one).some(({ id }) => id === scope.id);
    case 'siblings': {
      const self = interfaceOf(tables, scope.id);
      return ({ id, deviceId, parentId }) =>
        self !== null && id !== self.id && deviceId === self.deviceId && parentId === self.parentId;
    }
  }
}

function fits(filter: InterfaceFilter, one: NetworkInterface): boolean {
  const { deviceIds, parentIds, name, type, macAddress, speed, description } = filter;
  return (
    (!deviceIds || deviceIds.includes(one.deviceId)) &&
    (!parentIds || (one.parentId !== null && parentIds.includes(one.parentId))) &&
    (name === undefined || name === one.name) &&
    (type === undefined || type === one.type) &&
    (macAddress === undefined || macAddress === one.macAddress) &&
    (speed === undefined || speed === one.speed) &&
    (description === undefined || description === one.description)
  );
}

export function keysOf(tables: Tables, scope: InterfaceScope, { by, direction }: Order): RowKey<NetworkInterface>[] {
  const descending = direction === 'DESC';
  const id: RowKey<NetworkInterface> = { type: 'uuid', descending, value: (one) => one.id };
  const name: RowKey<NetworkInterface> = { type: 'text', descending, value: (one) => one.name };
  const hostname: RowKey<NetworkInterface> = {
    type: 'text',
    descending,
    value: ({ deviceId }) => foldHostname(deviceOf(tables, deviceId)?.hostname ?? ''),
  };
  if (by === 'CREATED') return [id];
  return scope.kind === 'all' || scope.kind === 'site' ? [hostname, name, id] : [name, id];
}
