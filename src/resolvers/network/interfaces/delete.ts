import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { type Blocker, InUseError } from '#kernel/errors.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { refuseInterfacesWithCircuits } from '#resolvers/network/circuits/blocking.ts';
import { blockedBy, shownBlockers } from '#resolvers/network/in-use.ts';
import { findInterfaces, hostnamesOf } from '#resolvers/network/interfaces/find.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { interfaceGlobalId, slugOf } from '#resolvers/network/interfaces/interface.ts';
import { removeInterfaces } from '#resolvers/network/interfaces/remove.ts';
import type { Portrait } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { lockInterfaces } from '#resolvers/network/interfaces/update.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { removeProtocolsOf } from '#resolvers/network/protocols/remove.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const interfaceDelete = z.object({ site: siteKey.nullish(), by: interfaceKey });
export type InterfaceDelete = z.input<typeof interfaceDelete>;

/**
 * Deletes an interface that nothing hangs below and no circuit ends at, with its protocols. Its addresses stay, released.
 * @returns its row id.
 */
export const deleteInterface = async (ctx: Context, input: InterfaceDelete): Promise<string> =>
  only(await remove(ctx, singleItem(interfaceDelete, input)));

/** Deletes interfaces, those that hang below others first: so an item may free another one of its children. */
export const deleteInterfaces = async (ctx: Context, inputs: readonly InterfaceDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, interfaceDelete, inputs));

async function remove(ctx: Context, items: Items<Reference>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const portraits = await lockInterfaces(ctx, items, 'delete');
    await refuseParents(ctx, portraits);
    await refuseInterfacesWithCircuits(
      ctx,
      portraits.map(({ snapshot, one }) => ({ id: one.id, nameSlug: snapshot.nameSlug })),
    );
    await removeProtocolsOf(
      ctx,
      portraits.map(({ one }) => ({ kind: 'interface', id: one.id })),
      ({ interfaceId }) => interfaceGlobalId(interfaceId ?? ''),
    );
    await removeInterfaces(ctx, portraits, () => null);
    return portraits.map(({ one }) => one.id);
  });
}

async function refuseParents(ctx: Context, portraits: readonly Portrait[]): Promise<void> {
  if (portraits.length === 0) return;
  const ids = portraits.map(({ one }) => one.id);
  const children = await ctx.use(interfaceStore).childrenWithout(ids, shownBlockers);
  const index = children.findIndex(({ count }) => count > 0);
  const blocked = portraits[index];
  if (!blocked) return;
  const { count, first } = children[index] ?? { count: 0, first: [] };
  const what = `interface ${blocked.snapshot.nameSlug}`;
  throw new InUseError(...blockedBy(what, await interfaceBlockers(ctx, first), count));
}

/** Those of these interfaces that the viewer may read, as errors name what stands in the way. */
export async function interfaceBlockers(ctx: Context, ids: readonly string[]): Promise<Blocker[]> {
  const shown = (await findInterfaces(ctx, ids)).filter((one) => one !== null);
  const hostnames = await hostnamesOf(
    ctx,
    shown.map(({ deviceId }) => deviceId),
  );
  return shown.map(({ id, name }, index) => ({
    id: interfaceGlobalId(id),
    type: 'NetworkInterface',
    naturalKey: slugOf(hostnames[index] ?? '', name),
  }));
}
