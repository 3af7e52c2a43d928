import { defineTable, type Tables } from '#plugins/storage-memory/database.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';

const interfaces = defineTable<NetworkInterface>('networkInterface');
/** Ids by device and name. */
const names = defineTable<string>('networkInterfaceName');
const assignments = defineTable<Assignment>('assignment');
/** Ids by address and device. */
const places = defineTable<string>('assignmentPlace');

const nameKey = ({ deviceId, name }: Pick<NetworkInterface, 'deviceId' | 'name'>) => `${deviceId}/${name}`;
const placeKey = ({ addressId, deviceId }: Pick<Assignment, 'addressId' | 'deviceId'>) => `${addressId}/${deviceId}`;

export const interfaceOf = (tables: Tables, id: string): NetworkInterface | null =>
  tables(interfaces).get(id.toLowerCase()) ?? null;

export const interfaceNamed = (
  tables: Tables,
  key: Pick<NetworkInterface, 'deviceId' | 'name'>,
): NetworkInterface | null => tables(interfaces).get(tables(names).get(nameKey(key)) ?? '') ?? null;

export const allInterfaces = (tables: Tables): IterableIterator<NetworkInterface> => tables(interfaces).values();

/** What an interface hangs below, the nearest first. */
export function chainOf(tables: Tables, one: NetworkInterface | null): NetworkInterface[] {
  const chain: NetworkInterface[] = [];
  let next = one?.parentId ?? null;
  while (next !== null && !chain.some(({ id }) => id === next)) {
    const parent = interfaceOf(tables, next);
    if (parent) chain.push(parent);
    next = parent?.parentId ?? null;
  }
  return chain;
}

export function putInterface(tables: Tables, one: NetworkInterface): void {
  tables(interfaces).set(one.id, one);
  tables(names).set(nameKey(one), one.id);
}

export function dropInterface(tables: Tables, id: string): void {
  const one = interfaceOf(tables, id);
  if (!one) return;
  tables(names).delete(nameKey(one));
  tables(interfaces).delete(one.id);
}

export const assignmentOf = (tables: Tables, id: string): Assignment | null =>
  tables(assignments).get(id.toLowerCase()) ?? null;

/** The assignment of this address on this device. */
export const assignmentOn = (tables: Tables, key: Pick<Assignment, 'addressId' | 'deviceId'>): Assignment | null =>
  assignmentOf(tables, tables(places).get(placeKey(key)) ?? '');

export const allAssignments = (tables: Tables): IterableIterator<Assignment> => tables(assignments).values();

export function putAssignment(tables: Tables, one: Assignment): void {
  tables(assignments).set(one.id, one);
  tables(places).set(placeKey(one), one.id);
}

export function dropAssignment(tables: Tables, id: string): void {
  const one = assignmentOf(tables, id);
  if (!one) return;
  tables(places).delete(placeKey(one));
  tables(assignments).delete(one.id);
}
