import { laterBy } from '#resolvers/threat/instant.ts';
import type { Addition, NewStixObject, StixVersion } from '#resolvers/threat/objects/stix-object.ts';

/** What a storage holds of the objects of a call, and of their collection. */
export interface Held {
  /** The newest date added that the collection ever had; null before the first. */
  readonly newest: string | null;
  /** The hash of a version that it holds; null for one that it does not. */
  hashOf(stixId: string, version: string): string | null;
  /** The lowest and the highest version of an object; null where it holds none. */
  rangeOf(stixId: string): { readonly first: string; readonly last: string } | null;
}

/** What is to be written. */
export interface AdditionPlan {
  readonly additions: readonly Addition[];
  readonly fresh: readonly (NewStixObject & StixVersion)[];
  /** Versions that were held before and are not the first, or the last, of their object any more. */
  readonly noLongerFirst: readonly VersionKey[];
  readonly noLongerLast: readonly VersionKey[];
  readonly newest: string | null;
}

export interface VersionKey {
  readonly stixId: string;
  readonly version: string;
}

/**
 * Decides, for all storages alike, what adding objects means: which of them are new, when they were added, and which
 * versions are first and last then.
 * @param now see `StixObjectStore.addMany`.
 */
export function planAddition(
  collectionId: string,
  objects: readonly NewStixObject[],
  held: Held,
  now: string,
): AdditionPlan {
  const hashes = new Map<string, string>();
  const additions: (Addition | null)[] = [];
  const kept: { readonly place: number; readonly object: NewStixObject; readonly dateAdded: string }[] = [];
  let newest = held.newest;
  for (const [place, object] of objects.entries()) {
    const key = `${object.stixId} ${object.version}`;
    const known = hashes.get(key) ?? held.hashOf(object.stixId, object.version);
    if (known !== null) {
      additions.push({ outcome: known === object.hash ? 'present' : 'differs' });
      continue;
    }
    hashes.set(key, object.hash);
    newest = newest !== null && newest >= now ? laterBy(newest, 1) : now;
    kept.push({ place, object, dateAdded: newest });
    additions.push(null);
  }
  const ranges = rangesOf(
    kept.map(({ object }) => object),
    held,
  );
  const fresh = kept.map(({ place, object, dateAdded }) => {
    const range = ranges.get(object.stixId);
    const marks = { isFirst: range?.first === object.version, isLast: range?.last === object.version };
    const row = { ...object, collectionId, dateAdded, ...marks };
    additions[place] = { outcome: 'stored', object: withoutContent(row) };
    return row;
  });
  const changed = [...ranges].flatMap(([stixId, range]) => {
    const before = held.rangeOf(stixId);
    return before ? [{ stixId, before, range }] : [];
  });
  return {
    additions: additions as Addition[],
    fresh,
    noLongerFirst: changed.flatMap(({ stixId, before, range }) =>
      before.first === range.first ? [] : [{ stixId, version: before.first }],
    ),
    noLongerLast: changed.flatMap(({ stixId, before, range }) =>
      before.last === range.last ? [] : [{ stixId, version: before.last }],
    ),
    newest,
  };
}

function rangesOf(objects: readonly NewStixObject[], held: Held) {
  const ranges = new Map<string, { first: string; last: string }>();
  for (const { stixId, version } of objects) {
    const range = ranges.get(stixId) ?? held.rangeOf(stixId) ?? { first: version, last: version };
    ranges.set(stixId, {
      first: version < range.first ? version : range.first,
      last: version > range.last ? version : range.last,
    });
  }
  return ranges;
}

const withoutContent = ({ body: _, hash: __, ...version }: NewStixObject & StixVersion): StixVersion => version;
