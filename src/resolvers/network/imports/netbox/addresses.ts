import { addressBits, type Cidr, formatCidr, readAddress } from '#kernel/cidr.ts';
import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import { type Bases, planOf } from '#resolvers/network/imports/netbox/bases.ts';
import type { NetboxDevices } from '#resolvers/network/imports/netbox/devices.ts';
import { findInterface, type PlacedInterface } from '#resolvers/network/imports/netbox/interfaces.ts';
import {
  byKey,
  contradicted,
  type NetboxFile,
  type NetboxObject,
  refOf,
} from '#resolvers/network/imports/netbox/objects.ts';
import { stateOf } from '#resolvers/network/imports/netbox/prefixes.ts';
import { type SiteName, siteOfPlan } from '#resolvers/network/imports/netbox/sites.ts';
import { type NetboxValues, referred, Values } from '#resolvers/network/imports/netbox/values.ts';
import { failure, type RowWarning, type SourceRow } from '#resolvers/network/imports/row.ts';

/** A row that says of a host address where it is. */
interface Claim {
  readonly object: NetboxObject;
  readonly host: Cidr;
  /** The interface that it is assigned to, where that is in the file. */
  readonly holder: PlacedInterface | null;
  readonly attributes: NetboxValues;
  readonly warnings: RowWarning[];
}

/** A host address with all rows about it. */
interface Address {
  readonly site: SiteName;
  readonly cidr: string;
  readonly claims: Claim[];
}

export interface NetboxAddresses {
  readonly rows: readonly SourceRow[];
  /** The addresses that an interface with a key is to hold; null where it holds none. */
  heldBy(pk: NetboxObject['pk']): readonly string[] | null;
  /** What the rows say of a host address, where there are any. */
  fieldsOf(site: string, cidr: string): SourceRow['fields'] | null;
}

/**
 * Host addresses, in the Site of the device that has them or of the prefix that holds them. Rows about one host of one
 * VRF are one address, which is called after the first of them by key.
 */
export function readAddresses(
  file: NetboxFile,
  order: NetboxOrder,
  devices: NetboxDevices,
  bases: Bases,
): NetboxAddresses {
  const objects = file.of('ipam.ipaddress');
  const broken: SourceRow[] = [];
  const claims = objects.flatMap((object) => {
    const claim = readClaim(file, devices, object);
    if ('host' in claim) return claim;
    broken.push(claim);
    return [];
  });
  const taken = new Set<string>();
  const addresses = [...Map.groupBy(claims, planKey).values()].flatMap((group) =>
    place(file, order, bases, taken, group),
  );
  const fields = new Map<string, SourceRow['fields']>();
  const held = new Map<string, string[]>();
  const rows = addresses.flatMap(({ site, cidr, claims }) => {
    const said = 'name' in site ? fieldsOfAll(site.name, claims, bind(claims, held)) : {};
    if ('name' in site) fields.set(JSON.stringify([site.name, cidr]), said);
    return claims.map(({ object, warnings }): SourceRow => {
      const base = { row: object.row, kind: 'NETWORK', ref: refOf(object), warnings } as const;
      return 'verdict' in site ? { ...base, fields: {}, verdict: site.verdict } : { ...base, fields: said };
    });
  });
  return {
    rows: [...rows, ...broken],
    heldBy: (pk) => held.get(String(pk)) ?? null,
    fieldsOf: (site, cidr) => fields.get(JSON.stringify([site, cidr])) ?? null,
  };
}

const planKey = ({ object, host }: Claim): string => JSON.stringify([planOf(object.fields.vrf), formatCidr(host)]);

