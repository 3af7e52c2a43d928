import { Cron } from 'croner';

/** When a schedule is due. */
export interface Schedule {
  /** The first tick after an instant, in milliseconds since the epoch; null when there is none any more. */
  next(after: number): number | null;
  /** The last tick that is not after an instant; null when there was none. */
  last(until: number): number | null;
}

/**
 * A schedule in the five fields of cron (minute, hour, day of the month, month, day of the week), read in a time zone.
 * @throws Error with the reason when the expression or the zone is none.
 */
export function parseSchedule(expression: string, timezone: string): Schedule {
  // A field that is missing, or one too many, must be a fault: croner would read six as with seconds.
  const fields = expression.trim().split(/\s+/).length;
  if (fields !== 5) throw new Error(`"${expression}" has ${fields} fields; cron has five.`);
  const cron = new Cron(expression, { timezone, paused: true });
  // The zone is looked at when a tick is computed.
  cron.nextRun(new Date(0));
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // A tick counts at its own instant: what is asked for lies before the next second.
    last: (until) => cron.previousRuns(1, new Date(until - (until % 1000) + 1000))[0]?.getTime() ?? null,
  };
}
