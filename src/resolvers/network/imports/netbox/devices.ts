import { foldHostname, hostnameFault } from '#resolvers/network/devices/hostname.ts';
import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import { contradicted, type NetboxFile, type NetboxObject, refOf } from '#resolvers/network/imports/netbox/objects.ts';
import { siteOfDevice } from '#resolvers/network/imports/netbox/sites.ts';
import { failure, type RowWarning, type SourceRow } from '#resolvers/network/imports/row.ts';
import type { NetworkSettings } from '#resolvers/network/settings.ts';

type Rules = NetworkSettings['hostname'];

/** Devices with hostnames that are names by the rules, and each one's own in its Site. */
export function deviceRows(file: NetboxFile, order: NetboxOrder, rules: Rules): SourceRow[] {
  const taken = new Map<string, NetboxObject['pk']>();
  return [...file.of('dcim.device')].sort(byKey).map((device) => {
    const { row } = device;
    const ref = refOf(device);
    const site = siteOfDevice(file, device, order);
    const verdict = contradicted(device) ?? ('verdict' in site ? site.verdict : null);
    if (verdict) return { row, kind: 'DEVICE', ref, fields: {}, verdict };
    const place = 'name' in site ? site.name : '';
    const named = toHostname(device, rules);
    if (!named) {
      const reason = failure('BAD_USER_INPUT', 'A device without a name needs a pk to be named after.', ['pk']);
      return { row, kind: 'DEVICE', ref, fields: {}, verdict: reason };
    }
    const { hostname, suffixed } = makeOwn(taken, place, named.hostname, device);
    return {
      row,
      kind: 'DEVICE',
      ref,
      fields: { site: place, hostname },
      warnings: [...named.warnings, ...suffixed],
    };
  });
}

/** Keys are numbers in order; whatever has none comes last. */
function byKey({ pk: one }: NetboxObject, { pk: other }: NetboxObject): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return (one === null ? 1 : 0) - (other === null ? 1 : 0);
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
