import { definePort } from '#kernel/port.ts';

/** Work that goes on after the request that began it was answered. */
export interface Background {
  /**
   * Begins the work in this process. A gateway that stops waits for it. What it throws is logged under the name.
   * @param name for the log.
   */
  run(name: string, work: () => Promise<unknown>): void;
}

export const background = definePort<Background>('background');
