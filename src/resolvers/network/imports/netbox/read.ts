import type { NetboxOrder } from '#resolvers/network/imports/input.ts';
import { readAddresses } from '#resolvers/network/imports/netbox/addresses.ts';
import { Bases } from '#resolvers/network/imports/netbox/bases.ts';
import { circuitRows } from '#resolvers/network/imports/netbox/circuits.ts';
import { definitionRows } from '#resolvers/network/imports/netbox/definitions.ts';
import { readDevices } from '#resolvers/network/imports/netbox/devices.ts';
import { interfaceRows } from '#resolvers/network/imports/netbox/interfaces.ts';
import { readObjects } from '#resolvers/network/imports/netbox/objects.ts';
import { prefixRows, readPrefixes } from '#resolvers/network/imports/netbox/prefixes.ts';
import { siteRows } from '#resolvers/network/imports/netbox/sites.ts';
import type { Reading, SourceRow } from '#resolvers/network/imports/row.ts';
import type { NetworkSettings } from '#resolvers/network/settings.ts';

/** Models of which every row becomes something here. */
const imported = [
  'dcim.site',
  'ipam.vrf',
  'dcim.device',
  'dcim.interface',
  'ipam.prefix',
  'ipam.ipaddress',
  'circuits.circuit',
  'extras.taggeditem',
];

/**
 * An export of NetBox: a JSON array of `{model, pk, fields}`. Its sites are places and its VRFs are namespaces, where a
 * Site here is both; `layout` says which way they are brought together.
 * @throws InputError for a text that is no such array.
 */
export function readNetbox(text: string, order: NetboxOrder, settings: NetworkSettings): Reading {
  const file = readObjects(text);
  const devices = readDevices(file, order, settings.hostname);
  const prefixes = readPrefixes(file, order);
  const addresses = readAddresses(file, order, devices, new Bases(prefixes));
  const placed = [
    ...devices.rows,
    ...prefixRows(file, order, prefixes, addresses.fieldsOf),
    ...addresses.rows,
    ...interfaceRows(file, devices, addresses.heldBy),
    ...circuitRows(file, devices),
  ];
  const known = new Set([...imported, ...(order.aggregates ? ['ipam.aggregate'] : [])]);
  return {
    rows: [
      ...siteRows(file, order),
      ...neededSites(order, placed),
      ...definitionRows(placed),
      ...placed,
      ...file.broken,
    ],
    numbering: 'row',
    ignored: new Map(file.models.filter((model) => !known.has(model)).map((model) => [model, file.of(model).length])),
  };
}

/** The Sites that stand for no row of the file. */
function neededSites({ layout, siteName, globalName }: NetboxOrder, placed: readonly SourceRow[]): SourceRow[] {
  const name = layout === 'NAMESPACE' ? siteName : globalName;
  if (!placed.some(({ fields }) => fields.site === name)) return [];
  return [{ row: null, kind: 'SITE', ref: name, fields: { name }, implied: true }];
}
