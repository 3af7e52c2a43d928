import { z } from 'zod';
import { allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { type AddressChanges, changeAddresses } from '#resolvers/network/interfaces/bind.ts';
import { hostInput, interfaceKey } from '#resolvers/network/interfaces/input.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import type { Portrait } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { announce, lockInterfaces } from '#resolvers/network/interfaces/update.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { deleteNetwork } from '#resolvers/network/networks/delete.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const target = { site: siteKey.nullish(), interface: interfaceKey, address: hostInput };
const addressAssign = z.object({ ...target, attributes: attributesInput.nullish(), force: z.boolean().nullish() });
const addressUnassign = z.object({ ...target, deleteAddress: z.boolean().nullish() });
export type AddressAssign = z.input<typeof addressAssign>;
export type AddressUnassign = z.input<typeof addressUnassign>;

/** Binds an address to an interface. An address that is missing is created. */
export async function assignAddress(ctx: Context, input: AddressAssign): Promise<Assignment> {
  const items = singleItem(addressAssign, input);
  const { address: cidr, attributes, force } = only(items.values);
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const before = await lockTarget(ctx, items);
    const wish = {
      to: before.one,
      cidr,
      attributes: attributes ?? undefined,
      force: force ?? false,
      path: ['address'],
    };
    return only(await rebind(ctx, before, { remove: [], add: [wish] }));
  });
}

export interface Unassigned {
  readonly networkInterface: NetworkInterface;
  /** Null when it was deleted. */
  readonly address: Network | null;
}

/**
 * Takes an address from an interface. When it was its last one the address is released; with `deleteAddress` it is
 * deleted.
 */
export async function unassignAddress(ctx: Context, input: AddressUnassign): Promise<Unassigned> {
  const items = singleItem(addressUnassign, input);
  const { address: cidr, deleteAddress } = only(items.values);
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const before = await lockTarget(ctx, items);
    const store = ctx.use(interfaceStore);
    const bound = only(await store.assignmentsOf([before.one.id]));
    const addresses = await ctx.use(networkStore).getMany(bound.map(({ addressId }) => addressId));
    const index = addresses.findIndex((address) => address?.cidr === cidr);
    const assignment = bound[index];
    if (!assignment) throw new NotFoundError(`${cidr} is not assigned to ${before.snapshot.nameSlug}.`, ['address']);
    const others = only(await store.assignmentsOfAddresses([assignment.addressId])).length - 1;
    const goes = deleteAddress === true && others === 0;
    await rebind(ctx, before, { remove: [assignment], add: [], keepState: goes });
    if (goes) await deleteNetwork(ctx, { by: { id: assignment.addressId } });
    return {
      networkInterface: only(await store.getMany([before.one.id])) ?? before.one,
      address: only(await ctx.use(networkStore).getMany([assignment.addressId])),
    };
  });
}

/** The interface, under the locks of the tree of the address and of its device. */
async function lockTarget(
  ctx: Context,
  { values }: Items<{ interface: Reference['by']; address: string; site?: Reference['site'] }>,
): Promise<Portrait> {
  const { site, interface: by, address } = only(values);
  const items = {
    values: [{ site, by, addresses: [address] }],
    many: false,
    path: (_: number, ...rest: readonly string[]) => rest.map((part) => (part === 'by' ? 'interface' : part)),
  };
  return only(await lockInterfaces(ctx, items, 'update'));
}

async function rebind(ctx: Context, before: Portrait, changes: AddressChanges): Promise<Assignment[]> {
  const made = await changeAddresses(ctx, changes);
  await ctx.use(interfaceStore).updateMany([{ ...before.one, updatedAt: microseconds(ctx.clock.now()) }]);
  await announce(ctx, [before]);
  return made;
}
