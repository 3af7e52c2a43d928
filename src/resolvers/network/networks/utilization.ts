import { cidrSize, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { Network } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** How much of a network is taken by the addresses that are known inside it. Network and broadcast addresses count. */
export interface Utilization {
  readonly max: bigint;
  readonly used: bigint;
  readonly free: bigint;
  /** Fractions of 1. */
  readonly percentUsed: number;
  readonly percentFree: number;
  /** `10.47.216.0/22 - 14% used (139), 86% free (885)` */
  readonly text: string;
}

export const findUtilization = async (ctx: Context, network: Network): Promise<Utilization> =>
  utilizationOf(network.cidr, await ctx.load(hostCounts, JSON.stringify(network)));

const hostCounts = (ctx: Context, keys: readonly string[]): Promise<number[]> =>
  ctx.use(networkStore).countHosts(keys.map((key) => JSON.parse(key) as Network));

export function utilizationOf(text: string, hosts: number): Utilization {
  const max = cidrSize(toCidr(text));
  const used = BigInt(hosts);
  const free = max - used;
  return {
    max,
    used,
    free,
    percentUsed: fraction(used, max),
    percentFree: fraction(free, max),
    text: `${text} - ${wholePercent(used, max)}% used (${used}), ${wholePercent(free, max)}% free (${free})`,
  };
}

/** `max` is a power of two, which a double holds exactly, so the division rounds once. */
const fraction = (part: bigint, max: bigint): number => Number(part) / Number(max);

/** Half up. */
const wholePercent = (part: bigint, max: bigint): bigint => (part * 200n + max) / (max * 2n);
