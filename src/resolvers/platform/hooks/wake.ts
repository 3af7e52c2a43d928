import { definePort } from '#kernel/port.ts';

/** Wakes whoever sends deliveries, in every process. A wake-up may be lost: the rows are looked at again soon. */
export interface HookWake {
  /**
   * Deliveries are due at this time, in milliseconds since the epoch. Inside a unit of work they are told of after its
   * commit, and never when it is rolled back.
   */
  due(at: number): void;
}

export const hookWake = definePort<HookWake>('platform.hooks.wake');
