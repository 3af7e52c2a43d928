import { microseconds } from '#kernel/context.ts';
import { instant } from '#kernel/input.ts';
import { isInstant, laterBy } from '#resolvers/threat/instant.ts';

/** A timestamp label as it comes from outside, with any zone; read as UTC with six digits. */
export const timestampLabel = () => instant().refine(isInstant, 'Give an instant between the years 1 and 9999.');

/**
 * Gives labels to the blocks of a message. One that its producer gave stays, unless it lies in the future: so no clock but
 * ours pushes a feed ahead. Others rise, above everything that the data collections have.
 * @param now milliseconds since the epoch.
 * @param newest the newest label of the data collections, which are locked; null where they are empty.
 */
export function assignLabels(given: readonly (string | null)[], now: number, newest: string | null): string[] {
  const clock = microseconds(now);
  // The clock knows milliseconds: what lies in the present one is not in the future.
  const future = microseconds(now + 1);
  let last = newest;
  return given.map((label) => {
    if (label !== null && label < future) return label;
    last = last !== null && last >= clock ? laterBy(last, 1) : clock;
    return last;
  });
}
