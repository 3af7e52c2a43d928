import { z } from 'zod';
import { duration, group, keys, size } from '#kernel/config.ts';

/** The section `events`. */
export const eventsConfig = keys({
  retention: group({
    live: duration().prefault('30d').describe('How long events are kept that are no audit history.'),
    audit: duration().nullable().default(null).describe('How long audit history is kept; null: for ever.'),
  }),
  maxBytes: size().prefault('256KiB').describe('The most bytes of one event; before and after are left out above.'),
  batch: z.int().min(1).max(10_000).default(1000).describe('How many events are numbered at once.'),
  poll: duration().prefault('1s').describe('How often the log is looked at when no wake-up comes.'),
});

export type EventsConfig = z.output<typeof eventsConfig>;
