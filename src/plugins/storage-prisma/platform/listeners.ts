import type { ListenerStore } from '#kernel/listener.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

export class PrismaListeners implements ListenerStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  take(name: string, start: number): Promise<number | null> {
    return this.#session.run(async (db) => {
      const [free] = await db.$queryRaw<{ place: bigint }[]>`
        SELECT place FROM listener WHERE name = ${name} FOR UPDATE SKIP LOCKED`;
      if (free) return Number(free.place);
      // No row, or one that another unit has: the insert tells which.
      const made = await db.$executeRaw`
        INSERT INTO listener (name, place) VALUES (${name}, ${start}::bigint) ON CONFLICT (name) DO NOTHING`;
      return made === 1 ? start : null;
    });
  }

  async move(name: string, sequence: number): Promise<void> {
    await this.#session.run((db) => db.listener.update({ where: { name }, data: { place: sequence } }));
  }
}
