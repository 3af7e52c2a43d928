import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { NoSpaceError } from '#kernel/errors.ts';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { type Given, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { giveAddresses, lockReceiver } from '#resolvers/network/interfaces/give.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { ancestorsOf } from '#resolvers/network/networks/ancestors.ts';
import { networkFinder } from '#resolvers/network/networks/find.ts';
import { networkKey } from '#resolvers/network/networks/input.ts';
import { insertNetworks } from '#resolvers/network/networks/insert.ts';
import { type Network, networkFacts, networkGlobalId } from '#resolvers/network/networks/network.ts';
import { findSpace, hostLength, type Wish } from '#resolvers/network/networks/space.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';
import { siteStore } from '#resolvers/network/sites/site.ts';

const fields = {
  site: siteKey.nullish(),
  by: networkKey,
  num: z.int('num must be a whole number.').nullish(),
  strict: z.boolean().nullish(),
  state: z.enum(['ALLOCATED', 'RESERVED'], 'state must be ALLOCATED or RESERVED.').nullish(),
  attributes: attributesInput.optional(),
  partial: z.boolean().nullish(),
};
const networkAllocate = z.object({ ...fields, prefixLength: z.int('prefixLength must be a whole number.') });
const addressAllocate = z
  .object({ ...fields, assignTo: interfaceKey.nullish() })
  .refine(({ assignTo, state }) => !assignTo || state !== 'RESERVED', {
    path: ['state'],
    message: 'What is assigned to an interface cannot be RESERVED.',
  });
export type NetworkAllocate = Given<z.input<typeof networkAllocate>>;
export type AddressAllocate = Given<z.input<typeof addressAllocate>>;

/**
 * Takes free blocks of a network: finds them and creates them, so that nobody else gets them too.
 * @throws NoSpaceError when fewer are free, unless a part is enough; with `partial` when none is.
 */
export async function allocateNetworks(ctx: Context, input: NetworkAllocate): Promise<Network[]> {
  const items = singleItem(networkAllocate, input);
  return allocate(ctx, items, () => only(items.values));
}

/** Takes free addresses of a network, and binds them to an interface when one is named. */
export async function allocateAddresses(ctx: Context, input: AddressAllocate): Promise<Network[]> {
  const items = singleItem(addressAllocate, input);
  return allocate(ctx, items, (network) => ({ ...only(items.values), prefixLength: hostLength(network) }));
}

async function allocate(
  ctx: Context,
  items: Items<z.output<typeof addressAllocate>>,
  wishFor: (network: Network) => Wish,
): Promise<Network[]> {
  const { state, attributes, partial, strict, assignTo } = only(items.values);
  allowSomewhere(ctx, 'network:allocate');
  return ctx.atomically(async (ctx) => {
    const network = await lockParent(ctx, items);
    const receiver = assignTo ? await lockReceiver(ctx, network.siteId, assignTo, ['assignTo']) : null;
    const wish = wishFor(network);
    const free = await findSpace(ctx, network, wish);
    if (free.length === 0 || (free.length < (wish.num ?? 1) && !partial)) throw noSpace(network, wish, free.length);
    const allocation = { parentId: networkGlobalId(network.id), strict: strict ?? false };
    const outcomes = await insertNetworks(
      ctx,
      free.map((cidr) => ({
        site: { id: network.siteId },
        cidr,
        state: receiver ? 'ASSIGNED' : (state ?? 'ALLOCATED'),
        attributes,
        allocation,
      })),
    );
    const networks = outcomes.map((outcome) => {
      if ('error' in outcome) throw outcome.error;
      return outcome.network;
    });
    if (receiver) await giveAddresses(ctx, receiver, networks);
    return networks;
  });
}

/** The network to take from, under the lock of its tree, after a check of the rights. */
async function lockParent(ctx: Context, items: Items<Reference>): Promise<Network> {
  const { id, siteId, cidr } = only(await expectAll(ctx, networkFinder, items, 'update'));
  await ctx.use(siteStore).hold([siteId]);
  const store = ctx.use(networkStore);
  await store.lockTrees([{ siteId, version: toCidr(cidr).version }]);
  const network = only(await store.lock([id]));
  if (!network) throw notFound('Network', items, 0, 'update');
  const [ancestors = []] = await ancestorsOf(ctx, [network]);
  allow(ctx, 'network:allocate', networkFacts(network, ancestors));
  return network;
}

function noSpace(network: Network, { prefixLength, num }: Wish, available: number): NoSpaceError {
  const wanted = num ?? 1;
  const what = prefixLength === hostLength(network) ? 'addresses' : `networks of length ${prefixLength}`;
  const few = available === 0 ? `No ${what} are free` : `Only ${available} of ${wanted} ${what} are free`;
  return new NoSpaceError(`${few} in ${network.cidr}.`, available);
}
