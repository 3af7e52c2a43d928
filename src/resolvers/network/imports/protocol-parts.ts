import { InputError } from '#kernel/errors.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { circuitStore, deviceIdsOf } from '#resolvers/network/circuits/circuit.ts';
import { circuitFinder } from '#resolvers/network/circuits/find.ts';
import { deviceFinder } from '#resolvers/network/devices/find.ts';
import { interfaceWish } from '#resolvers/network/imports/circuit-ends.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import { withPlanned } from '#resolvers/network/imports/known.ts';
import type { Sited } from '#resolvers/network/imports/outline.ts';
import { Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { findReferences, firstRefusal, idOf } from '#resolvers/network/imports/references.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { ProtocolWish } from '#resolvers/network/imports/wish.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { protocolTypeFinder } from '#resolvers/network/protocol-types/find.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import type { Parts } from '#resolvers/network/protocols/parts.ts';

/** A row with all that it refers to. */
export interface Placed extends Sited<ProtocolWish> {
  readonly parts: Parts;
}

/** Rows that refer to what cannot be had, or to what does not belong together, fail. */
export async function findParts(
  pass: Pass,
  sited: readonly Sited<ProtocolWish>[],
  verdicts: Map<Item, Verdict>,
): Promise<Placed[]> {
  const devices = await findReferences(
    pass,
    deviceFinder,
    sited.map(({ siteId, item: { wish } }) => ({
      siteId,
      site: wish.site,
      key: wish.device,
      wish: { kind: 'DEVICE', site: wish.site, hostname: wish.device },
      field: 'device',
    })),
  );
  const types = await findReferences(
    pass,
    protocolTypeFinder,
    sited.map(({ siteId, item: { wish } }) => ({
      siteId,
      site: wish.site,
      key: wish.type,
      wish: { kind: 'PROTOCOL_TYPE', site: wish.site, name: wish.type },
      field: 'type',
    })),
  );
  const interfaces = await findReferences(
    pass,
    interfaceFinder,
    sited.map(({ siteId, item: { wish } }) =>
      wish.interface == null
        ? null
        : {
            siteId,
            site: wish.site,
            key: wish.interface,
            wish: interfaceWish(wish.site, wish.interface),
            field: 'interface',
          },
    ),
  );
  const circuits = await findReferences(
    pass,
    circuitFinder,
    sited.map(({ siteId, item: { wish } }) =>
      wish.circuit == null
        ? null
        : {
            siteId,
            site: wish.site,
            key: wish.circuit,
            wish: { kind: 'CIRCUIT', site: wish.site, name: wish.circuit, endpointA: '' },
            field: 'circuit',
          },
    ),
  );
  const placed = sited.flatMap((one, index): Placed[] => {
    const refused = firstRefusal(devices[index], types[index], interfaces[index], circuits[index]);
    if (refused) verdicts.set(one.item, refused);
    const [deviceId, typeId] = [idOf(devices[index]), idOf(types[index])];
    if (refused || deviceId === null || typeId === null) return [];
    const [interfaceId, circuitId] = [idOf(interfaces[index]), idOf(circuits[index])];
    return [{ ...one, parts: { siteId: one.siteId, typeId, deviceId, interfaceId, circuitId } }];
  });
  return hold(pass, placed, verdicts);
}

/** Makes sure that all parts stay while the pass writes, and that they belong together. */
async function hold(pass: Pass, placed: readonly Placed[], verdicts: Map<Item, Verdict>): Promise<Placed[]> {
  const { ctx, known, writes } = pass;
  const ids = (pick: (parts: Parts) => string | null) => [...new Set(placed.flatMap(({ parts }) => pick(parts) ?? []))];
  if (writes && placed.length > 0) {
    await ctx.use(interfaceStore).lockDevices(ids(({ deviceId }) => deviceId));
    const types = await ctx.use(protocolTypeStore).hold(ids(({ typeId }) => typeId));
    // Somebody deleted it since it was found: on another look it is not found.
    if (types.includes(null)) throw new Overtaken('A protocol type');
  }
  const interfaces = await withPlanned(
    known.interfaces,
    ids(({ interfaceId }) => interfaceId),
    (wanted) => ctx.use(interfaceStore).getMany(wanted),
  );
  const circuits = await withPlanned(
    known.circuits,
    ids(({ circuitId }) => circuitId),
    (wanted) => (writes ? ctx.use(circuitStore).hold(wanted) : ctx.use(circuitStore).getMany(wanted)),
  );
  return placed.filter(({ item, parts: { deviceId, interfaceId, circuitId } }) => {
    const circuit = circuits.get(circuitId ?? '');
    const fault =
      interfaceId !== null && interfaces.get(interfaceId)?.deviceId !== deviceId
        ? InputError.at(['interface'], 'The interface is not on the device.')
        : circuitId !== null && !(circuit && deviceIdsOf(circuit).includes(deviceId))
          ? InputError.at(['circuit'], 'The circuit has no end on the device.')
          : null;
    if (fault) verdicts.set(item, failed(fault));
    return fault === null;
  });
}

/** The names of the attributes that each type requires, also those that the pass only plans, by row id of the type. */
export async function namesRequired(
  { ctx, known }: Pass,
  typeIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const types = await withPlanned(known.protocolTypes, typeIds, (ids) => ctx.use(protocolTypeStore).getMany(ids));
  const attributes = await withPlanned(
    new Map(known.definitions.map((definition) => [definition.id, definition])),
    [...types.values()].flatMap(({ requiredAttributeIds }) => requiredAttributeIds),
    (ids) => ctx.use(attributeStore).getMany(ids),
  );
  return new Map(
    [...types].map(([id, { requiredAttributeIds }]) => [
      id,
      requiredAttributeIds.flatMap((required) => attributes.get(required)?.name ?? []),
    ]),
  );
}