function readClaim(file: NetboxFile, devices: NetboxDevices, object: NetboxObject): Claim | SourceRow {
  const { row, fields } = object;
  const [text = '', mask] = typeof fields.address === 'string' ? fields.address.trim().split('/') : [];
  const address = readAddress(text);
  const unread = failure('BAD_USER_INPUT', 'The row has no address.', ['address']);
  const verdict = contradicted(object) ?? (address ? null : unread);
  if (verdict || !address) return { row, kind: 'NETWORK', ref: refOf(object), fields: {}, verdict: verdict ?? unread };
  const values = new Values(file, object);
  values
    .field('status', 'role')
    .reference('tenant', 'tenancy.tenant')
    .field('dns_name', 'description')
    .add('mask', mask)
    .common();
  const pk = referred(fields.assigned_object_type, fields.assigned_object_id, 'dcim.interface');
  const assigned = values.find('the assignment', 'dcim.interface', pk);
  return {
    object,
    host: { version: address.version, first: address.number, length: addressBits(address.version) },
    holder: assigned && findInterface(file, devices, pk),
    attributes: values.attributes,
    warnings: values.warnings,
  };
}

/**
 * Puts rows about one host of one VRF where they belong: one address for each Site that has it on a device.
 * @param taken by addresses before, of other VRFs.
 */
function place(
  file: NetboxFile,
  order: NetboxOrder,
  bases: Bases,
  taken: Set<string>,
  group: readonly Claim[],
): Address[] {
  const [{ host, object }] = group as [Claim];
  const cidr = formatCidr(host);
  const hasPlace = (site: string) => bases.has(site, host) && !taken.has(JSON.stringify([site, cidr]));
  const isPlaced = ({ holder }: Claim) => holder !== null && hasPlace(holder.site);
  const addresses = [...Map.groupBy(group.filter(isPlaced), ({ holder }) => holder?.site ?? '')].map(
    ([name, claims]): Address => ({ site: { name }, cidr, claims }),
  );
  const others = group.filter((claim) => !isPlaced(claim));
  if (others.length > 0) {
    const prefix = bases.siteOf(object.fields.vrf, host);
    const site = prefix === null ? siteOfPlan(file, object.fields.vrf, order) : { name: prefix };
    for (const { holder, warnings } of others)
      if (holder) warnings.push(dropped(holder, `${holder.site} has no network for it`));
    const unbound = others.map((claim) => ({ ...claim, holder: null }));
    if (addresses[0]) addresses[0].claims.push(...unbound);
    else addresses.push({ site, cidr, claims: unbound });
  }
  for (const { site } of addresses) if ('name' in site) taken.add(JSON.stringify([site.name, cidr]));
  return addresses;
}

const dropped = ({ device, name }: PlacedInterface, why: string): RowWarning => ({
  code: 'ASSIGNMENT_DROPPED',
  message: `It is not bound to ${device}:${name}: ${why}.`,
});

/** Binds an address to the interfaces that have it, to one of each device. Answers whether there are any. */
function bind(claims: readonly Claim[], held: Map<string, string[]>): boolean {
  const devices = new Map<string, PlacedInterface>();
  for (const { object, host, holder, warnings } of [...claims].sort((one, other) => byKey(one.object, other.object))) {
    if (!holder) continue;
    const other = devices.get(holder.device);
    if (other && other.name !== holder.name) {
      warnings.push(dropped(holder, `${other.device}:${other.name} has it`));
      continue;
    }
    devices.set(holder.device, holder);
    const pk = String(object.fields.assigned_object_id);
    held.set(pk, [...(held.get(pk) ?? []), formatCidr(host)].sort());
  }
  return devices.size > 0;
}

/** What all rows of an address say together: the first by key has the word. */
function fieldsOfAll(site: string, claims: readonly Claim[], bound: boolean): SourceRow['fields'] {
  const sorted = [...claims].sort((one, other) => byKey(one.object, other.object));
  const [first] = sorted as [Claim];
  const attributes = Object.assign({}, ...sorted.toReversed().map((claim) => claim.attributes));
  // The assignment makes it ASSIGNED.
  return { site, cidr: formatCidr(first.host), state: bound ? 'ALLOCATED' : stateOf(first.object), attributes };
}
