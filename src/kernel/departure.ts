import { definePort } from '#kernel/port.ts';

/** How a part of the gateway has the whole of it leave: whoever started the gateway ends it then. */
export interface Departure {
  /** The first reason counts. */
  leave(reason: string): void;
  /** Aborted when the gateway is to be ended; its reason is the one that was given. */
  readonly signal: AbortSignal;
}

export const departure = definePort<Departure>('departure');

export function createDeparture(): Departure {
  const leaving = new AbortController();
  return { leave: (reason) => leaving.abort(reason), signal: leaving.signal };
}
