import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';

/** How many jobs of each state the queue held at one moment. COMPLETE ones never lie in it. */
export interface QueueSample {
  /** ISO 8601 in UTC with milliseconds: the beginning of its interval. Unique. */
  readonly at: string;
  readonly pending: number;
  readonly deferred: number;
  readonly failed: number;
  readonly running: number;
  readonly error: number;
  readonly inactive: number;
  readonly killed: number;
  /** Their sum. */
  readonly total: number;
}

export interface SampleFilter {
  /** At this instant or after it. */
  readonly from?: string | null;
  /** Before this instant. */
  readonly to?: string | null;
}

export type BucketUnit = 'day' | 'hour' | 'minute' | 'second';

/** What the platform asks of the storage of the queue's history. */
export interface SampleStore {
  /** Keeps a sample; of several at one instant the one with the largest total, the first of equal ones. */
  record(sample: QueueSample): Promise<void>;
  /** Newest first. Positions are the instant. */
  page(filter: SampleFilter, request: PageRequest): Promise<Page<QueueSample>>;
  /** Of each bucket of the filter the sample with the largest total, the earliest of equal ones. */
  buckets(
    filter: SampleFilter,
    unit: BucketUnit,
    direction: 'ASC' | 'DESC',
    request: PageRequest,
  ): Promise<Page<QueueSample>>;
  /** Deletes those from before the instant; at most `limit`. Answers how many. */
  trim(before: string, limit: number): Promise<number>;
}

export const sampleStore = definePort<SampleStore>('platform.samples');
