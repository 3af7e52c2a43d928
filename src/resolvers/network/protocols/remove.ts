import type { Context } from '#kernel/context.ts';
import { attributesOf, dropAttributes } from '#resolvers/network/attributes/values.ts';
import {
  type Protocol,
  type ProtocolScope,
  protocolDeleted,
  protocolStore,
} from '#resolvers/network/protocols/protocol.ts';
import { appendProtocolEvent, namesOf, toProtocolSnapshot } from '#resolvers/network/protocols/snapshot.ts';

/**
 * Deletes every protocol that uses one of these things, with its event, in order of creation. The caller has locked the
 * things, deletes them after this, and needs no right to the protocols.
 * @param cause global id of the thing with which a protocol goes.
 */
export async function removeProtocolsOf(
  ctx: Context,
  scopes: readonly ProtocolScope[],
  cause: (protocol: Protocol) => string,
): Promise<void> {
  if (scopes.length === 0) return;
  await removeProtocols(ctx, await ctx.use(protocolStore).lockWithin(scopes), cause);
}

/** Deletes protocols that are locked, with what they carry and their events. */
export async function removeProtocols(
  ctx: Context,
  protocols: readonly Protocol[],
  cause: (protocol: Protocol) => string | null,
): Promise<void> {
  if (protocols.length === 0) return;
  const ids = protocols.map(({ id }) => id);
  const names = await namesOf(ctx, protocols);
  const attributes = await attributesOf(ctx, ids);
  await dropAttributes(ctx, ids);
  await ctx.use(protocolStore).deleteMany(ids);
  for (const [index, protocol] of protocols.entries()) {
    const snapshot = toProtocolSnapshot(protocol, names, attributes[index] ?? {});
    const because = cause(protocol);
    appendProtocolEvent(ctx, protocolDeleted, protocol, {
      data: { protocol: snapshot, ...(because !== null && { cause: because }) },
      before: snapshot,
    });
  }
}
