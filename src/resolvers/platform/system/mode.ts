import { definePort } from '#kernel/port.ts';

/** Since when no new work begins, and who wanted it so. */
export interface Maintenance {
  readonly since: string;
  /** Name of the actor. */
  readonly by: string;
}

export interface ProjectMaintenance extends Maintenance {
  readonly project: string;
}

/** What every daemon obeys. Kept over restarts. */
export interface Modes {
  /** No claims and no cron at all. */
  readonly global: Maintenance | null;
  /** No claims of jobs of these projects, by name. */
  readonly projects: readonly ProjectMaintenance[];
  /** Daemons started before this instant leave. */
  readonly haltAt: string | null;
}

/** What the platform asks of the storage of the modes. */
export interface ModeStore {
  read(): Promise<Modes>;
  /** @param project null for all of them. False when it is in maintenance already: then nothing changes. */
  enter(project: string | null, maintenance: Maintenance): Promise<boolean>;
  /** False when it was not in maintenance. */
  leave(project: string | null): Promise<boolean>;
  halt(at: string): Promise<void>;
}

export const modeStore = definePort<ModeStore>('platform.modes');
