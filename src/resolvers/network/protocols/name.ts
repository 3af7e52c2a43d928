import type { Context } from '#kernel/context.ts';
import type { Blocker } from '#kernel/errors.ts';
import { findDevices } from '#resolvers/network/devices/find.ts';
import { findProtocolTypes } from '#resolvers/network/protocol-types/find.ts';
import { type Protocol, protocolGlobalId } from '#resolvers/network/protocols/protocol.ts';

/** `bgp on sjc-r1`; without what is not told. */
export const protocolName = (type: string | null, hostname: string | null): string =>
  hostname === null ? (type ?? 'protocol') : `${type ?? 'protocol'} on ${hostname}`;

/**
 * What people call a protocol, which has no natural key: by its type and its device, as far as the viewer may read them.
 * Those asked for together take two reads.
 */
export async function nameOfProtocol(ctx: Context, { typeId, deviceId }: Protocol): Promise<string> {
  const [type, device] = await Promise.all([ctx.load(findProtocolTypes, typeId), ctx.load(findDevices, deviceId)]);
  return protocolName(type?.name ?? null, device?.hostname ?? null);
}

/** Protocols as errors name what stands in the way. */
export const toProtocolBlockers = (ctx: Context, protocols: readonly Protocol[]): Promise<Blocker[]> =>
  Promise.all(
    protocols.map(async (protocol) => ({
      id: protocolGlobalId(protocol.id),
      type: 'Protocol',
      naturalKey: await nameOfProtocol(ctx, protocol),
    })),
  );
