/** When attempts follow one another. */
export interface AttemptSchedule {
  /** Milliseconds before each attempt, counted from the one before; the first from when the delivery is due. */
  readonly waits: readonly number[];
  /** How far a wait is shortened or lengthened by chance: 0.1 is ×0.9 to ×1.1. */
  readonly jitter: number;
}

const longestRetryAfter = 24 * 3_600_000;
const shortestHold = 60_000;

/**
 * Milliseconds until the attempt after `count` failed ones; null when there is none any more.
 * @param retryAfter what the target asked for at least.
 * @param chance from 0 to 1, as `Math.random` gives it.
 */
export function waitAfter(
  count: number,
  { waits, jitter }: AttemptSchedule,
  retryAfter: number | null,
  chance: number,
): number | null {
  const wait = waits[count];
  if (wait === undefined) return null;
  return Math.max(Math.round(wait * (1 + jitter * (2 * chance - 1))), retryAfter ?? 0);
}

/**
 * Milliseconds that a header `Retry-After` asks for, as seconds or as a date; a day at most. Null for none, and for what
 * is neither.
 */
export function readRetryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : isHttpDate(text) ? Date.parse(text) - now : null;
  return wait === null ? null : Math.min(Math.max(wait, 0), longestRetryAfter);
}

/** The three forms of HTTP dates begin with the name of a day. */
const isHttpDate = (text: string): boolean =>
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text) && !Number.isNaN(Date.parse(text));

/** Milliseconds for which all deliveries of a hook wait after such an answer; null when it says nothing of the others. */
export const holdAfter = (status: number, retryAfter: number | null): number | null =>
  [429, 502, 504].includes(status) ? Math.max(shortestHold, retryAfter ?? 0) : null;
