import type { Context } from '#kernel/context.ts';
import type { FieldFault } from '#kernel/errors.ts';
import { describeKey } from '#kernel/input.ts';
import type { Reference } from '#resolvers/network/keys.ts';
import { type Finder, findAll, type NaturalKey } from '#resolvers/network/lookup.ts';

/** A thing that an input refers to. */
export interface ReferenceWish extends Reference {
  /** Of the field that refers to it. */
  readonly path: readonly string[];
}

/**
 * The things that inputs refer to, null where nothing is referred to or nothing that the viewer may read has the key:
 * for the latter there is a fault.
 * @throws AmbiguousError for a natural key without Site that fits several.
 */
export async function findReferred<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  wishes: readonly (ReferenceWish | null)[],
): Promise<{ things: (T | null)[]; faults: FieldFault[] }> {
  const wanted = wishes.filter((wish) => wish !== null);
  const found = wanted.length === 0 ? [] : await findAll(ctx, finder, wanted, (index) => wanted[index]?.path ?? []);
  let next = 0;
  const things = wishes.map((wish) => (wish ? (found[next++] ?? null) : null));
  const faults = wanted.flatMap(({ by, path }, index) =>
    found[index] ? [] : [{ path, message: `${finder.type} not found: ${describeKey(by)}.` }],
  );
  return { things, faults };
}

/**
 * The row ids of the visible things that a key in a filter names: with a natural key and no Site there may be one in
 * each of several. A key of nothing names none.
 * @param everywhere gives those with a natural key in all Sites.
 */
export async function namedIds<T extends { readonly id: string; readonly siteId: string }>(
  ctx: Context,
  finder: Finder<T>,
  reference: Reference,
  everywhere: (key: NaturalKey) => Promise<readonly (readonly T[])[]>,
): Promise<string[]> {
  const key = reference.by[finder.key];
  const found =
    reference.site || key === undefined
      ? await findAll(ctx, finder, [reference])
      : (await everywhere({ siteId: null, key })).flat();
  return found.flatMap((thing) => thing?.id ?? []);
}
