import type { AppendedEvent } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';

/** Tells what was committed in this process, right after its commit: for wake-ups, which may be lost with the process. */
export interface Commits {
  /** @param told must not throw and not wait. @returns how to stop. */
  listen(told: (events: readonly AppendedEvent[]) => void): () => void;
}

export const commits = definePort<Commits>('commits');

/** @returns the port, and how it is told. */
export function createCommits(): Commits & { tell(events: readonly AppendedEvent[]): void } {
  const listeners = new Set<(events: readonly AppendedEvent[]) => void>();
  return {
    listen(told) {
      const own = (events: readonly AppendedEvent[]) => told(events);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    tell(events) {
      for (const told of listeners) told(events);
    },
  };
}
