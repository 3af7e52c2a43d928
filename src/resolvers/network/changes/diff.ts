import type { Snapshot } from '#resolvers/network/changes/change.ts';

/** One field that is different. What is not there is null. */
export interface FieldChange {
  /** The name of the field; `attributes.owner` for a value of an attribute. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The fields of two snapshots that differ, by path. */
export function changedFields(before: Snapshot | null, after: Snapshot | null): FieldChange[] {
  const [one, other] = [flatten(before), flatten(after)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .sort()
    .map((path) => ({ path, before: one.get(path) ?? null, after: other.get(path) ?? null }))
    .filter((field) => toJson(field.before) !== toJson(field.after));
}

function flatten(snapshot: Snapshot | null): Map<string, unknown> {
  const { attributes, ...fields } = snapshot ?? {};
  const values = Object.entries((attributes ?? {}) as Snapshot);
  return new Map([...Object.entries(fields), ...values.map(([name, value]) => [`attributes.${name}`, value] as const)]);
}

/**
 * Both snapshots as JSON with sorted keys, compared by line: `"  "` before lines that stayed, `"- "` before lines that are
 * gone, `"+ "` before new ones. In each run the lines that are gone come first.
 */
export function diffText(before: Snapshot | null, after: Snapshot | null): string {
  const [gone, come] = [before ? linesOf(before) : [], after ? linesOf(after) : []];
  const kept = longestCommon(gone, come);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  for (const [one, other] of [...kept, [gone.length, come.length] as const]) {
    for (; i < one; i += 1) lines.push(`- ${gone[i]}`);
    for (; j < other; j += 1) lines.push(`+ ${come[j]}`);
    if (i < gone.length && j < come.length) lines.push(`  ${gone[i]}`);
    [i, j] = [one + 1, other + 1];
  }
  return lines.join('\n');
}

const linesOf = (snapshot: Snapshot): string[] => toJson(snapshot, 2).split('\n');

const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(
    value,
    (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
        : part,
    indent,
  );

/** A pair of equal lines, in a chain that leads back to the first. */
interface Link {
  readonly pair: readonly [number, number];
  readonly before: Link | null;
}

/**
 * The places of the longest list of lines that both have in the same order (Hunt and Szymanski): a longest rising
 * sequence of the places in the second list. Nearly all lines of a snapshot are different, so there is little to compare.
 */
function longestCommon(one: readonly string[], other: readonly string[]): (readonly [number, number])[] {
  const places = new Map<string, number[]>();
  other.forEach((line, place) => {
    const known = places.get(line);
    if (known) known.unshift(place);
    else places.set(line, [place]);
  });
  // At each length the chain whose last line stands earliest in the second list.
  const chains: Link[] = [];
  one.forEach((line, index) => {
    for (const place of places.get(line) ?? []) {
      const length = firstAtOrBehind(chains, place);
      chains[length] = { pair: [index, place], before: chains[length - 1] ?? null };
    }
  });
  const pairs: (readonly [number, number])[] = [];
  for (let link = chains.at(-1) ?? null; link; link = link.before) pairs.push(link.pair);
  return pairs.reverse();
}

function firstAtOrBehind(chains: readonly Link[], place: number): number {
  let [low, high] = [0, chains.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chains[middle] as Link).pair[1] < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
