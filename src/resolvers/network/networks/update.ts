import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { type AttributesChange, changeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Given, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
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
const networkUpdate = z.object({ ...reference, state: stateInput.optional(), attributes: attributesInput.optional() });
const networkReplace = z.object({
  ...reference,
  state: stateInput.optional().transform((state) => state ?? 'DEFAULT'),
  attributes: attributesInput.default({}),
});
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

type Change = Reference & {
  readonly state?: NetworkState | 'DEFAULT' | undefined;
  readonly attributes?: GivenAttributes | undefined;
};

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
    const states = await statesFor(ctx, items, before);
    const attributes = await changeAttributes(
      ctx,
      'NETWORK',
      before.map(({ id, siteId }, index) => ({
        targetId: id,
        siteId,
        given: items.values[index]?.attributes,
        path: items.path(index, 'attributes'),
      })),
    );
    const after = before.map((network, index) => {
      const state = states[index] ?? network.state;
      const same = state === network.state && !attributes[index]?.changed;
      return same ? network : { ...network, state, updatedAt: now };
    });
    const changed = after.filter((network, index) => network !== before[index]);
    if (changed.length > 0) await ctx.use(networkStore).updateMany(changed);
    after.forEach((network, index) => {
      const former = before[index];
      const change = attributes[index];
      if (former && change && network !== former)
        appendNetworkUpdated(ctx, former, network, ancestors[index] ?? [], change);
    });
    return after;
  });
}

/** An address that is bound to an interface is ASSIGNED, and nothing else. */
async function statesFor(
  ctx: Context,
  items: Items<Change>,
  networks: readonly Network[],
): Promise<(NetworkState | undefined)[]> {
  const asked = items.values.some(({ state }) => state !== undefined);
  const ids = networks.map(({ id }) => id);
  const bound = asked ? await ctx.use(interfaceStore).assignmentsOfAddresses(ids) : [];
  return items.values.map(({ state }, index) => {
    const assigned = (bound[index] ?? []).length > 0;
    if (state === 'DEFAULT') return assigned ? 'ASSIGNED' : 'ALLOCATED';
    if (assigned && state !== undefined && state !== 'ASSIGNED')
      throw new ConflictError(
        `${networks[index]?.cidr} is assigned to an interface, so its state stays ASSIGNED.`,
        items.path(index, 'state'),
      );
    return state;
  });
}

/** Appends the event of a change that was written. */
export function appendNetworkUpdated(
  ctx: Context,
  before: Network,
  after: Network,
  ancestors: readonly Network[],
  attributes: Pick<AttributesChange, 'before' | 'after'>,
): void {
  const parent = ancestors.find((ancestor) => ancestor.id === after.parentId) ?? ancestors.at(-1);
  const snapshot = toNetworkSnapshot(after, parent, attributes.after);
  ctx.events.append(
    networkUpdated,
    { network: snapshot },
    {
      subject: networkGlobalId(after.id),
      scope: networkFacts(after, ancestors),
      before: toNetworkSnapshot(before, parent, attributes.before),
      after: snapshot,
    },
  );
}
