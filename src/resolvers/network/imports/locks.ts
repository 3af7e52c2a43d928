import { deviceStore } from '#resolvers/network/devices/device.ts';
import type { Sorted } from '#resolvers/network/imports/items.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { treesOfAddresses } from '#resolvers/network/interfaces/bind.ts';
import { readSlug } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/**
 * Locks the trees and then the devices that rows of any kind are about, before a pass that writes reads one of them: step
 * by step they would be locked in an order that another caller may not keep.
 */
export async function takeLocks({ ctx, known }: Pass, sorted: Sorted): Promise<void> {
  const inSite = <T extends object>(site: string, parts: readonly T[]): (T & { readonly siteId: string })[] => {
    const found = known.site(site);
    return 'id' in found ? parts.map((part) => ({ ...part, siteId: found.id })) : [];
  };
  const prefixes = [
    ...sorted.of('NETWORK').flatMap(({ wish }) => inSite(wish.site, [{ cidr: wish.cidr }])),
    ...sorted.of('INTERFACE').flatMap(({ wish }) =>
      inSite(
        wish.site,
        (wish.addresses ?? []).map((cidr) => ({ cidr })),
      ),
    ),
  ];
  if (prefixes.length > 0) await ctx.use(networkStore).lockTrees(treesOfAddresses(prefixes));
  const hosts = [
    ...[...sorted.of('INTERFACE'), ...sorted.of('PROTOCOL')].map(({ wish }) => ({ site: wish.site, key: wish.device })),
    ...sorted.of('CIRCUIT').flatMap(({ wish: { site, endpointA, endpointZ } }) =>
      [endpointA, endpointZ ?? ''].flatMap((text) => {
        const slug = readSlug(text);
        return slug ? [{ site, key: slug.hostname }] : [];
      }),
    ),
  ];
  const keys = hosts.flatMap(({ site, key }) => inSite(site, [{ key }]));
  if (keys.length === 0) return;
  const devices = await ctx.use(deviceStore).match(keys, 'all', 1);
  await ctx.use(interfaceStore).lockDevices([...new Set(devices.flat().map(({ id }) => id))]);
}
