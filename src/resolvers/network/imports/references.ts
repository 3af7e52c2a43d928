import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import { mayRead } from '#resolvers/network/access.ts';
import type { Found } from '#resolvers/network/imports/known.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import { unknown } from '#resolvers/network/imports/settle-sites.ts';
import type { Wish } from '#resolvers/network/imports/wish.ts';
import type { Finder } from '#resolvers/network/lookup.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

/** Something that a row refers to by its natural key. */
export interface Reference {
  readonly siteId: string;
  /** The name of the Site. */
  readonly site: string;
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
  const found = new Map(others.map((one, index) => [one, matches[index]?.[0] ?? notFound(ctx, finder, one)]));
  return references.map((one, index) => inFile[index] ?? (one && found.get(one)) ?? null);
}

/** In a Site that the viewer may not know of nothing is missing: it is the Site that is not there. */
function notFound(
  ctx: Context,
  { type, key: name }: Pick<Finder<never>, 'type' | 'key'>,
  { siteId, site, key, field }: Reference,
): Verdict {
  if (!mayRead(ctx, siteFacts({ id: siteId }))) return unknown(site);
  return failed(InputError.at([field], `${type} not found: ${describeKey({ [name]: key })}.`));
}

/** The first of these that is none. */
export const firstRefusal = (...found: readonly (Found | null | undefined)[]): Verdict | null =>
  found.find((one): one is Verdict => one != null && 'outcome' in one) ?? null;

/** The row id of what was found; null for nothing. */
export const idOf = (found: Found | null | undefined): string | null => (found && 'id' in found ? found.id : null);
