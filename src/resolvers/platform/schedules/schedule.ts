import { definePort } from '#kernel/port.ts';

/** How far the schedule of a job class has come. */
export interface Schedule {
  /** Of the class. */
  readonly name: string;
  /** The last tick that was dealt with, fired or lost; null before the first. */
  readonly previous: string | null;
  /** Ticks before it never counted. */
  readonly firstSeenAt: string;
}

/** What the platform asks of the storage of schedules. */
export interface ScheduleStore {
  /** The schedules of these classes, in their order. One that is new begins at the instant. */
  see(names: readonly string[], at: string): Promise<Schedule[]>;
  /** Of any number of callers one moves it on from `previous`; the others get false. */
  advance(name: string, previous: string | null, next: string): Promise<boolean>;
}

export const scheduleStore = definePort<ScheduleStore>('platform.schedules');
