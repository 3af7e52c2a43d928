import { definePort } from '#kernel/port.ts';

/** Tells those who wait in this process that an import which it carried out has ended. */
export interface ImportEnds {
  /** Its end is kept by now. */
  tell(id: string): void;
  /** Calls `heard` when it is told. @returns how to stop. */
  listen(id: string, heard: () => void): () => void;
}

export const importEnds = definePort<ImportEnds>('network.importEnds');

export function createImportEnds(): ImportEnds {
  const listeners = new Map<string, Set<() => void>>();
  return {
    tell(id) {
      for (const heard of listeners.get(id) ?? []) heard();
    },
    listen(id, heard) {
      const those = listeners.get(id) ?? new Set();
      listeners.set(id, those.add(heard));
      return () => {
        those.delete(heard);
        if (those.size === 0) listeners.delete(id);
      };
    },
  };
}
