import type { Lease, Leases } from '#kernel/leases.ts';
import { defineTable, type Session } from '#plugins/storage-memory/database.ts';

interface LeaseRow extends Lease {
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const leaseTable = defineTable<LeaseRow>('lease');

export class MemoryLeases implements Leases {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  acquire(name: string, owner: string, ttl: number): Promise<Lease | null> {
    return this.#session.run((tables) => {
      const present = tables(leaseTable).get(name);
      const now = Date.now();
      if (present && present.until > now) return null;
      const lease: Lease = { name, owner, token: (present?.token ?? 0) + 1 };
      tables(leaseTable).set(name, { ...lease, until: now + ttl });
      return lease;
    });
  }

  renew({ name, token }: Lease, ttl: number): Promise<boolean> {
    return this.#session.run((tables) => {
      const present = tables(leaseTable).get(name);
      const now = Date.now();
      if (present?.token !== token || present.until <= now) return false;
      tables(leaseTable).set(name, { ...present, until: now + ttl });
      return true;
    });
  }

  async release({ name, token }: Lease): Promise<void> {
    await this.#session.run((tables) => {
      const present = tables(leaseTable).get(name);
      if (present?.token === token) tables(leaseTable).set(name, { ...present, until: 0 });
    });
  }

  hold(name: string, signal: AbortSignal) {
    return this.#session.hold(name, signal);
  }
}
