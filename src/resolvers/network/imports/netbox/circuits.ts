import type { NetboxDevices } from '#resolvers/network/imports/netbox/devices.ts';
import { findInterface, type PlacedInterface } from '#resolvers/network/imports/netbox/interfaces.ts';
import {
  byKey,
  contradicted,
  identityOf,
  type NetboxFile,
  type NetboxObject,
  refOf,
} from '#resolvers/network/imports/netbox/objects.ts';
import { referred, Values } from '#resolvers/network/imports/netbox/values.ts';
import { type SourceRow, skipped } from '#resolvers/network/imports/row.ts';

/** Circuits between the interfaces that their terminations are cabled to. */
export function circuitRows(file: NetboxFile, devices: NetboxDevices): SourceRow[] {
  const terminations = Map.groupBy(file.of('circuits.circuittermination'), ({ fields }) => String(fields.circuit));
  const cabled = Map.groupBy(file.of('dcim.cabletermination'), ({ fields }) => String(fields.cable));
  return file.of('circuits.circuit').map((object): SourceRow => {
    const { row, pk, fields } = object;
    const base = { row, kind: 'CIRCUIT', ref: refOf(object) } as const;
    const verdict = contradicted(object);
    if (verdict) return { ...base, fields: {}, verdict };
    const ends = [...(terminations.get(String(pk)) ?? [])].sort(bySide).flatMap((termination) => {
      const { cable } = termination.fields;
      return endOf(file, devices, termination, cable == null ? [] : (cabled.get(String(cable)) ?? [])) ?? [];
    });
    const [a, z] = ends;
    if (!a) return { ...base, fields: {}, verdict: noEnd };
    if (z && z.site !== a.site)
      return {
        ...base,
        fields: {},
        verdict: skipped('CROSS_SITE', `Its ends lie in two sites: ${a.site} and ${z.site}.`),
      };
    const values = new Values(file, object);
    values
      .reference('provider', 'circuits.provider')
      .reference('type', 'circuits.circuittype')
      .field('status')
      .reference('tenant', 'tenancy.tenant')
      .field('commit_rate', 'description')
      .common();
    return {
      ...base,
      ...identityOf(object),
      fields: {
        site: a.site,
        name: fields.cid,
        endpointA: slugOf(a),
        endpointZ: z ? slugOf(z) : null,
        attributes: values.attributes,
      },
      warnings: values.warnings,
    };
  });
}

const noEnd = skipped('NO_INTERFACE_END', 'None of its terminations is cabled to an interface of the file.');

const slugOf = ({ device, name }: PlacedInterface): string => `${device}:${name}`;

const bySide = (one: NetboxObject, other: NetboxObject): number => {
  const [side, otherSide] = [String(one.fields.term_side), String(other.fields.term_side)];
  return side === otherSide ? byKey(one, other) : side < otherSide ? -1 : 1;
};

/** The first interface at the other end of the cable of a termination. */
function endOf(
  file: NetboxFile,
  devices: NetboxDevices,
  termination: NetboxObject,
  cabled: readonly NetboxObject[],
): PlacedInterface | null {
  const own = cabled.find(
    ({ fields }) =>
      String(referred(fields.termination_type, fields.termination_id, 'circuits.circuittermination')) ===
      String(termination.pk),
  );
  const side = own?.fields.cable_end ?? termination.fields.cable_end;
  const far = cabled
    .filter(({ fields }) => fields.cable_end !== side)
    .map(({ fields }) => referred(fields.termination_type, fields.termination_id, 'dcim.interface'))
    .filter((pk) => pk !== null)
    .sort((one, other) => byKey({ pk: one as NetboxObject['pk'] }, { pk: other as NetboxObject['pk'] }));
  for (const pk of far) {
    const found = findInterface(file, devices, pk);
    if (found) return found;
  }
  return null;
}
