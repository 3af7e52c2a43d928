import { type Cidr, formatCidr, readCidr } from '#resolvers/network/cidr.ts';
import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import { contradicted, type NetboxFile, type NetboxObject, refOf } from '#resolvers/network/imports/netbox/objects.ts';
import { type SiteName, siteOfPrefix } from '#resolvers/network/imports/netbox/sites.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';
import type { NetworkState } from '#resolvers/network/networks/network.ts';
import { placeAll } from '#resolvers/network/tree.ts';

const states: Readonly<Record<string, NetworkState>> = { reserved: 'RESERVED', deprecated: 'ORPHANED' };

interface Prefix {
  readonly object: NetboxObject;
  readonly site: SiteName;
  /** Null where it cannot be read. */
  readonly cidr: Cidr | null;
  readonly state: NetworkState | undefined;
}

/** Networks from prefixes, and from aggregates where they are asked for. */
export function prefixRows(file: NetboxFile, order: NetboxOrder): SourceRow[] {
  const prefixes = [
    ...file.of('ipam.prefix').map(
      (object): Prefix => ({
        object,
        site: siteOfPrefix(file, object, order),
        cidr: cidrOf(object),
        state: states[String(object.fields.status)] ?? 'ALLOCATED',
      }),
    ),
    ...(order.aggregates ? file.of('ipam.aggregate') : []).map(
      (object): Prefix => ({
        object,
        site: { name: order.layout === 'NAMESPACE' ? order.siteName : order.globalName },
        cidr: cidrOf(object),
        state: undefined,
      }),
    ),
  ];
  const split = order.layout === 'LOCATION' ? splitPrefixes(prefixes, order.globalName) : new Set<Prefix>();
  return prefixes.map((prefix) => toRow(prefix, split.has(prefix)));
}

function cidrOf({ fields: { prefix } }: NetboxObject): Cidr | null {
  const read = typeof prefix === 'string' ? readCidr(prefix) : null;
  return read && 'value' in read ? read.value : null;
}

function toRow({ object, site, state }: Prefix, isSplit: boolean): SourceRow {
  const base = { row: object.row, kind: 'NETWORK', ref: refOf(object) } as const;
  const verdict = contradicted(object) ?? ('verdict' in site ? site.verdict : null);
  if (verdict) return { ...base, fields: {}, verdict };
  const { prefix } = object.fields;
  if (typeof prefix !== 'string')
    return { ...base, fields: {}, verdict: failure('BAD_USER_INPUT', 'The row has no prefix.', ['prefix']) };
  const fields = { site: 'name' in site ? site.name : '', cidr: prefix };
  if (!isSplit) return { ...base, fields: { ...fields, ...(state && { state }) } };
  const message = `Other sites hold parts of ${prefix}: it is stored RESERVED, so that nothing is taken from it by mistake.`;
  return { ...base, fields: { ...fields, state: 'RESERVED' }, warnings: [{ code: 'SPLIT_NAMESPACE', message }] };
}

/**
 * One plan of addresses lies in several Sites here: the prefixes that are everywhere and hold one of a place. VRFs are
 * plans of their own.
 */
function splitPrefixes(prefixes: readonly Prefix[], globalName: string): Set<Prefix> {
  const plan = prefixes.filter(({ object, cidr }) => cidr && object.fields.vrf == null);
  const slots = [...Map.groupBy(plan, ({ cidr }) => formatCidr(cidr as Cidr)).values()];
  const isGlobal = ({ site }: Prefix) => 'name' in site && site.name === globalName;
  const split = new Set<Prefix>();
  for (const { item, ancestors } of placeAll(slots, ([first]) => first?.cidr as Cidr)) {
    if (item.every(isGlobal)) continue;
    for (const holder of [item, ...ancestors].flat()) if (isGlobal(holder)) split.add(holder);
  }
  return split;
}
