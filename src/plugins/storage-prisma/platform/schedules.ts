import type { Session } from '#plugins/storage-prisma/session.ts';
import type { Schedule, ScheduleStore } from '#resolvers/platform/schedules/schedule.ts';

export class PrismaSchedules implements ScheduleStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async see(names: readonly string[], at: string): Promise<Schedule[]> {
    const read = () => this.#session.run((db) => db.schedule.findMany({ where: { name: { in: [...names] } } }));
    let rows = await read();
    if (rows.length < new Set(names).size) {
      await this.#session.run((db) =>
        db.schedule.createMany({ data: names.map((name) => ({ name, firstSeenAt: at })), skipDuplicates: true }),
      );
      rows = await read();
    }
    const known = new Map(
      rows.map(({ name, previous, firstSeenAt }): [string, Schedule] => [
        name,
        { name, previous: previous?.toISOString() ?? null, firstSeenAt: firstSeenAt.toISOString() },
      ]),
    );
    return names.map((name) => known.get(name) as Schedule);
  }

  async advance(name: string, previous: string | null, next: string): Promise<boolean> {
    const { count } = await this.#session.run((db) =>
      db.schedule.updateMany({ where: { name, previous }, data: { previous: next } }),
    );
    return count > 0;
  }
}
