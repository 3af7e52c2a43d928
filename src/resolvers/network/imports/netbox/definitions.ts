import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { attributeResources } from '#resolvers/network/attributes/attribute.ts';
import type { SourceRow } from '#resolvers/network/imports/row.ts';

/** The definitions that rows need, each for its Site and kind. They are optional, and multi where a row has a list. */
export function definitionRows(rows: readonly SourceRow[]): SourceRow[] {
  const needed = new Map<string, SourceRow>();
  for (const { kind, fields, verdict } of rows) {
    const { site, attributes } = fields;
    if (verdict || typeof site !== 'string' || typeof attributes !== 'object' || !isResource(kind)) continue;
    for (const [name, value] of Object.entries(attributes ?? {})) {
      const key = JSON.stringify([site, kind, name]);
      const multi = Array.isArray(value);
      if (multi || !needed.has(key)) needed.set(key, toRow(site, kind, name, multi));
    }
  }
  return [...needed].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

const isResource = (kind: SourceRow['kind']): kind is AttributeResource =>
  (attributeResources as readonly string[]).includes(kind);

const toRow = (site: string, resource: AttributeResource, name: string, multi: boolean): SourceRow => ({
  row: null,
  kind: 'ATTRIBUTE',
  ref: `${site} ${resource} ${name}`,
  fields: { site, resource, name, ...(multi && { multi }) },
  implied: true,
});
