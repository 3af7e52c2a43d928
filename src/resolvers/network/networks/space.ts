import { addressBits, type Cidr, formatCidr, isHost, lastAddress, readAddress, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { type AddressRange, networkStore, type Occupancy } from '#resolvers/network/networks/store.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

/** What is looked for in a network. */
export interface Wish {
  /** Of each block; for addresses that of a host. */
  readonly prefixLength: number;
  /** How many; 1 unless said. */
  readonly num?: number | null | undefined;
  /** Only where no child is at all; else also inside networks that are shorter than a block and not RESERVED. */
  readonly strict?: boolean | null | undefined;
}

/** The first free blocks of a network, in order of addresses. They are not kept for anybody. */
export const nextNetworks = (ctx: Context, network: Network, wish: Wish): Promise<readonly string[]> =>
  findSpace(ctx, network, wish);

/** The first free addresses of a network. */
export const nextAddresses = (
  ctx: Context,
  network: Network,
  wish: Omit<Wish, 'prefixLength'>,
): Promise<readonly string[]> => findSpace(ctx, network, { ...wish, prefixLength: hostLength(network) });

export const hostLength = (network: Network): number => addressBits(toCidr(network.cidr).version);

/**
 * As many free blocks as are wished for, or all that there are, as prefixes. Nothing is free in a RESERVED network,
 * whatever is wished for.
 * @throws InputError for a length or a number that no network could have.
 */
export async function findSpace(ctx: Context, network: Network, wish: Wish): Promise<readonly string[]> {
  if (network.state === 'RESERVED') return [];
  const own = toCidr(network.cidr);
  const { prefixLength: length } = wish;
  const num = wish.num ?? 1;
  refuse(ctx, own, length, num);
  if (length === own.length || isHost(own)) return [];
  const occupancy: Occupancy = {
    length,
    by: wish.strict ? 'children' : length === addressBits(own.version) ? 'hosts' : 'long',
  };
  // A block is free between each range and the next: one range more than blocks is enough.
  const taken = await ctx.load(takenRanges, JSON.stringify(network), JSON.stringify({ occupancy, limit: num + 1 }));
  return freeBlocks(own, length, taken, num).map(formatCidr);
}

async function takenRanges(
  ctx: Context,
  keys: readonly string[],
  variant: string,
): Promise<(readonly AddressRange[])[]> {
  const { occupancy, limit } = JSON.parse(variant) as { occupancy: Occupancy; limit: number };
  return ctx.use(networkStore).occupied(
    keys.map((key) => JSON.parse(key) as Network),
    occupancy,
    limit,
  );
}

function refuse(ctx: Context, own: Cidr, length: number, num: number): void {
  const { max } = ctx.use(networkSettings).allocate;
  const faults = [];
  if (length < own.length)
    faults.push({ path: ['prefixLength'], message: `New prefix must be longer than ${own.length}` });
  if (length > addressBits(own.version))
    faults.push({ path: ['prefixLength'], message: `CIDR prefix /${length} invalid for IPv${own.version}!` });
  if (num < 1 || num > max) faults.push({ path: ['num'], message: `num is ${num}; it must be from 1 to ${max}.` });
  if (faults.length > 0) throw new InputError(faults);
}

/**
 * The first `num` blocks of a length that lie in no range.
 * @param taken in order, rounded out to whole blocks; all that is taken, or one range more than `num`.
 */
export function freeBlocks(own: Cidr, length: number, taken: readonly AddressRange[], num: number): Cidr[] {
  const { version } = own;
  const size = 1n << BigInt(addressBits(version) - length);
  const [begin, end] = usable(own, length);
  const free: Cidr[] = [];
  let next = begin;
  const fill = (until: bigint) => {
    for (; next + size <= until && free.length < num; next += size) free.push({ version, first: next, length });
  };
  for (const range of taken) {
    fill(numberOf(range.first));
    const behind = numberOf(range.last) + 1n;
    if (behind > next) next = behind;
  }
  fill(end + 1n);
  return free;
}

/** The first and the last address that may be offered: a network keeps its own two ends, unless it is only those two. */
function usable(own: Cidr, length: number): [bigint, bigint] {
  const bits = addressBits(own.version);
  const ends = length === bits && own.length < bits - 1 ? 1n : 0n;
  return [own.first + ends, lastAddress(own) - ends];
}

const numberOf = (address: string): bigint => readAddress(address)?.number ?? 0n;
