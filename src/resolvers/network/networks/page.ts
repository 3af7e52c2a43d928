import { type Cidr, compareCidr, readCidr, toCidr } from '#kernel/cidr.ts';
import { notACursor, type Page, type PageRequest, type Position, toPage } from '#kernel/page.ts';
import type { Network } from '#resolvers/network/networks/network.ts';

/**
 * A page of networks that are at hand, in the order of addresses. Positions are `[cidr]`: the networks are of one Site.
 * @throws InputError for a cursor of another list.
 */
export function pageOfNetworks(networks: readonly Network[], request: PageRequest): Page<Network> {
  const [after, before] = [placeOf(request.after, 'after'), placeOf(request.before, 'before')];
  const inOrder = networks
    .map((network) => ({ network, cidr: toCidr(network.cidr) }))
    .filter(({ cidr }) => (!after || compareCidr(cidr, after) > 0) && (!before || compareCidr(cidr, before) < 0))
    .sort((one, other) => compareCidr(one.cidr, other.cidr));
  if (request.direction === 'backward') inOrder.reverse();
  return toPage(
    request,
    inOrder.slice(request.offset, request.offset + request.limit + 1).map(({ network }) => network),
    ({ cidr }) => [cidr],
    async () => networks.length,
  );
}

function placeOf(position: Position | null, argument: string): Cidr | null {
  if (position === null) return null;
  const read = position.length === 1 ? readCidr(position[0] ?? '') : null;
  if (read && 'value' in read) return read.value;
  throw notACursor(argument);
}
