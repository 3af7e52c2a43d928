import type { Ending, LiveConnection } from '#http/live/connection.ts';
import { type GatehouseError, StreamError } from '#kernel/errors.ts';
import { decodeCursor } from '#kernel/event.ts';

/** The way of one operation to its client. Nothing here throws or waits. */
export interface Outlet {
  /** False while the connection has more unsent bytes than it may; `Member.proceed` is called when that is over. */
  writable(): boolean;
  next(payload: string, cursor: string): void;
  /** Ends the operation: there will be no more. */
  complete(): void;
  /** Ends the operation with an error. */
  fail(error: GatehouseError, cursor: string): void;
  /** The client reads too slowly: ends the whole connection. Each of its operations is told where to resume. */
  slow(): void;
}

/**
 * @param ends.operation called when the operation is over, before the wire hears of it.
 * @param ends.connection ends the whole connection.
 */
export function outletOf(
  connection: LiveConnection,
  id: string,
  ends: { operation(): void; connection(ending: Ending): void },
): Outlet {
  const { wire } = connection;
  return {
    writable: () => connection.writable,
    next: (payload, cursor) => wire.next(id, payload, cursor),
    complete() {
      ends.operation();
      wire.complete(id);
    },
    fail(error, cursor) {
      ends.operation();
      wire.fail(id, error, cursor);
    },
    slow() {
      const cursors = Object.entries(connection.checkpoints());
      for (const [one, cursor] of cursors)
        wire.fail(one, new StreamError('SLOW_CONSUMER', `Too slow. Resume after ${cursor}.`), cursor);
      ends.connection({ why: 'slow', cursor: leastOf(cursors.map(([, cursor]) => cursor)) });
    },
  };
}

/** The cursor after which nothing of any operation is missed. */
function leastOf(cursors: readonly string[]): string {
  return cursors.reduce((one, other) => (decodeCursor(other).sequence < decodeCursor(one).sequence ? other : one));
}
