import type { NetboxDevices } from '#resolvers/network/imports/netbox/devices.ts';
import {
  contradicted,
  identityOf,
  type NetboxFile,
  type NetboxObject,
  refOf,
} from '#resolvers/network/imports/netbox/objects.ts';
import { toText, Values } from '#resolvers/network/imports/netbox/values.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';

/** An interface as addresses and circuits see it. */
export interface PlacedInterface {
  readonly site: string;
  readonly device: string;
  readonly name: string;
}

/** The interface with a key, where it lies on a device of the file and has a name. */
export function findInterface(file: NetboxFile, devices: NetboxDevices, pk: unknown): PlacedInterface | null {
  const fields = file.find('dcim.interface', pk)?.fields;
  const device = fields && devices.find(fields.device);
  if (!device || typeof fields.name !== 'string') return null;
  return { site: device.site, device: device.hostname, name: fields.name };
}

/**
 * Interfaces of the devices of the file.
 * @param addressesOf the addresses that an interface with a key is to hold; null where the file says nothing of any.
 */
export function interfaceRows(
  file: NetboxFile,
  devices: NetboxDevices,
  addressesOf: (pk: NetboxObject['pk']) => readonly string[] | null,
): SourceRow[] {
  return file.of('dcim.interface').map((object): SourceRow => {
    const { row, fields, pk } = object;
    const base = { row, kind: 'INTERFACE', ref: refOf(object) } as const;
    const device = devices.find(fields.device);
    const verdict = contradicted(object) ?? (device ? null : deviceless(file, fields.device));
    if (verdict || !device) return { ...base, fields: {}, ...(verdict && { verdict }) };
    const values = valuesOf(file, object);
    const addresses = addressesOf(pk);
    return {
      ...base,
      ...identityOf(object),
      fields: {
        site: device.site,
        device: device.hostname,
        name: fields.name,
        description: values.cut('description', toText(fields.description))[0] ?? '',
        type: typeNumber(fields.type, fields.name),
        macAddress: toText(fields.mac_address ?? primaryMac(file, fields)),
        speed: speedOf(fields.speed, fields.type),
        parent: parentOf(object, device.hostname, values),
        ...(addresses && { addresses }),
        attributes: values.attributes,
      },
      warnings: values.warnings,
    };
  });
}

function deviceless(file: NetboxFile, pk: unknown) {
  const message = file.find('dcim.device', pk)
    ? `dcim.device:${String(pk)}, which it is on, failed too.`
    : `dcim.device:${String(pk)}, which it is on, is not in the file.`;
  return failure(file.find('dcim.device', pk) ? 'DEPENDENCY_FAILED' : 'BAD_USER_INPUT', message, ['device']);
}

function valuesOf(file: NetboxFile, object: NetboxObject): Values {
  const { fields } = object;
  const values = new Values(file, object);
  values
    .add('netbox_type', fields.type)
    .reference('lag', 'dcim.interface')
    .field('mtu', 'mode', 'label')
    .add('enabled', fields.enabled === false ? false : null)
    .add('mgmt_only', fields.mgmt_only === true ? true : null)
    .common();
  return values;
}

/** Newer versions keep MAC addresses in rows of their own. */
const primaryMac = (file: NetboxFile, fields: NetboxObject['fields']): unknown =>
  file.find('dcim.macaddress', fields.primary_mac_address)?.fields.mac_address;

/** Numbers of the IF-MIB list. */
const types = { other: 1, ethernet: 6, loopback: 24, virtual: 53, lag: 161 } as const;

function typeNumber(type: unknown, name: unknown): number {
  const text = String(type).toLowerCase();
  if (text === 'lag') return types.lag;
  if (text === 'virtual') return String(name).toLowerCase().startsWith('lo') ? types.loopback : types.virtual;
  return text.includes('base') ? types.ethernet : types.other;
}

/** In Mbps: as it is set in kbps, else by the type. */
function speedOf(speed: unknown, type: unknown): number | null {
  if (typeof speed === 'number' && speed % 1000 === 0) return speed / 1000;
  const [, number, giga] = /^(\d+(?:\.\d+)?)(g?)base/i.exec(String(type)) ?? [];
  if (number === undefined) return null;
  const mbps = Number(number) * (giga ? 1000 : 1);
  return Number.isInteger(mbps) ? mbps : null;
}

/** The slug of the parent, which is on the same device. */
function parentOf(object: NetboxObject, hostname: string, values: Values): string | null {
  const parent = values.find('parent', 'dcim.interface', object.fields.parent);
  if (!parent) return null;
  if (String(parent.fields.device) === String(object.fields.device)) return `${hostname}:${String(parent.fields.name)}`;
  const message = `parent is left out: ${refOf(parent)} is on another device.`;
  values.warnings.push({ code: 'PARENT_ELSEWHERE', message });
  return null;
}
