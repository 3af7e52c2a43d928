import { foldHostname, hostnameFault } from '#resolvers/network/devices/hostname.ts';
import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import {
  contradicted,
  identityOf,
  type NetboxFile,
  type NetboxObject,
  refOf,
} from '#resolvers/network/imports/netbox/objects.ts';
import { siteOfDevice } from '#resolvers/network/imports/netbox/sites.ts';
import { Values } from '#resolvers/network/imports/netbox/values.ts';
import { failure, type RowWarning, type SourceRow } from '#resolvers/network/imports/row.ts';
import type { NetworkSettings } from '#resolvers/network/settings.ts';

type Rules = NetworkSettings['hostname'];

/** A device as interfaces and addresses see it. */
export interface PlacedDevice {
  readonly site: string;
  readonly hostname: string;
}

export interface NetboxDevices {
  readonly rows: readonly SourceRow[];
  /** The device with a key, where it has become one. */
  find(pk: unknown): PlacedDevice | null;
}

/** Devices with hostnames that are names by the rules, and each one's own in its Site. */
export function readDevices(file: NetboxFile, order: NetboxOrder, rules: Rules): NetboxDevices {
  const taken = new Map<string, NetboxObject['pk']>();
  const placed = new Map<string, PlacedDevice>();
  const rows = file.of('dcim.device').map((device): SourceRow => {
    const base = { row: device.row, kind: 'DEVICE', ref: refOf(device) } as const;
    const site = siteOfDevice(file, device, order);
    const named = toHostname(device, rules);
    const verdict = contradicted(device) ?? ('verdict' in site ? site.verdict : null) ?? (named ? null : nameless);
    if (verdict || !named || 'verdict' in site) return { ...base, fields: {}, ...(verdict && { verdict }) };
    const { hostname, suffixed } = makeOwn(taken, site.name, named.hostname, device);
    if (device.pk !== null) placed.set(String(device.pk), { site: site.name, hostname });
    const values = valuesOf(
      file,
      device,
      order,
      named.warnings.some(({ code }) => code === 'HOSTNAME_CHANGED'),
    );
    return {
      ...base,
      ...identityOf(device),
      fields: { site: site.name, hostname, attributes: values.attributes },
      warnings: [...named.warnings, ...suffixed, ...values.warnings],
    };
  });
  return { rows, find: (pk) => placed.get(String(pk)) ?? null };
}

const nameless = failure('BAD_USER_INPUT', 'A device without a name needs a pk to be named after.', ['pk']);

function valuesOf(file: NetboxFile, device: NetboxObject, order: NetboxOrder, renamed: boolean): Values {
  const { fields } = device;
  const values = new Values(file, device);
  const type = values.find('device_type', 'dcim.devicetype', fields.device_type);
  values
    .reference('role', 'dcim.devicerole', { field: 'role' in fields ? 'role' : 'device_role' })
    .add('device_type', type?.fields.model)
    .add('manufacturer', values.find('manufacturer', 'dcim.manufacturer', type?.fields.manufacturer)?.fields.name)
    .reference('platform', 'dcim.platform')
    .field('status', 'serial', 'asset_tag')
    .reference('tenant', 'tenancy.tenant')
    .reference('rack', 'dcim.rack')
    .reference('location', 'dcim.location')
    .field('description')
    .common();
  if (renamed) values.add('netbox_name', fields.name);
  if (order.layout === 'NAMESPACE') values.reference('site', 'dcim.site');
  return values;
}

function toHostname(
  { pk, fields: { name } }: NetboxObject,
  rules: Rules,
): { readonly hostname: string; readonly warnings: readonly RowWarning[] } | null {
  const given = typeof name === 'string' ? name : '';
  const hostname = given !== '' && hostnameFault(given, rules) === null ? given : withoutForbidden(given, rules);
  if (hostname === '') {
    if (pk === null) return null;
    const made = `netbox-device-${pk}`;
    return {
      hostname: made,
      warnings: [{ code: 'HOSTNAME_GENERATED', message: `The device has no name and is called ${made}.` }],
    };
  }
  if (hostname === given) return { hostname, warnings: [] };
  return { hostname, warnings: [{ code: 'HOSTNAME_CHANGED', message: `"${given}" is called ${hostname}.` }] };
}

/** Each run of characters that no hostname may hold becomes one hyphen. */
function withoutForbidden(name: string, { allowFqdn, allowUnderscore }: Rules): string {
  const forbidden = new RegExp(`[^A-Za-z0-9${allowFqdn ? '.' : ''}${allowUnderscore ? '_' : ''}-]+`, 'g');
  return name.replace(forbidden, '-').replace(/^-+|-+$/g, '');
}

/** The first device of a name in a Site keeps it; the others get their key behind it. */
function makeOwn(
  taken: Map<string, NetboxObject['pk']>,
  site: string,
  wanted: string,
  { pk }: NetboxObject,
): { readonly hostname: string; readonly suffixed: readonly RowWarning[] } {
  const owner = (hostname: string) => taken.get(JSON.stringify([site, foldHostname(hostname)]));
  let hostname = wanted;
  while (owner(hostname) !== undefined && owner(hostname) !== pk) hostname = `${hostname}-${pk}`;
  taken.set(JSON.stringify([site, foldHostname(hostname)]), pk);
  const message = `Another device of its site is called ${wanted} too; this one is called ${hostname}.`;
  return { hostname, suffixed: hostname === wanted ? [] : [{ code: 'HOSTNAME_SUFFIXED', message }] };
}
