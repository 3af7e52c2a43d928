import { InputError } from '#kernel/errors.ts';
import type { Found } from '#resolvers/network/imports/known.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { Wish } from '#resolvers/network/imports/wish.ts';
import { describeKey } from '#resolvers/network/keys.ts';
import type { Finder } from '#resolvers/network/lookup.ts';

/** Something that a row refers to by its natural key. */
export interface Reference {
  readonly siteId: string;
  readonly key: string;
  /** What a row would ask for to mean it; null where no row could. */
  readonly wish: Wish | null;
  /** Of the row that refers to it. */
  readonly field: string;
}

/**
 * What rows refer to, by position, null for null: first what the file itself asks for, then what the viewer may read,
 * in one read however many.
 */
export async function findReferences<T extends { readonly id: string; readonly siteId: string }>(
  { ctx, known }: Pass,
  finder: Finder<T>,
  references: readonly (Reference | null)[],
): Promise<(Found | null)[]> {
  const inFile = references.map((one) => (one?.wish ? known.find(one.wish, one.field) : null));
  const others = references.flatMap((one, index) => (one && !inFile[index] ? [one] : []));
  const matches =
    others.length === 0
      ? []
      : await finder.byKeys(
          ctx,
          others.map(({ siteId, key }) => ({ siteId, key })),
        );
  const found = new Map(others.map((one, index) => [one, matches[index]?.[0] ?? notFound(finder, one)]));
  return references.map((one, index) => inFile[index] ?? (one && found.get(one)) ?? null);
}

const notFound = ({ type, key: name }: Pick<Finder<never>, 'type' | 'key'>, { key, field }: Reference): Verdict =>
  failed(InputError.at([field], `${type} not found: ${describeKey({ [name]: key })}.`));

/** The first of these that is none. */
export const firstRefusal = (...found: readonly (Found | null | undefined)[]): Verdict | null =>
  found.find((one): one is Verdict => one != null && 'outcome' in one) ?? null;

/** The row id of what was found; null for nothing. */
export const idOf = (found: Found | null | undefined): string | null => (found && 'id' in found ? found.id : null);
