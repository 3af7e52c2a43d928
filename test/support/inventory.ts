/** A real inventory: a whole export of NetBox, and the prefixes that two large networks publish. */
import { readFileSync } from 'node:fs';
import { type Cidr, covers, formatAddress, toCidr } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { PageRequest } from '#kernel/page.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { listInterfaces } from '#resolvers/network/interfaces/list.ts';
import { updateInterfaces } from '#resolvers/network/interfaces/update.ts';
import { listNetworks } from '#resolvers/network/networks/find.ts';
import { createSites } from '#resolvers/network/sites/create.ts';

/** The Sites of the inventory: of the export in its layout NAMESPACE, and of the two lists. */
export const inventorySites = { netbox: 'NetBox', published: 'Published' } as const;

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

/** The lists of prefixes, with a base that holds everything. */
const lists = { 'prefixes-ipv4.txt': '0.0.0.0/0', 'prefixes-ipv6.txt': '::/0' } as const;
export type Published = keyof typeof lists;
export const published: readonly Published[] = ['prefixes-ipv4.txt', 'prefixes-ipv6.txt'];

/**
 * Imports the export and the lists into an empty gateway. No address of the export is bound to an interface, so each
 * interface gets one of the networks of its Site.
 */
export async function loadInventory(ctx: Context, names = published): Promise<void> {
  await importInventory(ctx, {
    text: fixture('netbox-demo.json'),
    format: 'NETBOX',
    netbox: { layout: 'NAMESPACE', siteName: inventorySites.netbox },
  });
  await createSites(ctx, [{ name: inventorySites.published }]);
  for (const name of names) {
    const site = { name: inventorySites.published };
    await importInventory(ctx, { text: fixture(name), format: 'PREFIX_LIST', site, baseNetworks: [lists[name]] });
  }
  await bindAddresses(ctx);
}

/** The most that one page and one call take. */
const most = 1000;
const everything: PageRequest = { limit: most, direction: 'forward', after: null, before: null, offset: 0 };
const site = { name: inventorySites.netbox };

/** One address for each interface, from the networks by turns. */
async function bindAddresses(ctx: Context): Promise<void> {
  const filter = { ipVersion: 4 as const, includeIps: false };
  const orderBy = { by: 'NATURAL' as const };
  const networks = (await listNetworks(ctx, { site, filter, orderBy }, everything)).items
    .filter(({ node }) => node.state !== 'RESERVED')
    .map(({ node }) => toCidr(node.cidr))
    .filter(({ length }) => length <= 24)
    .filter((network, index, all) => !all[index + 1] || !covers(network, all[index + 1] as Cidr));
  const interfaces = await interfacesOf(ctx);
  if (interfaces.length === 0) throw new Error('The import brought no interfaces.');
  const addressOf = (index: number) => {
    const network = networks[index % networks.length];
    if (!network) throw new Error('The export holds no network that addresses can be taken from.');
    return formatAddress(4, network.first + BigInt(1 + Math.floor(index / networks.length)));
  };
  const inputs = interfaces.map(({ id }, index) => ({
    by: { id },
    addresses: [addressOf(index)],
    forceAddresses: true,
  }));
  for (let first = 0; first < inputs.length; first += most)
    await updateInterfaces(ctx, inputs.slice(first, first + most));
}

async function interfacesOf(ctx: Context): Promise<NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  for (;;) {
    const page = await listInterfaces(ctx, { site }, { ...everything, offset: found.length });
    found.push(...page.items.map(({ node }) => node));
    if (!page.hasNextPage) return found;
  }
}
