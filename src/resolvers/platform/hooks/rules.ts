import { definePort } from '#kernel/port.ts';
import type { AttemptSchedule } from '#resolvers/platform/hooks/schedule.ts';

/** What the config says of hooks, and what goes with every request. Durations are in milliseconds. */
export interface HookRules extends AttemptSchedule {
  /** What requests call this program. */
  readonly userAgent: string;
  /** For a whole exchange with a target. */
  readonly timeout: number;
  /** After how long without a success a hook is disabled. */
  readonly disableAfter: number;
  /** Requests under way to one origin. */
  readonly endpointConcurrency: number;
  /** Requests under way in all. */
  readonly concurrency: number;
  /** The most events of one replay. */
  readonly replayMax: number;
  /** How long deliveries are kept, and those that were given up. */
  readonly retention: number;
  readonly deadRetention: number;
}

export const hookRules = definePort<HookRules>('platform.hooks.rules');
