import { definePort } from '#kernel/port.ts';

/** What the storage of a gateway says of itself. */
export interface StorageFacts {
  /** Whether other processes may work on the same rows: then all of them must be given the same secret. */
  readonly shared: boolean;
}

export const storageFacts = definePort<StorageFacts>('storageFacts');
