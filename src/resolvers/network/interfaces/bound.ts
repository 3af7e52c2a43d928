import { visible } from '#kernel/access.ts';
import { compareCidr, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { emptyPage, type Page, type PageRequest } from '#kernel/page.ts';
import { findInterfaces } from '#resolvers/network/interfaces/find.ts';
import type { Assignment, NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { findNetworks } from '#resolvers/network/networks/find.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { pageOfNetworks } from '#resolvers/network/networks/page.ts';

/** The assignments with these row ids of which the viewer may read both ends. */
export async function findAssignments(ctx: Context, ids: readonly string[]): Promise<(Assignment | null)[]> {
  const assignments = await ctx.use(interfaceStore).getAssignments(ids);
  const present = assignments.filter((one) => one !== null);
  const interfaces = new Set(idsOf(await findInterfaces(ctx, unique(present.map(({ interfaceId }) => interfaceId)))));
  const addresses = new Set(idsOf(await findNetworks(ctx, unique(present.map(({ addressId }) => addressId)))));
  return assignments.map((one) =>
    one && interfaces.has(one.interfaceId) && addresses.has(one.addressId) ? one : null,
  );
}

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
const idsOf = (things: readonly ({ readonly id: string } | null)[]): string[] => things.flatMap((one) => one?.id ?? []);

/** The interfaces that an address is bound to, as far as the viewer may read them, in order of creation. */
export const listAssignments = (ctx: Context, { id }: Network, page: PageRequest): Promise<Page<Assignment>> =>
  ctx.load(assignmentPages, id, JSON.stringify(page));

async function assignmentPages(ctx: Context, ids: readonly string[], variant: string): Promise<Page<Assignment>[]> {
  const visibility = visible(ctx, 'network:read');
  if (visibility === 'none') return ids.map(() => emptyPage);
  return ctx.use(interfaceStore).assignmentPages(ids, visibility, JSON.parse(variant) as PageRequest);
}

/**
 * The addresses of an interface that the viewer may read, in their order. They are read whole, and paged here: what an
 * interface has is little, and addresses may be kept by another storage than interfaces.
 */
export const listAddresses = async (
  ctx: Context,
  { id }: NetworkInterface,
  page: PageRequest,
): Promise<Page<Network>> => pageOfNetworks(await ctx.load(readableAddresses, id), page);

/** The closest networks of its addresses, each once. */
export async function listInterfaceNetworks(
  ctx: Context,
  { id }: NetworkInterface,
  page: PageRequest,
): Promise<Page<Network>> {
  const addresses = await ctx.load(readableAddresses, id);
  const parents = unique(addresses.flatMap(({ parentId }) => parentId ?? []));
  const networks = await Promise.all(parents.map((parent) => ctx.load(findNetworks, parent)));
  return pageOfNetworks(
    networks.filter((network) => network !== null),
    page,
  );
}

/** The addresses of each interface that the viewer may read, in their order; for other things that gather addresses. */
export async function readableAddresses(
  ctx: Context,
  interfaceIds: readonly string[],
): Promise<(readonly Network[])[]> {
  const assigned = await ctx.use(interfaceStore).assignmentsOf(interfaceIds);
  const ids = unique(assigned.flat().map(({ addressId }) => addressId));
  const found = new Map(
    (await Promise.all(ids.map((id) => ctx.load(findNetworks, id)))).map((network, index) => [ids[index], network]),
  );
  return assigned.map((list) =>
    list
      .flatMap(({ addressId }) => found.get(addressId) ?? [])
      .sort((one, other) => compareCidr(toCidr(one.cidr), toCidr(other.cidr))),
  );
}
