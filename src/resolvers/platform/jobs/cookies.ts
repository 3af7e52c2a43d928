import type { Json, JsonObject } from '#kernel/json.ts';
import { definePort } from '#kernel/port.ts';

/** The key under which the duration of the last complete run is kept, in seconds. */
export const lastRuntimeKey = 'lastRuntime';

/** What all jobs of one name remember together. Each call is one effect, whoever else writes. */
export interface JobCookieStore {
  /** All keys of each name, in order. */
  getMany(names: readonly string[]): Promise<JsonObject[]>;
  set(name: string, key: string, value: Json): Promise<void>;
  delete(name: string, key: string): Promise<void>;
  /**
   * Changes a number and answers what it is then. What is no number counts as absent: `inc` adds to 0, `min` and `max`
   * keep the value given.
   */
  adjust(name: string, key: string, how: 'inc' | 'min' | 'max', value: number): Promise<number>;
}

export const jobCookieStore = definePort<JobCookieStore>('platform.cookies');
