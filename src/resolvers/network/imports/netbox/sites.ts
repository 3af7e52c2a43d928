import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import {
  contradicted,
  type NetboxFile,
  type NetboxObject,
  refOf,
  typeOf,
} from '#resolvers/network/imports/netbox/objects.ts';
import { failure, type SourceRow, skipped, type Verdict } from '#resolvers/network/imports/row.ts';

/** Sites from the sites of NetBox, which are places, and from its VRFs. */
export function siteRows(file: NetboxFile, { layout }: NetboxOrder): SourceRow[] {
  const places = layout === 'LOCATION' ? file.of('dcim.site') : [];
  const inUse = new Set([...file.of('ipam.prefix'), ...file.of('ipam.ipaddress')].map(({ fields }) => fields.vrf));
  return [
    ...places.map((place) => toRow(place, { name: place.fields.name, description: place.fields.description ?? '' })),
    ...file.of('ipam.vrf').map((vrf) => {
      const row = toRow(vrf, { name: vrfSite(vrf), description: vrf.fields.rd ?? '' });
      if (row.verdict || inUse.has(vrf.pk)) return row;
      return { ...row, verdict: skipped('VRF_UNUSED', 'No prefix and no address is in this VRF.') };
    }),
  ];
}

function toRow(object: NetboxObject, fields: Readonly<Record<string, unknown>>): SourceRow {
  const verdict = contradicted(object);
  return { row: object.row, kind: 'SITE', ref: refOf(object), fields, ...(verdict && { verdict }) };
}

const vrfSite = ({ fields: { name } }: NetboxObject): string | null =>
  typeof name === 'string' ? `VRF ${name}` : null;

/** The name of the Site that something lies in, or why that cannot be said. */
export type SiteName = { readonly name: string } | { readonly verdict: Verdict };

/** The Site of a device. */
export function siteOfDevice(file: NetboxFile, device: NetboxObject, order: NetboxOrder): SiteName {
  return order.layout === 'NAMESPACE' ? { name: order.siteName } : nameOf(file, 'dcim.site', device.fields.site);
}

/** The Site of a prefix: that of its VRF, else its place, else the one for what is everywhere. */
export function siteOfPrefix(file: NetboxFile, { fields }: NetboxObject, order: NetboxOrder): SiteName {
  const place = fields.vrf == null && order.layout === 'LOCATION' ? placeOf(fields) : null;
  return place === null ? siteOfPlan(file, fields.vrf, order) : nameOf(file, 'dcim.site', place);
}

/** The Site of a VRF, or of what is in none and has no place. */
export function siteOfPlan(file: NetboxFile, vrf: unknown, { layout, siteName, globalName }: NetboxOrder): SiteName {
  if (vrf != null) return nameOf(file, 'ipam.vrf', vrf);
  return { name: layout === 'NAMESPACE' ? siteName : globalName };
}

/** The site of NetBox that a prefix lies in, in the words of its older and its newer versions. */
export function placeOf(fields: NetboxObject['fields']): unknown {
  if (fields.site != null) return fields.site;
  return typeOf(fields.scope_type) === 'dcim.site' ? (fields.scope_id ?? null) : null;
}

function nameOf(file: NetboxFile, model: 'dcim.site' | 'ipam.vrf', pk: unknown): SiteName {
  const object = file.find(model, pk);
  const name = object && (model === 'ipam.vrf' ? vrfSite(object) : object.fields.name);
  if (typeof name === 'string') return { name };
  return {
    verdict: object
      ? failure('DEPENDENCY_FAILED', `${refOf(object)}, in which it lies, has no name.`, ['site'])
      : failure('BAD_USER_INPUT', `${model}:${String(pk)}, in which it lies, is not in the file.`, ['site']),
  };
}
