import type { Lease, Leases } from '#kernel/leases.ts';
import type { Session } from '#plugins/storage-prisma/session.ts';

/** Times are those of the database's clock at each statement, also inside a transaction that began long before. */
export class PrismaLeases implements Leases {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async acquire(name: string, owner: string, ttl: number): Promise<Lease | null> {
    const rows = await this.#session.run(
      (db) => db.$queryRaw<{ token: bigint }[]>`
        INSERT INTO lease (name, owner, token, until)
        VALUES (${name}, ${owner}, 1, clock_timestamp() + ${ttl}::float8 * interval '1 ms')
        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, token = lease.token + 1, until = excluded.until
        WHERE lease.until <= clock_timestamp()
        RETURNING token`,
    );
    return rows[0] ? { name, owner, token: Number(rows[0].token) } : null;
  }

  async renew({ name, token }: Lease, ttl: number): Promise<boolean> {
    const count = await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE lease SET until = clock_timestamp() + ${ttl}::float8 * interval '1 ms'
        WHERE name = ${name} AND token = ${BigInt(token)} AND until > clock_timestamp()`,
    );
    return count > 0;
  }

  async release({ name, token }: Lease): Promise<void> {
    await this.#session.run(
      (db) => db.$executeRaw`
        UPDATE lease SET until = '-infinity' WHERE name = ${name} AND token = ${BigInt(token)}`,
    );
  }

  hold(name: string, signal: AbortSignal) {
    return this.#session.hold(name, signal);
  }
}
