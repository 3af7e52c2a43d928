import { z } from 'zod';
import { NotFoundError } from '#kernel/errors.ts';
import { fromGlobalId, isUuid } from '#kernel/id.ts';
import type { Items } from '#resolvers/network/bulk.ts';

/** The text of an id in a key: whether it names something is seen when it is looked up. */
export const idText = z.string('The id must be a text.');

/** The row id that a text names: a global id of this type, or the UUID of the row. An id of another type names nothing. */
export function rowIdOf(type: string, text: string): string | null {
  const parts = isUuid(text) ? { type, id: text.toLowerCase() } : fromGlobalId(text);
  return parts?.type === type ? parts.id : null;
}

/** Names a Site. */
export type SiteKey = { readonly id: string } | { readonly name: string };

/** What names a thing: its id or its natural key, and perhaps the Site it is looked for in. */
export interface Reference {
  readonly site?: SiteKey | null | undefined;
  readonly by: Readonly<Record<string, string>>;
}

/** A key as messages quote it. */
export const describeKey = (by: Reference['by']): string =>
  Object.entries(by)
    .map(([name, text]) => `${name}='${text}'`)
    .join(', ');

/** One sentence for all items of a bulk call, since scripts know it; else one that quotes the key. */
export function notFound(
  type: string,
  items: Items<Pick<Reference, 'by'>>,
  index: number,
  verb: 'update' | 'delete',
): NotFoundError {
  const { by } = items.values[index] as Reference;
  const message = items.many ? `Could not find all objects to ${verb}.` : `${type} not found: ${describeKey(by)}.`;
  return new NotFoundError(message, items.path(index, 'by'));
}
