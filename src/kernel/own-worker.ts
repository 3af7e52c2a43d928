import { definePort } from '#kernel/port.ts';

/** The worker of this process, for work that must stay where it was taken in. */
export interface OwnWorker {
  /** `name@host`, for the property `worker` of a job; null while this process runs no jobs. */
  id(): string | null;
}

export const ownWorker = definePort<OwnWorker>('ownWorker');
