import { definePort } from '#kernel/port.ts';

/** Wakes whoever sends deliveries. A wake-up may be lost: the rows are looked at again soon. */
export interface HookWake {
  /** Deliveries are due. Inside a unit of work this is told after its commit, and never when it is rolled back. */
  due(): void;
}

export const hookWake = definePort<HookWake>('platform.hooks.wake');
