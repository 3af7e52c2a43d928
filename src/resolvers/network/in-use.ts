import type { Blocker } from '#kernel/errors.ts';
import type { PageRequest } from '#kernel/page.ts';

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

/** The page of a list that an error names as blockers. */
export const firstBlockers: PageRequest = {
  limit: shownBlockers,
  direction: 'forward',
  after: null,
  before: null,
  offset: 0,
};
