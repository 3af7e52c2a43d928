import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { protocolFinder, protocolKey } from '#resolvers/network/protocols/find.ts';
import { protocolFacts, protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { removeProtocols } from '#resolvers/network/protocols/remove.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const protocolDelete = z.object({ site: siteKey.nullish(), by: protocolKey });
export type ProtocolDelete = z.input<typeof protocolDelete>;

/** @returns the row id of what was deleted. */
export const deleteProtocol = async (ctx: Context, input: ProtocolDelete): Promise<string> =>
  only(await remove(ctx, singleItem(protocolDelete, input)));

export const deleteProtocols = async (ctx: Context, inputs: readonly ProtocolDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, protocolDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const named = await expectAll(ctx, protocolFinder, items, 'delete');
    const ids = named.map(({ id }) => id);
    refuseRepeats(items, ids);
    for (const protocol of named) allow(ctx, 'network:delete', protocolFacts(protocol));
    const protocols = (await ctx.use(protocolStore).lock(ids)).map((protocol, index) => {
      if (!protocol) throw notFound('Protocol', items, index, 'delete');
      // It may have gone to another device until it was locked, and with it the right to it.
      allow(ctx, 'network:delete', protocolFacts(protocol));
      return protocol;
    });
    await removeProtocols(ctx, protocols, () => null);
    return ids;
  });
}
