import { definePort } from '#kernel/port.ts';

export const daemonKinds = ['APP', 'WORKER', 'SCHEDULER'] as const;
export type DaemonKind = (typeof daemonKinds)[number];

export const daemonPhases = ['STARTING', 'RUNNING', 'DRAINING', 'STOPPED'] as const;
export type DaemonPhase = (typeof daemonPhases)[number];

export const daemonModes = ['NORMAL', 'MAINTENANCE'] as const;
export type DaemonMode = (typeof daemonModes)[number];

/** A running Gatehouse process in one of its parts. */
export interface Daemon {
  /** `name@host`: of those that live, one has it. */
  readonly id: string;
  /** A UUID of this run, so that a process never speaks for the one that had its id before. */
  readonly run: string;
  readonly kind: DaemonKind;
  readonly hostname: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly heartbeatAt: string | null;
  readonly phase: DaemonPhase;
  readonly mode: DaemonMode;
}

export type Heartbeat = Pick<Daemon, 'phase' | 'mode'> & { readonly heartbeatAt: string };

/** What the platform asks of the storage of daemons. */
export interface DaemonStore {
  /** @param over the run that had the id before and is over; null when there was none. False when it is another's. */
  register(daemon: Daemon, over: string | null): Promise<boolean>;
  /** False when the id is another run's, or the daemon was taken for lost. */
  beat(run: string, beat: Heartbeat): Promise<boolean>;
  /** By kind and id; those that lived last first where there are more than a thousand. */
  list(): Promise<Daemon[]>;
  /** Those that are not stopped and were not heard of since: from now on they are. Each is given to one caller. */
  takeSilent(since: string): Promise<Daemon[]>;
  /** Deletes those that stopped before the instant. */
  forget(before: string): Promise<number>;
}

export const daemonStore = definePort<DaemonStore>('platform.daemons');

/** Milliseconds since the epoch at which it was last heard of. */
export const heardOf = ({ heartbeatAt, startedAt }: Daemon): number => Date.parse(heartbeatAt ?? startedAt);

export const isAlive = (daemon: Daemon, now: number, aliveFor: number): boolean =>
  daemon.phase !== 'STOPPED' && now - heardOf(daemon) <= aliveFor;
