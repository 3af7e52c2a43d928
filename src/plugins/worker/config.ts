import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';

/** The section `worker`. */
export const workerConfig = keys({
  threads: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('How many jobs run at the same time on one worker; as many as the machine has cores unless said.'),
  poll: duration().prefault('1s').describe('How often the queue is looked at when nothing wakes the worker.'),
  drain: duration().prefault('5m').describe('How long running jobs may go on when the worker is to leave.'),
  maxCpu: z
    .number()
    .min(1)
    .max(100)
    .default(99)
    .describe('Percent of the processors, over a minute, above which only jobs with `force` begin.'),
  minFreeMemoryMb: z
    .int()
    .min(0)
    .default(32)
    .describe('Free memory, in MiB, below which only jobs with `force` begin.'),
  threadMemoryMb: z.int().min(16).default(512).describe('The most memory of the thread of one job, in MiB.'),
});

export type WorkerConfig = z.output<typeof workerConfig>;

export const threadsOf = ({ threads }: WorkerConfig): number => threads ?? availableParallelism();
