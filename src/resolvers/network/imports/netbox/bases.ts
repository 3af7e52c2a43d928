import { addressBits, type Cidr, formatCidr, isHost, truncate } from '#kernel/cidr.ts';
import { byKey } from '#resolvers/network/imports/netbox/objects.ts';
import type { Prefix } from '#resolvers/network/imports/netbox/prefixes.ts';

/** The prefixes of a file by what they hold: at most 129 looks for each address, however many there are. */
export class Bases {
  /** By Site. */
  readonly #held = new Set<string>();
  /** By VRF, the Site of the first by key. */
  readonly #plans = new Map<string, string>();

  constructor(prefixes: readonly Prefix[]) {
    for (const { object, site, cidr } of [...prefixes].sort((one, other) => byKey(one.object, other.object))) {
      if (!cidr || isHost(cidr) || 'verdict' in site || object.rival) continue;
      this.#held.add(JSON.stringify([site.name, formatCidr(cidr)]));
      const plan = JSON.stringify([planOf(object.fields.vrf), formatCidr(cidr)]);
      if (object.model === 'ipam.prefix' && !this.#plans.has(plan)) this.#plans.set(plan, site.name);
    }
  }

  /** Whether a network of the Site holds the address. */
  has(site: string, host: Cidr): boolean {
    return holdersOf(host).some((cidr) => this.#held.has(JSON.stringify([site, cidr])));
  }

  /** The Site of the longest prefix of the VRF that holds the address. */
  siteOf(vrf: unknown, host: Cidr): string | null {
    for (const cidr of holdersOf(host)) {
      const site = this.#plans.get(JSON.stringify([planOf(vrf), cidr]));
      if (site !== undefined) return site;
    }
    return null;
  }
}

/** What prefixes and addresses of one VRF, or of none, have in common. */
export const planOf = (vrf: unknown): string => (vrf === null || vrf === undefined ? '' : String(vrf));

/** Every prefix that holds an address, the longest first. */
function holdersOf({ version, first }: Cidr): string[] {
  const lengths = Array.from({ length: addressBits(version) }, (_, index) => addressBits(version) - 1 - index);
  return lengths.map((length) => formatCidr(truncate(version, first, length)));
}
