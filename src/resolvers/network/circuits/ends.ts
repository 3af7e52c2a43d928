import type { Context } from '#kernel/context.ts';
import { ConflictError, type FieldFault, InputError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import type { Items } from '#resolvers/network/bulk.ts';
import {
  type Circuit,
  type CircuitEnd,
  circuitStore,
  deviceIdsOf,
  type RefusedEnd,
} from '#resolvers/network/circuits/circuit.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import type { Reference, SiteKey } from '#resolvers/network/keys.ts';
import { findReferred } from '#resolvers/network/referred.ts';

type Key = Reference['by'];

/** The ends that an item names. Undefined leaves what is there. */
export interface EndsGiven {
  readonly site?: SiteKey | null | undefined;
  readonly endpointA?: Key | undefined;
  readonly endpointZ?: Key | null | undefined;
}

/** What an item has now: null for what is new. */
type Present = Pick<Circuit, 'siteId' | 'endpointA' | 'endpointZ'> | null;

/** Both ends of an item, in one Site. */
export type Ends = Pick<Circuit, 'siteId' | 'endpointA' | 'endpointZ'>;

const fields = ['endpointA', 'endpointZ'] as const;

/**
 * The ends that items are to have. A thing of another Site is as one that does not exist.
 * @throws InputError with everything that is wrong with any of them.
 */
export async function readEnds(ctx: Context, items: Items<EndsGiven>, present: readonly Present[]): Promise<Ends[]> {
  const wishes = items.values.flatMap((given, index) =>
    fields.map((field) => {
      const by = given[field];
      return by ? { site: given.site, by, path: items.path(index, field) } : null;
    }),
  );
  const { things, faults } = await findReferred(ctx, interfaceFinder, wishes);
  const all: FieldFault[] = [...faults];
  const ends = items.values.map((given, index): Ends | null => {
    const before = present[index] ?? null;
    const [a = null, z = null] = things.slice(index * 2, index * 2 + 2);
    const endpointA = given.endpointA ? a && toEnd(a) : (before?.endpointA ?? null);
    const endpointZ = given.endpointZ === undefined ? (before?.endpointZ ?? null) : z && toEnd(z);
    const siteId = before?.siteId ?? a?.siteId;
    for (const [side, thing] of [a, z].entries()) {
      const field = fields[side] ?? 'endpointA';
      const by = given[field];
      if (thing && by && siteId !== undefined && thing.siteId !== siteId)
        all.push({ path: items.path(index, field), message: `NetworkInterface not found: ${describeKey(by)}.` });
    }
    if (endpointA && endpointZ && endpointA.interfaceId === endpointZ.interfaceId)
      all.push({
        path: items.path(index, given.endpointZ ? 'endpointZ' : 'endpointA'),
        message: 'A circuit cannot begin and end at one interface.',
      });
    return endpointA && siteId !== undefined ? { siteId, endpointA, endpointZ } : null;
  });
  if (all.length > 0) throw new InputError(all);
  return ends as Ends[];
}

const toEnd = ({ id, deviceId }: NetworkInterface): CircuitEnd => ({ interfaceId: id, deviceId });

/**
 * Locks the devices of ends, so that their interfaces stay until the unit of work ends.
 * @throws InputError for an interface that went until the locks were had.
 */
export async function lockEnds(
  ctx: Context,
  items: Items<unknown>,
  ends: readonly Pick<Circuit, 'endpointA' | 'endpointZ'>[],
  former: readonly Circuit[] = [],
): Promise<void> {
  const store = ctx.use(interfaceStore);
  const deviceIds = new Set([...ends, ...former].flatMap(deviceIdsOf));
  await store.lockDevices([...deviceIds]);
  const ids = ends.flatMap(({ endpointA, endpointZ }) => [endpointA.interfaceId, endpointZ?.interfaceId ?? '']);
  const found = await store.getMany(ids);
  const faults = ids.flatMap((id, index) => {
    const field = fields[index % 2] ?? 'endpointA';
    return id === '' || found[index]
      ? []
      : [{ path: items.path(Math.floor(index / 2), field), message: 'NetworkInterface not found any more.' }];
  });
  if (faults.length > 0) throw new InputError(faults);
}

/**
 * Makes the ends of circuits theirs.
 * @param circuits one for each item, in order; null where nothing is claimed.
 * @throws ConflictError for the first interface that is in use.
 */
export async function claimEnds(
  ctx: Context,
  items: Items<unknown>,
  circuits: readonly (Circuit | null)[],
): Promise<void> {
  const claiming = circuits.filter((circuit) => circuit !== null);
  const refused = claiming.length === 0 ? [] : await ctx.use(circuitStore).claimEnds(claiming);
  if (refused[0]) throw inUse(refused[0], items, circuits);
}

function inUse({ circuitId, side, usedAs }: RefusedEnd, items: Items<unknown>, circuits: readonly (Circuit | null)[]) {
  const index = circuits.findIndex((circuit) => circuit?.id === circuitId);
  return new ConflictError(
    `Interface already used as an endpoint_${usedAs.toLowerCase()}`,
    items.path(index, `endpoint${side}`),
  );
}
