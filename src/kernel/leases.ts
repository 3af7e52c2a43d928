import { definePort } from '#kernel/port.ts';

/** That one owner has a name for a time. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  /** Higher at each acquisition of the name: who checks it on every write refuses a holder of before. */
  readonly token: number;
}

/** That this process holds a name until it lets go or its connection dies. */
export interface Hold {
  /** Aborted when the name may be another's: whatever rests on it ends at once. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Names that one at a time has, over all processes on one storage. */
export interface Leases {
  /**
   * Takes the name for `ttl` milliseconds by the storage's clock. Of any number of callers one gets it, with a token
   * higher than every one before; null while anybody has it, the owner himself included.
   */
  acquire(name: string, owner: string, ttl: number): Promise<Lease | null>;
  /** Has it last another `ttl` milliseconds from now; false when it is over, or another's. */
  renew(lease: Lease, ttl: number): Promise<boolean>;
  /** Gives it back. Nothing happens when it is over. */
  release(lease: Lease): Promise<void>;
  /**
   * Waits until this process alone holds the name, and holds it. It is free again within seconds of the death of its
   * holder, and at once when he releases it.
   * @param signal ends the waiting. Null when it was aborted before the name was free.
   */
  hold(name: string, signal: AbortSignal): Promise<Hold | null>;
}

export const leases = definePort<Leases>('leases');
