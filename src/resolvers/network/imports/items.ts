import type { Context } from '#kernel/context.ts';
import { failure, placeOf, type Reading, type SourceRow, type Verdict } from '#resolvers/network/imports/row.ts';
import {
  type DeviceWish,
  identityOf,
  type NetworkWish,
  readWish,
  type SiteWish,
  type Wish,
} from '#resolvers/network/imports/wish.ts';

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
  readonly sites: readonly Item<SiteWish>[];
  readonly devices: readonly Item<DeviceWish>[];
  readonly networks: readonly Item<NetworkWish>[];
  /** Rows that ask for nothing that could be done. */
  readonly refused: ReadonlyMap<SourceRow, Verdict>;
}

/**
 * Brings together what rows say of one object, whatever their order. Equal rows merge, and rows that say different
 * things of it add up; those that say two things of one field all fail.
 * @param site the name of the Site for rows that name none.
 */
export function sortRows(ctx: Context, reading: Reading, site: string | null): Sorted {
  const refused = new Map<SourceRow, Verdict>();
  const groups = new Map<string, { wish: Wish; row: SourceRow }[]>();
  for (const row of reading.rows) {
    const wish = readWish(ctx, row, site);
    if ('outcome' in wish) {
      refused.set(row, wish);
      continue;
    }
    const identity = identityOf(wish);
    const group = groups.get(identity) ?? [];
    group.push({ wish, row });
    groups.set(identity, group);
  }
  const items = [...groups.values()].map((group) => toItem(group, reading.numbering));
  const ofKind = <W extends Wish>(kind: W['kind']) => items.filter((item) => item.wish.kind === kind) as Item<W>[];
  return {
    sites: ofKind<SiteWish>('SITE'),
    devices: ofKind<DeviceWish>('DEVICE'),
    networks: ofKind<NetworkWish>('NETWORK'),
    refused,
  };
}

function toItem(
  group: readonly { readonly wish: Wish; readonly row: SourceRow }[],
  numbering: Reading['numbering'],
): Item {
  const merged: Record<string, unknown> = {};
  const sayer = new Map<string, SourceRow>();
  let contradiction: Verdict | null = null;
  for (const { wish, row } of group) {
    for (const [field, value] of Object.entries(wish)) {
      if (value === undefined) continue;
      const first = sayer.get(field);
      if (first && merged[field] !== value)
        contradiction ??= failure(
          'CONTRADICTION',
          `${field} is not the same in ${placeOf(first, numbering)} and in ${placeOf(row, numbering)}.`,
          [field],
        );
      if (first) continue;
      sayer.set(field, row);
      merged[field] = value;
    }
  }
  return {
    wish: merged as unknown as Wish,
    rows: group.map(({ row }) => row),
    contradiction,
    implied: group.every(({ row }) => row.implied),
  };
}
