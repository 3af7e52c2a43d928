import { newId } from '#kernel/id.ts';
import type { JsonObject } from '#kernel/json.ts';
import { hashOf } from '#resolvers/threat/objects/hash.ts';
import type { NewStixObject } from '#resolvers/threat/objects/stix-object.ts';

/** An id whose last digit tells them apart. */
export const stixId = (type: string, digit: number): string =>
  `${type}--00000000-0000-4000-8000-00000000000${digit.toString(16)}`;

/** `2024-01-01T12:00:0<n>.000000Z`. */
export const at = (second: number): string => `2024-01-01T12:00:${String(second).padStart(2, '0')}.000000Z`;

/** A version on its way. */
export function aVersion(
  id: string,
  version: string,
  parts: { specVersion?: string; body?: JsonObject } = {},
): NewStixObject {
  const type = id.slice(0, -38);
  const specVersion = parts.specVersion ?? '2.1';
  const body = { id, type, modified: version, ...parts.body };
  return {
    id: newId(),
    stixId: id,
    type,
    specVersion,
    version,
    patternError: null,
    body,
    hash: hashOf(body, specVersion),
  };
}
