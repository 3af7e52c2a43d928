/*
 * The switch of a hook that pauses its attempts. CLOSED: attempts go out. OPEN: they wait until `until`. HALF_OPEN: one
 * of them is under way to try whether the target answers again.
 */
export const breakerStates = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const;
export type BreakerState = (typeof breakerStates)[number];

export interface Breaker {
  readonly state: BreakerState;
  /** ISO 8601: when the next attempt may go out; null unless it is open. */
  readonly until: string | null;
  /** How many attempts failed one after another. */
  readonly failures: number;
}

export const closedBreaker: Breaker = { state: 'CLOSED', until: null, failures: 0 };

const mostFailures = 5;
const firstPause = 30_000;
const longestPause = 15 * 60_000;

/** As it is once an attempt went out. */
export const breakerWhileTrying = (breaker: Breaker): Breaker =>
  breaker.state === 'OPEN' ? { ...breaker, state: 'HALF_OPEN', until: null } : breaker;

/**
 * As it is after an attempt. A success closes it, whenever it comes; what fails while it is open was under way before
 * it opened and says nothing new.
 * @param now milliseconds since the epoch.
 */
export function breakerAfter(breaker: Breaker, succeeded: boolean, now: number): Breaker {
  if (succeeded) return closedBreaker;
  if (breaker.state === 'OPEN') return breaker;
  const failures = breaker.failures + 1;
  if (failures < mostFailures) return { state: 'CLOSED', until: null, failures };
  // Above a few doublings the power would leave the range of numbers.
  const pause = Math.min(firstPause * 2 ** Math.min(failures - mostFailures, 10), longestPause);
  return { state: 'OPEN', until: new Date(now + pause).toISOString(), failures };
}
