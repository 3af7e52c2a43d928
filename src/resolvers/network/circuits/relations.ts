import type { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { MAX_PAGE, type Page, type PageRequest } from '#kernel/page.ts';
import { type Circuit, deviceIdsOf, endsOf } from '#resolvers/network/circuits/circuit.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { deviceFinder, deviceKey, findDevices } from '#resolvers/network/devices/find.ts';
import { readableAddresses } from '#resolvers/network/interfaces/bound.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { listAround } from '#resolvers/network/interfaces/list.ts';
import { pageInHand } from '#resolvers/network/list.ts';
import { findAll } from '#resolvers/network/lookup.ts';
import type { Network } from '#resolvers/network/networks/network.ts';

/** The interfaces at its ends that the viewer may read, A before Z. */
export async function findCircuitInterfaces(ctx: Context, circuit: Circuit): Promise<NetworkInterface[]> {
  const found = await Promise.all(endsOf(circuit).map(({ interfaceId }) => ctx.load(findInterfaces, interfaceId)));
  return found.filter((one) => one !== null);
}

/** The devices of its ends that the viewer may read, each once. */
export async function findCircuitDevices(ctx: Context, circuit: Circuit): Promise<Device[]> {
  const found = await Promise.all(deviceIdsOf(circuit).map((id) => ctx.load(findDevices, id)));
  return found.filter((device) => device !== null);
}

/**
 * The addresses of a circuit that the viewer may read, each once: for A and then for Z those of the interface, and then
 * those of the interfaces directly below it.
 */
export async function listCircuitAddresses(ctx: Context, circuit: Circuit, page: PageRequest): Promise<Page<Network>> {
  const ends = await findCircuitInterfaces(ctx, circuit);
  const families = await Promise.all(ends.map(async (end) => [end, ...(await childrenOf(ctx, end))]));
  const lists = await Promise.all(families.flat().map(({ id }) => ctx.load(readableAddresses, id)));
  const addresses = new Map(lists.flat().map((address) => [address.id, address]));
  return pageInHand([...addresses.values()], page);
}

async function childrenOf(ctx: Context, one: NetworkInterface): Promise<NetworkInterface[]> {
  const children: NetworkInterface[] = [];
  let after: PageRequest['after'] = null;
  for (;;) {
    const request: PageRequest = { limit: MAX_PAGE, direction: 'forward', after, before: null, offset: 0 };
    const page: Page<NetworkInterface> = await listAround(ctx, 'children', one, request);
    children.push(...page.items.map(({ node }) => node));
    after = page.items.at(-1)?.position ?? null;
    if (!page.hasNextPage) return children;
  }
}

/** The interface of a circuit on a device: A where it is there, else Z; null where neither is. */
export async function findInterfaceFor(
  ctx: Context,
  circuit: Circuit,
  key: z.input<typeof deviceKey>,
): Promise<NetworkInterface | null> {
  const by = parse(deviceKey, key, ['device']);
  const device = await ctx.load(devicesByKey, circuit.siteId, JSON.stringify(by));
  const end = endsOf(circuit).find(({ deviceId }) => deviceId === device?.id);
  return end ? ctx.load(findInterfaces, end.interfaceId) : null;
}

/** One key in many Sites. */
const devicesByKey = (ctx: Context, siteIds: readonly string[], key: string): Promise<(Device | null)[]> =>
  findAll(
    ctx,
    deviceFinder,
    siteIds.map((id) => ({ site: { id }, by: JSON.parse(key) as Record<string, string> })),
  );
