import type { Facts } from '#kernel/permission.ts';

/** Any-of and all-of facts never look alike: a kind begins with a letter. */
const allOf = '&';

/** An any-of fact as a storage keeps it, so that one index answers for all kinds. */
export const anyOfEntry = (kind: string, value: string): string => `${kind}/${value}`;
export const allOfEntry = (kind: string, value: string): string => `${allOf}${kind}/${value}`;

/** The facts of an event as flat entries, once each: `kind/value`, members of an all-of fact as `&kind/value`. */
export function factEntries(scope: Facts): string[] {
  const entries = Object.entries(scope).flatMap(([kind, fact]) => {
    if (typeof fact === 'string') return [anyOfEntry(kind, fact)];
    if ('all' in fact) return fact.all.map((value) => allOfEntry(kind, value));
    return fact.map((value) => anyOfEntry(kind, value));
  });
  return [...new Set(entries)];
}

/** The place that an event belongs to, as its storage keeps it: the first of its entries. */
export const placeEntry = (scope: Facts): string | null => factEntries(scope)[0] ?? null;
