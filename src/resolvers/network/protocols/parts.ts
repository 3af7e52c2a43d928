import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError } from '#kernel/errors.ts';
import type { Items } from '#resolvers/network/bulk.ts';
import { type Circuit, circuitStore, deviceIdsOf } from '#resolvers/network/circuits/circuit.ts';
import { circuitFinder } from '#resolvers/network/circuits/find.ts';
import { type Device, deviceStore } from '#resolvers/network/devices/device.ts';
import { deviceFinder } from '#resolvers/network/devices/find.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Reference, SiteKey } from '#resolvers/network/keys.ts';
import type { Finder } from '#resolvers/network/lookup.ts';
import { protocolTypeFinder } from '#resolvers/network/protocol-types/find.ts';
import { type ProtocolType, protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import type { Protocol } from '#resolvers/network/protocols/protocol.ts';
import { findReferred } from '#resolvers/network/referred.ts';

type Key = Reference['by'];

/** What an item refers to. Undefined leaves what is there. */
export interface PartsGiven {
  readonly site?: SiteKey | null | undefined;
  readonly type?: Key | undefined;
  readonly device?: Key | undefined;
  readonly interface?: Key | null | undefined;
  readonly circuit?: Key | null | undefined;
}

/** Row ids of all that a protocol refers to. */
export type Parts = Pick<Protocol, 'siteId' | 'typeId' | 'deviceId' | 'interfaceId' | 'circuitId'>;

/**
 * What protocols are to refer to. The device says in which Site: nothing of another one is found.
 * @param present what the items have now; nothing for new ones.
 * @throws InputError with every key that names nothing.
 */
export async function readParts(
  ctx: Context,
  items: Items<PartsGiven>,
  present: readonly Parts[] = [],
): Promise<Parts[]> {
  const faults: FieldFault[] = [];
  const find = async <T extends { readonly id: string; readonly siteId: string }>(
    finder: Finder<T>,
    field: 'type' | 'device' | 'interface' | 'circuit',
    siteOf: (index: number) => SiteKey | null | undefined,
  ): Promise<(T | null)[]> => {
    const wishes = items.values.map((given, index) => {
      const by = given[field];
      return by ? { site: siteOf(index), by, path: items.path(index, field) } : null;
    });
    const found = await findReferred(ctx, finder, wishes);
    faults.push(...found.faults);
    return found.things;
  };
  const devices: (Device | null)[] = await find(deviceFinder, 'device', (index) => {
    const former = present[index];
    return former ? { id: former.siteId } : items.values[index]?.site;
  });
  // Without a device there is no Site to look in, and one fault is told already.
  if (faults.length > 0) throw new InputError(faults);
  const siteIds = items.values.map((_, index) => present[index]?.siteId ?? devices[index]?.siteId ?? '');
  const inSite = (index: number) => ({ id: siteIds[index] ?? '' });
  const types: (ProtocolType | null)[] = await find(protocolTypeFinder, 'type', inSite);
  const interfaces: (NetworkInterface | null)[] = await find(interfaceFinder, 'interface', inSite);
  const circuits: (Circuit | null)[] = await find(circuitFinder, 'circuit', inSite);
  if (faults.length > 0) throw new InputError(faults);
  return items.values.map((given, index): Parts => {
    const former = present[index];
    return {
      siteId: siteIds[index] ?? '',
      typeId: types[index]?.id ?? former?.typeId ?? '',
      deviceId: devices[index]?.id ?? former?.deviceId ?? '',
      interfaceId: given.interface === undefined ? (former?.interfaceId ?? null) : (interfaces[index]?.id ?? null),
      circuitId: given.circuit === undefined ? (former?.circuitId ?? null) : (circuits[index]?.id ?? null),
    };
  });
}

/**
 * Makes sure that all parts stay until the unit of work ends and belong together: the interface on the device, and an
 * end of the circuit too. Locks devices, then types, then circuits.
 * @returns the type of each.
 * @throws InputError with everything that is wrong with any of them.
 */
export async function holdParts(
  ctx: Context,
  items: Items<PartsGiven>,
  parts: readonly Parts[],
  former: readonly Parts[] = [],
): Promise<ProtocolType[]> {
  const deviceIds = parts.map(({ deviceId }) => deviceId);
  await ctx.use(interfaceStore).lockDevices([...new Set([...deviceIds, ...former.map(({ deviceId }) => deviceId)])]);
  const devices = await ctx.use(deviceStore).getMany(deviceIds);
  const types = await ctx.use(protocolTypeStore).hold(parts.map(({ typeId }) => typeId));
  const interfaces = await ctx.use(interfaceStore).getMany(parts.map(({ interfaceId }) => interfaceId ?? ''));
  const circuits = await ctx.use(circuitStore).hold(parts.map(({ circuitId }) => circuitId ?? ''));
  const faults = parts.flatMap(({ deviceId, interfaceId, circuitId }, index): FieldFault[] => {
    const given = items.values[index] ?? {};
    const fault = (field: keyof PartsGiven, message: string) => ({ path: items.path(index, field), message });
    const found: FieldFault[] = [];
    if (!devices[index]) found.push(fault('device', 'Device not found any more.'));
    if (!types[index]) found.push(fault('type', 'ProtocolType not found any more.'));
    const port = interfaces[index];
    const circuit = circuits[index];
    // What was not given stays; then it is the device that does not fit.
    if (interfaceId !== null && port?.deviceId !== deviceId)
      found.push(fault(given.interface ? 'interface' : 'device', 'The interface is not on the device.'));
    if (circuitId !== null && !(circuit && deviceIdsOf(circuit).includes(deviceId)))
      found.push(fault(given.circuit ? 'circuit' : 'device', 'The circuit has no end on the device.'));
    return found;
  });
  if (faults.length > 0) throw new InputError(faults);
  return types as ProtocolType[];
}
