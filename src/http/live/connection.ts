import type { Follower } from '#http/live/follower.ts';
import type { Member } from '#http/live/member.ts';
import type { GatehouseError } from '#kernel/errors.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** Why a connection is ended by the gateway. */
export type Ending =
  | { readonly why: 'slow'; readonly cursor: string }
  | { readonly why: 'ended'; readonly reason: string }
  | { readonly why: 'drain'; readonly retry: number }
  | { readonly why: 'unreachable' };

/** The wire below a connection. Its methods never throw. */
export interface Wire {
  readonly transport: 'websocket' | 'sse';
  /** Bytes handed over and not yet taken by the system. */
  readonly unsent: number;
  next(operation: string, payload: string, cursor: string): void;
  /** Ends one operation: it has told everything. */
  complete(operation: string): void;
  /** Ends one operation with an error. */
  fail(operation: string, error: GatehouseError, cursor: string): void;
  close(ending: Ending): void;
}

/** A client with its open subscriptions, whatever the transport. */
export class LiveConnection {
  viewer: Viewer;
  readonly address: string | null;
  readonly wire: Wire;
  readonly members = new Map<string, Member | Follower>();
  readonly #maxUnsent: number;
  #closed = false;
  /** Grows with every look at its rights: an older look that comes back later is void. */
  look = 0;
  /** True from the moment its rights may have changed until they are known again: nothing is delivered then. */
  looking = false;

  constructor(viewer: Viewer, address: string | null, wire: Wire, maxUnsent: number) {
    this.viewer = viewer;
    this.address = address;
    this.wire = wire;
    this.#maxUnsent = maxUnsent;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get writable(): boolean {
    return !this.#closed && this.wire.unsent < this.#maxUnsent;
  }

  /** The wire took bytes: whoever waited goes on. */
  drained(): void {
    for (const member of this.members.values()) {
      if (!this.writable) return;
      member.proceed();
    }
  }

  /** The cursor of each operation, as a checkpoint for the client. */
  checkpoints(): Record<string, string> {
    return Object.fromEntries([...this.members].map(([operation, member]) => [operation, member.cursor]));
  }

  close(ending: Ending): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const member of this.members.values()) member.end();
    this.wire.close(ending);
  }

  /** The client is gone. */
  gone(): void {
    this.#closed = true;
    for (const member of this.members.values()) member.end();
    this.members.clear();
  }
}
