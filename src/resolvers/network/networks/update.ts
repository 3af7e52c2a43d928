import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { allowSomewhere } from '#resolvers/network/access.ts';
import { bulkItems, type Given, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { ancestorsOf } from '#resolvers/network/networks/ancestors.ts';
import { networkFinder } from '#resolvers/network/networks/find.ts';
import { networkKey, stateInput } from '#resolvers/network/networks/input.ts';
import {
  type Network,
  type NetworkState,
  networkFacts,
  networkGlobalId,
  networkUpdated,
  toNetworkSnapshot,
} from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const reference = { site: siteKey.nullish(), by: networkKey };
const networkUpdate = z.object({ ...reference, state: stateInput.optional() });
const networkReplace = z.object({ ...reference, state: stateInput.default('ALLOCATED') });
export type NetworkUpdate = Given<z.input<typeof networkUpdate>>;
export type NetworkReplace = Given<z.input<typeof networkReplace>>;

/** Changes what is given and leaves the rest. */
export const updateNetwork = async (ctx: Context, input: NetworkUpdate): Promise<Network> =>
  only(await change(ctx, singleItem(networkUpdate, input)));

export const updateNetworks = async (ctx: Context, inputs: readonly NetworkUpdate[]): Promise<Network[]> =>
  change(ctx, bulkItems(ctx, networkUpdate, inputs));

/** Sets everything that can change; what is not given gets its default. */
export const replaceNetwork = async (ctx: Context, input: NetworkReplace): Promise<Network> =>
  only(await change(ctx, singleItem(networkReplace, input)));

export const replaceNetworks = async (ctx: Context, inputs: readonly NetworkReplace[]): Promise<Network[]> =>
  change(ctx, bulkItems(ctx, networkReplace, inputs));

type Change = Reference & { readonly state?: NetworkState | undefined };

async function change(ctx: Context, items: Items<Change>): Promise<Network[]> {
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const named = await expectAll(ctx, networkFinder, items, 'update');
    const ancestors = await ancestorsOf(ctx, named);
    named.forEach((network, index) => {
      allow(ctx, 'network:update', networkFacts(network, ancestors[index] ?? []));
    });
    const ids = named.map((network) => network.id);
    refuseRepeats(items, ids);
    const before = (await ctx.use(networkStore).lock(ids)).map((network, index) => {
      if (!network) throw notFound('Network', items, index, 'update');
      return network;
    });
    const now = microseconds(ctx.clock.now());
    const after = before.map((network, index) => {
      const { state = network.state } = items.values[index] ?? {};
      return state === network.state ? network : { ...network, state, updatedAt: now };
    });
    const changed = after.filter((network, index) => network !== before[index]);
    if (changed.length > 0) await ctx.use(networkStore).updateMany(changed);
    after.forEach((network, index) => {
      const former = before[index];
      if (former && network !== former) appendNetworkUpdated(ctx, former, network, ancestors[index] ?? []);
    });
    return after;
  });
}

/** Appends the event of a change that was written. */
export function appendNetworkUpdated(
  ctx: Context,
  before: Network,
  after: Network,
  ancestors: readonly Network[],
): void {
  const parent = ancestors.find((ancestor) => ancestor.id === after.parentId) ?? ancestors.at(-1);
  const snapshot = toNetworkSnapshot(after, parent);
  ctx.events.append(
    networkUpdated,
    { network: snapshot },
    {
      subject: networkGlobalId(after.id),
      scope: networkFacts(after, ancestors),
      before: toNetworkSnapshot(before, parent),
      after: snapshot,
    },
  );
}
