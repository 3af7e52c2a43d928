import { v7 as uuidv7 } from 'uuid';

/** A new row id: a UUIDv7, so ids rise in the order in which a process makes them. */
export const newId = (): string => uuidv7();

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string): boolean => uuidForm.test(text);

/** The opaque id of a thing over all types: what clients see as `id: ID!`. */
export function toGlobalId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

/** The type and row id in a global id, or null where the text is none. */
export function fromGlobalId(text: string): { type: string; id: string } | null {
  const plain = Buffer.from(text, 'base64url').toString('utf8');
  const colon = plain.indexOf(':');
  if (colon <= 0) return null;
  const type = plain.slice(0, colon);
  const id = plain.slice(colon + 1);
  return /^[A-Z][A-Za-z0-9]*$/.test(type) && isUuid(id) ? { type, id: id.toLowerCase() } : null;
}

/** The row id that a text names: a global id of this type, or the UUID of the row. An id of another type names nothing. */
export function rowIdOf(type: string, text: string): string | null {
  const parts = isUuid(text) ? { type, id: text.toLowerCase() } : fromGlobalId(text);
  return parts?.type === type ? parts.id : null;
}
