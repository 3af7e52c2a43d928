import { definePort } from '#kernel/port.ts';

/** Carries short texts between the processes that work on one storage, for what is worth no row. */
export interface Broadcast {
  /**
   * Sends a text of at most 7,000 bytes to all of them, this one included, in the order of the calls. It takes no part
   * in a unit of work. While the storage is out of reach texts are lost without a word.
   */
  send(text: string): void;
  /** Calls `heard` outside all units of work. Answers how to stop. */
  listen(heard: (text: string) => void): Promise<() => Promise<void>>;
}

/** Optional: nothing provides it where a storage belongs to one process. */
export const broadcast = definePort<Broadcast>('broadcast');
