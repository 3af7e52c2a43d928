import { visible } from '#kernel/access.ts';
import type { AddressInventory } from '#kernel/address-inventory.ts';
import { formatCidr, readCidr } from '#kernel/cidr.ts';
import { networkGlobalId } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** The most networks that are told of one text: each is of another Site. */
const mostSites = 100;

/** Where addresses are, for other domains. */
export const networkInventory: AddressInventory = {
  async closest(ctx, cidrs) {
    const read = cidrs.map((text) => readCidr(text));
    const wanted = read.flatMap((one) => ('value' in one ? formatCidr(one.value) : []));
    const visibility = visible(ctx, 'network:read');
    if (wanted.length === 0 || visibility === 'none') return cidrs.map(() => []);
    const found = await ctx.use(networkStore).closest(wanted, visibility, mostSites);
    let next = 0;
    return read.map((one) => ('value' in one ? (found[next++] ?? []).map(({ id }) => networkGlobalId(id)) : []));
  },
};
