import { definePort } from '#kernel/port.ts';

/** What the config says of the figures of the queue. */
export interface QueueSettings {
  /** How many days before today the history begins, unless it is said. */
  readonly historyDays: number;
  /** Milliseconds between two summaries of one stream, at least. */
  readonly summaryInterval: number;
  /** Milliseconds of which one sample is kept. */
  readonly sampleResolution: number;
}

export const queueSettings = definePort<QueueSettings>('platform.queueSettings');
