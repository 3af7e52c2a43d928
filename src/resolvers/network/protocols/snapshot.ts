import type { Context } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { slugsOf } from '#resolvers/network/circuits/snapshot.ts';
import { hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import {
  type Protocol,
  type ProtocolSnapshot,
  protocolFacts,
  protocolGlobalId,
} from '#resolvers/network/protocols/protocol.ts';
import { siteGlobalId } from '#resolvers/network/sites/site.ts';

/** How people call what protocols refer to, by row id. */
export type Names = ReadonlyMap<string, string>;

/** Natural keys of all that protocols refer to, in a fixed number of reads. */
export async function namesOf(ctx: Context, protocols: readonly Protocol[]): Promise<Names> {
  const ids = (pick: (protocol: Protocol) => string | null) => [
    ...new Set(protocols.flatMap((protocol) => pick(protocol) ?? [])),
  ];
  const [typeIds, deviceIds, circuitIds] = [
    ids(({ typeId }) => typeId),
    ids(({ deviceId }) => deviceId),
    ids(({ circuitId }) => circuitId),
  ];
  const types = typeIds.length === 0 ? [] : await ctx.use(protocolTypeStore).getMany(typeIds);
  const hostnames = deviceIds.length === 0 ? [] : await hostnamesOf(ctx, deviceIds);
  const slugs = await slugsOf(
    ctx,
    ids(({ interfaceId }) => interfaceId),
  );
  const circuits = circuitIds.length === 0 ? [] : await ctx.use(circuitStore).getMany(circuitIds);
  return new Map([
    ...types.flatMap((type) => (type ? [[type.id, type.name] as const] : [])),
    ...deviceIds.map((id, index) => [id, hostnames[index] ?? ''] as const),
    ...slugs,
    ...circuits.flatMap((circuit) => (circuit ? [[circuit.id, circuit.nameSlug] as const] : [])),
  ]);
}

export function toProtocolSnapshot(protocol: Protocol, names: Names, attributes: Attributes): ProtocolSnapshot {
  const { id, siteId, typeId, deviceId, interfaceId, circuitId, description } = protocol;
  const { hasAuthString, authStringRevision } = protocol;
  return {
    id: protocolGlobalId(id),
    siteId: siteGlobalId(siteId),
    type: names.get(typeId) ?? '',
    device: names.get(deviceId) ?? '',
    interface: names.get(interfaceId ?? '') ?? null,
    circuit: names.get(circuitId ?? '') ?? null,
    description,
    hasAuthString,
    authStringRevision,
    attributes,
  };
}

/** Appends an event about a protocol, seen by whoever may read it. */
export function appendProtocolEvent<Data extends { readonly protocol: ProtocolSnapshot }>(
  ctx: Context,
  definition: EventDefinition<Data>,
  protocol: Protocol,
  parts: {
    readonly data: Data;
    readonly before?: ProtocolSnapshot;
    readonly after?: ProtocolSnapshot;
  },
): void {
  const { data, ...states } = parts;
  ctx.events.append(definition, data, {
    subject: protocolGlobalId(protocol.id),
    scope: protocolFacts(protocol),
    ...states,
  });
}
