import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';

/** The section `hooks`, without `allow`, which belongs to all requests that leave the gateway. */
export const hooksConfig = keys({
  timeout: duration().prefault('20s').describe('The most time of one request, from the name to the end of the answer.'),
  schedule: z
    .array(duration())
    .min(1)
    .max(50)
    .prefault(['0s', '5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h'])
    .describe('The wait before each attempt, counted from the one before; after the last a delivery is given up.'),
  jitter: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('By which part waits are shortened or lengthened by chance, so that attempts do not come all at once.'),
  disableAfter: duration().prefault('5d').describe('After how long without a success a hook is disabled.'),
  endpointConcurrency: z
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Requests that one process has under way to one origin.'),
  concurrency: z.int().min(1).max(10_000).default(64).describe('Requests that one process has under way in all.'),
  replayMax: z.int().min(1).default(100_000).describe('The most events of one replay.'),
  retention: duration().prefault('14d').describe('How long deliveries are kept.'),
  deadRetention: duration().prefault('30d').describe('How long deliveries are kept that were given up.'),
});
