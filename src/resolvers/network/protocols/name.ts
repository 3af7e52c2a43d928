import type { Context } from '#kernel/context.ts';
import type { Blocker } from '#kernel/errors.ts';
import { hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import { type Protocol, protocolGlobalId } from '#resolvers/network/protocols/protocol.ts';

/** The names of protocol types, also of those that the viewer may not read: they are a part of their protocols. */
async function typeNames(ctx: Context, typeIds: readonly string[]): Promise<string[]> {
  const types = await ctx.use(protocolTypeStore).getMany(typeIds);
  return types.map((type) => type?.name ?? '');
}

/** What people call a protocol, which has no natural key: `bgp on sjc-r1`. Those asked for together take two reads. */
export async function nameOfProtocol(ctx: Context, { typeId, deviceId }: Protocol): Promise<string> {
  const [type, hostname] = await Promise.all([ctx.load(typeNames, typeId), ctx.load(hostnamesOf, deviceId)]);
  return `${type} on ${hostname}`;
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
