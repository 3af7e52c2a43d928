import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { isHost, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { type Blocker, InUseError } from '#kernel/errors.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import { attributesOf, dropAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { blockedBy, shownBlockers } from '#resolvers/network/in-use.ts';
import { interfaceBlockers } from '#resolvers/network/interfaces/delete.ts';
import { lockBinders, unbindAddresses } from '#resolvers/network/interfaces/remove.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { notFound } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { ancestorsOf } from '#resolvers/network/networks/ancestors.ts';
import { networkFinder, readable } from '#resolvers/network/networks/find.ts';
import { networkKey } from '#resolvers/network/networks/input.ts';
import {
  type Network,
  namedInEvent,
  networkDeleted,
  networkFacts,
  networkGlobalId,
  toNetworkSnapshot,
} from '#resolvers/network/networks/network.ts';
import { type Removal, removals } from '#resolvers/network/networks/removal.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const networkDelete = z.object({ site: siteKey.nullish(), by: networkKey, force: z.boolean().nullish() });
export type NetworkDelete = z.input<typeof networkDelete>;
type Given = z.output<typeof networkDelete>;

/**
 * Deletes a network. One with children is deleted with `force` alone: they go to its parent. So is an address that is
 * bound to interfaces: it is taken from them.
 * @returns its row id.
 */
export const deleteNetwork = async (ctx: Context, input: NetworkDelete): Promise<string> =>
  only(await remove(ctx, singleItem(networkDelete, input)));

/** Deletes networks, those inside others first: so an item may free another one of its children. */
export const deleteNetworks = async (ctx: Context, inputs: readonly NetworkDelete[]): Promise<string[]> =>
  remove(ctx, bulkItems(ctx, networkDelete, inputs));

async function remove(ctx: Context, items: Items<Given>): Promise<string[]> {
  allowSomewhere(ctx, 'network:delete');
  return ctx.atomically(async (ctx) => {
    const { networks, ancestors } = await lockNetworks(ctx, items);
    const ids = networks.map((network) => network.id);
    const store = ctx.use(networkStore);
    const children = ids.length === 0 ? [] : await store.childrenWithout(ids, namedInEvent);
    const planned = removals(
      networks.map((network, index) => ({
        network,
        force: items.values[index]?.force ?? false,
        children: children[index] ?? { count: 0, first: [], someLeaf: false },
      })),
      namedInEvent,
    );
    for (const removal of planned) if (removal.refused) throw await inUse(ctx, removal, removal.refused);
    await unbind(ctx, items, networks);
    const moves = planned.filter((removal) => removal.ownChildren > 0);
    if (moves.length > 0)
      await store.moveChildren(moves.map(({ network, finalParentId }) => ({ from: network.id, to: finalParentId })));
    const carried = await attributesOf(ctx, ids);
    await dropAttributes(ctx, ids);
    if (ids.length > 0) await store.deleteMany(ids);
    const places = new Map(ids.map((id, index) => [id, index]));
    for (const removal of planned) {
      const place = places.get(removal.network.id) ?? -1;
      appendDeleted(ctx, removal, ancestors[place] ?? [], carried[place] ?? {});
    }
    return ids;
  });
}

/** An address goes from its interfaces with `force` alone. */
async function unbind(ctx: Context, items: Items<Given>, networks: readonly Network[]): Promise<void> {
  const addresses = networks.filter(({ cidr }) => isHost(toCidr(cidr)));
  if (addresses.length === 0) return;
  const ids = addresses.map(({ id }) => id);
  const assigned = await ctx.use(interfaceStore).assignmentsOfAddresses(ids);
  for (const [index, network] of networks.entries()) {
    const bound = (assigned[ids.indexOf(network.id)] ?? []).map(({ interfaceId }) => interfaceId);
    if (bound.length === 0 || items.values[index]?.force) continue;
    const blockers = await interfaceBlockers(ctx, bound);
    throw new InUseError(...blockedBy(`network ${network.cidr}`, blockers, bound.length));
  }
  await unbindAddresses(ctx, ids);
}

/** The networks of a call with their ancestors, under the locks of their trees, after a check of the rights. */
async function lockNetworks(
  ctx: Context,
  items: Items<Given>,
): Promise<{ networks: Network[]; ancestors: (readonly Network[])[] }> {
  const named = await expectAll(ctx, networkFinder, items, 'delete');
  const ids = named.map((network) => network.id);
  refuseRepeats(items, ids);
  const store = ctx.use(networkStore);
  await store.lockTrees(named.map(({ siteId, cidr }) => ({ siteId, version: toCidr(cidr).version })));
  await lockBinders(
    ctx,
    named.filter(({ cidr }) => isHost(toCidr(cidr))).map(({ id }) => id),
  );
  // Site and prefix never change, so what was locked is right; all else is read again.
  const networks = (await store.lock(ids)).map((network, index) => {
    if (!network) throw notFound('Network', items, index, 'delete');
    return network;
  });
  const ancestors = await ancestorsOf(ctx, networks);
  networks.forEach((network, index) => {
    allow(ctx, 'network:delete', networkFacts(network, ancestors[index] ?? []));
  });
  return { networks, ancestors };
}

async function inUse(ctx: Context, removal: Removal, reason: 'children' | 'leaves'): Promise<InUseError> {
  const found = await ctx.use(networkStore).getMany(removal.moved.slice(0, shownBlockers));
  const shown = (await readable(ctx, found)).filter((network) => network !== null);
  const blockers = shown.map(
    ({ id, cidr }): Blocker => ({ id: networkGlobalId(id), type: 'Network', naturalKey: cidr }),
  );
  if (reason === 'children')
    return new InUseError(...blockedBy(`network ${removal.network.cidr}`, blockers, removal.movedCount));
  return new InUseError(
    'You cannot forcefully delete a network that does not have a parent, and whose children are leaf nodes.',
    blockers,
    removal.movedCount,
  );
}

function appendDeleted(ctx: Context, removal: Removal, ancestors: readonly Network[], attributes: Attributes): void {
  const { network, moved, movedCount } = removal;
  const parent = ancestors.find((ancestor) => ancestor.id === network.parentId) ?? ancestors.at(-1);
  const snapshot = toNetworkSnapshot(network, parent, attributes);
  ctx.events.append(
    networkDeleted,
    { network: snapshot, movedCount, moved: moved.map(networkGlobalId), newParentId: snapshot.parentId },
    { subject: networkGlobalId(network.id), scope: networkFacts(network, ancestors), before: snapshot },
  );
}
