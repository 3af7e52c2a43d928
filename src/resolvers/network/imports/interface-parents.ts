import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { describeKey } from '#kernel/input.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Pass } from '#resolvers/network/imports/pass.ts';
import { failed, failure, type Verdict } from '#resolvers/network/imports/row.ts';
import type { InterfaceWish } from '#resolvers/network/imports/wish.ts';
import { readableInterfaces } from '#resolvers/network/interfaces/find.ts';
import { findTooDeep, linksOf, misplaced, returnsTo, wayUp } from '#resolvers/network/interfaces/hang.ts';
import { type NetworkInterface, slugOf } from '#resolvers/network/interfaces/interface.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';

/** An interface that a row asks for, with its device. */
export interface OnDevice {
  readonly item: Item<InterfaceWish>;
  readonly deviceId: string;
  /** What there is of it. */
  readonly thing: NetworkInterface | null;
}

/** Where an interface is to hang. */
export interface Hung {
  /** Row id of the interface; of one that is to be made, the one that it will have. */
  readonly id: string;
  readonly parentId: string | null;
  /** The item of what it is to hang below, where the file has one. */
  readonly parent: Item<InterfaceWish> | null;
  /** Row ids of what it is to hang below, the nearest first. */
  readonly above: readonly string[];
  /** Row ids of what it hangs below now. */
  readonly aboveNow: readonly string[];
  readonly refused: Verdict | null;
}

const keyOf = (deviceId: string, name: string): string => `${deviceId}/${name}`;

/**
 * The interfaces of a file, those that others hang below first, each with its place. What it is to hang below is on the
 * same device: in the file, or there already for the viewer.
 */
export async function hangAll<T extends OnDevice>(pass: Pass, given: readonly T[]): Promise<(T & Hung)[]> {
  const inFile = new Map(given.map((one) => [keyOf(one.deviceId, one.item.wish.name), one]));
  const parentOf = ({ deviceId, item: { wish } }: T): T | null =>
    wish.parent == null ? null : (inFile.get(keyOf(deviceId, wish.parent)) ?? null);
  const sorted = parentsFirst(given, parentOf);
  const ids = new Map(sorted.map((one) => [one, one.thing?.id ?? newId()]));
  const standing = await findStanding(
    pass,
    sorted.filter((one) => one.item.wish.parent != null && !parentOf(one)),
  );
  const hung = sorted.map((one) => {
    const { wish } = one.item;
    const inFile = parentOf(one);
    const stored = standing.get(one) ?? null;
    const parentId =
      wish.parent === undefined ? (one.thing?.parentId ?? null) : ((inFile && ids.get(inFile)) ?? stored?.id ?? null);
    const key = { nameSlug: slugOf(wish.device, wish.parent ?? '') };
    const missing = wish.parent != null && parentId === null;
    const message = `NetworkInterface not found: ${describeKey(key)}.`;
    const refused = lostParent(pass, one, inFile) ?? (missing ? failed(InputError.at(['parent'], message)) : null);
    return { ...one, id: ids.get(one) ?? '', parentId, parent: inFile?.item ?? null, refused };
  });
  const now = await chainsOf(pass, hung);
  const above = new Map(now);
  for (const { id, parentId } of hung) above.set(id, parentId);
  const moved = hung.filter(({ item, refused }) => item.wish.parent != null && !refused);
  const looped = new Set(moved.filter(({ id }) => returnsTo(id, above)));
  const fresh = new Set(hung.flatMap(({ id, thing }) => (thing ? [] : [id])));
  const deep = await findTooDeep(
    pass.ctx,
    moved.filter((one) => !looped.has(one)),
    above,
    fresh,
  );
  return hung.map((one) => ({
    ...one,
    above: wayUp(one.id, above),
    aboveNow: one.thing ? wayUp(one.id, now) : [],
    refused:
      one.refused ??
      (looped.has(one) ? refusedPlace(misplaced.looped) : deep.has(one.id) ? refusedPlace(misplaced.tooDeep) : null),
  }));
}

/** Why it fails where the row of its parent asks for nothing that could be done. */
function lostParent({ known }: Pass, { item: { wish } }: OnDevice, inFile: OnDevice | null): Verdict | null {
  if (wish.parent == null || inFile) return null;
  const { kind, site, device, parent } = wish;
  const found = known.find({ kind, site, device, name: parent }, 'parent');
  return found && 'outcome' in found ? found : null;
}

const refusedPlace = (message: string): Verdict => failure('BAD_USER_INPUT', message, ['parent']);

/** In the order given, save that what others hang below comes before them. A loop is cut somewhere. */
function parentsFirst<T>(given: readonly T[], parentOf: (one: T) => T | null): T[] {
  const sorted = new Set<T>();
  for (const one of given) {
    const way = new Set<T>();
    for (let next: T | null = one; next && !sorted.has(next) && !way.has(next); next = parentOf(next)) way.add(next);
    for (const next of [...way].toReversed()) sorted.add(next);
  }
  return [...sorted];
}

/** What is there for those whose parent is not in the file. */
async function findStanding<T extends OnDevice>(
  { ctx }: Pass,
  given: readonly T[],
): Promise<ReadonlyMap<T, NetworkInterface | null>> {
  if (given.length === 0) return new Map();
  const found = await ctx
    .use(interfaceStore)
    .getByName(given.map(({ deviceId, item }) => ({ deviceId, name: item.wish.parent ?? '' })));
  const shown = await readableInterfaces(ctx, found);
  return new Map(given.map((one, index) => [one, shown[index] ?? null]));
}

/** What hangs below what now, of all that is on the ways up. */
async function chainsOf(
  { ctx }: Pass,
  hung: readonly { readonly thing: NetworkInterface | null; readonly parentId: string | null }[],
): Promise<Map<string, string | null>> {
  const starts = [
    ...new Set(hung.flatMap(({ thing, parentId }) => [thing?.id ?? [], parentId ?? []].flat() as string[])),
  ];
  const chains = starts.length === 0 ? [] : await ctx.use(interfaceStore).ancestors(starts);
  return linksOf(starts, chains);
}
