import { NotFoundError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import type { Items } from '#resolvers/network/bulk.ts';

/** Names a Site. */
export type SiteKey = { readonly id: string } | { readonly name: string };

/** What names a thing: its id or its natural key, and perhaps the Site it is looked for in. */
export interface Reference {
  readonly site?: SiteKey | null | undefined;
  readonly by: Readonly<Record<string, string>>;
}

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
