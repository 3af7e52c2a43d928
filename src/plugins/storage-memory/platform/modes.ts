import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { compareText } from '#plugins/storage-memory/page.ts';
import type { Maintenance, ModeStore, Modes } from '#resolvers/platform/system/mode.ts';

const maintenanceTable = defineTable<Maintenance & { readonly project: string | null }>('maintenance');
const haltTable = defineTable<{ readonly at: string }>('halt');

/** No project has an empty name. */
const keyOf = (project: string | null): string => project ?? '';

export class MemoryModes implements ModeStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(): Promise<Modes> {
    return this.#session.run((tables) => {
      const global = tables(maintenanceTable).get(keyOf(null));
      return {
        global: global ? { since: global.since, by: global.by } : null,
        projects: [...tables(maintenanceTable).values()]
          .flatMap(({ project, since, by }) => (project === null ? [] : { project, since, by }))
          .sort((one, other) => compareText(one.project, other.project)),
        haltAt: tables(haltTable).get('at')?.at ?? null,
      };
    });
  }

  enter(project: string | null, { since, by }: Maintenance): Promise<boolean> {
    return this.#session.run((tables) => {
      if (tables(maintenanceTable).has(keyOf(project))) return false;
      tables(maintenanceTable).set(keyOf(project), { project, since, by });
      return true;
    });
  }

  leave(project: string | null): Promise<boolean> {
    return this.#session.run((tables) => tables(maintenanceTable).delete(keyOf(project)));
  }

  async halt(at: string): Promise<void> {
    await this.#session.run((tables) => tables(haltTable).set('at', { at }));
  }
}
