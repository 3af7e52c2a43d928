import { definePort } from '#kernel/port.ts';

/** What the config says of daemons. Durations are in milliseconds. */
export interface DaemonRules {
  readonly heartbeat: number;
  readonly aliveFor: number;
  /** The name of the worker before `@host`, and with their kind behind it of the others; null: the kind alone. */
  readonly name: string | null;
}

export const daemonRules = definePort<DaemonRules>('platform.daemonRules');
