import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type { KnownClass, KnownClassStore } from '#resolvers/platform/jobs/known-classes.ts';

const classTable = defineTable<KnownClass & { readonly firstSeenAt: string }>('job_class');

export class MemoryKnownClasses implements KnownClassStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  remember(classes: readonly KnownClass[], now: string) {
    return this.#session.run((tables) => {
      const registered: string[] = [];
      const changed: string[] = [];
      for (const { name, fingerprint } of classes) {
        const known = tables(classTable).get(name);
        if (known?.fingerprint === fingerprint) continue;
        (known ? changed : registered).push(name);
        tables(classTable).set(name, { name, fingerprint, firstSeenAt: known?.firstSeenAt ?? now });
      }
      return { registered, changed };
    });
  }

  firstSeen(names: readonly string[]): Promise<(string | null)[]> {
    return this.#session.run((tables) => names.map((name) => tables(classTable).get(name)?.firstSeenAt ?? null));
  }
}
