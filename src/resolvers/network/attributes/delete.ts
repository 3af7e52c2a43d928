import { z } from 'zod';
import { allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { InUseError } from '#kernel/errors.ts';
import {
  type Attribute,
  attributeDeleted,
  attributeFacts,
  attributeGlobalId,
  toAttributeSnapshot,
} from '#resolvers/network/attributes/attribute.ts';
import { attributeKey } from '#resolvers/network/attributes/find.ts';
import { attributeStore } from '#resolvers/network/attributes/store.ts';
import { findTargets } from '#resolvers/network/attributes/targets.ts';
import { lockAttributes } from '#resolvers/network/attributes/update.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { blockedBy, firstBlockers, shownBlockers } from '#resolvers/network/in-use.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { byCreation } from '#resolvers/network/list.ts';
import { protocolTypeGlobalId, protocolTypeStore } from '#resolvers/network/protocol-types/protocol-type.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const attributeDelete = z.object({ site: siteKey.nullish(), by: attributeKey });
export type AttributeDelete = z.input<typeof attributeDelete>;

/**
 * Deletes a definition that nothing carries and no protocol type requires.
 * @returns its row id.
 */
export const deleteAttribute = async (ctx: Context, input: AttributeDelete): Promise<string> =>
  only(await remove(ctx, singleItem(attributeDelete, input)));

export const deleteAttributes = async (ctx: Context, inputs: readonly AttributeDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, attributeDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:admin');
  return ctx.atomically(async (ctx) => {
    const attributes = await lockAttributes(ctx, items, 'delete');
    const ids = attributes.map(({ id }) => id);
    await refuseInUse(ctx, attributes);
    await refuseRequired(ctx, attributes);
    await ctx.use(attributeStore).deleteMany(ids);
    for (const attribute of attributes) {
      const snapshot = toAttributeSnapshot(attribute);
      ctx.events.append(
        attributeDeleted,
        { attribute: snapshot },
        { subject: attributeGlobalId(attribute.id), scope: attributeFacts(attribute), before: snapshot },
      );
    }
    return ids;
  });
}

async function refuseInUse(ctx: Context, attributes: readonly Attribute[]): Promise<void> {
  const store = ctx.use(attributeStore);
  const usage = await store.usage(
    attributes.map(({ id }) => id),
    'all',
  );
  const index = usage.findIndex((count) => count > 0);
  const attribute = attributes[index];
  if (!attribute) return;
  const page = { limit: 100, direction: 'forward', after: null, before: null, offset: 0 } as const;
  const [values] = await store.valuePages([attribute.siteId], {
    filter: { attributeId: attribute.id },
    order: byCreation,
    visibility: visible(ctx, 'network:read'),
    page,
  });
  const ids = [...new Set((values?.items ?? []).map(({ node }) => node.targetId))].slice(0, shownBlockers);
  const targets = await findTargets(ctx, attribute.resource, ids);
  const blockers = targets.flatMap((target) =>
    target ? [{ id: target.globalId, type: target.type, naturalKey: target.naturalKey }] : [],
  );
  throw new InUseError(...blockedBy(`attribute ${attribute.name}`, blockers, usage[index] ?? 0));
}

async function refuseRequired(ctx: Context, attributes: readonly Attribute[]): Promise<void> {
  const store = ctx.use(protocolTypeStore);
  const scopes = attributes.map(({ id }) => ({ kind: 'attribute', id }) as const);
  const counts = await store.count(scopes, { filter: {}, visibility: 'all' });
  const index = counts.findIndex((count) => count > 0);
  const attribute = attributes[index];
  if (!attribute) return;
  const query = { filter: {}, order: byCreation, visibility: visible(ctx, 'network:read'), page: firstBlockers };
  const [types] = await store.pages([{ kind: 'attribute', id: attribute.id }], query);
  const blockers = (types?.items ?? []).map(({ node }) => ({
    id: protocolTypeGlobalId(node.id),
    type: 'ProtocolType',
    naturalKey: node.name,
  }));
  throw new InUseError(...blockedBy(`attribute ${attribute.name}`, blockers, counts[index] ?? 0));
}
