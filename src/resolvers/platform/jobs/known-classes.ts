import { definePort } from '#kernel/port.ts';

/** A job class as it was declared at some start. */
export interface KnownClass {
  readonly name: string;
  /** Equal for equal declarations. */
  readonly fingerprint: string;
}

/** What the platform asks of the storage of what is known of job classes. */
export interface KnownClassStore {
  /**
   * Remembers declarations. Of racing callers with the same declaration exactly one is told.
   * @returns the names that were not known before, and those whose declaration is another now.
   */
  remember(classes: readonly KnownClass[], now: string): Promise<{ registered: string[]; changed: string[] }>;
  /** When classes were first seen, in order; null for unknown ones. */
  firstSeen(names: readonly string[]): Promise<(string | null)[]>;
}

export const knownClassStore = definePort<KnownClassStore>('platform.jobClasses');
