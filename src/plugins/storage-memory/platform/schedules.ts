import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import type { Schedule, ScheduleStore } from '#resolvers/platform/schedules/schedule.ts';

const scheduleTable = defineTable<Schedule>('schedule');

export class MemorySchedules implements ScheduleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  see(names: readonly string[], at: string): Promise<Schedule[]> {
    return this.#session.run((tables) => {
      const table = tables(scheduleTable);
      for (const name of names) if (!table.has(name)) table.set(name, { name, previous: null, firstSeenAt: at });
      return names.map((name) => table.get(name) as Schedule);
    });
  }

  advance(name: string, previous: string | null, next: string): Promise<boolean> {
    return this.#session.run((tables) => {
      const present = tables(scheduleTable).get(name);
      if (!present || present.previous !== previous) return false;
      tables(scheduleTable).set(name, { ...present, previous: next });
      return true;
    });
  }
}
