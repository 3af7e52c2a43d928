import { z } from 'zod';
import { allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { InUseError } from '#kernel/errors.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { blockedBy, firstBlockers } from '#resolvers/network/in-use.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { byCreation } from '#resolvers/network/list.ts';
import { protocolTypeKey } from '#resolvers/network/protocol-types/find.ts';
import {
  type ProtocolType,
  protocolTypeDeleted,
  protocolTypeFacts,
  protocolTypeGlobalId,
  protocolTypeStore,
  toProtocolTypeSnapshot,
} from '#resolvers/network/protocol-types/protocol-type.ts';
import { requiredNames } from '#resolvers/network/protocol-types/required.ts';
import { lockProtocolTypes } from '#resolvers/network/protocol-types/update.ts';
import { toProtocolBlockers } from '#resolvers/network/protocols/name.ts';
import { protocolStore } from '#resolvers/network/protocols/protocol.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const typeDelete = z.object({ site: siteKey.nullish(), by: protocolTypeKey });
export type ProtocolTypeDelete = z.input<typeof typeDelete>;

/**
 * Deletes a type that no protocol uses.
 * @returns its row id.
 */
export const deleteProtocolType = async (ctx: Context, input: ProtocolTypeDelete): Promise<string> =>
  only(await remove(ctx, singleItem(typeDelete, input)));

export const deleteProtocolTypes = async (ctx: Context, inputs: readonly ProtocolTypeDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, typeDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const types = await lockProtocolTypes(ctx, items, 'delete');
    await refuseInUse(ctx, types);
    const ids = types.map(({ id }) => id);
    const names = await requiredNames(ctx, types);
    await ctx.use(protocolTypeStore).deleteMany(ids);
    for (const [index, type] of types.entries()) {
      const snapshot = toProtocolTypeSnapshot(type, names[index] ?? []);
      ctx.events.append(
        protocolTypeDeleted,
        { protocolType: snapshot },
        { subject: protocolTypeGlobalId(type.id), scope: protocolTypeFacts(type), before: snapshot },
      );
    }
    return ids;
  });
}

async function refuseInUse(ctx: Context, types: readonly ProtocolType[]): Promise<void> {
  const scopes = types.map(({ id }) => ({ kind: 'type', id }) as const);
  const counts = await ctx.use(protocolStore).count(scopes, { filter: {}, visibility: 'all' });
  const index = counts.findIndex((count) => count > 0);
  const type = types[index];
  if (!type) return;
  const visibility = visible(ctx, 'network:read');
  const query = { filter: {}, order: byCreation, visibility, page: firstBlockers };
  const [protocols] = await ctx.use(protocolStore).pages([{ kind: 'type', id: type.id }], query);
  const found = (protocols?.items ?? []).map(({ node }) => node);
  const blockers = await toProtocolBlockers(ctx, found);
  throw new InUseError(...blockedBy(`protocol type ${type.name}`, blockers, counts[index] ?? 0));
}
