import type { ListenerStore } from '#kernel/listener.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';

const placeTable = defineTable<number>('listener');

/** Units write one after the other here, so whoever asks has the place to itself. */
export class MemoryListeners implements ListenerStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  take(name: string, start: number): Promise<number | null> {
    return this.#session.run((tables) => {
      const known = tables(placeTable).get(name);
      if (known === undefined) tables(placeTable).set(name, start);
      return known ?? start;
    });
  }

  async move(name: string, sequence: number): Promise<void> {
    await this.#session.run((tables) => tables(placeTable).set(name, sequence));
  }
}
