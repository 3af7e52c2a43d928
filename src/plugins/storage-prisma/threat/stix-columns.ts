import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { toInstant } from '#plugins/storage-prisma/rows.ts';
import type { NewStixObject, StixObject, StixVersion } from '#resolvers/threat/objects/stix-object.ts';

const { sql } = Prisma;

/** Of `o`: instants as texts, since a Date would cut them. */
export const versionColumns = sql`o.id, o.collection_id AS "collectionId", o.stix_id AS "stixId", o.type,
  o.spec_version AS "specVersion", o.version::text AS version, o.date_added::text AS "dateAdded",
  o.is_first AS "isFirst", o.is_last AS "isLast", o.pattern_error AS "patternError"`;

export const objectColumns = sql`${versionColumns}, o.body`;

export function toVersion(row: StixVersion): StixVersion {
  const { id, collectionId, stixId, type, specVersion, isFirst, isLast, patternError } = row;
  const [version, dateAdded] = [toInstant(row.version), toInstant(row.dateAdded)];
  return { id, collectionId, stixId, type, specVersion, version, dateAdded, isFirst, isLast, patternError };
}

export const toObject = (row: StixObject): StixObject => ({ ...toVersion(row), body: row.body });

/** `row`: new versions as JSON. Their bodies are kept as they are written there. */
export const givenObjects = (objects: readonly (NewStixObject & StixVersion)[]): Prisma.Sql => sql`
  json_to_recordset(${JSON.stringify(objects)}::json) AS row(id uuid, "collectionId" uuid, "stixId" text, type text,
    "specVersion" text, version timestamptz, "dateAdded" timestamptz, "isFirst" boolean, "isLast" boolean,
    "patternError" text, hash text, body json)`;
