import type { Blocker } from '#kernel/errors.ts';

/** How many of the things in the way an error names. */
export const shownBlockers = 10;

/** The arguments of an InUseError for a deletion that dependants forbid. */
export const blockedBy = (
  what: string,
  blockers: readonly Blocker[],
  count: number,
): [message: string, blockers: readonly Blocker[], count: number] => [
  `Cannot delete ${what}: ${count === 1 ? '1 object depends' : `${count} objects depend`} on it.`,
  blockers.slice(0, shownBlockers),
  count,
];
