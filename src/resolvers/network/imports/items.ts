import type { Context } from '#kernel/context.ts';
import { readWish } from '#resolvers/network/imports/read-wish.ts';
import { failure, placeOf, type Reading, type SourceRow, type Verdict } from '#resolvers/network/imports/row.ts';
import { identityOf, lostIdentity, type Wish, type WishOf } from '#resolvers/network/imports/wish.ts';

/** One object of the file, with all rows about it. */
export interface Item<W extends Wish = Wish> {
  readonly wish: W;
  /** In the order of the file; at least one. */
  readonly rows: readonly SourceRow[];
  /** Set when its rows contradict each other. */
  readonly contradiction: Verdict | null;
  /** Whether no row asks for it for its own sake. */
  readonly implied: boolean;
}

/** A file after everything that can be said without looking at the inventory. */
export interface Sorted {
  /** By kind. */
  of<Kind extends Wish['kind']>(kind: Kind): readonly Item<WishOf<Kind>>[];
  /** Of the Sites that things lie in. */
  readonly siteNames: ReadonlySet<string>;
  /** Rows that ask for nothing that could be done. */
  readonly refused: ReadonlyMap<SourceRow, Verdict>;
  /** What these rows would have been about, as `identityOf` says it, where that much of them can be read. */
  readonly lost: ReadonlySet<string>;
}

/**
 * Brings together what rows say of one object, whatever their order. Equal rows merge, and rows that say different
 * things of it add up; those that say two things of one field all fail.
 * @param site the name of the Site for rows that name none.
 */
export function sortRows(ctx: Context, reading: Reading, site: string | null): Sorted {
  const refused = new Map<SourceRow, Verdict>();
  const lost = new Set<string>();
  const groups = new Map<string, { wish: Wish; row: SourceRow }[]>();
  for (const row of reading.rows) {
    const wish = readWish(ctx, row, site);
    if ('outcome' in wish) {
      refused.set(row, wish);
      const identity = lostIdentity(row.kind, { site, ...row.fields });
      if (identity !== null) lost.add(identity);
      continue;
    }
    const identity = identityOf(wish);
    const group = groups.get(identity) ?? [];
    group.push({ wish, row });
    groups.set(identity, group);
  }
  const items = [...groups.values()].map((group) => toItem(group, reading.numbering));
  const byKind = Map.groupBy(items, ({ wish }) => wish.kind);
  return {
    of: <Kind extends Wish['kind']>(kind: Kind) => (byKind.get(kind) ?? []) as Item<WishOf<Kind>>[],
    siteNames: new Set(items.flatMap(({ wish }) => ('site' in wish ? wish.site : []))),
    refused,
    lost,
  };
}

function toItem(
  group: readonly { readonly wish: Wish; readonly row: SourceRow }[],
  numbering: Reading['numbering'],
): Item {
  const merged = new Map<
    string,
    { readonly path: readonly string[]; readonly value: unknown; readonly row: SourceRow }
  >();
  let contradiction: Verdict | null = null;
  for (const { wish, row } of group) {
    for (const { path, value } of partsOf(wish)) {
      const key = JSON.stringify(path);
      const first = merged.get(key);
      if (!first) merged.set(key, { path, value, row });
      else if (JSON.stringify(first.value) !== JSON.stringify(value))
        contradiction ??= failure(
          'CONTRADICTION',
          `${path.join('.')} is not the same in ${placeOf(first.row, numbering)} and in ${placeOf(row, numbering)}.`,
          path,
        );
    }
  }
  return {
    wish: join([...merged.values()]),
    rows: group.map(({ row }) => row),
    contradiction,
    implied: group.every(({ row }) => row.implied),
  };
}

interface Part {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What a wish says, field by field and attribute by attribute. */
function partsOf(wish: Wish): Part[] {
  return Object.entries(wish).flatMap(([field, value]: [string, unknown]): Part[] => {
    if (value === undefined) return [];
    if (field !== 'attributes') return [{ path: [field], value }];
    return Object.entries(value as object).map(([name, given]) => ({ path: [field, name], value: given }));
  });
}

function join(parts: readonly Part[]): Wish {
  const fields = new Map<string, unknown>();
  const attributes = new Map<string, unknown>();
  for (const { path, value } of parts) {
    const [field = '', name] = path;
    if (name === undefined) fields.set(field, value);
    else attributes.set(name, value);
  }
  if (attributes.size > 0) fields.set('attributes', Object.fromEntries(attributes));
  return Object.fromEntries(fields) as unknown as Wish;
}
