import { type Cidr, formatCidr, isHost, readCidr } from '#kernel/cidr.ts';
import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import { contradicted, type NetboxFile, type NetboxObject, refOf } from '#resolvers/network/imports/netbox/objects.ts';
import { placeOf, type SiteName, siteOfPrefix } from '#resolvers/network/imports/netbox/sites.ts';
import { Values } from '#resolvers/network/imports/netbox/values.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';
import type { NetworkState } from '#resolvers/network/networks/network.ts';
import { placeAll } from '#resolvers/network/tree.ts';

const states: ReadonlyMap<unknown, NetworkState> = new Map([
  ['reserved', 'RESERVED'],
  ['deprecated', 'ORPHANED'],
]);

export const stateOf = ({ fields: { status } }: NetboxObject): NetworkState => states.get(status) ?? 'ALLOCATED';

/** A prefix or an aggregate, with its place. */
export interface Prefix {
  readonly object: NetboxObject;
  readonly site: SiteName;
  /** Null where it cannot be read. */
  readonly cidr: Cidr | null;
  readonly state: NetworkState | undefined;
}

/** Prefixes, and aggregates where they are asked for. */
export function readPrefixes(file: NetboxFile, order: NetboxOrder): Prefix[] {
  const everywhere = { name: order.layout === 'NAMESPACE' ? order.siteName : order.globalName };
  return [
    ...file.of('ipam.prefix').map((object) => ({
      object,
      site: siteOfPrefix(file, object, order),
      cidr: cidrOf(object),
      state: stateOf(object),
    })),
    ...(order.aggregates ? file.of('ipam.aggregate') : []).map((object) => ({
      object,
      site: everywhere,
      cidr: cidrOf(object),
      state: undefined,
    })),
  ];
}

/** Networks. A prefix of one address is the address, where there is one. */
export function prefixRows(
  file: NetboxFile,
  order: NetboxOrder,
  prefixes: readonly Prefix[],
  addressFields: (site: string, cidr: string) => SourceRow['fields'] | null,
): SourceRow[] {
  const split = order.layout === 'LOCATION' ? splitPrefixes(prefixes, order.globalName) : new Set<Prefix>();
  return prefixes.map((prefix) => {
    const row = toRow(file, order, prefix, split.has(prefix));
    const { cidr, site } = prefix;
    const address = cidr && isHost(cidr) && 'name' in site ? addressFields(site.name, formatCidr(cidr)) : null;
    return address && !row.verdict ? { ...row, fields: address } : row;
  });
}

function cidrOf({ fields: { prefix } }: NetboxObject): Cidr | null {
  const read = typeof prefix === 'string' ? readCidr(prefix) : null;
  return read && 'value' in read ? read.value : null;
}

function toRow(file: NetboxFile, order: NetboxOrder, { object, site, state }: Prefix, isSplit: boolean): SourceRow {
  const base = { row: object.row, kind: 'NETWORK', ref: refOf(object) } as const;
  const { prefix } = object.fields;
  const unreadable =
    typeof prefix === 'string' ? null : failure('BAD_USER_INPUT', 'The row has no prefix.', ['prefix']);
  const verdict = contradicted(object) ?? ('verdict' in site ? site.verdict : null) ?? unreadable;
  if (verdict || 'verdict' in site) return { ...base, fields: {}, ...(verdict && { verdict }) };
  const { attributes, warnings } = valuesOf(file, object, order);
  const fields = { site: site.name, cidr: prefix, attributes };
  if (!isSplit) return { ...base, fields: { ...fields, ...(state && { state }) }, warnings };
  const message = `Other sites hold parts of ${prefix}: it is stored RESERVED, so that nothing is taken from it by mistake.`;
  return {
    ...base,
    fields: { ...fields, state: 'RESERVED' },
    warnings: [...warnings, { code: 'SPLIT_NAMESPACE', message }],
  };
}

function valuesOf(file: NetboxFile, object: NetboxObject, order: NetboxOrder): Values {
  const { fields } = object;
  const values = new Values(file, object);
  values
    .field('status')
    .reference('role', 'ipam.role')
    .reference('tenant', 'tenancy.tenant')
    .reference('vlan', 'ipam.vlan', { shown: 'vid' })
    .add('is_pool', fields.is_pool === true ? true : null)
    .field('description')
    .common();
  const place = order.layout === 'NAMESPACE' ? values.find('site', 'dcim.site', placeOf(fields)) : null;
  return values.add('site', place?.fields.name);
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
