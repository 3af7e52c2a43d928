import { type Context, microseconds } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { describeKey } from '#kernel/input.ts';
import { only } from '#resolvers/network/bulk.ts';
import { interfaceFinder } from '#resolvers/network/interfaces/find.ts';
import type { Portrait } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { announce, lockInterfaces } from '#resolvers/network/interfaces/update.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { findAll } from '#resolvers/network/lookup.ts';
import type { Network } from '#resolvers/network/networks/network.ts';

/**
 * The interface of a Site that is to get new addresses, under the lock of its device, after a check of the right to
 * change it. The caller holds the lock of the tree.
 * @param path where the key stands in the input.
 * @throws InputError for an interface that the viewer may not read, or of another Site.
 */
export async function lockReceiver(
  ctx: Context,
  siteId: string,
  by: Reference['by'],
  path: readonly string[],
): Promise<Portrait> {
  const [one] = await findAll(ctx, interfaceFinder, [{ site: { id: siteId }, by }]);
  if (!one) throw InputError.at(path, `NetworkInterface not found: ${describeKey(by)}.`);
  const items = { values: [{ by: { id: one.id } }], many: false, path: () => [...path] };
  return only(await lockInterfaces(ctx, items, 'update'));
}

/** Binds addresses that were made for it to an interface, with its event. They are ASSIGNED already. */
export async function giveAddresses(ctx: Context, receiver: Portrait, addresses: readonly Network[]): Promise<void> {
  const { one } = receiver;
  const now = microseconds(ctx.clock.now());
  const store = ctx.use(interfaceStore);
  await store.setAddresses({
    remove: [],
    add: addresses.map(({ id }) => ({
      id: newId(),
      siteId: one.siteId,
      interfaceId: one.id,
      deviceId: one.deviceId,
      addressId: id,
      createdAt: now,
    })),
  });
  await store.updateMany([{ ...one, updatedAt: now }]);
  await announce(ctx, [receiver]);
}
