/** What several repetitions say together: the one in the middle, and between what the middle half of them lies. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @param values at least one. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((one, other) => one - other);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/**
 * The ratios of pairs that were measured next to each other: what slows the machine down for a while slows down both,
 * so it is the ratios that are summarised and not the figures.
 * @param ours as many as `theirs`, in the same order.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): Summary {
  return summarise(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
}

/** The value below which this part of the sorted values lies, interpolated between neighbours. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error('There is nothing to summarise.');
  return below + (above - below) * (place - Math.floor(place));
}
