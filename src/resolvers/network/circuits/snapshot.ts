import type { Context } from '#kernel/context.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import {
  type Circuit,
  type CircuitSnapshot,
  circuitCreated,
  circuitDeleted,
  circuitFacts,
  circuitGlobalId,
  circuitUpdated,
  endsOf,
} from '#resolvers/network/circuits/circuit.ts';
import { hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { slugOf } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';

/** Slugs of interfaces by row id. */
export type Slugs = ReadonlyMap<string, string>;

/** How people call interfaces, also those that the viewer may not read: they are a part of what refers to them. */
export async function slugsOf(ctx: Context, interfaceIds: readonly string[]): Promise<Slugs> {
  const ids = [...new Set(interfaceIds)];
  if (ids.length === 0) return new Map();
  const interfaces = (await ctx.use(interfaceStore).getMany(ids)).filter((one) => one !== null);
  const deviceIds = [...new Set(interfaces.map(({ deviceId }) => deviceId))];
  const hostnames = await hostnamesOf(ctx, deviceIds);
  const byDevice = new Map(deviceIds.map((id, index) => [id, hostnames[index] ?? '']));
  return new Map(interfaces.map(({ id, deviceId, name }) => [id, slugOf(byDevice.get(deviceId) ?? '', name)]));
}

export const slugsOfEnds = (
  ctx: Context,
  circuits: readonly Pick<Circuit, 'endpointA' | 'endpointZ'>[],
): Promise<Slugs> =>
  slugsOf(
    ctx,
    circuits.flatMap((circuit) => endsOf(circuit).map(({ interfaceId }) => interfaceId)),
  );

/** What a circuit is called when nobody names it. */
export const automaticName = (
  { endpointA, endpointZ }: Pick<Circuit, 'endpointA' | 'endpointZ'>,
  slugs: Slugs,
): string =>
  `${slugs.get(endpointA.interfaceId) ?? ''}_${endpointZ ? (slugs.get(endpointZ.interfaceId) ?? '') : 'None'}`;

/** Slugs are kept whole; a `/` within would part a path. */
export const toNameSlug = (name: string): string => name.replaceAll('/', '_');

function toCircuitSnapshot(circuit: Circuit, slugs: Slugs, attributes: Attributes): CircuitSnapshot {
  const { id, siteId, name, nameSlug, endpointA, endpointZ } = circuit;
  return {
    id: circuitGlobalId(id),
    siteId: siteGlobalId(siteId),
    name,
    nameSlug,
    endpointA: slugs.get(endpointA.interfaceId) ?? '',
    endpointZ: endpointZ ? (slugs.get(endpointZ.interfaceId) ?? null) : null,
    attributes,
  };
}

export function appendCircuitCreated(ctx: Context, circuit: Circuit, slugs: Slugs, attributes: Attributes): void {
  const snapshot = toCircuitSnapshot(circuit, slugs, attributes);
  ctx.events.append(
    circuitCreated,
    { circuit: snapshot },
    { subject: circuitGlobalId(circuit.id), scope: circuitFacts(circuit), after: snapshot },
  );
}

/** @param slugs of former and new ends. */
export function appendCircuitUpdated(
  ctx: Context,
  change: { readonly before: Circuit; readonly after: Circuit },
  slugs: Slugs,
  attributes: { readonly before: Attributes; readonly after: Attributes },
): void {
  const { before, after } = change;
  const snapshot = toCircuitSnapshot(after, slugs, attributes.after);
  ctx.events.append(
    circuitUpdated,
    { circuit: snapshot },
    {
      subject: circuitGlobalId(after.id),
      scope: circuitFacts(after),
      before: toCircuitSnapshot(before, slugs, attributes.before),
      after: snapshot,
    },
  );
}

export function appendCircuitDeleted(ctx: Context, circuit: Circuit, slugs: Slugs, attributes: Attributes): void {
  const snapshot = toCircuitSnapshot(circuit, slugs, attributes);
  ctx.events.append(
    circuitDeleted,
    { circuit: snapshot },
    { subject: circuitGlobalId(circuit.id), scope: circuitFacts(circuit), before: snapshot },
  );
}
