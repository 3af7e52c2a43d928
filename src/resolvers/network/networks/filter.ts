import { z } from 'zod';
import { formatCidr, readCidr } from '#kernel/cidr.ts';
import { type AttributesFilter, attributesFilter } from '#resolvers/network/attributes/choose.ts';
import { networkKey, prefixesAt, stateInput } from '#resolvers/network/networks/input.ts';
import type { NetworkFilter } from '#resolvers/network/networks/store.ts';

const shape = z.object({
  cidr: z.string('cidr must be a text.').nullish(),
  networkAddress: z.string('networkAddress must be a text.').nullish(),
  prefixLength: z.int('prefixLength must be a whole number.').nullish(),
  ipVersion: z.union([z.literal(4), z.literal(6)], 'ipVersion is 4 or 6.').nullish(),
  state: stateInput.nullish(),
  parent: networkKey.nullish(),
  rootOnly: z.boolean().nullish(),
  includeNetworks: z.boolean().nullish(),
  includeIps: z.boolean().nullish(),
  attributes: attributesFilter,
});

type Given = z.output<typeof shape>;

/**
 * A filter of networks: the part that a store can answer, the parent, which is looked up first, and what they carry.
 * Null: nothing.
 */
export type ReadFilter = {
  readonly filter: NetworkFilter;
  readonly parent: Given['parent'];
  readonly attributes: AttributesFilter;
} | null;

export const filterInput = shape.nullish().transform((given, check): ReadFilter => {
  if (!given) return { filter: {}, parent: null, attributes: [] };
  const hosts = hostsWanted(given.includeNetworks ?? null, given.includeIps ?? null);
  const cidrs = prefixesWanted(given, check);
  if (hosts === 'none') return null;
  return {
    parent: given.parent,
    attributes: given.attributes,
    filter: {
      ...(cidrs && { cidrs }),
      ...(given.prefixLength != null && { prefixLength: given.prefixLength }),
      ...(given.ipVersion != null && { version: given.ipVersion }),
      ...(given.state != null && { state: given.state }),
      ...(given.rootOnly === true && { rootOnly: true }),
      ...(hosts !== 'both' && { hosts: hosts === 'only' }),
    },
  };
});

/** What two switches mean, of which each may be left out. */
export function hostsWanted(networks: boolean | null, ips: boolean | null): 'both' | 'only' | 'without' | 'none' {
  if (ips === null) return networks === null ? 'both' : networks ? 'without' : 'only';
  if (networks === null) return ips ? 'only' : 'without';
  if (networks) return ips ? 'both' : 'without';
  return ips ? 'only' : 'none';
}

function prefixesWanted({ cidr, networkAddress }: Given, check: z.RefinementCtx): string[] | null {
  const read = cidr == null ? null : readCidr(cidr);
  if (read && 'fault' in read) check.addIssue({ code: 'custom', path: ['cidr'], message: read.fault });
  const at = networkAddress == null ? null : prefixesAt(networkAddress);
  if (networkAddress != null && !at)
    check.addIssue({ code: 'custom', path: ['networkAddress'], message: `${networkAddress} is no address.` });
  const one = read && 'value' in read ? formatCidr(read.value) : null;
  if (one === null) return at;
  return !at || at.includes(one) ? [one] : [];
}
